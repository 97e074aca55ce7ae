"""Probabilistic precision and recall: balls with soft edges, all of one size."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit.coverage._neighbours import close_pairs, nearest
from toolkit.coverage._rows import check_neighbours, check_two_samples

__all__ = ["REACH", "SOFT_NEIGHBOURS", "ProbabilisticFigures", "chance_of_none", "probabilistic_precision_recall"]

# As published: balls reach to 1.2 times the mean distance to the fourth neighbour.
REACH = 1.2
SOFT_NEIGHBOURS = 4


@dataclass(frozen=True)
class ProbabilisticFigures:
    """What :func:`probabilistic_precision_recall` finds.

    Parameters
    ----------
    p_precision : float
        Mean chance that a sample belongs to the support of the data.
    p_recall : float
        Mean chance that a real row belongs to the support of the samples.

    Examples
    --------
    >>> from toolkit.coverage import probabilistic_precision_recall
    >>> found = probabilistic_precision_recall([[0.0], [1.0], [8.0]], [[0.0], [1.0]], n_neighbours=1)
    >>> found.p_precision, round(found.p_recall, 3)
    (1.0, 0.667)
    """

    p_precision: float
    p_recall: float

    def as_dict(self) -> dict[str, float]:
        """The figures by name."""
        return asdict(self)


@usual_floating_point
def probabilistic_precision_recall(
    real: ArrayLike, samples: ArrayLike, *, n_neighbours: int = SOFT_NEIGHBOURS
) -> ProbabilisticFigures:
    """Probabilistic precision and recall (P-precision and P-recall).

    A row belongs to the ball of a row of the other set with the chance ``1 - distance / R``, which ends at ``R``, and
    to the other set's support unless it belongs to none of its balls. ``R`` is 1.2 times the mean distance to the
    ``n_neighbours``-th nearest neighbour within that set.

    Parameters
    ----------
    real : array-like of shape (n_real, n_features)
    samples : array-like of shape (n_samples, n_features)
        Both with more rows than ``n_neighbours``.
    n_neighbours : int, default=4

    Returns
    -------
    ProbabilisticFigures

    Raises
    ------
    ValueError
        Too few rows, different features, NaN.

    Notes
    -----
    Compare figures with those of real rows against real rows: for a perfect sampler both are about 0.7, not 1.

    References
    ----------
    .. [1] D. Park and S. Kim, Probabilistic precision and recall towards reliable evaluation of generative models,
       ICCV 2023.

    Examples
    --------
    >>> from toolkit.coverage import probabilistic_precision_recall
    >>> found = probabilistic_precision_recall([[0.0], [1.0], [2.0]], [[0.6], [0.6]], n_neighbours=1)  # R = 1.2 and 0
    >>> round(found.p_precision, 4), found.p_recall
    (0.8333, 0.0)
    """
    real, samples = check_two_samples("real", real, "samples", samples)
    k = check_neighbours(n_neighbours, real=real, samples=samples)
    reach, sample_reach = (REACH * float(nearest(rows, rows, k)[0][:, -1].mean()) for rows in (real, samples))
    return ProbabilisticFigures(_belonging(samples, real, reach), _belonging(real, samples, sample_reach))


def _belonging(rows: NDArray[np.float64], others: NDArray[np.float64], reach: float) -> float:
    """Mean chance that a row belongs to the support of the others."""
    missed = np.zeros(len(rows))
    for i, _, distances in close_pairs(rows, others, np.full(len(rows), reach)):
        missed += chance_of_none(i, distances, reach, len(rows))
    return float(1.0 - np.exp(missed).mean())


def chance_of_none(
    rows: NDArray[np.intp], distances: NDArray[np.float64], reach: float, n_rows: int
) -> NDArray[np.float64]:
    """Logarithm of the chance of each row to belong to none of the balls that pairs speak of, shape (n_rows,).

    Parameters
    ----------
    rows : ndarray of int of shape (n_pairs,)
    distances : ndarray of shape (n_pairs,)
        Of each pair; those beyond ``reach`` say nothing.
    reach : float
    n_rows : int
    """
    near = distances <= reach
    # An equal row is belonged to for certain: the logarithm of 0, for balls without width, too.
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.where(distances[near] > 0, np.log(distances[near] / reach), -np.inf)
    return np.bincount(rows[near], weights=chance, minlength=n_rows).astype(np.float64, copy=False)
