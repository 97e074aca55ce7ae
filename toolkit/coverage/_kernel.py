"""The kernel distance between two samples: unbiased, so that it is 0 on average for a perfect sampler of any size."""

import numpy as np
from numpy.typing import ArrayLike

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import iter_chunks
from toolkit.coverage._rows import check_two_samples

__all__ = ["kernel_distance"]

_CHUNK = 1024


@usual_floating_point
def kernel_distance(first: ArrayLike, second: ArrayLike, *, degree: int = 3) -> float:
    """Squared maximum mean discrepancy with a polynomial kernel.

    The kernel is ``(x . y / n_features + 1) ** degree``. On the features of an Inception network this is the KID
    [1]_; here any features will do.

    Parameters
    ----------
    first : array-like of shape (n_first, n_features)
    second : array-like of shape (n_second, n_features)
        At least two rows each.
    degree : int, default=3

    Returns
    -------
    float
        The unbiased estimate [2]_: 0 on average for samples of the same thing, so it may fall below.

    Raises
    ------
    ValueError
        Fewer than two rows, different features, NaN, or values so large that the kernel overflows.

    References
    ----------
    .. [1] M. Bińkowski et al., Demystifying MMD GANs, ICLR 2018.
    .. [2] A. Gretton et al., A kernel two-sample test, JMLR 13, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.coverage import kernel_distance
    >>> rows = np.random.default_rng(0).normal(size=(400, 2))
    >>> abs(kernel_distance(rows[:200], rows[200:])) < 1 < kernel_distance(rows[:200], rows[200:] + 2)
    True
    """
    first, second = check_two_samples("first", first, "second", second, at_least=2)
    if isinstance(degree, bool) or not isinstance(degree, (int, np.integer)) or degree < 1:
        raise ValueError(f"degree must be an int of at least 1, got {degree!r}.")
    n, m = len(first), len(second)
    with np.errstate(over="ignore", invalid="ignore"):
        within = [
            (_kernel_sum(rows, rows, degree) - _diagonal(rows, degree)) / (len(rows) * (len(rows) - 1))
            for rows in (first, second)
        ]
        found = float(sum(within) - 2.0 * _kernel_sum(first, second, degree) / (n * m))
    if not np.isfinite(found):
        largest = max(np.abs(first).max(), np.abs(second).max())
        raise ValueError(
            f"first and second hold values of up to {largest:.3g}, for which the kernel overflows: bring them to a "
            "smaller scale."
        )
    return found


def _diagonal(rows, degree):
    return ((np.einsum("ij,ij->i", rows, rows) / rows.shape[1] + 1.0) ** degree).sum()


def _kernel_sum(first, second, degree):
    """Sum of the kernel over all pairs, a strip at a time."""
    return sum(
        ((first[part] @ second.T / first.shape[1] + 1.0) ** degree).sum() for part in iter_chunks(len(first), _CHUNK)
    )
