"""Location, spread and distance that a contaminated set does not carry away."""

import numpy as np

__all__ = ["RobustDistance", "robust_scale"]

_MAD_TO_SD = 1.4826
_STEPS = 20


def robust_scale(values):
    """Median and robust standard deviation of each column.

    The standard deviation is 1.4826 MAD; where more than half of the values are equal, the mean absolute deviation. A
    constant column gets infinity: divided by it, it counts for nothing.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)

    Returns
    -------
    centre, scale : ndarray of shape (n_features,)

    Examples
    --------
    >>> import numpy as np
    >>> centre, scale = robust_scale(np.array([[0.0, 5.0], [1.0, 5.0], [2.0, 5.0]]))
    >>> centre.tolist(), scale.tolist()
    ([1.0, 5.0], [1.4826, inf])
    """
    centre = np.median(values, axis=0)
    deviation = np.abs(values - centre)
    scale = _MAD_TO_SD * np.median(deviation, axis=0)
    smallest = 1e-9 * np.maximum(1.0, np.abs(centre))
    scale = np.where(scale > smallest, scale, deviation.mean(axis=0))
    return centre, np.where(scale > smallest, scale, np.inf)


class RobustDistance:
    """Squared distance from the bulk of the rows, in units of their own scatter.

    Location and scatter are those of the ``kept`` share of rows that lie nearest, found by concentration steps from
    the coordinatewise medians (Rousseeuw and Van Driessen, 1999, "A fast algorithm for the minimum covariance
    determinant estimator"; one deterministic start instead of many random ones). A ridge keeps the scatter regular
    where columns depend on each other or rows are few.

    Parameters
    ----------
    kept : float, default=0.6
        Share of the rows that the estimate rests on: it stands as long as no more than the others are outliers.
    ridge : float, default=1e-3
        Added to the diagonal of the scatter of standardised columns; grows with n_features / n_rows.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.random.default_rng(0).normal(size=(200, 2))
    >>> rows[:50] += 20
    >>> distance = RobustDistance().fit(rows).score(rows)
    >>> bool(distance[:50].min() > distance[50:].max())
    True
    """

    def __init__(self, kept=0.6, ridge=1e-3):
        self.kept = kept
        self.ridge = ridge

    def fit(self, rows):
        """Fit on rows (n_samples, n_features) and return self."""
        self.centre_, self.scale_ = robust_scale(rows)
        values = (rows - self.centre_) / self.scale_
        n_samples, n_features = values.shape
        n_kept = max(1, round(self.kept * n_samples))
        ridge = self.ridge + 0.1 * n_features / n_kept
        distance, kept = np.square(values).sum(axis=1), None
        for _ in range(_STEPS):
            previous, kept = kept, np.sort(np.argsort(distance, kind="stable")[:n_kept])
            if previous is not None and np.array_equal(kept, previous):
                break
            self.location_ = values[kept].mean(axis=0)
            centred = values[kept] - self.location_
            self.precision_ = np.linalg.inv(centred.T @ centred / n_kept + ridge * np.eye(n_features))
            distance = self._distance(values)
        self.unit_ = max(float(np.median(distance)), 1e-9)
        return self

    def _distance(self, values):
        centred = values - self.location_
        return np.einsum("ij,ij->i", centred @ self.precision_, centred)

    def score(self, rows):
        """Squared distances of shape (n_samples,), in units of the training rows' median."""
        return self._distance((rows - self.centre_) / self.scale_) / self.unit_

    def whiten(self, rows):
        """Rows in coordinates in which the scatter is the unit matrix."""
        # By eigenvalues, not by Cholesky: on constant columns rounding can push the smallest ones below zero.
        values, vectors = np.linalg.eigh((self.precision_ + self.precision_.T) / 2)
        return ((rows - self.centre_) / self.scale_ - self.location_) @ (vectors * np.sqrt(np.maximum(values, 0)))

    def log_score(self, rows):
        """Logarithm of :meth:`score`, for distances that spread over orders of magnitude."""
        # The offset keeps a row in the very middle from scoring minus infinity.
        return np.log(0.05 + self.score(rows))
