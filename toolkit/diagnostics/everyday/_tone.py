"""Brightness, contrast, clipping and information, from the histogram of luma."""

import numpy as np

__all__ = ["tone"]

_SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def _piled_up(histogram, end):
    """Share of the pixels at one end of the range beyond what the next levels lead to expect."""
    near = histogram[::end]
    # Where tones run out smoothly, the last level holds no more than its neighbours do; what clipping cut off piles up.
    return max(0.0, near[0] - near[1:5].max())


def tone(views):
    """Quantiles of luma in [0, 1], its spread, entropy in bits, and the shares that are clipped."""
    histogram = views.histogram
    levels = np.arange(256) / 255
    cumulative = np.cumsum(histogram)
    at = np.minimum(np.searchsorted(cumulative, np.array(_SHARES) - 1e-9), 255)
    quantiles = {f"luma_q{round(100 * share):02d}": levels[place] for share, place in zip(_SHARES, at)}
    mean = float(histogram @ levels)
    deviation = float(np.sqrt(max(0.0, histogram @ (levels - mean) ** 2)))
    held = histogram[histogram > 0]
    entropy = float(-(held * np.log2(held)).sum())
    used = np.flatnonzero(histogram > 1e-4)
    # A white or black background is no clipping: it lies along the border, and is taken off by the border's share.
    border = views.border
    black = _piled_up(histogram, 1) * (1 - float((border == 0).mean()))
    white = _piled_up(histogram, -1) * (1 - float((border == 255).mean()))
    return {
        **quantiles,
        "luma_mean": mean,
        "luma_std": deviation,
        "luma_range": quantiles["luma_q99"] - quantiles["luma_q01"],
        "entropy": entropy,
        "clipped_black": black,
        "clipped_white": white,
        "clipped": black + white,
        "levels_used": len(used) / 256,
    }
