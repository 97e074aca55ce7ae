"""Names that stand at places of a scatter: moved apart where they would cover each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["spread_labels"]

_ROUNDS = 400
_WIDE, _HIGH = 0.72, 1.35  # of a bold letter and a line, in font sizes, with some air


def spread_labels(ax: Axes, places: NDArray, names: Sequence[str], font_size: float) -> NDArray:
    """Places of names that do not cover each other, near to where they should stand.

    Names that overlap push each other apart along the shorter way, a little at a time, within the axes; whatever does
    not overlap stays where it is.

    Parameters
    ----------
    ax : matplotlib Axes
        With its limits set.
    places : ndarray of shape (n_names, 2)
        In data coordinates.
    names : sequence of str
    font_size : float
        In points.

    Returns
    -------
    ndarray of shape (n_names, 2)
        In data coordinates.
    """
    places = np.asarray(places, dtype=float)
    if len(places) < 2:
        return places
    unit = font_size * ax.figure.dpi / 72.0
    sizes = np.array([[unit * (_WIDE * len(name) + 0.4), _HIGH * unit] for name in names])
    box = ax.get_window_extent()
    low, high = np.array([box.x0, box.y0]) + sizes / 2, np.array([box.x1, box.y1]) - sizes / 2
    start = ax.transData.transform(places)
    # Names at one place would not know where to go: a hair's breadth, the same each time, parts them.
    now = start + 1e-3 * np.column_stack([np.arange(len(places)), np.arange(len(places))[::-1]])
    moved = np.zeros(len(places), dtype=bool)
    due = (sizes[:, None] + sizes[None]) / 2
    pairs = ~np.eye(len(places), dtype=bool)
    for _ in range(_ROUNDS):
        apart = now[:, None] - now[None]
        lacking = due - np.abs(apart)
        over = (lacking > 0).all(axis=2) & pairs
        if not over.any():
            break
        # Along the axis in which less is lacking, for both of a pair the same one.
        axis = lacking.argmin(axis=2)
        step = np.zeros_like(apart)
        i, j = np.nonzero(over)
        step[i, j, axis[i, j]] = (0.3 * lacking[i, j, axis[i, j]] + 0.5) * np.sign(apart[i, j, axis[i, j]])
        now = now + step.sum(axis=1)
        moved |= over.any(axis=1)
        inside = np.clip(now, np.minimum(low, high), np.maximum(low, high))
        now = np.where(moved[:, None], inside, now)
    return np.where(moved[:, None], ax.transData.inverted().transform(now), places)
