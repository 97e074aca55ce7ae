"""Scoped randomness: local generators made from scikit-learn's ``random_state``, never the global ones."""

import numpy as np
from sklearn.utils import check_random_state

__all__ = ["as_generator", "spawn_seeds"]


def as_generator(random_state=None):
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


def spawn_seeds(random_state, n_seeds):
    """Draw ``n_seeds`` independent integer seeds, each a valid ``random_state``.

    Examples
    --------
    >>> spawn_seeds(0, 3) == spawn_seeds(0, 3)
    True
    """
    return [int(seed) for seed in as_generator(random_state).integers(2**31 - 1, size=n_seeds)]
