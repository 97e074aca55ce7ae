"""What a reconstruction says about an image: not only how large the error is, but whether it fits the image.

A plain reconstruction error ranks images by how much there is to reconstruct: a blurred or faded digit has less
contrast, less detail and a smaller error than a clean one, and comes out as the most normal of all. So the error is
judged against what is usual for an image of that contrast, and error, contrast, detail and roughness of the residual
are judged together.
"""

import numpy as np

__all__ = ["ErrorProfile", "error_profile"]

_EPS = 1e-9  # of the squared range of the pixels: below any camera's noise
_KEPT = 0.6  # share of rows that the robust fits rest on; more than half may thus be wrong in no way
_RIDGE = 1e-3
_STEPS = 20
_MAD_TO_SD = 1.4826


def _detail(stack):
    """Mean squared difference between neighbouring pixels, of (n, height, width[, 3]) as float64 of shape (n,)."""
    total, count = np.zeros(len(stack)), 0
    for axis in (1, 2):
        step = np.diff(stack, axis=axis)
        total += np.einsum("ij,ij->i", *(2 * [step.reshape(len(step), -1)]), dtype=np.float64)
        count += step[0].size
    return total / max(1, count)


def error_profile(images, residuals):
    """Four numbers for each image, as logarithms.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width[, 3])
        In units of the pixel range.
    residuals : ndarray of the same shape
        Image minus reconstruction, in any one unit.

    Returns
    -------
    ndarray of shape (n_samples, 4)
        Log of the mean squared error, of the image's variance, of its squared neighbour differences, and of the
        residual's squared neighbour differences.
    """
    flat = images.reshape(len(images), -1)
    error = np.mean(np.square(residuals.reshape(len(residuals), -1), dtype=np.float64), axis=1)
    variance = flat.var(axis=1, dtype=np.float64)
    return np.log(np.column_stack([error, variance, _detail(images), _detail(residuals)]) + _EPS)


def _robust_scale(values):
    """Median and robust standard deviation of each column; a constant column gets infinity and so counts nothing."""
    centre = np.median(values, axis=0)
    deviation = np.abs(values - centre)
    scale = _MAD_TO_SD * np.median(deviation, axis=0)
    scale = np.where(scale > 1e-6, scale, deviation.mean(axis=0))
    return centre, np.where(scale > 1e-6, scale, np.inf)


class ErrorProfile:
    """How unusual the error profile of an image is among those of a contaminated set.

    Two robust views of the same profile are added up. One is two-sided: the logarithm of the squared robust distance
    of the whole profile from the bulk of the rows (location and scatter by concentration steps: Rousseeuw and Van
    Driessen, 1999, "A fast algorithm for the minimum covariance determinant estimator"), so that an error that is too
    *small* for the image counts as well. The other is one-sided: how many robust standard deviations the error lies
    above the one to be expected at the image's contrast, by a line fitted to the bulk.

    Attributes
    ----------
    centre_, scale_ : ndarray of shape (4,)
    location_, precision_ : ndarray of shape (4,) and (4, 4)
        Of the standardised profile.
    slope_ : float
        Of the standardised log error on the standardised log variance.
    """

    def fit(self, profile):
        """Fit on profiles (n_samples, 4) and return self."""
        self.centre_, self.scale_ = _robust_scale(profile)
        values = (profile - self.centre_) / self.scale_
        self._fit_distance(values)
        self._fit_line(values)
        return self

    def _fit_distance(self, values):
        n_kept = max(1, round(_KEPT * len(values)))
        distance = np.square(values).sum(axis=1)
        kept = None
        for _ in range(_STEPS):
            previous, kept = kept, np.sort(np.argsort(distance, kind="stable")[:n_kept])
            if previous is not None and np.array_equal(kept, previous):
                break
            self.location_ = values[kept].mean(axis=0)
            centred = values[kept] - self.location_
            scatter = centred.T @ centred / n_kept + _RIDGE * np.eye(values.shape[1])
            self.precision_ = np.linalg.inv(scatter)
            distance = self._distance(values)
        self.unit_ = max(float(np.median(distance)), _EPS)

    def _fit_line(self, values):
        error, contrast = values[:, 0], values[:, 1]
        kept = np.ones(len(values), dtype=bool)
        for _ in range(_STEPS):
            x, y = contrast[kept], error[kept]
            spread = np.square(x - x.mean()).sum()
            self.slope_ = float(((x - x.mean()) * (y - y.mean())).sum() / spread) if spread > _EPS else 0.0
            residual = error - self.slope_ * contrast
            (self.level_,), (self.sd_,) = (part.tolist() for part in _robust_scale(residual[:, None]))
            previous, kept = kept, np.abs(residual - self.level_) <= 2.0 * min(self.sd_, 1e9)
            if np.array_equal(kept, previous):
                break

    def _distance(self, values):
        centred = values - self.location_
        return np.einsum("ij,jk,ik->i", centred, self.precision_, centred)

    def score(self, profile):
        """How unusual each profile is, of shape (n_samples,); higher = more of an outlier."""
        values = (profile - self.centre_) / self.scale_
        # The offset keeps a profile in the very middle from scoring minus infinity.
        two_sided = np.log(0.05 + self._distance(values) / self.unit_)
        one_sided = (values[:, 0] - self.slope_ * values[:, 1] - self.level_) / self.sd_
        return two_sided + one_sided
