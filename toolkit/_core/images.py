"""Validation of X and image shapes: the one place where arrays become image stacks.

Images travel as arrays: a stack ``(n_samples, height, width)`` or ``(n_samples, height, width, 3)``, or flat rows
``(n_samples, n_features)``; other places of the channels, and tensors, are in :mod:`toolkit._core.layouts`. Inside,
every room works on float32 stacks whose values are about 0 to 1.
"""

import math
import warnings
from dataclasses import replace

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from toolkit._core.layouts import in_layout, layout_of, looks_like_one_image, plain_stack, return_as
from toolkit._core.pixel_scale import PixelScale
from toolkit._core.row_kinds import are_images
from toolkit._core.value_scale import check_same_scale

__all__ = [
    "as_stack",
    "is_dark_on_light",
    "iter_chunks",
    "match_layout",
    "resolve_image_shape",
    "to_grey",
    "validate_images",
]

# ITU-R BT.601 luma, as in scikit-image's and Pillow's grey conversions.
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def resolve_image_shape(n_features, image_shape=None):
    """The shape of one image in flat rows: as given, else a square, else one row of pixels.

    Examples
    --------
    >>> resolve_image_shape(784), resolve_image_shape(10), resolve_image_shape(12, (2, 2, 3))
    ((28, 28), (1, 10), (2, 2, 3))
    """
    if image_shape is not None:
        shape = tuple(image_shape) if np.iterable(image_shape) else ()
        if len(shape) not in (2, 3) or min(shape) < 1 or (len(shape) == 3 and shape[2] != 3):
            raise ValueError(f"image_shape must be (height, width) or (height, width, 3), got {image_shape!r}.")
        if math.prod(shape) != n_features:
            raise ValueError(
                f"image_shape={shape} has {math.prod(shape)} pixels, but X has {n_features} features a row."
            )
        return shape
    side = math.isqrt(n_features)
    return (side, side) if side * side == n_features else (1, n_features)


def _stack_shape(X):
    """Shape of one image if X, which is plain, is a stack; None if it is something else."""
    shape = getattr(X, "shape", None)
    if shape is None:
        shape = np.shape(X) if isinstance(X, (list, tuple)) and np.ndim(X) > 2 else ()
    if len(shape) < 3:
        return None
    if 0 in shape[1:]:
        raise ValueError(f"X holds images without pixels: shape {tuple(shape)}.")
    return tuple(shape[1:])


def validate_images(estimator, X, *, reset, name="X"):
    """Validate X for an image estimator and return it as a stack in the dtype that came.

    Flat rows and stacks both go through scikit-learn's ``validate_data``, so ``n_features_in_`` counts pixels.

    Parameters
    ----------
    estimator : estimator
        Its ``image_shape`` parameter, if it has one, shapes flat rows.
    X : array-like or tensor of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        An axis of one channel, in either place, and channels before height and width will do as well.
    reset : bool
        True in ``fit``: sets ``image_shape_`` and ``pixel_scale_`` on the estimator. False: X is checked against them.
    name : str, default="X"
        Of the parameter, for the message on images of another scale.

    Returns
    -------
    ndarray of shape (n_samples, height, width) or (n_samples, height, width, 3)
        uint8 stays uint8, and a memory map is not read into memory.

    Raises
    ------
    ValueError
        What scikit-learn refuses, images of another shape than in ``fit``, or images on another scale. The columns of a
        table (:func:`toolkit._core.row_kinds.are_images`) may hold anything.

    Warns
    -----
    UserWarning
        In ``fit``, of an X that looks like a single image.
    """
    X = plain_stack(X, name)
    shape = _stack_shape(X)
    rows = X
    if getattr(estimator, "image_shape", None) is None or shape is not None:
        _check_axis_of_samples(estimator, X, reset=reset)
    if shape is not None:
        X = np.asanyarray(X)
        rows = X.reshape(len(X), math.prod(shape))
    if shape is not None and not reset and shape != estimator.image_shape_:
        raise ValueError(
            f"{type(estimator).__name__} was fitted on images of shape {estimator.image_shape_}, got shape {shape}."
        )
    try:
        rows = validate_data(estimator, rows, reset=reset, dtype="numeric")
    except ValueError as error:
        raise _of_images(error, rows, name) from error
    given = getattr(estimator, "image_shape", None)
    if reset:
        if shape is not None and given is not None and tuple(given) != shape:
            raise ValueError(f"image_shape={tuple(given)} was given, but X is a stack of images of shape {shape}.")
        estimator.image_shape_ = shape or resolve_image_shape(rows.shape[1], given)
        estimator.pixel_scale_ = PixelScale.learn(rows)
    stack = rows.reshape(len(rows), *estimator.image_shape_)
    if reset:
        if not are_images(stack, as_stack=shape is not None, image_shape=given):
            estimator.pixel_scale_ = replace(estimator.pixel_scale_, dtype=None)  # a table may leave its range
    else:
        check_same_scale(name, stack, estimator.pixel_scale_, type(estimator).__name__)
    return stack


