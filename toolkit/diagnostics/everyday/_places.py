"""Where to look in a large picture: places that are evenly spread, or beside them where these are bare.

Most of a page is margin, and most of a cut-out its background. An area of one level shows neither blur nor compression,
whatever happened to the picture. In the stead of such an area the nearest one is taken that shows something; where all
of the picture is bare, the places stay.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["shown_places"]

_SQUARE = 8  # pixels a side of the squares of which an area consists; areas begin at multiples of this
_SHOWN = 1 / 16  # share of the squares of more than one level, from which an area shows something


def _over_squares(planes: NDArray, end: np.ufunc) -> NDArray:
    """Least or greatest level of each square of 8 x 8 pixels: (height // 8, width // 8, channels)."""
    # Slice by slice: a reduction over short axes is many times as slow.
    across = end.reduce([planes[k::_SQUARE] for k in range(_SQUARE)])
    return np.asarray(end.reduce([across[:, k::_SQUARE] for k in range(_SQUARE)]))


def _shown(image: NDArray) -> NDArray[np.bool_]:
    """Which squares of 8 x 8 pixels hold more than one level, in any channel: (height // 8, width // 8)."""
    rows, columns = (side // _SQUARE for side in image.shape[:2])
    planes = image[: rows * _SQUARE, : columns * _SQUARE].reshape(rows * _SQUARE, columns * _SQUARE, -1)
    return np.asarray((_over_squares(planes, np.minimum) != _over_squares(planes, np.maximum)).any(axis=2))


def shown_places(image: NDArray, places: list[tuple[int, int]], side: tuple[int, int]) -> list[tuple[int, int]]:
    """Places of which each shows something: those given, and the nearest others for the bare ones among them.

    Parameters
    ----------
    image : ndarray of uint8, of shape (height, width) or (height, width, 3)
    places : list of (int, int)
        Top and left of each area, multiples of 8.
    side : (int, int)
        Height and width of an area, in pixels.

    Returns
    -------
    list of (int, int)
        As many, or fewer where too little of the picture shows anything; as given where nothing does.
    """
    tall, wide = side
    if len(places) < 2 or min(side) < _SQUARE:
        return places
    if all(_shown(image[top : top + tall, left : left + wide]).mean() >= _SHOWN for top, left in places):
        return places
    shown = _shown(image)
    rows, columns = tall // _SQUARE, wide // _SQUARE
    sums = np.pad(shown.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    inside = sums[rows:, columns:] - sums[:-rows, columns:] - sums[rows:, :-columns] + sums[:-rows, :-columns]
    free = inside >= _SHOWN * rows * columns
    squares = [(top // _SQUARE, left // _SQUARE) for top, left in places]
    kept = [place for place in squares if free[place]]
    bare = [place for place in squares if not free[place]]

    def take(row: int, column: int) -> None:
        """No other area is to overlap with this one."""
        free[max(0, row - rows + 1) : row + rows, max(0, column - columns + 1) : column + columns] = False

    for place in kept:
        take(*place)
    for place in bare:
        found = np.argwhere(free)
        if not len(found):
            break
        row, column = found[np.square(found - place).sum(axis=1).argmin()]
        kept.append((int(row), int(column)))
        take(*kept[-1])
    return [(row * _SQUARE, column * _SQUARE) for row, column in kept] or places
