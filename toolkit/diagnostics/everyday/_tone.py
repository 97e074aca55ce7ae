"""Brightness, contrast, clipping and information, from the histogram of luma."""

import numpy as np
from scipy import ndimage

__all__ = ["tone"]

_SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_PIXELS = 50_000  # on which clipped areas are looked for, about
_END = 5  # grey levels from an end of the range that belong to a white or black background: JPEG makes it uneven
_BACKGROUND = 0.1  # share of the image's outline that an area holds which may be a background
_NEAR = 40  # levels from the end within which the surroundings of what is clipped are
_GRADUAL = 0.9  # share of them


def _piled_up(histogram, end):
    """Share of the pixels at one end of the range beyond what the next levels lead to expect."""
    near = histogram[::end]
    # Where tones run out smoothly, the last level holds no more than its neighbours do; what clipping cut off piles up.
    return max(0.0, near[0] - near[1:5].max())


def _clipped(views, end):
    """Share of the pixels that are piled up at an end of the range, a background that reaches the outline left out.

    The white around a cut-out, and the black around a disc or an image that was turned, is no clipping: it ends
    abruptly, where what is clipped has almost clipped surroundings.
    """
    step = max(1, int(np.sqrt(views.n_pixels / _PIXELS)))
    luma = views.luma[::step, ::step]
    if _piled_up(views.histogram, end) <= 0:
        return 0.0
    distance = luma if end == 1 else 255 - luma
    at_end = distance <= _END
    areas, n_areas = ndimage.label(at_end)
    outline = np.concatenate([areas[0], areas[-1], areas[1:-1, 0], areas[1:-1, -1]])
    held = np.bincount(outline, minlength=n_areas + 1)
    held[0] = 0
    kept = np.ones(luma.shape, dtype=bool)
    for place in np.flatnonzero(held >= _BACKGROUND * len(outline)):
        area = areas == place
        # Not right beside it: an edge that JPEG or an interpolation has softened is abrupt all the same.
        around = ndimage.binary_dilation(area, iterations=3) & ~ndimage.binary_dilation(area) & ~at_end
        if around.any() and (distance[around] <= _NEAR).mean() < _GRADUAL:
            kept &= ~area
    return _piled_up(np.bincount(luma[kept], minlength=256) / luma.size, end)


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
    black, white = _clipped(views, 1), _clipped(views, -1)
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
