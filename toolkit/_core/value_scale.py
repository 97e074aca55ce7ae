"""What a value means: the one rule by which arrays are told to be on the same scale or on another one.

bool is 0 to 1 and uint8 is 0 to 255, whatever values are seen, so dark images stay dark. Any other dtype says nothing
by itself: its scale is the range of values that an estimator was fitted on. Images of the same whole-number dtype are
never on another scale. Floats are when they fill one of the usual ranges (0 to 1, -1 to 1, 0 to 255, 0 to 65535) and
what was fitted fills another. Images of different dtypes are when their ranges are far apart.
"""

import math

import numpy as np

from toolkit._core.pixel_scale import PixelScale

__all__ = ["bring_to_scale", "check_same_scale", "usual_scale"]

_USUAL = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (0.0, 65535.0))
_DECLARED = {"bool": (0.0, 1.0), "uint8": (0.0, 255.0)}
_OVERSHOOT = 0.1  # of the range, by which what a network draws may leave it
_FAR = 3.5  # ranges apart by more than this are no accident of what was drawn
_DARK = 0.07  # of the range: below it nothing but black would be seen
_AN_IMAGE = 16  # values: fewer are points, which may lie anywhere
_ENOUGH_ROWS = 2000


def usual_scale(X):
    """The usual range that an array fills: by its dtype where that says it, else by its values; None if it fills none.

    Parameters
    ----------
    X : ndarray

    Returns
    -------
    PixelScale or None

    Examples
    --------
    >>> import numpy as np
    >>> usual_scale(np.zeros(3, dtype=np.uint8)), usual_scale(np.array([-0.98, 0.99]))
    (PixelScale(low=0.0, high=255.0), PixelScale(low=-1.0, high=1.0))
    >>> usual_scale(np.array([0.0, 16.0])) is None
    True
    """
    if X.dtype.name in _DECLARED:
        return PixelScale(*_DECLARED[X.dtype.name])
    if not X.size:
        return None
    return _fills(float(X.min()), float(X.max()), _OVERSHOOT)


def _fills(least, most, overshoot):
    for low, high in _USUAL:
        span = high - low
        # Dark images need not be there for a range that begins at 0; one that begins at -1 shows itself below 0.
        begins = least <= -0.75 if low < 0 else True
        ends = high - 0.25 * (high - max(low, 0.0)) if high > 1 else high - 0.1
        if begins and low - overshoot * span <= least and ends <= most <= high + overshoot * span:
            return PixelScale(low, high)
    return None


def check_same_scale(name, X, scale, fitted, *, dtype=None):
    """Refuse images on another scale than those that something was fitted on.

    Parameters
    ----------
    name : str
        Of the parameter, for the message.
    X : ndarray of shape (n_samples, ...)
    scale : PixelScale
        Learnt in ``fit``.
    fitted : str
        What was fitted, for the message.
    dtype : str or dtype, optional
        Of the images that were fitted; what the scale says by default. Where that says nothing, nothing is refused.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> import numpy as np
    >>> scale = PixelScale(0.0, 255.0, "uint8")
    >>> check_same_scale("X", np.zeros((2, 4, 4), np.uint8), scale, "It")  # black, but on the same scale
    >>> try:
    ...     check_same_scale("X", np.ones((2, 4, 4)), scale, "It")
    ... except ValueError as error:
    ...     print(str(error)[:49])
    X are floats from 1 to 1, on another scale than t
    """
    dtype = scale.dtype if dtype is None else dtype
    if dtype is not None and _mismatch(X, scale, np.dtype(dtype)):
        raise ValueError(
            f"{name} are {_said(X)}, on another scale than the {np.dtype(dtype).name} images of {scale.low:g} to "
            f"{scale.high:g} that {fitted} was fitted on: bring them to the same scale first."
        )


def bring_to_scale(X, scale, dtype):
    """Images on the scale of others: as they are where they are on it, else by a guess that is said.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
    scale : PixelScale
        Of the others.
    dtype : str or dtype
        Of the others.

    Returns
    -------
    X : ndarray
        In ``dtype`` where they were brought to the scale.
    guess : str
        What was done, in words; empty where nothing was.

    Examples
    --------
    >>> import numpy as np
    >>> bring_to_scale(np.tile([0.0, 1.02], (1, 8)), PixelScale(0.0, 255.0), "uint8")[1]
    'floats from 0 to 1.02, taken as 0 to 1 and brought to 0 to 255'
    """
    if not _mismatch(X, scale, np.dtype(dtype)):
        return X, ""
    own = usual_scale(X)
    usual = PixelScale(*_DECLARED[dtype]) if dtype in _DECLARED else _fills(scale.low, scale.high, 0.0)
    if own is None or usual is None or own == usual:
        return X, ""
    moved = usual.from_unit(own.to_unit(X), dtype)
    return moved, f"{_said(X)}, taken as {own.low:g} to {own.high:g} and brought to {usual.low:g} to {usual.high:g}"


def _said(X):
    kind = "booleans" if X.dtype.kind == "b" else "floats" if X.dtype.kind == "f" else X.dtype.name
    return kind if kind == "booleans" else f"{kind} from {X.min():g} to {X.max():g}"


def _mismatch(X, scale, dtype):
    """Whether images cannot be on the scale of those of a dtype that were fitted."""
    is_image = math.prod(X.shape[1:]) >= _AN_IMAGE
    if not X.size or (X.dtype == dtype and dtype.kind in "uib"):
        return False
    if X.dtype.kind == "f" and dtype.kind == "f":
        own, fitted = usual_scale(X), _fills(scale.low, scale.high, 0.0)
        return is_image and own is not None and fitted is not None and own != fitted
    least, most = float(X.min()), float(X.max())
    largest, reach = max(abs(least), abs(most)), max(abs(scale.low), abs(scale.high))
    signed = scale.low < -0.25 * reach
    if not largest and not signed:
        return False  # black is black on every scale that begins at 0
    if X.dtype.name in _DECLARED:
        declared = _DECLARED[X.dtype.name][1]
        # Whole numbers in the very range that was fitted, such as 0 to 16, may be kept as bytes.
        kept = reach > 2 and reach / _FAR < largest < 1.5 * reach
        return signed or not (kept or 1 / _FAR <= declared / reach <= _FAR)
    if largest <= _DARK * reach or largest > _FAR * reach:
        return True
    if X.dtype.kind in "ui" and signed and least >= 0 and most <= 1:
        return True
    if not signed and usual_scale(X) == PixelScale(-1.0, 1.0):
        return True
    return is_image and _bulk_outside(X, scale)


def _bulk_outside(X, scale):
    """Whether a quarter of the values lies outside of the range on one side: not what a sampler overshoots by."""
    part = X[:: -(-len(X) // _ENOUGH_ROWS)]
    low, high = np.quantile(part, [0.25, 0.75])
    slack = 0.2 * (scale.high - scale.low)
    return bool(low < scale.low - slack or high > scale.high + slack)
