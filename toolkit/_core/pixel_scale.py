"""What range of values images have, and how they become numbers from 0 to 1 and values again."""

from dataclasses import dataclass, field

import numpy as np

__all__ = ["PixelScale"]


@dataclass(frozen=True)
class PixelScale:
    """The affine map between the values that came in and the unit interval.

    Parameters
    ----------
    low, high : float
        The values that become 0 and 1.
    dtype : str, optional
        Of the images that it was learnt from. None for the columns of a table, and for what version 0.1 saved: nothing
        is on another scale then.

    Examples
    --------
    >>> import numpy as np
    >>> scale = PixelScale.learn(np.array([[0, 255]], dtype=np.uint8))
    >>> scale.from_unit(np.float32([[0.5]]), np.uint8)
    array([[128]], dtype=uint8)
    """

    low: float
    high: float
    dtype: str | None = field(default=None, compare=False, repr=False)

    @classmethod
    def learn(cls, X):
        """uint8 is 0 to 255; anything else is the range seen; constant data gets a range of one."""
        if X.dtype == np.uint8:
            return cls(0.0, 255.0, "uint8")
        low, high = float(X.min()), float(X.max())
        return cls(low, high if high > low else low + max(1.0, abs(low)), X.dtype.name)

    def to_unit(self, stack):
        """Values as float32, ``low`` to 0 and ``high`` to 1, without clipping."""
        if stack.dtype == np.uint8 and self.low == 0.0:
            return stack.astype(np.float32) * np.float32(1.0 / self.high)
        # Halving first keeps the span finite even for values near the largest float.
        low, span = 0.5 * self.low, 0.5 * self.high - 0.5 * self.low
        return ((0.5 * stack.astype(np.float64) - low) / span).astype(np.float32)

    def from_unit(self, unit, dtype):
        """Values in the original range and ``dtype``; clipped to the range, rounded for integers."""
        unit = np.clip(np.asarray(unit, dtype=np.float64), 0.0, 1.0)
        values = self.low * (1.0 - unit) + self.high * unit
        dtype = np.dtype(dtype)
        return (np.rint(values) if dtype.kind in "uib" else values).astype(dtype)
