"""Every data set by name: for the command line, and for seeing what there is."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from toolkit._core.names import lookup
from toolkit._core.parameters import check_int
from toolkit._core.random import as_generator
from toolkit._core.types import RandomState
from toolkit.datasets._cache import data_folder
from toolkit.datasets._digits import load_digits
from toolkit.datasets._emnist import EMNIST_SPLITS, fetch_emnist
from toolkit.datasets._glyph_faces import CLASSES
from toolkit.datasets._glyphs import load_glyphs
from toolkit.datasets._published import PARTS, fetch_fashion_mnist, fetch_mnist

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.datasets._image_set import ImageSet

__all__ = ["available_datasets", "load_dataset"]

_logger = logging.getLogger(__name__)
_N_GLYPHS = 4000
_LETTERS = "".join(CLASSES[10:])


@dataclass(frozen=True)
class _Entry:
    load: Callable[..., "ImageSet"]
    description: str
    n_classes: int
    n_train: int = 0
    n_test: int = 0
    n_samples: int = 0  # of a set without parts; 0: as many as are asked for
    prefixes: tuple[str, str] = ("", "")  # how the names of the files of the two parts start in the cache

    @property
    def source(self):
        return "published" if self.n_train else "embedded"


def _published(load, folder, description, n_classes, n_train, n_test, names):
    prefixes = tuple(f"{folder}/{name}" for name in names)
    return _Entry(load, description, n_classes, n_train, n_test, prefixes=prefixes)


_CATALOGUE = {
    "glyphs": _Entry(load_glyphs, "letters and digits written from fonts", 47),
    "glyph_digits": _Entry(partial(load_glyphs, classes="0123456789"), "digits written from fonts", 10),
    "glyph_letters": _Entry(partial(load_glyphs, classes=_LETTERS), "letters written from fonts", 37),
    "digits": _Entry(load_digits, "real digits of scikit-learn, resampled", 10, n_samples=1797),
    "mnist": _published(
        fetch_mnist, "mnist", "handwritten digits", 10, 60_000, 10_000, ("train", "t10k")
    ),
    "fashion_mnist": _published(
        fetch_fashion_mnist, "fashion_mnist", "pictures of clothes", 10, 60_000, 10_000, ("train", "t10k")
    ),
} | {
    f"emnist_{name}": _published(
        partial(fetch_emnist, name),
        "emnist",
        f"handwritten characters, split {name!r}",
        len(split.characters),
        split.n_train,
        split.n_test,
        (f"emnist-{name}-train", f"emnist-{name}-test"),
    )
    for name, split in EMNIST_SPLITS.items()
}  # fmt: skip


def _is_cached(prefix):
    """Are both files there? A glance at names only: the content is verified when it is loaded."""
    stem = data_folder() / prefix
    return all(
        any(stem.with_name(f"{stem.name}-{rest}{suffix}").exists() for suffix in (".gz", ""))
        for rest in ("images-idx3-ubyte", "labels-idx1-ubyte")
    )


def available_datasets() -> "pd.DataFrame":
    """List the data sets that :func:`load_dataset` knows.

    Returns
    -------
    pandas.DataFrame
        One row per set: ``name``, ``source`` (``"embedded"``: no download, or ``"published"``), ``n_images`` (0: as
        many as are asked for), ``n_classes``, ``height``, ``width``, ``available`` (which parts are there without a
        download: ``"all"``, ``"train"``, ``"test"`` or ``"none"``) and ``description``.

    Examples
    --------
    >>> from toolkit.datasets import available_datasets
    >>> table = available_datasets().set_index("name")
    >>> table.loc[["digits", "mnist"], "n_images"].tolist()
    [1797, 70000]
    """
    import pandas as pd

    rows = []
    for name, entry in _CATALOGUE.items():
        if entry.source == "embedded":
            available = "all"
        else:
            there = [part for part, prefix in zip(("train", "test"), entry.prefixes, strict=True) if _is_cached(prefix)]
            available = {0: "none", 1: there[0] if there else "", 2: "all"}[len(there)]
        rows.append(
            {
                "name": name,
                "source": entry.source,
                "n_images": entry.n_samples or entry.n_train + entry.n_test,
                "n_classes": entry.n_classes,
                "height": 28,
                "width": 28,
                "available": available,
                "description": entry.description,
            }
        )
    return pd.DataFrame(rows)


def load_dataset(
    name: str, n_images: int | None = None, *, random_state: RandomState = None, verbose: bool = False
) -> "ImageSet":
    """Load a data set by name.

    Parameters
    ----------
    name : str
        A name of :func:`available_datasets`. A published set may be followed by its part: ``"mnist/test"``,
        ``"emnist_mnist/test"``; without it both parts are meant.
    n_images : int, default=None
        How many images to take, drawn without replacement and kept in file order; at most all. None: all, or 4,000
        glyphs.
    random_state : int, RandomState, Generator or None, default=None
        Draws the images (and writes the glyphs).
    verbose : bool, default=False
        Show the progress of a download.

    Returns
    -------
    ImageSet

    Raises
    ------
    ValueError
        Unknown name; the message lists the valid ones.
    DownloadError
        A published set that is neither in the cache nor to be had.

    Examples
    --------
    >>> from toolkit.datasets import load_dataset
    >>> load_dataset("digits", 100, random_state=0)
    <ImageSet 'digits': 100 images (28, 28) uint8, with labels>
    """
    check_int("n_images", n_images, optional=True)
    base, slash, subset = str(name).partition("/")
    entry = lookup(_CATALOGUE, base, "data set")
    if entry.source == "embedded":
        if slash:
            raise ValueError(f"The data set {base!r} has no parts, got {name!r}.")
        if not entry.n_samples:
            return entry.load(n_images or _N_GLYPHS, random_state=random_state)
        found = entry.load()
    else:
        lookup(PARTS, subset if slash else "all", "part of a data set")
        found = entry.load(subset=subset if slash else "all", verbose=verbose)
    if n_images is None or n_images >= len(found):
        if n_images is not None and n_images > len(found):
            _logger.warning("%s has %d images, fewer than the %d asked for.", name, len(found), n_images)
        return found
    index = np.sort(as_generator(random_state).choice(len(found), size=n_images, replace=False))
    return found.subset(index)
