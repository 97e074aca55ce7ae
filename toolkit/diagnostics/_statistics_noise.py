"""Noise statistics that work on digits: on images, that is, of which most pixels are an exactly even background.

The usual wavelet estimate looks at the detail coefficients that are not zero, and says nothing there; these keep them.
"""

import numpy as np

from toolkit.diagnostics._statistics_views import pixel_sums

__all__ = ["noise"]

_IMPULSE = 50.5 / 255  # departure from the neighbourhood that counts as an impulse; between two grey levels
_WINDOW = 5  # side of the window of the local deviation, in pixels
_QUANTILE = 0.1  # a tenth of the windows is assumed to be flat


def _haar_deviation(views):
    """Median absolute diagonal Haar coefficient, over .6745 (Donoho and Johnstone, 1994)."""
    g = views.grey[:, : views.height // 2 * 2, : views.width // 2 * 2]
    detail = np.abs(g[:, ::2, ::2] - g[:, ::2, 1::2] - g[:, 1::2, ::2] + g[:, 1::2, 1::2]) / 2
    detail = detail.reshape(views.n_images, -1)
    middle = detail.shape[1] // 2
    return np.partition(detail, middle, axis=1)[:, middle] / 0.6745


def _window_sums(values, side):
    """Sums over all windows of ``side`` pixels that lie inside."""
    for axis in (1, 2):
        length = values.shape[axis] - side + 1
        parts = [values[(slice(None),) * axis + (slice(k, k + length),)] for k in range(side)]
        values = sum(parts[1:], parts[0])
    return values


def _local_deviation(views):
    """Low quantile of the standard deviation in small windows."""
    side = min(_WINDOW, views.height, views.width)
    # About the background, so that squares of an even bright area do not swamp its small deviations.
    mean = _window_sums(views.departure, side) / side**2
    variance = _window_sums(views.departure**2, side) / side**2 - mean**2
    variance = variance.reshape(views.n_images, -1)
    low = int(_QUANTILE * (variance.shape[1] - 1))
    return np.sqrt(np.maximum(np.partition(variance, low, axis=1)[:, low], 0))


def _immerkaer(views):
    """Mean absolute difference of two Laplacians (Immerkaer, "Fast noise variance estimation", 1996)."""
    # [[1, -2, 1], [-2, 4, -2], [1, -2, 1]] is the second difference along one axis, then along the other.
    down = views.grey[:, :-2] - 2 * views.grey[:, 1:-1] + views.grey[:, 2:]
    both = np.abs(down[:, :, :-2] - 2 * down[:, :, 1:-1] + down[:, :, 2:])
    return np.sqrt(np.pi / 2) / 6 * pixel_sums(both) / both[0].size


def _border_deviation(views):
    """Root mean square departure from the background in the outer two rings, where strokes seldom reach."""
    d = views.departure
    pieces = (d[:, :2], d[:, -2:], d[:, 2:-2, :2], d[:, 2:-2, -2:])
    total = sum(pixel_sums(piece, piece) for piece in pieces)
    return np.sqrt(total / sum(piece[0].size for piece in pieces))


def noise(views):
    """Noise level by five estimators, and the share of impulses."""
    residual = np.abs(views.grey - views.median)
    return {
        "noise_immerkaer": _immerkaer(views),
        "noise_haar": _haar_deviation(views),
        "noise_local": _local_deviation(views),
        "noise_border": _border_deviation(views),
        "noise_median": pixel_sums(residual) / views.n_pixels,
        "impulse_fraction": np.count_nonzero(residual > _IMPULSE, axis=(1, 2)) / views.n_pixels,
    }
