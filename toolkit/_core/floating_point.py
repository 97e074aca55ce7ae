"""Floating-point errors as numpy treats them by default, whatever the caller has set.

Numbers too small for their type underflow to zero in every logistic function and every cast, here and in the libraries
underneath. Under ``np.seterr(all="raise")``, which people set to find their own mistakes, that would end a fit.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

__all__ = ["usual_floating_point"]

_Thing = TypeVar("_Thing", bound=Callable[..., Any])

_USUAL: dict = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


def usual_floating_point(thing: _Thing) -> _Thing:
    """Decorate a function, or all public methods that a class defines, to run under numpy's own defaults.

    Examples
    --------
    >>> import numpy as np
    >>> @usual_floating_point
    ... def tiny(x):
    ...     return np.exp(-x)
    >>> with np.errstate(all="raise"):
    ...     float(tiny(np.float64(1e4)))
    0.0
    """
    if inspect.isclass(thing):
        for name, member in list(vars(thing).items()):
            if inspect.isfunction(member) and not name.startswith("_"):
                setattr(thing, name, usual_floating_point(member))
        return thing

    @functools.wraps(thing)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with np.errstate(**_USUAL):
            return thing(*args, **kwargs)

    return cast(_Thing, wrapped)
