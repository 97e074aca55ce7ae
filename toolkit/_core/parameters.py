"""Checks of parameters: one clear error that names the parameter, what came, and what was expected.

Estimators say what they take in ``_parameter_constraints`` where scikit-learn's constraints can (:func:`at_least`,
:data:`JOBS`); functions, and what depends on other parameters or on the data, go through the checks below.
"""

import math
import numbers
from collections.abc import Collection
from typing import Any

from sklearn.utils._param_validation import Interval

from toolkit._core.names import suggest

__all__ = [
    "JOBS",
    "at_least",
    "check_choice",
    "check_int",
    "check_jobs",
    "check_number",
    "check_positive",
    "check_positive_int",
    "check_share",
    "check_sizes",
    "is_int",
    "is_number",
]

# Constraint of n_jobs, as joblib takes it: None, a number of jobs, or counted from all processors (-1 for all).
JOBS: list[Any] = [
    None,
    Interval(numbers.Integral, 1, None, closed="left"),
    Interval(numbers.Integral, None, -1, closed="right"),
]


def at_least(low: int) -> Interval:
    """Constraint of an int of at least ``low``."""
    return Interval(numbers.Integral, low, None, closed="left")


def is_int(value: object) -> bool:
    """Whether it is a whole number: of Python or numpy, and no bool."""
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Whether it is a finite real number: of Python or numpy, and no bool."""
    # A whole number is finite however large; math would make a float of it first.
    return is_int(value) or (isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value))


def check_int(name: str, value: Any, low: int = 1, high: int | None = None, *, optional: bool = False) -> None:
    """An int of at least ``low``, at most ``high``; None as well if ``optional``.

    >>> check_int("rounds", 0)
    Traceback (most recent call last):
        ...
    ValueError: rounds must be an int of at least 1, got 0.
    """
    if value is None and optional:
        return
    if not is_int(value) or value < low or (high is not None and value > high):
        bounds = f"of at least {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name} must be an int {bounds}{' or None' if optional else ''}, got {value!r}.")


def check_positive_int(name: str, value: Any) -> None:
    """An int of at least one."""
    if not is_int(value) or value < 1:
        raise ValueError(f"{name} must be a positive int, got {value!r}.")


def check_jobs(n_jobs: Any) -> None:
    """What joblib takes: None, or an int other than 0."""
    if n_jobs is not None and (not is_int(n_jobs) or n_jobs == 0):
        raise ValueError(f"n_jobs must be an int other than 0, or None, got {n_jobs!r}.")


def check_number(name: str, value: Any, low: float = 0.0, high: float = float("inf"), *, above: bool = False) -> None:
    """A finite number from ``low`` (or above it) to ``high``."""
    if not is_number(value) or not low <= value <= high or (above and value == low):
        bounds = f"above {low}" if above else f"of at least {low}"
        limit = "" if high == float("inf") else f" and at most {high}"
        raise ValueError(f"{name} must be a number {bounds}{limit}, got {value!r}.")


def check_positive(name: str, value: Any) -> None:
    """A finite number above zero."""
    if not is_number(value) or value <= 0:
        raise ValueError(f"{name} must be a positive number, got {value!r}.")


def check_share(name: str, value: Any, high: float = 1, *, below: bool = False) -> None:
    """A number from 0 to ``high``, or ``below`` it.

    >>> check_share("fraction", 1.0, below=True)
    Traceback (most recent call last):
        ...
    ValueError: fraction must be a number in [0, 1), got 1.0.
    """
    if not is_number(value) or not 0 <= value <= high or (below and value == high):
        raise ValueError(f"{name} must be a number in [0, {high:g}{')' if below else ']'}, got {value!r}.")


def check_choice(name: str, value: Any, choices: Collection[str]) -> None:
    """One of a few strings."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(
            f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}.{suggest(value, choices)}"
        )


def check_sizes(name: str, value: Any) -> None:
    """A sequence of positive ints, which may be empty."""
    if not isinstance(value, (tuple, list)) or not all(is_int(size) and size > 0 for size in value):
        raise ValueError(f"{name} must be a tuple of positive ints, got {value!r}.")
