"""Checks of parameters: one clear error that names the parameter, what came, and what was expected."""

import numbers

from toolkit._core.names import suggest

__all__ = ["check_choice", "check_int", "check_number", "check_sizes"]


def check_int(name, value, low=1):
    """An int of at least ``low``."""
    if not isinstance(value, numbers.Integral) or isinstance(value, bool) or value < low:
        raise ValueError(f"{name} must be an int of at least {low}, got {value!r}.")


def check_number(name, value, low=0.0, high=float("inf"), *, above=False):
    """A finite number from ``low`` (or above it) to ``high``."""
    good = isinstance(value, numbers.Real) and not isinstance(value, bool) and low <= value <= high
    if not good or value == float("inf") or (above and value == low):
        bounds = f"above {low}" if above else f"of at least {low}"
        limit = "" if high == float("inf") else f" and at most {high}"
        raise ValueError(f"{name} must be a number {bounds}{limit}, got {value!r}.")


def check_choice(name, value, choices):
    """One of a few strings."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(
            f"{name} must be one of {', '.join(map(repr, choices))}, got {value!r}.{suggest(value, choices)}"
        )


def check_sizes(name, value):
    """A sequence of positive ints, which may be empty."""
    good = isinstance(value, (tuple, list)) and all(
        isinstance(size, numbers.Integral) and not isinstance(size, bool) and size > 0 for size in value
    )
    if not good:
        raise ValueError(f"{name} must be a tuple of positive ints, got {value!r}.")
