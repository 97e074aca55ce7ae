"""Intensity: contrast, the shape of the histogram, and, in colour images, how colourful they are."""

import numpy as np

from toolkit.diagnostics._statistics_views import pixel_sums

__all__ = ["colour", "intensity"]

_BINS = 16
_TOUCHING = 1 / 255  # distance from the end of the range within which a pixel counts as saturated


def intensity(views):
    """Mean, contrast, range, skewness, excess kurtosis and entropy of the grey values, and what lies at the ends.

    The entropy is that of 16 equal bins of the unit interval, in bits.
    """
    grey, n, size = views.grey, views.n_images, views.n_pixels
    mean = pixel_sums(grey) / size
    deviation = grey - mean.astype(np.float32)[:, None, None]
    squared = deviation * deviation
    # The mean was rounded to float32: what it left over is taken out of the central moments.
    shift = pixel_sums(deviation) / size
    variance = np.maximum(pixel_sums(squared) / size - shift**2, 0)
    third = pixel_sums(squared, deviation) / size
    fourth = pixel_sums(squared, squared) / size
    even = variance < 1e-12
    scale = np.where(even, 1, variance)
    flat = grey.reshape(n, -1)
    low, high = flat.min(axis=1).astype(np.float64), flat.max(axis=1).astype(np.float64)
    bins = np.clip((flat * _BINS).astype(np.int32), 0, _BINS - 1)
    bins += (np.arange(n, dtype=np.int32) * _BINS)[:, None]
    share = np.bincount(bins.ravel(), minlength=n * _BINS).reshape(n, _BINS) / size
    dark, bright = grey <= _TOUCHING, grey >= 1 - _TOUCHING
    return {
        "mean": mean,
        "contrast": np.sqrt(variance),
        "minimum": low,
        "maximum": high,
        "skew": np.where(even, 0, third / scale**1.5),
        "kurtosis": np.where(even, 0, fourth / scale**2 - 3),
        "entropy": -(share * np.log2(np.where(share > 0, share, 1))).sum(axis=1),
        "dark_fraction": np.count_nonzero(dark, axis=(1, 2)) / size,
        "bright_fraction": np.count_nonzero(bright, axis=(1, 2)) / size,
        "middle_fraction": np.count_nonzero((grey > 0.1) & (grey < 0.9), axis=(1, 2)) / size,
    }


def colour(views):
    """Saturation, the largest less the smallest channel: mean and standard deviation. Grey images have none."""
    if views.unit.ndim == 3:
        return {}
    red, green, blue = np.moveaxis(views.unit, -1, 0)
    saturation = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    mean = pixel_sums(saturation) / views.n_pixels
    variance = pixel_sums(saturation, saturation) / views.n_pixels - mean**2
    return {"saturation_mean": mean, "saturation_deviation": np.sqrt(np.maximum(variance, 0))}
