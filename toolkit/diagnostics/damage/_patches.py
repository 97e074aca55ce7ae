"""Patches of a picture at its original resolution."""

import numpy as np
from numpy.typing import NDArray

from toolkit.diagnostics.everyday._places import shown_places

__all__ = ["continued", "patches_of"]

_SIDE = 64  # pixels a side of a patch, as the network was trained on
_LEAST = 16  # pixels a side below which a picture is continued at its edges
_ACROSS = 4  # patches along each side of a picture, at most
_GRID = 8  # patches begin at multiples of this many pixels, where JPEG's blocks begin


def _starts(side: int, patch: int) -> NDArray:
    """Where patches begin along one side, evenly spread."""
    count = min(_ACROSS, max(1, -(-side // patch)))
    return np.unique(np.linspace(0, side - patch, count).astype(int) // _GRID * _GRID)


def continued(image: NDArray, least: int) -> NDArray:
    """The picture, continued at its edges where it has fewer than ``least`` pixels a side."""
    more = [(0, max(0, least - side)) for side in image.shape[:2]]
    if not any(after for _, after in more):
        return image
    return np.pad(image, [*more, *[(0, 0)] * (image.ndim - 2)], mode="symmetric")


def patches_of(image: NDArray) -> tuple[NDArray, NDArray]:
    """Up to 16 patches of one picture, evenly spread, and the same with others that show something for bare ones.

    Parameters
    ----------
    image : ndarray of uint8, of shape (height, width) or (height, width, 3)

    Returns
    -------
    spread, shown : ndarray of uint8, of shape (n_patches, 64 or less, 64 or less, 3)
        Smaller pictures are one patch of their own size. Where no patch is bare, both are one array.
    """
    image = continued(image, _LEAST)
    height, width = image.shape[:2]
    side = min(_SIDE, height), min(_SIDE, width)
    places = [(int(top), int(left)) for top in _starts(height, side[0]) for left in _starts(width, side[1])]
    spread = _cut(image, places, side)
    chosen = shown_places(image, places, side)
    return spread, spread if chosen == places else _cut(image, chosen, side)


def _cut(image: NDArray, places: list[tuple[int, int]], side: tuple[int, int]) -> NDArray:
    """Areas of a picture in three channels."""
    stack = np.stack([image[top : top + side[0], left : left + side[1]] for top, left in places])
    return np.repeat(stack[..., None], 3, axis=3) if stack.ndim == 3 else stack
