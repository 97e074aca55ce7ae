"""Labels, names, truths and numbers as they were given: looked at before numpy makes one type of them.

``np.asarray([1, "a", None])`` is an array of strings, in which a missing label is the class "None"; as float it takes
"1.5" for a number, as bool it takes "no" for True. Here the values themselves are asked first.
"""

import numbers

import numpy as np

from toolkit._core.given import as_given_numbers

__all__ = ["check_labels", "check_numbers", "check_strings", "check_truth"]


def check_labels(name, values):
    """Labels as an array of numbers or of strings, whichever all of them are.

    Parameters
    ----------
    name : str
        Of the parameter, for the message.
    values : array-like of shape (n_samples,)

    Returns
    -------
    ndarray of shape (n_samples,)

    Raises
    ------
    ValueError
        Missing labels, numbers and strings together, something else than these, or not one dimension.

    Examples
    --------
    >>> check_labels("y", ["a", "b"]).tolist(), check_labels("y", [1, 2.5]).tolist()
    (['a', 'b'], [1.0, 2.5])
    >>> check_labels("y", ["a", float("nan")])
    Traceback (most recent call last):
        ...
    ValueError: y must hold no missing labels, got float, str: nan in place 1.
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        place = int(np.argmax(np.ma.getmaskarray(values)))
        raise ValueError(f"{name} must hold no missing labels, got a masked one in place {place}.")
    array = _as_given(values)
    if array.ndim != 1:
        raise ValueError(f"{name} must have one dimension, a label for each row, got shape {array.shape}.")
    if array.dtype.kind in "OT":  # objects, or strings of any length
        array = _of_one_kind(name, array)
    if array.dtype.kind not in "biufUS":
        raise ValueError(f"{name} must hold numbers or strings, got dtype {array.dtype}.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        place = int(np.argmin(np.isfinite(array)))
        raise ValueError(f"{name} must hold no missing labels, got {array[place]} in place {place}.")
    return array


def check_strings(name, values):
    """Labels as an array of str, see :func:`check_labels`; numbers are written out.

    >>> check_strings("kinds", [3, 4]).tolist()
    ['3', '4']
    """
    return check_labels(name, values).astype(str)


def check_truth(name, values, n_samples=None):
    """Booleans, or 0 and 1, one for each row; of any number of rows if None.

    >>> check_truth("is_outlier", [0, 1], 2).tolist()
    [False, True]
    """
    array = _as_given(values)
    if array.dtype.kind == "O" and array.ndim == 1 and all(isinstance(value, (bool, np.bool_)) for value in array):
        array = array.astype(bool)
    if n_samples is None:
        n_samples = len(array) if array.ndim else 1
    if array.shape != (n_samples,) or array.dtype.kind not in "buif" or not np.isin(array, (0, 1)).all():
        raise ValueError(
            f"{name} must be one boolean (or 0 and 1) for each of the {n_samples} rows, got {array.dtype} of shape "
            f"{array.shape}."
        )
    return array.astype(bool)


def check_numbers(name, values):
    """Real numbers as float64 of any shape; NaN is for the caller to judge.

    >>> check_numbers("scores", [1, 2]).tolist()
    [1.0, 2.0]
    >>> check_numbers("scores", ["1", "2"])
    Traceback (most recent call last):
        ...
    ValueError: scores must be numbers, got dtype <U1.
    """
    if isinstance(values, np.ma.MaskedArray):
        values = as_given_numbers(values, name)
    try:
        array = np.asarray(values)
    except ValueError as error:  # rows of different lengths
        raise ValueError(f"{name} must be numbers: {error}") from error
    if array.dtype.kind == "O":
        wrong = next((value for value in array.ravel() if not _is_number(value) and not _is_missing(value)), None)
        if wrong is not None:
            raise ValueError(f"{name} must be numbers, got {type(wrong).__name__} among them.")
        try:
            numbers_ = [np.nan if _is_missing(value) else float(value) for value in array.ravel()]
        except OverflowError as error:
            raise ValueError(f"{name} must be numbers that a float holds: {error}") from error
        array = np.array(numbers_).reshape(array.shape)
    if array.dtype.kind not in "buif":
        raise ValueError(f"{name} must be numbers, got dtype {array.dtype}.")
    return array.astype(np.float64)


def _as_given(values):
    """An array that has not made strings of numbers: of a list, one of objects where its values differ in type."""
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
        return np.asarray(values)
    if hasattr(values, "to_numpy"):  # categories and extension types of pandas
        return values.to_numpy()
    if hasattr(values, "dtype"):
        return np.asarray(values)
    values = list(values)
    if len({type(value) for value in values}) > 1 and not any(np.ndim(value) for value in values):
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array
    return np.asarray(values)


def _of_one_kind(name, array):
    """An array of objects as numbers or as strings."""
    kinds = ", ".join(sorted({type(value).__name__ for value in array}))
    missing = next((place for place, value in enumerate(array) if _is_missing(value)), None)
    if missing is not None:
        raise ValueError(f"{name} must hold no missing labels, got {kinds}: {array[missing]!r} in place {missing}.")
    if all(isinstance(value, str) for value in array):
        return np.array(array.tolist(), dtype=str)
    if all(_is_number(value) for value in array):
        return np.array(array.tolist())
    raise ValueError(f"{name} must hold numbers or strings only, got {kinds}.")


def _is_number(value):
    return isinstance(value, (bool, np.bool_, numbers.Real))


def _is_missing(value):
    """None, NaN, NaT and NA of pandas."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating)) and value != value
