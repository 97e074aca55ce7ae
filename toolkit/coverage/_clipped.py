"""Clipped density and clipped coverage: fidelity and diversity that neither noise nor outlying images can raise.

Density and precision give every real row a ball of its own size. Rows that lie far out have large ones, and what lies
between all images, grey, black or noise, lies in many of them. Here no ball is larger than the usual one, and no sample
and no row counts for more than one.
"""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import betabinom

from toolkit._core.floating_point import usual_floating_point
from toolkit.coverage._neighbours import count_within, nearest
from toolkit.coverage._rows import check_neighbours, check_two_samples

__all__ = ["ClippedFigures", "clipped_density_coverage", "clipped_from_counts"]


@dataclass(frozen=True)
class ClippedFigures:
    """What :func:`clipped_density_coverage` finds.

    Parameters
    ----------
    clipped_density : float
        Share of samples that are as good as real ones, from 0 to 1: how many small balls of real rows each lies in.
    clipped_coverage : float
        Share of a perfect sampler's draws that would reach as much of the data as the samples do, from 0 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.coverage import clipped_density_coverage
    >>> real = np.random.default_rng(0).normal(size=(100, 2))
    >>> found = clipped_density_coverage(real, real[:50] + 99.0)
    >>> found.clipped_density, found.clipped_coverage
    (0.0, 0.0)
    >>> clipped_density_coverage(real, real).as_dict()["clipped_density"] > 0.9
    True
    """

    clipped_density: float
    clipped_coverage: float

    def as_dict(self) -> dict[str, float]:
        """The figures by name."""
        return asdict(self)


@usual_floating_point
def clipped_density_coverage(real: ArrayLike, samples: ArrayLike, *, n_neighbours: int = 5) -> ClippedFigures:
    """Clipped density and clipped coverage from nearest neighbours.

    The ball of a real row reaches to its ``n_neighbours``-th nearest neighbour among the other real rows; for the
    density no ball reaches farther than the median of these distances. A sample counts by the balls that it lies in,
    over ``n_neighbours`` and at most 1; the mean is held against that of the real rows themselves. A real row counts by
    the samples in its ball, over ``n_neighbours`` and at most 1; the mean is turned into the share of good samples
    that would give it by chance. Balls are closed.

    Parameters
    ----------
    real : array-like of shape (n_real, n_features)
        With more rows than ``n_neighbours``.
    samples : array-like of shape (n_samples, n_features)
    n_neighbours : int, default=5

    Returns
    -------
    ClippedFigures

    Raises
    ------
    ValueError
        Too few rows, different features, NaN.

    See Also
    --------
    precision_recall_density_coverage : The figures that these put right.
    probabilistic_precision_recall : Balls with soft edges instead of clipped ones.

    Notes
    -----
    Both fall in proportion to the share of bad samples: 0.7 reads as seven good samples in ten. Unlike precision and
    density, the clipped density of noise, of grey or of black images is near 0 wherever real images are not like that.

    References
    ----------
    .. [1] N. Salvy, H. Talbot and B. Thirion, Enhanced generative model evaluation with clipped density and coverage,
       arXiv 2507.01761, 2025.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.coverage import clipped_density_coverage, precision_recall_density_coverage
    >>> rng = np.random.default_rng(0)
    >>> real, more = rng.normal(size=(2, 1000, 20))
    >>> middle = np.zeros((1000, 20))
    >>> precision_recall_density_coverage(real, middle).density > 20
    True
    >>> half = clipped_density_coverage(real, np.concatenate([more[:500], real[:500] + 9.0]))
    >>> round(half.clipped_density, 1), round(half.clipped_coverage, 1)
    (0.5, 0.5)
    """
    real, samples = check_two_samples("real", real, "samples", samples)
    k = check_neighbours(n_neighbours, real=real)
    radii = nearest(real, real, k)[0][:, -1]
    clipped = np.minimum(radii, np.median(radii))
    balls = count_within(real, samples, query_radii=clipped, closed=True)["queries_of_row"]
    # Each real row lies in its own ball, which says nothing of it.
    own = count_within(real, real, query_radii=clipped, closed=True)["queries_of_row"] - 1
    reached = count_within(real, samples, query_radii=radii, closed=True)["rows_in_query"]
    return clipped_from_counts(balls, own, reached, k)


def clipped_from_counts(balls: NDArray, own: NDArray, reached: NDArray, k: int) -> ClippedFigures:
    """The figures from counts.

    Parameters
    ----------
    balls : ndarray of shape (n_samples,)
        Clipped balls of real rows that each sample lies in.
    own : ndarray of shape (n_real,)
        Clipped balls of other real rows that each real row lies in.
    reached : ndarray of shape (n_real,)
        Samples in the whole ball of each real row.
    k : int
    """
    perfect = np.minimum(own / k, 1.0).mean()
    density = np.minimum(balls / k, 1.0).mean() / perfect
    due = _expected_coverage(len(reached), len(balls), k)
    share = np.interp(np.minimum(reached / k, 1.0).mean(), due, np.linspace(0.0, 1.0, len(due)))
    return ClippedFigures(float(min(density, 1.0)), float(share))


def _expected_coverage(n_real: int, n_samples: int, k: int) -> NDArray[np.float64]:
    """Mean clipped count of a real row's ball for 0, 1, ..., ``n_samples`` good samples: shape (n_samples + 1,).

    The mass of the ball that ends at the k-th of n - 1 other rows is Beta(k, n - k); so many samples fall into it as a
    beta-binomial variable says.
    """
    good = np.arange(n_samples + 1)
    few = np.arange(k)[:, None]
    return 1.0 - ((k - few) / k * betabinom.pmf(few, good, k, n_real - k)).sum(axis=0)
