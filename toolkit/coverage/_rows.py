"""Rows in: what every pure function of coverage accepts, and the one error that says what was wrong."""

import numbers
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.labels import check_numbers

__all__ = ["check_counts", "check_neighbours", "check_positive_int", "check_rows", "check_two_samples"]


def check_rows(name: str, rows: ArrayLike, *, at_least: int = 1) -> NDArray[np.float64]:
    """Finite rows as a float64 array of shape (n_samples, n_features); images are flattened.

    Parameters
    ----------
    name : str
        Of the parameter, for the message.
    rows : array-like of shape (n_samples, ...)
    at_least : int, default=1

    Returns
    -------
    ndarray of shape (n_samples, n_features)

    Raises
    ------
    ValueError
    """
    rows = check_numbers(name, rows)
    if rows.ndim < 2 or (rows[:1].size == 0 and len(rows)):
        raise ValueError(f"{name} must be rows of shape (n_samples, n_features), got an array of shape {rows.shape}.")
    if len(rows) < at_least:
        raise ValueError(f"{name} needs at least {at_least} rows, got {len(rows)}.")
    rows = rows.reshape(len(rows), -1)
    if not np.isfinite(rows).all():
        raise ValueError(f"{name} holds NaN or infinity.")
    return rows


def check_two_samples(
    first_name: str, first: ArrayLike, second_name: str, second: ArrayLike, *, at_least: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two sets of rows with equally many features, see :func:`check_rows`."""
    first = check_rows(first_name, first, at_least=at_least)
    second = check_rows(second_name, second, at_least=at_least)
    if first.shape[1] != second.shape[1]:
        raise ValueError(
            f"{first_name} and {second_name} must have equally many features, got {first.shape[1]} and "
            f"{second.shape[1]}."
        )
    return first, second


def check_counts(name: str, counts: ArrayLike) -> NDArray[np.float64]:
    """How many rows fell into each bin: whole numbers of which some are positive, as float64."""
    counts = np.asarray(counts)
    if counts.ndim != 1 or counts.dtype.kind not in "uif" or not len(counts):
        raise ValueError(f"{name} must be a row of numbers of shape (n_bins,), got shape {counts.shape}.")
    counts = counts.astype(np.float64)
    if not np.isfinite(counts).all() or counts.min() < 0 or (counts != np.rint(counts)).any() or not counts.sum():
        raise ValueError(f"{name} must be whole numbers of at least 0 that do not sum to 0.")
    return counts


def check_positive_int(name: str, value: Any, low: int = 1) -> int:
    """An int of at least ``low``."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < low:
        raise ValueError(f"{name} must be an int of at least {low}, got {value!r}.")
    return int(value)


def check_neighbours(n_neighbours: int, **sets: NDArray) -> int:
    """``n_neighbours`` as an int that every one of the sets of rows, given by name, has more rows than."""
    k = check_positive_int("n_neighbours", n_neighbours)
    for name, rows in sets.items():
        if len(rows) <= k:
            raise ValueError(f"{name} needs more than n_neighbours={k} rows, got {len(rows)}.")
    return k
