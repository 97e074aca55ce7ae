"""Noise in the evenest windows, and single pixels that stand out from all of their neighbours.

References
----------
J. Immerkaer, "Fast noise variance estimation", Computer Vision and Image Understanding 64, 1996.
"""

import numpy as np

__all__ = ["noise"]

_WINDOW = 12  # pixels a side of the windows of which the evenest are taken
_EVENEST = 0.1  # share of the windows
_IMPULSE = 30.0  # grey levels by which a pixel stands out from the nearest of its eight neighbours


def _evenest_deviation(views):
    """Standard deviation of the noise, in grey levels, in the tenth of the windows with the least of it.

    Windows at either end of the range are left out where others are left: what is clipped shows no noise.
    """
    tiles = views.tiles
    if min(tiles.shape[1:]) < 5:
        return np.nan
    # Second difference along one axis, then along the other: edges and ramps along either vanish.
    bend = views.down[:, 1:] - views.down[:, :-1]
    bend = np.abs(bend[:, :, 2:] - 2 * bend[:, :, 1:-1] + bend[:, :, :-2])
    side = min(_WINDOW, *bend.shape[1:])
    rows, columns = bend.shape[1] // side, bend.shape[2] // side

    def means(values):
        part = values[:, : rows * side, : columns * side]
        sums = np.add.reduceat(part, np.arange(0, columns * side, side), axis=2)
        return sums.reshape(len(values), rows, side, columns).sum(axis=2).reshape(-1) / side**2

    level, bright = means(bend), means(tiles[:, 1:-1, 1:-1])
    open_range = (bright > 8) & (bright < 247)
    if open_range.mean() < 0.05:
        return np.nan
    level = level[open_range]
    kept = max(1, round(_EVENEST * len(level)))
    return float(np.sqrt(np.pi / 2) / 6 * np.partition(level, kept - 1)[:kept].mean())


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
    return np.count_nonzero(core - high > _IMPULSE) * per_million, np.count_nonzero(low - core > _IMPULSE) * per_million


def noise(views):
    """Noise in grey levels of 255, and impulses per million pixels."""
    bright, dark = _impulses(views)
    return {
        "noise_sigma": _evenest_deviation(views),
        "hot_pixels": bright,
        "dark_pixels": dark,
        "impulses": bright + dark,
    }
