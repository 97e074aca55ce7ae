"""Noise in the evenest windows, and single pixels that stand out from all of their neighbours.

References
----------
J. Immerkaer, "Fast noise variance estimation", Computer Vision and Image Understanding 64, 1996.
"""

import numpy as np

__all__ = ["noise"]

_WINDOW = 12  # pixels a side of the windows of which the evenest are taken
_EVENEST = 0.1  # share of the windows
_TO_SIGMA = np.sqrt(np.pi / 2) / 6  # from the mean absolute second difference of second differences
_IMPULSE = 40.0  # grey levels by which a pixel stands out from the nearest of its eight neighbours, at least
_FEWEST = 3  # a lone pixel may be a star, a spark in an eye or a full stop
_EVEN = 2.0  # times the range of the neighbours: a bright pixel amid texture is texture


def _bends(tiles):
    """Second difference down of the second difference across, absolute."""
    down = tiles[:, 2:] - 2 * tiles[:, 1:-1] + tiles[:, :-2]
    return np.abs(down[:, :, 2:] - 2 * down[:, :, 1:-1] + down[:, :, :-2])


def _window_means(values, side):
    """Mean of each whole window of ``side`` pixels, flattened."""
    rows, columns = values.shape[1] // side, values.shape[2] // side
    part = values[:, : rows * side, : columns * side]
    # Along the rows first: the long sum is then over contiguous memory.
    sums = np.add.reduceat(part, np.arange(0, columns * side, side), axis=2)
    return sums.reshape(len(values), rows, side, columns).sum(axis=2).reshape(-1) / side**2


def _evenest_deviation(views):
    """Standard deviation of the noise, in grey levels, in the tenth of the windows with the least of it.

    Windows at either end of the range are left out where others are left: what is clipped shows no noise.
    """
    tiles = views.tiles
    if min(tiles.shape[1:]) < 5:
        return np.nan
    # Second difference along one axis, then along the other: edges and ramps along either vanish.
    bend = _bends(tiles)
    side = min(_WINDOW, *bend.shape[1:])
    level, bright = _window_means(bend, side), _window_means(tiles[:, 1:-1, 1:-1], side)
    open_range = (bright > 8) & (bright < 247)
    if open_range.mean() < 0.05:
        return np.nan
    level = np.where(open_range, level, np.inf)
    evenest = np.argsort(level, kind="stable")[: max(1, round(_EVENEST * open_range.sum()))]
    fine = _TO_SIGMA * float(level[evenest].mean())
    # White noise is halved in the means of 2 x 2 pixels; texture is not, and is taken off by what is left of it.
    half_side, rows, columns = side // 2, bend.shape[1] // side, bend.shape[2] // side
    height, width = (length // 2 * 2 for length in tiles.shape[1:])
    half = tiles[:, :height:2, :width:2] + tiles[:, 1:height:2, :width:2]
    half += tiles[:, :height:2, 1:width:2] + tiles[:, 1:height:2, 1:width:2]
    if half_side < 3 or min(half.shape[1:]) < half_side + 2:
        return fine
    coarse = _window_means(_bends(half), half_side) / 4
    down, across = ((length - 2) // half_side for length in half.shape[1:])
    tile, row, column = np.unravel_index(evenest, (len(tiles), rows, columns))
    beside = (tile * down + np.minimum(row, down - 1)) * across + np.minimum(column, across - 1)
    coarse = _TO_SIGMA * float(coarse[beside].mean())
    return float(np.sqrt(max(0.0, fine**2 - coarse**2) / 0.75))


def _impulses(views):
    """Pixels per million that are brighter, and that are darker, than all of their neighbours by far."""
    tiles = views.tiles
    if min(tiles.shape[1:]) < 3:
        return np.nan, np.nan
    middle, below, above = tiles[:, 1:-1], tiles[:, 2:], tiles[:, :-2]
    high3 = np.maximum(np.maximum(above, below), middle)
    low3 = np.minimum(np.minimum(above, below), middle)
    core = middle[:, :, 1:-1]
    high = np.maximum(np.maximum(high3[:, :, :-2], high3[:, :, 2:]), np.maximum(above, below)[:, :, 1:-1])
    low = np.minimum(np.minimum(low3[:, :, :-2], low3[:, :, 2:]), np.minimum(above, below)[:, :, 1:-1])
    per_million = 1e6 / core.size
    found = []
    for excess in (core - high, low - core):
        at = excess > _IMPULSE
        count = np.count_nonzero(excess[at] > _EVEN * (high[at] - low[at]))
        found.append(count * per_million if count >= _FEWEST else 0.0)
    return found


def noise(views):
    """Noise in grey levels of 255, and impulses per million pixels."""
    bright, dark = _impulses(views)
    return {
        "noise_sigma": _evenest_deviation(views),
        "hot_pixels": bright,
        "dark_pixels": dark,
        "impulses": bright + dark,
    }
