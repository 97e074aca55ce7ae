"""The eight symmetries of a picture, under the field's names, and as EXIF numbers them."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["ORIENTATIONS", "SYMMETRIES", "composed", "turned"]

# What is done to the picture as it is shown, and EXIF's number of a camera whose pictures need just that.
# Angles are counter-clockwise.
SYMMETRIES = {
    "flip_horizontal": 2,
    "rotate_180": 3,
    "flip_vertical": 4,
    "transpose": 5,
    "rotate_270": 6,
    "anti_transpose": 7,
    "rotate_90": 8,
}

# EXIF's number to what brings the stored pixels upright (the table of TIFF 6.0, section "Orientation").
ORIENTATIONS = {1: "identity"} | {number: name for name, number in SYMMETRIES.items()}


def turned(pixels: NDArray, number: int) -> NDArray:
    """Pixels of shape (height, width[, channels]) as a viewer shows them who obeys EXIF's ``number``.

    >>> turned(np.array([[1, 2, 3]]), 8).ravel().tolist(), turned(np.array([[1, 2, 3]]), 2).tolist()
    ([3, 2, 1], [[3, 2, 1]])
    """
    if number in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if number in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels[::-1] if number in (3, 4, 7, 8) else pixels


def composed(first: int, second: int) -> int:
    """The number of both, one after the other.

    >>> composed(6, 6), composed(6, 8), composed(2, 5)
    (3, 1, 8)
    """
    cells = np.arange(6).reshape(2, 3)
    wanted = turned(turned(cells, first), second)
    return next(number for number in ORIENTATIONS if np.array_equal(turned(cells, number), wanted))
