"""Images and numbers as they were given: refused where numpy would make numbers of something else.

An array of Python objects in which ``"7"`` stands beside numbers becomes floats without a word, and so does a frame of
strings; a masked array loses its mask; a date or pandas's NA ends in an error of another library. Here such values are
asked before anything is made of them. NaN and None are left to the checks that follow, which find them.
"""

import datetime
import numbers
import os
import sys
from collections.abc import Mapping, Set

import numpy as np

from toolkit._core.printable import printable

__all__ = ["as_given_numbers"]

_MOST = sys.float_info.max


def as_given_numbers(X, name="X"):
    """``X`` itself if its values are numbers, lists as arrays, or one clear error.

    Parameters
    ----------
    X : array-like
        Frames, tensors and sparse matrices are returned as they are.
    name : str, default="X"
        Of the parameter, for the message.

    Raises
    ------
    ValueError
        A path, a set of images with its labels, or what else holds no rows; strings, dates, missing values of pandas or
        complex numbers among objects, masked values, rows of different lengths, numbers that no float holds.

    Examples
    --------
    >>> import numpy as np
    >>> as_given_numbers([[1, 2], [3, 4]]).tolist()
    [[1, 2], [3, 4]]
    >>> as_given_numbers(np.array([[1, "7"]], dtype=object))
    Traceback (most recent call last):
        ...
    ValueError: X must hold numbers, got '7' among them: a str.
    >>> as_given_numbers("my_pictures")
    Traceback (most recent call last):
        ...
    ValueError: X must be images, got the path 'my_pictures': load them first, by toolkit.datasets.load_images.
    """
    _check_kind(X, name)
    if isinstance(X, np.ma.MaskedArray):
        n_masked = int(np.ma.getmaskarray(X).sum())
        if n_masked:
            raise ValueError(f"{name} has {n_masked} masked values: replace them first, {name}.filled(value).")
        return np.ma.getdata(X)
    if isinstance(X, (list, tuple)):
        if not len(X):
            raise ValueError(f"{name} holds no images: found 0 sample(s), and a minimum of 1 is required.")
        try:
            X = np.asarray(X)
        except ValueError as error:
            raise ValueError(f"{name} must be images of one size, or rows of one length: {error}") from error
        except OverflowError as error:
            raise ValueError(f"{name} holds a number that is too large: {error}") from error
    if hasattr(X, "dtypes") and hasattr(X, "columns"):
        for place, dtype in enumerate(X.dtypes):
            if not isinstance(dtype, np.dtype) or dtype.kind not in "biuf":
                _check_column(X.iloc[:, place], f"{name}, column {X.columns[place]!r},")
    elif isinstance(X, np.ndarray):
        _check_array(X, name)
    return X


def _check_kind(X, name):
    """Refuse what numpy would make an array without axes of, of which scikit-learn says what helps with tables."""
    if isinstance(X, (str, bytes, os.PathLike)):
        raise ValueError(
            f"{name} must be images, got the path {printable(X)!r}: load them first, by toolkit.datasets.load_images."
        )
    if hasattr(X, "images") and not hasattr(X, "__array__"):
        raise ValueError(f"{name} must be an array of images, got {type(X).__name__}: pass its images, {name}.images.")
    if hasattr(X, "getbands"):  # of Pillow, which numpy would take for as many rows as it is high
        raise ValueError(f"{name} must be an array of images, got a single picture: pass [{name}] for a set of one.")
    kinds = ("shape", "__array__", "__array_interface__", "__dlpack__", "__len__")
    if X is not None and not isinstance(X, numbers.Number) and not any(hasattr(X, kind) for kind in kinds):
        raise ValueError(f"{name} must be an array of images, got {type(X).__name__}.")  # and never all that it holds
    single = isinstance(X, numbers.Number) or (isinstance(X, np.ndarray) and not X.ndim)
    if (
        X is None or single or (isinstance(X, (Mapping, Set)) and not hasattr(X, "shape"))
    ):  # some sparse arrays are dicts
        what = "None" if X is None else "a single value" if single else f"a {type(X).__name__}"
        raise ValueError(f"{name} must be an array of images, got {what}.")


def _check_column(column, name):
    """A column of another type than numpy's numbers: categories by their values, others by what is in them."""
    values = getattr(column.dtype, "categories", column)
    _check_array(np.asarray(values, dtype=None if isinstance(values.dtype, np.dtype) else object), name)


def _check_array(array, name):
    if array.dtype.kind in "SUmMV":
        raise ValueError(f"{name} must hold numbers, got dtype {array.dtype}.")
    if array.dtype.kind != "O":
        return
    for value in array.ravel():
        if isinstance(value, (str, bytes, complex, datetime.date, datetime.time, datetime.timedelta, np.generic)):
            if isinstance(value, np.generic) and not isinstance(value, complex) and value.dtype.kind in "biuf":
                continue
            raise ValueError(f"{name} must hold numbers, got {value!r} among them: a {type(value).__name__}.")
        if type(value).__name__ in ("NAType", "NaTType"):
            raise ValueError(f"{name} must hold no missing values, got {value!r}.")
        if isinstance(value, int) and abs(value) > _MOST:
            raise ValueError(f"{name} holds a number of {value.bit_length()} bits, which is too large.")
