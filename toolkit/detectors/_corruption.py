"""The best label-free score of the toolkit: what names the corruption, what measures it, and what cannot rebuild it."""

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from toolkit._core.images import validate_images
from toolkit._core.random import spawn_seeds
from toolkit.detectors._robust import RobustDistance, robust_scale
from toolkit.detectors._threshold import ScoreThresholdMixin, check_contamination

__all__ = ["CorruptionDetector"]


class CorruptionDetector(ScoreThresholdMixin, BaseEstimator):
    def __init__(
        self,
        identifier=None,
        *,
        reconstruction=None,
        image_shape=None,
        contamination="auto",
        random_state=None,
        verbose=False,
    ):
        self.identifier = identifier
        self.reconstruction = reconstruction
        self.image_shape = image_shape
        self.contamination = contamination
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X, y=None):
        from toolkit.detectors._reconstruction import ReconstructionDetector
        from toolkit.diagnostics import CorruptionDiagnostics, CorruptionIdentifier

        stack = validate_images(self, X, reset=True)
        check_contamination(self.contamination)
        if len(stack) < 2:
            raise ValueError(f"CorruptionDetector needs at least 2 images, got n_samples = {len(stack)}.")
        seeds = spawn_seeds(self.random_state, 2)
        self.identifier_ = self.identifier
        if self.identifier is None:
            identifier = CorruptionIdentifier(random_state=seeds[0], image_shape=self.image_shape, verbose=self.verbose)
            self.identifier_ = identifier.fit(X)
        elif not _is_fitted(self.identifier):
            self.identifier_ = clone(self.identifier).fit(X)
        self.diagnostics_ = CorruptionDiagnostics(image_shape=self.image_shape).fit(X)
        self.reconstruction_ = ReconstructionDetector(image_shape=self.image_shape, random_state=seeds[1]).fit(X)
        statistics = self._statistics(X)
        self.distance_ = RobustDistance().fit(statistics)
        components = self._components(X, statistics)
        self.centre_, self.scale_ = robust_scale(components)
        return self._set_training_scores(self._combine(components))

    def score_samples(self, X):
        check_is_fitted(self)
        validate_images(self, X, reset=False)
        return self._combine(self._components(X, self._statistics(X)))

    def _statistics(self, X):
        return np.asarray(self.diagnostics_.transform(X), dtype=np.float64)

    def _components(self, X, statistics):
        return np.column_stack(
            [
                self.identifier_.score_samples(X),
                -np.log(0.05 + self.distance_.score(statistics)),
                self.reconstruction_.score_samples(X),
            ]
        )

    def _combine(self, components):
        return ((components - self.centre_) / self.scale_) @ np.array([1.0, 0.25, 0.25])


def _is_fitted(estimator):
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return True
