"""Samples from whatever can be sampled."""

import copy
import inspect
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.random import as_generator
from toolkit._core.types import RandomState
from toolkit.coverage._rows import check_positive_int

__all__ = ["draw_samples"]


@usual_floating_point
def draw_samples(source: Any, n_samples: int, random_state: RandomState = None) -> ArrayLike:
    """Rows from an array or a fitted generator.

    Parameters
    ----------
    source : array-like or object with ``sample``
        Ours, ``KernelDensity``, ``GaussianMixture`` (whose ``sample`` gives a tuple, and the same draw each time where
        it holds an int as ``random_state``: a shallow copy with another one draws, the model is left as it is). An
        array is returned as it is.
    n_samples : int
        From a generator.
    random_state : int, RandomState, Generator or None, default=None

    Returns
    -------
    array-like of shape (n_samples, ...)

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.mixture import GaussianMixture
    >>> from toolkit.coverage import draw_samples
    >>> mixture = GaussianMixture(random_state=0).fit(np.random.default_rng(0).normal(size=(50, 2)))
    >>> draw_samples(mixture, 5, random_state=1).shape
    (5, 2)
    """
    if not hasattr(source, "sample") or hasattr(source, "iloc"):  # a data frame has a sample of another kind
        return source
    if isinstance(source, type):
        raise ValueError(f"samples must be rows or a fitted generator, got the class {source.__name__}.")
    n_samples = check_positive_int("n_samples", n_samples)
    seed = int(as_generator(random_state).integers(2**31 - 1))
    if "random_state" in inspect.signature(source.sample).parameters:
        drawn = source.sample(n_samples, random_state=seed)
    else:
        if hasattr(source, "random_state"):
            source = copy.copy(source)
            source.random_state = seed
        drawn = source.sample(n_samples)
    drawn = drawn[0] if isinstance(drawn, tuple) else drawn
    if np.ndim(drawn) < 2 or len(drawn) != n_samples:
        raise ValueError(f"sample of {type(source).__name__} gave shape {np.shape(drawn)} for {n_samples} samples.")
    return drawn
