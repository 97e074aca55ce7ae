"""The corruption gallery: a row of examples for each kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.labels import check_numbers, check_strings
from toolkit._core.layouts import as_array, plain_stack
from toolkit.plots._display import Display
from toolkit.plots._mosaic import draw_cell, frame_cell, open_mosaic, row_name, unit_images
from toolkit.plots.style import kind_name, kind_order, say_nothing, title_axes, title_of_none

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from toolkit.diagnostics import CorruptionIdentifier

__all__ = ["CorruptionGalleryDisplay"]


class CorruptionGalleryDisplay(Display):
    """Examples of each kind of corruption, one row a kind.

    Parameters
    ----------
    examples : DataFrame
        Columns kind, column, index (position in the data), confidence.
    images : ndarray of shape (n_examples, height, width) or (n_examples, height, width, 3)
        The pictures in the order of ``examples``, float in [0, 1].
    counts : dict of str to int
        Images of each kind in the whole data.
    title : str, default=""

    See Also
    --------
    RepairPairsDisplay : Before and after a repair.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).random((6, 8, 8))
    >>> kinds = np.array(["clean", "clean", "invert", "clean", "invert", "clean"])
    >>> display = CorruptionGalleryDisplay.from_predictions(images, kinds, n_per_kind=2)
    >>> display.frame()[["kind", "index"]].values.tolist()
    [['clean', 0], ['clean', 1], ['invert', 2], ['invert', 4]]
    """

    def __init__(self, examples: pd.DataFrame, images: NDArray, counts: dict[str, int], *, title: str = "") -> None:
        self.examples = examples
        self.images = images
        self.counts = counts
        self.title = title

    @classmethod
    def from_predictions(
        cls,
        images: ArrayLike,
        kinds: ArrayLike,
        *,
        confidence: ArrayLike | None = None,
        n_per_kind: int = 10,
        order: Sequence[str] | None = None,
        image_shape: tuple[int, ...] | None = None,
        title: str = "",
    ) -> Self:
        """Choose the examples.

        Parameters
        ----------
        images : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        kinds : array-like of str of shape (n_samples,)
            Found or true kind of each image, ``"clean"`` for none.
        confidence : array-like of shape (n_samples,), default=None
            The most confident are shown first; file order when None.
        n_per_kind : int, default=10
        order : list of str, default=None
            Kinds to show, top to bottom; all, clean first and unknown last, when None.
        image_shape : tuple of int, default=None
            Of flat rows that are not square.
        title : str, default=""

        Returns
        -------
        CorruptionGalleryDisplay
        """
        import pandas as pd

        kinds = check_strings("kinds", kinds)
        n_images = len(np.asanyarray(images))
        if len(kinds) != n_images:
            raise ValueError(f"kinds has {len(kinds)} entries, but there are {n_images} images.")
        if n_per_kind < 1:
            raise ValueError(f"n_per_kind must be at least 1, got {n_per_kind}.")
        certainty = np.full(len(kinds), np.nan) if confidence is None else check_numbers("confidence", confidence)
        if len(certainty) != len(kinds):
            raise ValueError(f"confidence has {len(certainty)} entries, but there are {len(kinds)} images.")
        rows = []
        for kind in kind_order(kinds) if order is None else order:
            found = np.flatnonzero(kinds == kind)
            if confidence is not None:
                found = found[np.argsort(-certainty[found], kind="stable")]
            rows += [(kind, place, i, certainty[i]) for place, i in enumerate(found[:n_per_kind].tolist())]
        examples = pd.DataFrame(rows, columns=["kind", "column", "index", "confidence"])
        names, numbers = np.unique(kinds, return_counts=True)
        # Chosen rows only: a memory map of 200,000 images is not read through for a hundred of them.
        chosen, _ = _choose(images, examples["index"].to_numpy(), image_shape)
        return cls(examples, chosen, dict(zip(names.tolist(), numbers.tolist())), title=title)

    @classmethod
    def from_estimator(
        cls,
        identifier: CorruptionIdentifier,
        X: ArrayLike,
        *,
        n_per_kind: int = 10,
        order: Sequence[str] | None = None,
        title: str = "",
    ) -> Self:
        """Show what a fitted ``CorruptionIdentifier`` finds in X, the most confident first.

        Parameters
        ----------
        identifier : CorruptionIdentifier
            Fitted.
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        CorruptionGalleryDisplay
        """
        found = identifier.identify(X)
        return cls.from_predictions(
            X,
            found["kind"],
            confidence=found["probability"],
            n_per_kind=n_per_kind,
            order=order,
            image_shape=getattr(identifier, "image_shape_", None),
            title=title,
        )

    def frame(self) -> pd.DataFrame:
        """Examples shown, a row each: kind, column, index, confidence."""
        return self.examples.copy()

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the gallery.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        shown = list(dict.fromkeys(self.examples["kind"]))
        n_rows = max(len(shown), 1)
        n_columns = int(self.examples["column"].max()) + 1 if len(self.examples) else 1
        aspect = self.images.shape[1] / self.images.shape[2] if len(self.images) else 1.0
        ax = self._take_axes(ax, (0.62 * n_columns + 1.9, 0.62 * aspect * n_rows + (0.5 if self.title else 0.15)))
        open_mosaic(ax, n_rows, n_columns, aspect)
        places = {kind: row for row, kind in enumerate(shown)}
        for image, kind, column in zip(self.images, self.examples["kind"], self.examples["column"]):
            draw_cell(ax, image, places[kind], column, aspect)
            frame_cell(ax, places[kind], column, aspect)
        for kind, row in places.items():
            n = self.counts.get(kind, 0)
            row_name(ax, row, aspect, kind_name(kind), f"{n:,} image{'' if n == 1 else 's'}")
        if not len(self.examples):
            say_nothing(ax, "no image")
        title_axes(ax, self.title if len(self.examples) else title_of_none(self.title))
        return self


def _choose(images, index, image_shape):
    """The chosen images, on the grey scale of their dtype or, for floats, of a sample of the data."""
    from toolkit._core.images import as_stack
    from toolkit._core.pixel_scale import PixelScale

    if not len(index):
        return np.zeros((0, 1, 1), dtype=np.float32), None
    images = plain_stack(as_array(images))
    sample = as_stack(images[:: max(1, len(images) // 2000)], image_shape)
    return unit_images(images[index], image_shape, scale=PixelScale.learn(sample))
