"""What detectors compute with: flat rows of floats, the same for the same pictures whatever type they came in."""

import math

import numpy as np

from toolkit._core.images import match_layout
from toolkit._core.row_kinds import are_images

__all__ = ["RowScale"]

_LARGE, _SMALL = 1e15, 1e-15  # beyond these, squares of differences leave the range of single precision
_NOTHING = 1e-60
_MAX_EXPONENT = 1000


class RowScale:
    """How validated images become the rows that a model sees.

    Images are taken in units of their range (:class:`toolkit._core.pixel_scale.PixelScale`), so that kernels and
    bandwidths mean the same for uint8, uint16 and floats of any range. The columns of a table are taken as they are,
    since whoever scaled them meant it; only where all values are beyond what can be squared they are divided by a power
    of two.

    Parameters
    ----------
    pixels : PixelScale or None
        None for a table.
    factor : float or None
        What a table is multiplied by. None is the rule of version 0.1, for models that were fitted by it: bytes in
        units of 255, all else as it came.
    """

    def __init__(self, pixels, factor=1.0):
        self.pixels, self.factor = pixels, factor

    @classmethod
    def learn(cls, stack, X, *, image_shape, pixel_scale):
        """From what ``fit`` was given (``X``) and what validation made of it."""
        as_stack = match_layout(stack[:1], X).ndim > 2
        if are_images(stack, as_stack=as_stack, image_shape=image_shape):
            return cls(pixel_scale)
        largest = float(np.abs(stack.astype(np.float64)).max())
        if largest == 0 or _SMALL <= largest <= _LARGE:
            return cls(None)
        exponent = min(max(-math.frexp(largest)[1], -_MAX_EXPONENT), _MAX_EXPONENT)
        return cls(None, 2.0**exponent)

    def __call__(self, stack):
        """Rows (n_samples, n_features) of float32 or float64."""
        if self.pixels is not None:
            return self.pixels.to_unit(stack).reshape(len(stack), -1)
        rows = np.asarray(stack).reshape(len(stack), -1)
        if self.factor is None:
            if rows.dtype == np.uint8:
                return rows.astype(np.float32) / np.float32(255)
        elif self.factor != 1.0:
            rows = rows.astype(np.float64) * self.factor
            rows[np.abs(rows) < _NOTHING] = 0.0  # beside values this much larger it is equal to nothing, squared it is
            return rows
        return rows if rows.dtype in (np.float32, np.float64) else rows.astype(np.float64)
