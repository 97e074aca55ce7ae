"""Writing laid over a picture: thin strokes of one colour on whatever is behind them."""

import numpy as np
from scipy import ndimage

__all__ = ["overlay"]

_WIDEST = 13  # pixels; wider than the strokes of captions and dates on a photograph of usual size
_CONTRAST = 40  # grey levels by which a stroke stands out


def _strokes(excess, luma):
    """Share of the pixels that are strokes of the commonest level among strokes, times its share among them."""
    mask = excess > _CONTRAST
    n_strokes = int(np.count_nonzero(mask))
    if n_strokes < 20:
        return 0.0
    counts = np.bincount(luma[mask], minlength=256)
    nearby = np.convolve(counts, np.ones(7), mode="same")
    common = float(nearby.max()) / n_strokes
    return common**2 * n_strokes / luma.size


def overlay(views):
    """Share of the image covered by bright or dark strokes of one colour."""
    luma = views.tiles.astype(np.uint8)
    if min(luma.shape[1:]) < _WIDEST:
        return {"even_strokes": np.nan}
    opened = ndimage.maximum_filter1d(ndimage.minimum_filter1d(luma, _WIDEST, axis=2), _WIDEST, axis=2)
    closed = ndimage.minimum_filter1d(ndimage.maximum_filter1d(luma, _WIDEST, axis=2), _WIDEST, axis=2)
    return {"even_strokes": max(_strokes(luma - opened, luma), _strokes(closed - luma, luma))}
