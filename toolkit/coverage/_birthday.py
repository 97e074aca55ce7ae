"""The birthday paradox turned round: from how often samples repeat to how many different ones there are."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit.coverage._neighbours import count_within, nearest
from toolkit.coverage._rows import check_rows, check_two_samples

__all__ = ["BirthdayEstimate", "birthday_support"]


@dataclass(frozen=True)
class BirthdayEstimate:
    """What :func:`birthday_support` finds.

    Parameters
    ----------
    n_pairs : int
        Pairs of samples that are near-duplicates.
    expected_pairs : float
        Pairs that real rows, as many, have at the same distance.
    support : float
        How many different things, equally likely, would repeat that often; infinity when no more pairs are found than
        expected.
    low, high : float
        Interval for ``support`` at 95 %.
    threshold : float
        Distance below which two rows are near-duplicates.

    Examples
    --------
    >>> from toolkit.coverage import birthday_support
    >>> found = birthday_support([[0.0], [0.0], [1.0], [2.0]])  # one of six pairs repeats
    >>> found.n_pairs, found.support, found.threshold
    (1, 6.0, 0.0)
    """

    n_pairs: int
    expected_pairs: float
    support: float
    low: float
    high: float
    threshold: float


@usual_floating_point
def birthday_support(
    samples: ArrayLike, real: ArrayLike | None = None, *, threshold: float | None = None
) -> BirthdayEstimate:
    """Estimate from near-duplicates among samples how many different ones a generator can draw.

    Of N draws from M equally likely things, N (N - 1) / (2 M) pairs are equal on average; unequal chances make pairs
    more frequent, so the figure is the effective support (one over the sum of squared chances).

    Parameters
    ----------
    samples : array-like of shape (n_samples, n_features)
    real : array-like of shape (n_real, n_features), optional
        Says how near two rows come that are no duplicates: the threshold is such that one in a thousand real rows, of
        a set as large as the samples, has another one below it. Without it, only exact repeats count.
    threshold : float, optional
        The distance itself.

    Returns
    -------
    BirthdayEstimate

    Notes
    -----
    The paper lets a person judge the nearest pairs of a batch; the real rows take the person's place here. The
    interval takes pairs as Poisson, which holds where few things repeat more than once.

    References
    ----------
    .. [1] S. Arora and Y. Zhang, Do GANs actually learn the distribution? An empirical study, ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.coverage import birthday_support
    >>> rng = np.random.default_rng(0)
    >>> pictures = rng.normal(size=(500, 3))
    >>> found = birthday_support(pictures[rng.integers(500, size=1000)])
    >>> found.low < 500 < found.high
    True
    """
    if real is None:
        samples = check_rows("samples", samples, at_least=2)
    else:
        samples, real = check_two_samples("samples", samples, "real", real, at_least=2)
        real = real[: len(samples)]
    if threshold is None:
        threshold = 0.0 if real is None else float(np.quantile(nearest(real, real)[0], 0.001))
    elif not threshold >= 0 or math.isinf(threshold):
        raise ValueError(f"threshold must be a finite number of at least 0, got {threshold!r}.")
    # Balls are open: the next larger number makes equal rows count at a threshold of 0.
    n_pairs = _pairs(samples, np.nextafter(threshold, np.inf))
    possible = len(samples) * (len(samples) - 1) / 2.0
    expected = 0.0
    if real is not None:
        expected = _pairs(real, np.nextafter(threshold, np.inf)) * possible / (len(real) * (len(real) - 1) / 2.0)
    spread = 1.96 * math.sqrt(max(n_pairs, 1) + expected)
    excess = n_pairs - expected
    support, low, high = (
        possible / count if count > 0 else math.inf for count in (excess, excess + spread, excess - spread)
    )
    return BirthdayEstimate(n_pairs, expected, support, low, high, float(threshold))


def _pairs(rows: NDArray[np.float64], radius: float) -> int:
    found = count_within(rows, rows, query_radii=np.full(len(rows), radius))
    return int((found["rows_in_query"].sum() - len(rows)) // 2)
