"""Which image gets which corruption, and how planted images are kept: shared by all that learns here."""

from functools import partial

import numpy as np

from toolkit._core.jobs import run_steps
from toolkit._core.random import as_generator, spawn_seeds

__all__ = ["as_bytes", "plan_kinds", "plant_and_learn", "rounds_for"]

# A round of fewer planted images than this is not worth its while: there are fewer, larger ones.
_LEAST_ROUND = 2000


def as_bytes(unit):
    """A unit stack as grey levels of 8 bits."""
    return np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)


def plan_kinds(n_clean, shares, n_images, generator):
    """Rows of clean images and codes of kinds, ``n_images`` of each; kinds in proportion to ``shares``."""
    shares = np.asarray(shares, dtype=float)
    rows = generator.permutation(np.resize(generator.permutation(n_clean), n_images))
    edges = np.rint(np.cumsum(shares) / shares.sum() * n_images).astype(int)
    codes = np.searchsorted(edges, np.arange(n_images), side="right").astype(np.int64)
    return rows, codes


def rounds_for(n_trusted, n_values, images_per_epoch, epochs):
    """Images to plant in a round, and rounds: less for small sets, which should not take long, and large images."""
    size = max(1.0, n_values / 1024)
    n_images = min(max(3 * n_trusted, 12 * (n_trusted - 200)), int(images_per_epoch / size**0.5))
    total = epochs * max(n_images, 2)
    n_rounds = min(epochs, max(1, total // _LEAST_ROUND))
    return {"n_images": total // max(n_rounds, 1), "n_rounds": n_rounds}


def plant_and_learn(plant, learn, n_rounds, *, generator, n_jobs=1):
    """Plant and learn by turns; with a second thread, what the next round learns from is planted while one learns.

    Parameters
    ----------
    plant : callable
        ``plant(generator)``: what a round learns from.
    learn : callable
        ``learn(index, planted)``
    n_rounds : int
    generator : numpy.random.Generator
        Gives each round a seed: what is planted does not depend on ``n_jobs``.
    n_jobs : int, default=1
    """
    first, *seeds = spawn_seeds(generator, n_rounds)
    planted = plant(as_generator(first))
    for index, seed in enumerate([*seeds, None]):
        steps = [partial(learn, index, planted)]
        if seed is not None:
            steps.append(partial(plant, as_generator(seed)))
        _, *following = run_steps(*steps, n_jobs=n_jobs)
        planted = following[0] if following else None
