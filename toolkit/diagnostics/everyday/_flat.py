"""Exactly even areas: screenshots and drawings, and rectangles that hide a part of a photograph."""

import numpy as np
from scipy import ndimage

__all__ = ["flat"]

_SIDE = 160  # pixels a side, about, of the mesh on which even areas are looked for
_SAME = 1  # grey levels within which a mesh is even; a JPEG of good quality keeps a drawn rectangle that even
_SMALLEST = 0.004  # of the image's area


def _mesh(views):
    """Least and greatest luma of each small square of the image, and its colour: (h', w') each."""
    step = max(2, int(np.ceil(max(views.height, views.width) / _SIDE)))
    rows, columns = views.height // step, views.width // step
    luma = views.luma[: rows * step, : columns * step]
    across = np.stack([luma[:, k::step] for k in range(step)])
    low, high = across.min(axis=0), across.max(axis=0)
    return low.reshape(rows, step, columns).min(axis=1), high.reshape(rows, step, columns).max(axis=1)


def _rectangle(low, high):
    """Area share of the largest even upright rectangle that does not span the image, and stands out on all sides."""
    even = high - low <= _SAME
    if not even.any():
        return 0.0
    rows, columns = even.shape
    best = 0.0
    # Levels apart are areas apart: an even square beside an even sky is not part of it.
    level = np.where(even, 1 + (low.astype(np.int32) + _SAME) // (2 * _SAME + 1), 0)
    joined_right = (np.abs(low[:, 1:].astype(int) - low[:, :-1]) <= _SAME) & even[:, 1:] & even[:, :-1]
    if not joined_right.any():
        return 0.0
    labels, n_areas = ndimage.label(even)
    counts = np.bincount(labels.ravel(), minlength=n_areas + 1)
    for place, box in enumerate(ndimage.find_objects(labels), start=1):
        if counts[place] < max(4, _SMALLEST * even.size):
            continue
        part = labels[box] == place
        tall, wide = part.shape
        if tall < 3 or wide < 3 or tall >= 0.95 * rows or wide >= 0.95 * columns:
            continue
        filled = part.mean()
        inside = level[box][part]
        if filled < 0.93 or np.ptp(inside) > 1:
            continue
        # Along each side that lies inside of the image: how much of what is beyond differs.
        value = float(np.median(low[box]))
        (top, bottom), (left, right) = ((piece.start, piece.stop) for piece in box)
        beyond = [
            low[top - 2, left:right] if top > 1 else None,
            low[bottom + 1, left:right] if bottom + 1 < rows else None,
            low[top:bottom, left - 2] if left > 1 else None,
            low[top:bottom, right + 1] if right + 1 < columns else None,
        ]
        differ = [float((np.abs(line.astype(float) - value) > 6).mean()) for line in beyond if line is not None]
        if len(differ) >= 2 and min(differ) > 0.6:
            best = max(best, counts[place] / even.size)
    return float(best)


def _straight_edges(views):
    """Share of the strong steps that are steps along one axis only: edges of windows, bars and letters on a screen."""
    across, down = np.abs(views.across[:, :-1]), np.abs(views.down[:, :, :-1])
    strong = np.maximum(across, down) > 24
    n_strong = np.count_nonzero(strong)
    if n_strong < 20:
        return np.nan
    return float(np.count_nonzero(strong & (np.minimum(across, down) <= 1)) / n_strong)


def flat(views):
    """Share of even pixels, of axis-parallel edges, of the 16 commonest levels, and the largest even rectangle."""
    if min(views.tiles.shape[1:]) < 8:
        return {"even_share": np.nan, "axis_edges": np.nan, "palette_share": np.nan, "even_rectangle": np.nan}
    even = np.count_nonzero((views.across[:, :-1] == 0) & (views.down[:, :, :-1] == 0)) / views.across[:, :-1].size
    commonest = np.sort(views.histogram)[-16:].sum()
    return {
        "even_share": float(even),
        "axis_edges": _straight_edges(views),
        "palette_share": float(commonest),
        "even_rectangle": _rectangle(*_mesh(views)),
    }
