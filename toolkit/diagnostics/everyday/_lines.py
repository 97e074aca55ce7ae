"""Dead and hot lines of a sensor: one row or column that stands out from both neighbours from edge to edge."""

import numpy as np

__all__ = ["lines"]

_PARTS = 8  # parts of a line, in each of which it has to stand out
_TIP = 64  # part of a line's length that is one of its ends
_LEVEL = 16.0  # grey levels about a line's own within which it may lie unseen among others of that level
_SEEN = 8.0  # grey levels by which it stands out where it is seen


def _from_edge_to_edge(line, excess):
    """Whether each line (n, samples) is there at both of its very ends, if only unseen against its own level.

    The ruled line of a form ends on paper, and one of a frame or a window at another one.
    """
    few = max(2, line.shape[1] // _TIP)
    usual = np.median(line, axis=1)
    reaches = np.ones(len(line), dtype=bool)
    for tip in (slice(None, few), slice(-few, None)):
        unseen = np.abs(np.median(line[:, tip], axis=1) - usual) <= _LEVEL
        reaches &= unseen | (np.median(excess[:, tip], axis=1) > _SEEN)
    return reaches


def _strongest(lines):
    """How far the most outstanding of the lines (n, samples) lies from both neighbours in its weakest part.

    The ruled line of a form, a horizon or a frame is not left standing: one ends before the edge of the sheet, the
    others have two unlike sides.
    """
    n_lines, samples = lines.shape
    if n_lines < 5 or samples < _PARTS * 2:
        return np.nan, np.nan
    above, middle, below = lines[:-2], lines[1:-1], lines[2:]
    over = middle - np.maximum(above, below)
    under = np.minimum(above, below) - middle
    size = samples // _PARTS
    best, count = 0.0, 0
    for excess in (over, under):
        # Few lines can be meant, and the median is dear: the mean over a line has to say so first.
        likely = np.flatnonzero(excess.mean(axis=1) > 2)
        if len(likely):
            parts = excess[likely, : _PARTS * size].reshape(len(likely), _PARTS, size)
            weakest = np.median(parts, axis=2)
            # Two parts may be lost, where the line crosses something of its own colour, but not both ends.
            ends = np.maximum(weakest[:, 0], weakest[:, -1])
            weakest = np.minimum(np.sort(weakest, axis=1)[:, 2], ends)
            weakest[~_from_edge_to_edge(middle[likely], excess[likely])] = 0
            best = max(best, float(weakest.max()))
            count += int((weakest > _SEEN).sum())
    return best, count


def lines(views):
    """Contrast of the most outstanding row or column, in grey levels, and how many there are."""
    found = np.array([_strongest(views.rows), _strongest(views.columns)])
    if np.isnan(found).all():
        return {"line_contrast": np.nan, "line_count": np.nan}
    contrast, count = np.nanmax(found[:, 0]), np.nansum(found[:, 1])
    return {"line_contrast": float(contrast), "line_count": float(count)}
