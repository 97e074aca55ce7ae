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
_IMPULSE = 40  # grey levels by which a pixel stands out from the nearest of its eight neighbours, at least
_FEWEST = 3  # a lone pixel may be a star, a spark in an eye or a full stop
_EVEN = 2  # times the range of the neighbours: a bright pixel amid texture is texture
_FEW_PLACES = 0.1  # of the pixels, added to the places: a speck or two where there is room for a few tell no rate
_FEW_LEVELS = 8  # of grey, of an image that may be drawn in dots
_DRAWN = 5000.0  # impulses per million places, from which they are such dots
_BAND = 64  # rows at a time
_LOOKED_AT = 1_000_000  # pixels, about, of which the rows are looked at


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


def _stand_out(band):
    """Numbers of pixels brighter, and darker, than all neighbours by far, and of places for either, in a band of rows.

    A place for a bright pixel is one whose neighbours leave room for it: on white paper none could be seen.
    """
    across = [function(function(band[:, :-2], band[:, 2:]), band[:, 1:-1]) for function in (np.maximum, np.minimum)]
    ends = [function(band[:, :-2], band[:, 2:])[1:-1] for function in (np.maximum, np.minimum)]
    core = band[1:-1, 1:-1]
    high = np.maximum(np.maximum(across[0][:-2], across[0][2:]), ends[0])
    low = np.minimum(np.minimum(across[1][:-2], across[1][2:]), ends[1])
    found = []
    for beyond, excess in ((core > high, lambda at: core[at] - high[at]), (core < low, lambda at: low[at] - core[at])):
        at = np.nonzero(beyond)
        by, spread = excess(at).astype(np.int16), high[at].astype(np.int16) - low[at]
        found.append(np.count_nonzero((by > _IMPULSE) & (by > _EVEN * spread)))
    return np.array([*found, np.count_nonzero(high < 255 - _IMPULSE), np.count_nonzero(low > _IMPULSE), core.size])


def _impulses(views):
    """Pixels that are brighter, and that are darker, than all of their neighbours by far, of a million that could be.

    More of the image is looked at than for what is everywhere: where there are few places for them, as in the ink of a
    page, every one counts.
    """
    luma = views.luma
    if min(luma.shape) < 3:
        return np.nan, np.nan
    step = _BAND * max(1, luma.size // _LOOKED_AT)
    bands = [_stand_out(luma[top : top + _BAND + 2]) for top in range(0, len(luma) - 2, step)]
    bright, dark, for_bright, for_dark, pixels = np.sum(bands, axis=0)
    return [
        1e6 * count / (places + _FEW_PLACES * pixels) if count >= _FEWEST else 0.0
        for count, places in ((bright, for_bright), (dark, for_dark))
    ]


def _beyond_drawing(views, impulses):
    """None in an image of a few levels that is full of them: that is how greys are drawn, dot by dot."""
    few_levels = np.count_nonzero(views.histogram > 1e-4) <= _FEW_LEVELS
    return 0.0 if few_levels and impulses > _DRAWN else impulses


def noise(views):
    """Noise in grey levels of 255, and impulses per million places for them."""
    bright, dark = _impulses(views)
    return {
        "noise_sigma": _evenest_deviation(views),
        "hot_pixels": bright,
        "dark_pixels": dark,
        "impulses": _beyond_drawing(views, np.maximum(bright, dark)),
    }
