"""Sharpness where there is something to be sharp: blur, and blur in one direction only.

The mean square step over a distance of k pixels grows as k squared in a smooth image and hardly at all across sharp
edges and fine texture, so the steps over one and over two pixels tell sharpness without regard to contrast: their ratio
is 1/4 where all is smooth and 1 in noise. Here it is brought to 0 and 1. They are compared in the windows with the most
contrast, so that a flat sky counts for nothing. Where no window has contrast over so few pixels, what there is over
many tells a blurred page from a blank one.

References
----------
F. Crete, T. Dolmiere, P. Ladret and M. Nicolas, "The blur effect: perception and estimation with a new no-reference
perceptual blur metric", Proc. SPIE 6492, 2007.
"""

import numpy as np

__all__ = ["sharpness"]

_WINDOW = 16  # pixels a side of a window
_DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))  # steps down and right: across, down, along the two diagonals
_BEST = 0.25  # share of the windows, those with the most contrast, that are looked at
_FLOOR = 0.01  # of the sharpness: below it, rounding to whole levels decides
_LEAST = 6.0  # root mean square step over four pixels, in grey levels, from which a window has something to show
_REDUCED = 4  # pixels a side of the means on which contrast over many pixels is looked for: noise is a quarter there
_REACHES = (1, 2, 4, 8)  # of these means
_BENT = 6.0  # root mean square bend over such a reach, in grey levels, from which there is something to see


def _steps(tiles, down, right, reach):
    """Squared steps over ``reach`` pixels in one direction."""
    down, right = down * reach, right * reach
    height, width = tiles.shape[1:]
    rows_a, rows_b = slice(0, height - down), slice(down, height)
    if right >= 0:
        columns_a, columns_b = slice(0, width - right), slice(right, width)
    else:
        columns_a, columns_b = slice(-right, width), slice(0, width + right)
    step = tiles[:, rows_b, columns_b] - tiles[:, rows_a, columns_a]
    return np.square(step, out=step)


def _window_means(values, shape):
    """Mean of each whole window of 16 x 16 pixels, flattened."""
    rows, columns = shape[0] // _WINDOW, shape[1] // _WINDOW
    side = min(_WINDOW, *shape)
    rows, columns = max(1, rows), max(1, columns)
    height, width = min(rows * side, values.shape[1]) // rows, min(columns * side, values.shape[2]) // columns
    if height < 1 or width < 1:
        return np.full(len(values) * rows * columns, np.nan)
    part = values[:, : rows * height, : columns * width]
    # Along the rows first: the long sum is then over contiguous memory.
    sums = np.add.reduceat(part, np.arange(0, columns * width, width), axis=2)
    sums = sums.reshape(len(values), rows, height, columns).sum(axis=2)
    return sums.reshape(-1) / (height * width)


def _has_soft_contrast(tiles):
    """Whether grey levels bend over 4 to 32 pixels somewhere, as no even shading does."""
    rows, columns = (side // _REDUCED for side in tiles.shape[1:])
    means = tiles[:, : rows * _REDUCED, : columns * _REDUCED].reshape(-1, rows, _REDUCED, columns, _REDUCED)
    means = means.mean(axis=(2, 4))
    for turned in (means, means.swapaxes(1, 2)):
        for reach in _REACHES:
            if turned.shape[2] <= 2 * reach:
                break
            bend = turned[:, :, : -2 * reach] - 2 * turned[:, :, reach:-reach] + turned[:, :, 2 * reach :]
            if np.sqrt(np.nanmax(_window_means(np.square(bend), bend.shape[1:]))) >= _BENT:
                return True
    return False


def sharpness(views):
    """Sharpness of the sharpest windows and in the least sharp direction, and how unlike the directions are."""
    nothing = {
        "sharpness": np.nan,
        "sharpness_least": np.nan,
        "sharpness_direction": np.nan,
        "directional_blur": np.nan,
        "detail_share": 0.0,
    }
    tiles = views.tiles
    if min(tiles.shape[1:]) < 8:
        return nothing
    shape = (tiles.shape[1] - 4, tiles.shape[2] - 4)
    near = [_window_means(_steps(tiles, *way, 1), shape) for way in _DIRECTIONS]
    far = [_window_means(_steps(tiles, *way, 2), shape) for way in _DIRECTIONS]
    near, far = np.array(near), np.array(far)
    contrast = far.mean(axis=0)
    busy = contrast > _LEAST**2 / 4
    nothing["detail_share"] = float(busy.mean())
    if not busy.any():
        return nothing | ({"sharpness": _FLOOR} if _has_soft_contrast(tiles) else {})
    # Steps of the rounding to whole levels and of faint noise are no sharpness.
    near, far = near[:, busy], far[:, busy]
    order = np.argsort(-contrast[busy], kind="stable")[: max(1, int(np.ceil(_BEST * busy.sum())))]
    ratio = near[:, order].sum(axis=1) / np.maximum(far[:, order].sum(axis=1), 1e-9)
    # The sharpest windows: a photograph is sharp if something in it is.
    each = near[:, order].max(axis=0) / np.maximum(far[:, order].max(axis=0), 1e-9)
    least = int(np.argmin(ratio))
    opposite = (1, 0, 3, 2)[least]
    above = np.maximum((ratio - 0.25) / 0.75, _FLOOR)
    return {
        "sharpness": max(_FLOOR, float(np.quantile(each, 0.9) - 0.25) / 0.75),
        "sharpness_least": float(above[least]),
        "sharpness_direction": float((0, 90, 135, 45)[least]),
        "directional_blur": float(np.log(above[opposite] / above[least])),
        "detail_share": float(busy.mean()),
    }
