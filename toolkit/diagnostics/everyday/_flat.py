"""Exactly even areas: screenshots and drawings, and rectangles that hide a part of a photograph."""

import numpy as np
from scipy import ndimage

__all__ = ["flat"]

_SIDE = 160  # pixels a side, about, of the mesh on which even areas are looked for
_SAME = 4  # grey levels within which a mesh is even: a JPEG keeps a drawn rectangle about that even
_LEVELS = 8  # levels of luma, the commonest ones, of which a rectangle may be
_SMALLEST = 0.004  # of the image's area
_NARROWEST = 4  # squares of the mesh
_SIDES = 3  # of a rectangle, that have to lie inside of the image


def _mesh(views):
    """Least and greatest luma of each small square of the image, and its colour: (h', w') each."""
    step = max(2, int(np.ceil(max(views.height, views.width) / _SIDE)))
    rows, columns = views.height // step, views.width // step
    luma = views.luma[: rows * step, : columns * step]
    across = np.stack([luma[:, k::step] for k in range(step)])
    low, high = across.min(axis=0), across.max(axis=0)
    return low.reshape(rows, step, columns).min(axis=1), high.reshape(rows, step, columns).max(axis=1)


def _stands_out(low, box, value):
    """Whether what is beyond each side inside of the image differs; a window or a sheet in a corner does not count."""
    rows, columns = low.shape
    (top, bottom), (left, right) = ((piece.start, piece.stop) for piece in box)
    beyond = [
        low[top - 2, left:right] if top > 1 else None,
        low[bottom + 1, left:right] if bottom + 1 < rows else None,
        low[top:bottom, left - 2] if left > 1 else None,
        low[top:bottom, right + 1] if right + 1 < columns else None,
    ]
    differ = [float((np.abs(line.astype(float) - value) > 6).mean()) for line in beyond if line is not None]
    return len(differ) >= _SIDES and min(differ) > 0.6


def _rectangle(low, high):
    """Area share of the largest even upright rectangle that does not span the image, and stands out on all sides."""
    even = high - low <= _SAME
    counts = np.bincount(low[even], minlength=256)
    near = counts + np.roll(counts, 1) + np.roll(counts, -1)
    rows, columns = even.shape
    smallest = max(6, _SMALLEST * even.size)
    best = 0.0
    # Level by level: an even square beside an even sky is not part of it.
    for level in np.argsort(-near, kind="stable")[:_LEVELS]:
        if near[level] < smallest:
            break
        labels, n_areas = ndimage.label(even & (np.abs(low.astype(np.int16) - int(level)) <= _SAME // 2))
        sizes = np.bincount(labels.ravel(), minlength=n_areas + 1)
        for place, box in enumerate(ndimage.find_objects(labels), start=1):
            tall, wide = (piece.stop - piece.start for piece in box)
            size = sizes[place]
            if size < max(smallest, 0.88 * tall * wide) or size <= best * even.size or min(tall, wide) < _NARROWEST:
                continue
            if tall < 0.95 * rows and wide < 0.95 * columns and _stands_out(low, box, float(level)):
                best = size / even.size
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
        return dict.fromkeys(("even_share", "axis_edges", "palette_share", "screen_like", "even_rectangle"), np.nan)
    even = np.count_nonzero((views.across[:, :-1] == 0) & (views.down[:, :, :-1] == 0)) / views.across[:, :-1].size
    edges = _straight_edges(views)
    commonest = np.sort(views.histogram)[-16:].sum()
    return {
        "even_share": float(even),
        "axis_edges": edges,
        "palette_share": float(commonest),
        "screen_like": float(even) * (0.0 if np.isnan(edges) else edges),
        "even_rectangle": _rectangle(*_mesh(views)),
    }
