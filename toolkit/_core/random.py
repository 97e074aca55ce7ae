"""Scoped randomness: local generators made from scikit-learn's ``random_state``, never the global ones."""

import numbers
from collections.abc import Iterable

import numpy as np
from sklearn.utils import check_random_state

from toolkit._core.types import RandomState

__all__ = ["as_generator", "check_seeds", "spawn_seeds"]


def as_generator(random_state: RandomState = None) -> np.random.Generator:
    """Turn a ``random_state`` into a numpy Generator.

    Parameters
    ----------
    random_state : int, RandomState, Generator or None
        An int gives the same stream at each call; a RandomState is advanced by one draw; None is fresh entropy.

    Returns
    -------
    numpy.random.Generator

    Examples
    --------
    >>> int(as_generator(0).integers(100)) == int(as_generator(0).integers(100))
    True
    """
    if isinstance(random_state, np.random.Generator):
        return random_state
    if random_state is None:
        return np.random.default_rng()
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31 - 1, size=4).tolist())
    # check_random_state refuses what scikit-learn refuses, with scikit-learn's message.
    return np.random.default_rng(check_random_state(random_state).randint(2**31 - 1, size=4).tolist())


def spawn_seeds(random_state: RandomState, n_seeds: int) -> list[int]:
    """Draw ``n_seeds`` independent integer seeds, each a valid ``random_state``.

    Examples
    --------
    >>> spawn_seeds(0, 3) == spawn_seeds(0, 3)
    True
    """
    return [int(seed) for seed in as_generator(random_state).integers(2**31 - 1, size=n_seeds)]


def check_seeds(seeds: Iterable[int]) -> list[int]:
    """Seeds as a list of different ints, at least one.

    Raises
    ------
    ValueError
        One number is no list of seeds: whether it counts them or is one, it does not say.

    Examples
    --------
    >>> check_seeds(range(3))
    [0, 1, 2]
    >>> check_seeds(3)
    Traceback (most recent call last):
        ...
    ValueError: seeds must list the seeds, got 3: range(3) for 3 of them, [3] for that one.
    """
    if isinstance(seeds, numbers.Number) or (isinstance(seeds, np.ndarray) and seeds.ndim == 0):
        raise ValueError(
            f"seeds must list the seeds, got {seeds}: range({seeds}) for {seeds} of them, [{seeds}] for that one."
        )
    try:
        found = [] if isinstance(seeds, (str, bytes)) else list(seeds)
    except TypeError:
        found = []
    whole = all(isinstance(seed, numbers.Integral) and not isinstance(seed, (bool, np.bool_)) for seed in found)
    if not found or not whole or len(set(found)) < len(found) or min(found) < 0:
        raise ValueError(
            f"seeds must name at least one seed, none twice: seeds must be different integers from 0 on, got {seeds!r}."
        )
    return [int(seed) for seed in found]
