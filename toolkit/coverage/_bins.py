"""Shares of bins: how many differ between data and samples, and by how much altogether."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit.coverage._rows import check_counts
from toolkit.coverage._tests import compare_shares

__all__ = ["BinComparison", "different_bins", "jensen_shannon", "row_divergences"]


@dataclass(frozen=True)
class BinComparison:
    """What :func:`different_bins` finds.

    Parameters
    ----------
    ndb : int
        Bins whose shares differ at the level asked for.
    z : ndarray of shape (n_bins,)
        Positive where samples are too many.
    p_values : ndarray of shape (n_bins,)
        Two-sided, not adjusted.

    Examples
    --------
    >>> from toolkit.coverage import different_bins
    >>> found = different_bins([100, 100, 100], [100, 198, 2])
    >>> found.ndb, (found.p_values < 0.05).tolist(), (found.z > 0).tolist()
    (2, [False, True, True], [False, True, False])
    """

    ndb: int
    z: NDArray[np.float64]
    p_values: NDArray[np.float64]


def _check_pair(real_counts: ArrayLike, sample_counts: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    real, samples = check_counts("real_counts", real_counts), check_counts("sample_counts", sample_counts)
    if len(real) != len(samples):
        raise ValueError(
            f"real_counts and sample_counts must have equally many bins, got {len(real)} and {len(samples)}."
        )
    return real, samples


@usual_floating_point
def different_bins(real_counts: ArrayLike, sample_counts: ArrayLike, *, alpha: float = 0.05) -> BinComparison:
    """The number of statistically different bins (NDB).

    Parameters
    ----------
    real_counts : array-like of shape (n_bins,)
        How many real rows fell into each bin.
    sample_counts : array-like of shape (n_bins,)
    alpha : float, default=0.05
        Level of each two-proportion z-test, without adjustment, as in the paper: of 100 bins, about five differ by
        chance alone.

    Returns
    -------
    BinComparison

    References
    ----------
    .. [1] E. Richardson and Y. Weiss, On GANs and GMMs, NeurIPS 2018.

    Examples
    --------
    >>> from toolkit.coverage import different_bins
    >>> found = different_bins([100, 100, 100], [100, 198, 2])
    >>> found.ndb, found.z.round(2).tolist()
    (2, [0.0, 8.0, -10.65])
    """
    real, samples = _check_pair(real_counts, sample_counts)
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must be a number between 0 and 1, got {alpha!r}.")
    z, p_values = compare_shares(real, real.sum(), samples, samples.sum())
    return BinComparison(int((p_values < alpha).sum()), z, p_values)


@usual_floating_point
def jensen_shannon(real_counts: ArrayLike, sample_counts: ArrayLike) -> float:
    """Jensen-Shannon divergence between the shares of bins, in nats: 0 for equal shares, log 2 for disjoint ones.

    Parameters
    ----------
    real_counts : array-like of shape (n_bins,)
    sample_counts : array-like of shape (n_bins,)

    Returns
    -------
    float

    Notes
    -----
    Two samples of sizes n and m of the same thing differ by about ``(n_bins - 1) / 8 * (1 / n + 1 / m)``.

    References
    ----------
    .. [1] J. Lin, Divergence measures based on the Shannon entropy, IEEE Transactions on Information Theory 37, 1991.

    Examples
    --------
    >>> from toolkit.coverage import jensen_shannon
    >>> round(jensen_shannon([1, 0], [0, 1]), 6), jensen_shannon([2, 2], [50, 50])
    (0.693147, 0.0)
    """
    real, samples = _check_pair(real_counts, sample_counts)
    return float(row_divergences((real / real.sum())[None], (samples / samples.sum())[None])[0])


def row_divergences(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Jensen-Shannon divergence of each row of shares from the same row of another array."""
    middle = 0.5 * (first + second)
    total = np.zeros(len(first))
    for shares in (first, second):
        ratio = np.divide(shares, middle, out=np.ones_like(shares), where=shares > 0)
        total += 0.5 * (shares * np.log(ratio)).sum(axis=1)
    return total.clip(min=0.0)
