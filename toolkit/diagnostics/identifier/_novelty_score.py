"""How strange an image is, whatever was done to it: what no planted kind prepares for.

Two views of one question. The networks' features know what they learnt to look at; the statistics have learnt nothing
from the set, so a row cannot talk them into calling it usual by having been shown as clean.
"""

import numpy as np

from toolkit._core.images import iter_chunks
from toolkit._core.robust import RobustDistance, robust_scale
from toolkit.diagnostics._diagnostics import CorruptionDiagnostics
from toolkit.diagnostics.identifier._novelty import Novelty, kth_distance

__all__ = ["NoveltyScore", "StatisticsOutlierScore", "clipped_statistics"]

# Share of all rows that the first scatter of the statistics rests on, and of the trusted rows that the second does.
_BULK, _KEPT = 0.9, 0.95
# Robust standard deviations from the usual distance at which a row counts as odd before anything is learnt.
_ODD = 3.0
# Rows that others are compared with for that, and the share of them that has to be near a usual row: a style of its own
# (the ones among the digits) is larger than that, what is corrupted in one way and strength hardly ever is.
_COMPARED, _COMPANY = 2000, 0.02
# Beyond so many robust standard deviations a view is certain: it grows only logarithmically, so as not to outvote.
_LOWEST, _CERTAIN = -3.0, 3.0
# NoveltyScore and doubt together beyond which some six in a thousand clean digits lie (MNIST train rows 0 to 9,999).
# Where strange images are among those found clean, their own quantile would lie too far out.
_FAR = 9.0
_FAR_OUT = 4.0
_CHUNK = 4096


class StatisticsOutlierScore:
    """Distance of an image's statistics from those of the set.

    Whether a row is usual is asked of its neighbours, in statistics whitened by a robust scatter: the distance to the
    bulk alone would call a whole class odd that looks unlike the others, where nothing is corrupted.

    Parameters
    ----------
    image_shape : tuple

    Attributes
    ----------
    diagnostics_ : CorruptionDiagnostics
    distance_ : RobustDistance
    usual_ : ndarray of bool
        Rows of the fit that have company.
    """

    def __init__(self, image_shape):
        self.image_shape = image_shape

    def fit(self, images, generator):
        """Fit on all images (uint8) and return self; the generator chooses which rows others are compared with."""
        self.fit_measure(images, generator)
        return self

    def fit_measure(self, images, generator):
        """Fit, and return what :meth:`measure` says of the images."""
        rows = images.reshape(len(images), -1)
        self.diagnostics_ = CorruptionDiagnostics(image_shape=self.image_shape).fit(rows)
        statistics = self.measure(images)
        self.distance_ = RobustDistance(_BULK).fit(statistics)
        compared = np.arange(len(rows))
        if len(rows) > _COMPARED:
            compared = np.sort(generator.choice(len(rows), _COMPARED, replace=False))
        white = self.distance_.whiten(statistics)
        n_neighbors = min(max(2, round(_COMPANY * len(compared))), len(compared) - 1)
        distance = np.log(kth_distance(white, white[compared], n_neighbors) + 1e-9)
        (centre,), (scale,) = robust_scale(distance[:, None])
        self.usual_ = (distance - centre) / scale <= _ODD
        return statistics

    @property
    def not_from_the_set(self):
        """Mask of the statistics that know nothing of the set: the others know each image of the fit by itself."""
        names = self.diagnostics_.get_feature_names_out()
        return np.array([not name.startswith("structure_") for name in names])

    def refit(self, statistics):
        """Rest on the statistics of images found clean instead, and return self."""
        self.distance_ = RobustDistance(_KEPT).fit(statistics)
        return self

    def score(self, statistics):
        """Distance of measured images from the usual; higher = odder."""
        return self.distance_.log_score(statistics)

    def measure(self, images):
        """Statistics of images (uint8), of shape (n, n_statistics)."""
        rows = images.reshape(len(images), -1)
        parts = [self.diagnostics_.transform(rows[part]) for part in iter_chunks(len(rows), _CHUNK)]
        return np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])


class NoveltyScore:
    """Both views, each on the scale of the clean, added up.

    Parameters
    ----------
    outlier_score : StatisticsOutlierScore
        Fitted; its scatter is fitted again to the rows found clean.
    share : float
        Share of the clean that may lie beyond ``limit_``.

    Attributes
    ----------
    limit_ : float
        Novelty and the log-odds of being corrupted, added up, beyond which an image that fits no planted kind is not
        clean either.
    excess_ : float
        Of the rows beyond the limit, the share that would be clean anyway.
    """

    def __init__(self, outlier_score, share):
        self.outlier_score = outlier_score
        self.share = share

    def fit(self, statistics, features, log_odds, trusted, held_back, generator):
        """Learn from the trusted rows.

        Parameters
        ----------
        statistics : ndarray of shape (n, n_statistics)
        features : ndarray of shape (n, n_features)
        log_odds : ndarray of shape (n,)
            Log-odds of not being clean: what the networks half suspect needs less novelty.
        trusted, held_back : ndarray of bool of shape (n,)
            Rows found clean, and rows that no network was trained on: to a network, a row that it learnt from looks
            more usual than a new one.
        generator : numpy.random.Generator
        """
        self.outlier_score.refit(statistics[trusted])
        self.novelty_ = Novelty().fit(features[trusted & ~held_back], generator)
        views = self._views(features, statistics)
        apart = trusted & held_back
        clean = apart if apart.sum() >= 30 else trusted
        self.centre_, self.scale_ = robust_scale(views[clean])
        total = self._total(views) + log_odds
        self.limit_ = float(min(np.quantile(total[clean], 1 - self.share), _FAR))
        beyond = (total > self.limit_) & trusted
        self.excess_ = float(np.clip(self.share * trusted.sum() / max(beyond.sum(), 1), 0.0, 0.5))
        return self

    def score(self, features, statistics):
        """Novelty of shape (n,); higher = stranger, about 0 for the clean."""
        return self._total(self._views(features, statistics))

    def _views(self, features, statistics):
        return np.column_stack([self.novelty_.score(features), self.outlier_score.score(statistics)])

    def _total(self, views):
        votes = np.maximum((views - self.centre_) / self.scale_, _LOWEST)
        return (np.minimum(votes, _CERTAIN) + np.log1p(np.maximum(votes - _CERTAIN, 0.0))).sum(axis=1)


def clipped_statistics(statistics):
    """Statistics, each on a robust scale of its own, none so far out that it outvotes the others."""
    centre, scale = robust_scale(statistics)
    return np.clip((statistics - centre) / scale, -_FAR_OUT, _FAR_OUT)
