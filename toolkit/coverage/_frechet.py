"""The Fréchet distance between two samples, each taken as normal: how far two sets of rows are from one another."""

import numpy as np
from numpy.typing import ArrayLike

from toolkit._core.floating_point import usual_floating_point
from toolkit.coverage._rows import check_two_samples

__all__ = ["frechet_distance"]


@usual_floating_point
def frechet_distance(first: ArrayLike, second: ArrayLike) -> float:
    """Squared Fréchet distance of the normal distributions with the means and covariances of two samples.

    On the features of an Inception network this is the FID of Heusel et al. [1]_; any features will do, and figures
    compare only for the same features and sample sizes.

    Parameters
    ----------
    first : array-like of shape (n_first, n_features)
    second : array-like of shape (n_second, n_features)

    Returns
    -------
    float
        In squared units of the features; 0 for equal means and covariances, infinity where squares overflow.

    Raises
    ------
    ValueError
        Fewer than two rows, different features, NaN.

    References
    ----------
    .. [1] M. Heusel et al., GANs trained by a two time-scale update rule converge to a local Nash equilibrium,
       NeurIPS 2017.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.random.default_rng(0).normal(size=(500, 2))
    >>> round(frechet_distance(rows, rows + [3.0, 4.0]), 6)
    25.0
    """
    first, second = check_two_samples("first", first, "second", second, at_least=2)
    # A power of two, so that scaling is exact: squares of large values overflow.
    exponent = int(np.frexp(max(np.abs(first).max(), np.abs(second).max()))[1])
    first, second = np.ldexp(first, -exponent), np.ldexp(second, -exponent)
    spreads = [np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (first, second)]
    # The trace of the root of S1 S2 is that of the symmetric product, whose eigenvalues are real and not negative.
    values, vectors = np.linalg.eigh(spreads[0])
    root = (vectors * np.sqrt(values.clip(min=0.0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ spreads[1] @ root).clip(min=0.0)).sum()
    shift = first.mean(axis=0) - second.mean(axis=0)
    found = max(0.0, float(shift @ shift + np.trace(spreads[0]) + np.trace(spreads[1]) - 2.0 * cross))
    with np.errstate(over="ignore"):
        return float(np.ldexp(found, 2 * exponent))
