"""The independent check of a frame: its edges on the pixels of the original, or a reason to leave it.

The first judge is the statistic of a frame, which says that there is one. This one finds where it ends, with criteria
of its own, and abstains where it does not end along a straight line all around, or leaves too little.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["LOSSY_FORMATS", "frame_box"]

LOSSY_FORMATS = ("AVIF", "HEIF", "JPEG", "JPEG2000", "MPO", "WEBP")

_EVEN = 8.0  # grey levels within which a line is of one colour, JPEG's ringing included
_THINNEST = 0.01  # of a side
_ENDS_ALONG = 0.7  # share of an edge along which the picture differs from the bar
_DIFFERS = 12.0  # grey levels
_BLOCK, _ECHO = 8, 0.3  # lines that a bar may share with the picture, and how faint its echo is beside it
_SMALLEST = 64  # pixels of the shorter side; in smaller images a margin and a frame look alike
_LEAST_LEFT = 0.3  # share of the pixels that have to stay


def frame_box(pixels: NDArray, *, lossy: bool = False) -> tuple[tuple[int, int, int, int] | None, str]:
    """Where the picture within its frame is.

    Parameters
    ----------
    pixels : ndarray of uint8 of shape (height, width) or (height, width, 3)
    lossy : bool, default=False
        The file is a JPEG or its like: the last lines of a bar share their blocks with the picture, and echo it.

    Returns
    -------
    box : tuple of int or None
        Left, top, right and lower edge; None where nothing is cut.
    why_not : str
        Empty where there is a box.

    Examples
    --------
    >>> picture = np.random.default_rng(0).integers(0, 256, (70, 80, 3), dtype=np.uint8)
    >>> picture[:6] = picture[-9:] = 0
    >>> frame_box(picture)
    ((0, 6, 80, 61), '')
    """
    values = pixels.reshape(*pixels.shape[:2], -1).astype(np.float32)
    height, width = values.shape[:2]
    if min(height, width) < _SMALLEST:
        return None, "it is too small to tell a frame from a margin"
    top, lower = _bars(values, lossy)
    inner = values[top : height - lower]  # the bars at the sides may be of another colour than those above and below
    left, right = _bars(inner.swapaxes(0, 1), lossy)
    if not (top or left):
        return None, "its bars do not end along a straight line on both sides"
    box = (left, top, width - right, height - lower)
    kept = values[box[1] : box[3], box[0] : box[2]]
    if kept.shape[0] * kept.shape[1] < _LEAST_LEFT * height * width:
        return None, "its frame would be most of it"
    if kept.reshape(-1, kept.shape[2]).std(axis=0).max() < _DIFFERS:
        return None, "there is hardly anything within its frame"
    return box, ""


def _bars(values: NDArray, lossy: bool) -> tuple[int, int]:
    """Lines of the two opposite bars, (0, 0) unless there are two of one colour that end along a line."""
    first, colour = _bar(values, lossy)
    second, other = _bar(values[::-1], lossy)
    thinnest = max(2, int(_THINNEST * len(values)))
    if min(first, second) < thinnest or np.abs(colour - other).max() > _EVEN:
        return 0, 0
    return first, second


def _bar(values: NDArray, lossy: bool) -> tuple[int, NDArray]:
    """How many lines from the first are of one colour, and that colour; none if it does not end along a line."""
    colour = np.median(values[0], axis=0)
    departure = np.abs(values - colour).max(axis=2)  # (lines, length)
    uneven = departure.max(axis=1) > _EVEN
    thick = int(np.argmax(uneven))
    if uneven[0] or thick == 0:  # no bar, or one to the other side
        return 0, colour
    if lossy:
        mean = departure[thick : thick + 3 * _BLOCK].mean(axis=1)
        echo = mean[:_BLOCK] < _ECHO * np.median(mean[_BLOCK:] if len(mean) > _BLOCK else mean)
        thick += len(echo) if echo.all() else int(np.argmin(echo))
    along = (departure[thick : thick + 3] > _DIFFERS).any(axis=0).mean() if thick < len(values) else 0.0
    return (thick, colour) if along >= _ENDS_ALONG else (0, colour)
