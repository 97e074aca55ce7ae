"""Stripes, blocks and flat pieces: structure that follows the pixel grid, as handwriting does not."""

import numpy as np
from scipy import fft

from toolkit.diagnostics._statistics_views import pixel_sums

__all__ = ["stripes"]

_SLOWEST = 9.0  # longest period that counts as stripes, in pixels
_EQUAL = 0.5 / 255  # neighbours closer than this are the same


def _profile(values, axis):
    """Roughness of the mean along one axis, and the share of its variation that is periodic.

    The share is that of the strongest frequency among those of a period below nine pixels.
    """
    profile = values.mean(axis=axis, dtype=np.float64)  # (n, length)
    rough = np.sqrt(np.mean(np.diff(profile, n=2, axis=1) ** 2, axis=1))
    power = np.abs(fft.rfft(profile - profile.mean(axis=1, keepdims=True), axis=1)) ** 2
    fast = np.fft.rfftfreq(profile.shape[1]) > 1 / _SLOWEST
    total = power.sum(axis=1)
    total = np.where(total > 1e-12 * profile.shape[1], total, np.inf)
    return rough, power[:, fast].max(axis=1) / total


def stripes(views):
    """Stripe energy along rows and columns, and how much of the image is flat or follows the pixel grid."""
    rows, rows_peak = _profile(views.departure, axis=2)
    columns, columns_peak = _profile(views.departure, axis=1)
    across = np.abs(np.diff(views.grey, axis=2))
    down = np.abs(np.diff(views.grey, axis=1))
    total_across, total_down = pixel_sums(across), pixel_sums(down)
    total = total_across + total_down
    # A pixel that equals its right and its lower neighbour and yet is no background lies in a flat piece.
    flat = (across[:, :-1] < _EQUAL) & (down[:, :, :-1] < _EQUAL) & (views.ink[:, :-1, :-1] > 0.05)
    # On an edge along the grid only one of the two differences speaks.
    crossed = np.minimum(across[:, :-1], down[:, :, :-1])
    return {
        "stripe_rows": rows,
        "stripe_columns": columns,
        "stripe_rows_peak": rows_peak,
        "stripe_columns_peak": columns_peak,
        "grid_edges": 1 - 2 * pixel_sums(crossed) / np.where(total > 0, total, 1),
        "grid_direction": (total_across - total_down) / np.where(total > 0, total, 1),
        "flat_fraction": np.count_nonzero(flat, axis=(1, 2)) / views.n_pixels,
    }
