"""Sharpness: derivatives, and how the power falls with frequency."""

from functools import lru_cache

import numpy as np
from scipy import fft

from toolkit.diagnostics._statistics_views import pixel_sums

__all__ = ["sharpness"]

_FLOOR = 1e-6  # share of the total power below which a frequency counts as silent


@lru_cache(maxsize=8)
def _radial_bins(height, width):
    """Averages over rings of the half plane that ``rfft2`` returns.

    Returns
    -------
    averages : ndarray of shape (height * (width // 2 + 1), n_rings)
        Each column sums to one; frequencies that ``rfft2`` leaves out count through their twins.
    slopes : ndarray of shape (n_rings,)
        Product with the log power of the rings gives the least-squares slope against the log frequency.
    shares : ndarray of shape (height * (width // 2 + 1), 2)
        Weights of all frequencies, and of those above a quarter of the sampling rate.
    """
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)).ravel()
    twins = np.full(width // 2 + 1, 2.0)
    twins[0] = 1
    if width % 2 == 0:
        twins[-1] = 1
    weights = np.tile(twins, height)
    ring = np.rint(radius * min(height, width)).astype(int)
    n_rings = max(min(height, width) // 2, 2)
    averages = np.zeros((len(ring), n_rings))
    inside = (ring >= 1) & (ring <= n_rings)
    averages[inside, ring[inside] - 1] = weights[inside]
    averages /= averages.sum(axis=0)
    x = np.log(np.arange(1, n_rings + 1))
    x -= x.mean()
    return averages, x / (x @ x), np.stack([weights, weights * (radius > 0.25)], axis=1)


def sharpness(views):
    """Variance of the Laplacian, gradients, slope of the power spectrum and share of the high frequencies."""
    n = views.n_images
    laplacian = views.neighbour(-1, 0) + views.neighbour(1, 0)
    laplacian += views.neighbour(0, -1)
    laplacian += views.neighbour(0, 1)
    laplacian -= 4 * views.grey
    mean = pixel_sums(laplacian) / views.n_pixels
    right, down = views.gradients
    squared = right**2 + down**2
    spectrum = fft.rfft2(views.departure.astype(np.float64), axes=(1, 2)).reshape(n, -1)
    power = spectrum.real**2 + spectrum.imag**2
    power[:, 0] = 0  # the mean has no frequency
    averages, slopes, shares = _radial_bins(views.height, views.width)
    rings = power @ averages
    total = rings.sum(axis=1, keepdims=True)
    relative = np.where(total > 0, rings / np.where(total > 0, total, 1), 1)
    energy, high = (power @ shares).T
    return {
        "laplacian_variance": np.maximum(pixel_sums(laplacian, laplacian) / views.n_pixels - mean**2, 0),
        "gradient_energy": pixel_sums(squared) / views.n_pixels,
        "gradient_maximum": np.sqrt(squared.reshape(n, -1).max(axis=1)),
        "spectral_slope": np.log(relative + _FLOOR) @ slopes,
        "spectral_high_share": high / np.where(energy > 0, energy, 1),
    }
