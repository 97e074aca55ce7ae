"""What a reconstruction says about an image: not only how large the error is, but whether it fits the image.

A plain reconstruction error ranks images by how much there is to reconstruct: a blurred or faded digit has less
contrast, less detail and a smaller error than a clean one, and comes out as the most normal of all. So the error is
judged against what is usual for an image of that contrast, and error, contrast, detail and roughness of the residual
are judged together.
"""

import numpy as np

from toolkit._core.robust import RobustDistance, robust_scale

__all__ = ["ErrorProfile", "error_profile"]

_EPS = 1e-9  # of the squared range of the pixels: below any camera's noise
_STEPS = 20


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


class ErrorProfile:
    """How unusual the error profile of an image is among those of a contaminated set.

    Two robust views of the same profile are added up. One is two-sided: the logarithm of the squared robust distance
    of the whole profile from the bulk of the rows, so that an error that is too *small* for the image counts as well.
    The other is one-sided: how many robust standard deviations the error lies above the one to be expected at the
    image's contrast, by a line fitted to the bulk.

    Attributes
    ----------
    distance_ : RobustDistance
    slope_, level_, sd_ : float
        Line of the log error on the log variance, and the spread about it.
    """

    def fit(self, profile):
        """Fit on profiles (n_samples, 4) and return self."""
        self.distance_ = RobustDistance().fit(profile)
        self._fit_line(profile[:, 0], profile[:, 1])
        return self

    def _fit_line(self, error, contrast):
        kept = np.ones(len(error), dtype=bool)
        for _ in range(_STEPS):
            x, y = contrast[kept] - contrast[kept].mean(), error[kept] - error[kept].mean()
            spread = (x * x).sum()
            self.slope_ = float((x * y).sum() / spread) if spread > 1e-9 else 0.0
            residual = (error - self.slope_ * contrast)[:, None]
            (self.level_,), (self.sd_,) = (part.tolist() for part in robust_scale(residual))
            previous, kept = kept, np.abs(residual[:, 0] - self.level_) <= 2.0 * min(self.sd_, 1e9)
            if np.array_equal(kept, previous):
                break

    def score(self, profile):
        """How unusual each profile is, of shape (n_samples,); higher = more of an outlier."""
        two_sided = self.distance_.log_score(profile)
        one_sided = (profile[:, 0] - self.slope_ * profile[:, 1] - self.level_) / self.sd_
        return two_sided + one_sided
