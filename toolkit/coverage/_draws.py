"""A generator whose draws are thinned where there are too many of them, so that bins come out as the data has them."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from toolkit._core.layouts import as_array
from toolkit._core.parameters import check_int
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.types import RandomState
from toolkit.coverage._drawing import draw_samples
from toolkit.coverage._mode_coverage import ModeCoverage

__all__ = ["ReweightedGenerator"]

_POOL = 1024
_LEAST_KEPT = 0.2  # of the draws: rarer bins are not waited for
_MOST_POOLS = 1000


class ReweightedGenerator:
    """Draws of a generator, each kept with a probability that its bin of a :class:`ModeCoverage` has.

    What a generator never draws, it does not draw so either.

    Parameters
    ----------
    model : object with ``sample``
    coverage : ModeCoverage
        Fitted.
    acceptance : ndarray of shape (n_bins,)
        Probabilities.

    Examples
    --------
    >>> from sklearn.neighbors import KernelDensity
    >>> from toolkit.coverage import ModeCoverage, ReweightedGenerator
    >>> from toolkit.datasets import load_ring
    >>> ring = load_ring(400, n_modes=2, random_state=0)
    >>> uneven = KernelDensity(bandwidth=0.01).fit(ring.points, sample_weight=1 + 8 * ring.labels)
    >>> coverage = ModeCoverage(random_state=0).fit(ring.points)
    >>> even = ReweightedGenerator.of(uneven, coverage, 4000)
    >>> [bool((model.sample(500, random_state=0)[:, 0] < 0).mean() > 0.75) for model in (uneven, even)]
    [True, False]
    """

    def __init__(self, model: Any, coverage: ModeCoverage, acceptance: NDArray[np.float64]) -> None:
        self.model, self.coverage, self.acceptance = model, coverage, acceptance

    @classmethod
    def of(cls, model: Any, coverage: ModeCoverage, n_samples: int, random_state: RandomState = 0) -> Self:
        """Probabilities by which as many draws of ``model`` have the shares of the data.

        Shares of both are estimated with one count more for each bin, so that a bin that hardly any draw falls into is
        not waited for; the greatest weights are cut until a fifth of the draws is kept.

        Parameters
        ----------
        model : object with ``sample``
        coverage : ModeCoverage
        n_samples : int
            Drawn to see how often each bin is.
        random_state : int, RandomState instance or None, default=0
        """
        found = coverage.predict(as_array(draw_samples(model, n_samples, random_state)))
        counts = np.bincount(found, minlength=coverage.n_bins_)
        real = (coverage.counts_ + 1.0) / (coverage.counts_.sum() + coverage.n_bins_)
        drawn = (counts + 1.0) / (n_samples + coverage.n_bins_)
        weights = real / drawn
        limit = weights.max()
        while (drawn * np.minimum(weights / limit, 1.0)).sum() < _LEAST_KEPT:
            limit *= 0.9
        return cls(model, coverage, np.minimum(weights / limit, 1.0))

    def sample(self, n_samples: int = 1, *, random_state: RandomState = None) -> NDArray:
        """Draw new rows.

        Parameters
        ----------
        n_samples : int, default=1
        random_state : int, RandomState instance or None, default=None

        Returns
        -------
        ndarray of shape (n_samples, ...)

        Raises
        ------
        ValueError
            Hardly any draw is kept: the generator is another one than the probabilities are of.
        """
        check_int("n_samples", n_samples)
        draw_seed, keep_seed = spawn_seeds(random_state, 2)
        seeds, keep = as_generator(draw_seed), as_generator(keep_seed)
        kept: list[NDArray] = []
        n_kept = 0
        for number in range(_MOST_POOLS):
            rows = as_array(draw_samples(self.model, _POOL, int(seeds.integers(2**31))))
            chosen = rows[keep.random(len(rows)) < self.acceptance[self.coverage.predict(rows)]]
            kept.append(chosen)
            n_kept += len(chosen)
            if n_kept >= n_samples:
                return np.concatenate(kept)[:n_samples]
            if number == 20 and not n_kept:
                break
        raise ValueError(f"only {n_kept} of {_POOL * (number + 1):,} draws were kept, {n_samples} are asked for.")
