"""Two-sample tests of shares, and the false discovery rate over many of them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.labels import check_numbers

__all__ = ["adjust_p_values", "compare_shares"]


def compare_shares(
    first: NDArray, n_first: int, second: NDArray, n_second: int, *, dispersion: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two-proportion z-tests with pooled variance, bin by bin.

    Parameters
    ----------
    first, second : ndarray of shape (n_bins,) or (n_draws, n_bins)
        How many of ``n_first`` and of ``n_second`` rows fell into each bin.
    n_first, n_second : int
    dispersion : float, default=1.0
        By which the variance exceeds that of independent draws.

    Returns
    -------
    z : ndarray of the same shape
        Positive where the second sample has the larger share; 0 where nothing can be told.
    p : ndarray of the same shape
        Two-sided.
    """
    pooled = (first + second) / (n_first + n_second)
    variance = pooled * (1.0 - pooled) * (1.0 / n_first + 1.0 / n_second) * dispersion
    difference = second / n_second - first / n_first
    z = np.divide(difference, np.sqrt(variance), out=np.zeros_like(pooled), where=variance > 0)
    return z, 2.0 * ndtr(-np.abs(z))


@usual_floating_point
def adjust_p_values(p_values: ArrayLike) -> NDArray[np.float64]:
    """p-values adjusted for the false discovery rate.

    What is called significant at an adjusted 0.05 holds, on average, at most 5 % false alarms.

    Parameters
    ----------
    p_values : array-like of shape (n_tests,)

    Returns
    -------
    ndarray of shape (n_tests,)

    References
    ----------
    .. [1] Y. Benjamini and Y. Hochberg, Controlling the false discovery rate, Journal of the Royal Statistical
       Society B 57, 1995.

    Examples
    --------
    >>> from toolkit.coverage import adjust_p_values
    >>> adjust_p_values([0.01, 0.5, 0.02, 0.04]).round(4).tolist()
    [0.04, 0.5, 0.04, 0.0533]
    """
    p_values = check_numbers("p_values", p_values)
    if p_values.ndim != 1 or not ((p_values >= 0) & (p_values <= 1)).all():
        raise ValueError(f"p_values must be numbers from 0 to 1 of shape (n_tests,), got {p_values!r}.")
    order = np.argsort(p_values)[::-1]
    n_tests = len(p_values)
    stepped = p_values[order] * n_tests / np.arange(n_tests, 0, -1)
    adjusted = np.empty(n_tests)
    adjusted[order] = np.minimum.accumulate(stepped).clip(max=1.0) if n_tests else stepped
    return adjusted
