"""The Fréchet distance between two samples, each taken as normal: how far two sets of rows are from one another."""

import numpy as np

from toolkit._core.floating_point import usual_floating_point

__all__ = ["frechet_distance"]


@usual_floating_point
def frechet_distance(first, second):
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
        In squared units of the features; 0 for equal means and covariances.

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
    first, second = (np.asarray(rows, dtype=np.float64) for rows in (first, second))
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(f"first and second must be rows of equally many features, got {first.shape}, {second.shape}.")
    if min(len(first), len(second)) < 2:
        raise ValueError(f"first and second need at least 2 rows, got {len(first)} and {len(second)}.")
    spreads = [np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (first, second)]
    # The trace of the root of S1 S2 is that of the symmetric product, whose eigenvalues are real and not negative.
    values, vectors = np.linalg.eigh(spreads[0])
    root = (vectors * np.sqrt(values.clip(min=0.0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(root @ spreads[1] @ root).clip(min=0.0)).sum()
    shift = first.mean(axis=0) - second.mean(axis=0)
    return max(0.0, float(shift @ shift + np.trace(spreads[0]) + np.trace(spreads[1]) - 2.0 * cross))