def _of_images(error, rows, name):
    """scikit-learn's error in one sentence, which says in which image a value is not finite: its advice is on tables.

    Examples
    --------
    >>> rows = np.array([[1.0, 2.0], [np.nan, 1.0]])
    >>> _of_images(ValueError("Input X contains NaN.\\nUse an imputer."), rows, "X")
    ValueError('Input X contains NaN: 1 of 2 images has such values, the first is number 1.')
    """
    first = str(error).partition("\n")[0].replace("Input X ", f"Input {name} ", 1)
    if " contains " not in first or not isinstance(rows, np.ndarray) or rows.dtype.kind != "f":
        return error
    wrong = np.flatnonzero([not np.isfinite(row).all() for row in rows])
    if not len(wrong):
        return error
    have = "has" if len(wrong) == 1 else "have"
    which = f"{len(wrong):,} of {len(rows):,} images {have} such values, the first is number {wrong[0]}"
    return ValueError(f"{first.rstrip('.')}: {which}.")


def as_stack(X, image_shape=None, *, name="X"):
    """Validate X outside of an estimator and return it as a stack in the dtype that came.

    Examples
    --------
    >>> import numpy as np
    >>> as_stack(np.zeros((2, 784))).shape
    (2, 28, 28)
    >>> as_stack(np.zeros((28, 28)))
    Traceback (most recent call last):
        ...
    ValueError: X of shape (28, 28) is read as 28 flat rows of 28 features: for a single image pass X[None]. For rows
    name their shape: X.reshape(-1, height, width).
    """
    X = plain_stack(X, name)
    doubt = looks_like_one_image(X)
    if doubt and image_shape is None:
        raise ValueError(doubt + (" For rows name their shape: X.reshape(-1, height, width)." if X.ndim == 2 else ""))
    shape = _stack_shape(X)
    if shape is not None:
        X = np.asanyarray(X)
        rows = X.reshape(len(X), math.prod(shape))
    else:
        rows = X
    try:
        rows = check_array(rows, dtype="numeric", input_name=name)
    except ValueError as error:
        raise _of_images(error, rows, name) from error
    return rows.reshape(len(rows), *(shape or resolve_image_shape(rows.shape[1], image_shape)))


def _check_axis_of_samples(estimator, X, *, reset):
    """A single image has no axis of samples: a warning in ``fit``, where 64 rows of 64 features are as likely."""
    if reset:
        doubt = looks_like_one_image(X)
        if doubt:
            warnings.warn(doubt, stacklevel=4)
        return
    shape = tuple(getattr(X, "shape", ()))
    if shape == estimator.image_shape_ and (len(shape) == 3 or shape[1] != estimator.n_features_in_):
        raise ValueError(f"X of shape {shape} is a single image: pass X[None].")


def match_layout(stack, like):
    """``stack`` in the layout of ``like``, which was validated: rows, a stack, with its axis of channels, a tensor."""
    return return_as(in_layout(stack, layout_of(like)), like)


def iter_chunks(n_samples, size):
    """Slices of at most ``size`` rows that cover ``n_samples`` rows in order.

    Examples
    --------
    >>> list(iter_chunks(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    for start in range(0, n_samples, size):
        yield slice(start, min(start + size, n_samples))


def to_grey(stack):
    """Luma of colour stacks ``(n, height, width, 3)``; grey stacks ``(n, height, width)`` pass."""
    return stack @ _LUMA if stack.ndim == 4 else stack


def is_dark_on_light(images):
    """Whether a set is dark on light, as ink on paper is: by the borders of its images (uint8)."""
    border = (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1])
    return bool(np.mean([part.mean() for part in border]) > 127)
