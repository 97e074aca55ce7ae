"""The best label-free score of the toolkit: identifier, image statistics and reconstruction error, combined."""

import warnings
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.metrics import roc_auc_score
from sklearn.utils.validation import check_is_fitted

from toolkit._core.estimators import is_fitted, seeded_clone
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import iter_chunks, validate_images
from toolkit._core.layouts import as_array, plain_stack
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.robust import RobustDistance, robust_scale
from toolkit._core.types import Contamination, ImageShape, RandomState
from toolkit.corruption import Corruptor
from toolkit.detectors._threshold import ScoreThresholdMixin, all_alike, check_contamination

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.diagnostics import Assessment

__all__ = ["CorruptionDetector"]

_NAMES = ("identifier", "statistics", "reconstruction")
# The statistics are not trained on planted corruptions, so they are not overrated on them: a lower bound of their
# weight.
_LEAST_STATISTICS = 0.5
_MAX_PLANTED = 1000  # images corrupted and left alone, together, to find the weights
# Robust standard deviations: a component saturates beyond these, so that none dominates the sum.
_LOWEST, _CERTAIN = -3.0, 3.0
_CHUNK = 4096
_MAX_ROWS = 50_000  # for the scatter of the statistics: more rows make it no better
_BULK = 0.75  # share of all rows that a first scatter rests on, before any row is selected as clean
_KEPT = 0.95  # share of the rows selected as clean that the second rests on: some of them may be corrupted


@usual_floating_point
class CorruptionDetector(ScoreThresholdMixin, BaseEstimator):
    """Score images by how likely something was done to them, with everything the toolkit knows and without labels.

    Three components are added up. The identifier detects the corruptions it was trained on and what is far from the
    rows that it predicts to be clean; the statistics measure noise, blur, contrast, position and symmetry of whatever
    kind, by their robust distance from the bulk; the reconstruction error is high for what the set cannot rebuild. Each
    is strong where another is weak: the statistics help most with kinds that were never planted.

    Parameters
    ----------
    identifier : estimator, optional
        With ``fit`` and ``score_samples``, such as :class:`~toolkit.diagnostics.CorruptionIdentifier`, which is the
        default. One that is fitted already is used as it is, so that an audit trains once; another is cloned.
    reconstruction : estimator, optional
        A detector with ``fit`` and ``score_samples``; :class:`ReconstructionDetector` by default. It is cloned.
    weights : dict, optional
        Weight of each of ``"identifier"``, ``"statistics"`` and ``"reconstruction"``; what is not named is not
        computed, except that the identifier also says which rows to trust. None finds the weights by planting
        corruptions in the set, see Notes.
    image_shape : tuple of int, optional
        Shape of an image in flat rows; None takes a square, or else one row of pixels.
    contamination : "auto" or float in (0, 0.5], default="auto"
        Where to cut. ``"auto"`` calls as many of the training rows outliers as the identifier finds corrupted, its
        ``prevalence_`` (at most half); without one, the rule is that of :class:`OutlierDetector`.
    random_state : int, RandomState instance or None, default=None
        Also that of a given identifier and reconstruction which have none.
    verbose : bool, default=False
        Show the progress of training.

    Attributes
    ----------
    identifier_ : estimator
    reconstruction_ : estimator
        Absent where its weight is zero.
    diagnostics_ : CorruptionDiagnostics
        Only where the statistics count and the identifier measures none on its way.
    weights_ : dict of str to float
    planted_auroc_ : dict of str to float
        How well each component detects planted corruptions; empty if ``weights`` were given.
    centre_, scale_ : ndarray of shape (n_components,)
        Of each component among the rows found clean.
    offset_ : float
        ``decision_function = score_samples - offset_``.
    training_scores_ : ndarray of shape (n_samples,)
        ``score_samples`` of the rows of the fit.
    n_features_in_ : int

    See Also
    --------
    toolkit.diagnostics.CorruptionIdentifier : Says what was done, not only whether.
    OutlierDetector : Any outlier detector, on features or pixels.

    Notes
    -----
    A component counts in robust standard deviations of the rows found clean, from -3 to 3, and grows only
    logarithmically beyond. The rows found clean are the share ``1 - prevalence_`` (at least half) that identifier and
    statistics together find the most normal.

    Weights come from corruptions planted in up to 1,000 of the rows found clean. With ``e`` for one minus a component's
    AUROC there, it has the weight ``(e_best / e) ** 2``, so one that is twice as often wrong counts a quarter; the
    statistics, which are not trained on planted corruptions, never less than 0.5. An identifier trained on a small set
    has a low AUROC and thus a low weight.

    The clean images must be the majority.

    References
    ----------
    Rousseeuw and Van Driessen (1999), "A fast algorithm for the minimum covariance determinant estimator".
    Golan and El-Yaniv (2018), "Deep anomaly detection using geometric transformations".

    Examples
    --------
    >>> from toolkit.corruption import Corruptor
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.detectors import CorruptionDetector
    >>> X, kinds = Corruptor(["invert", "stripe"], fraction=0.2, random_state=0).corrupt(load_digits().images[:200])
    >>> scores = CorruptionDetector(random_state=0).fit(X).score_samples(X)
    >>> bool(scores[kinds == "clean"].mean() > scores[kinds != "clean"].mean())
    True
    """

    def __init__(
        self,
        identifier: BaseEstimator | None = None,
        *,
        reconstruction: BaseEstimator | None = None,
        weights: dict[str, float] | None = None,
        image_shape: ImageShape = None,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
        verbose: bool = False,
    ):
        self.identifier = identifier
        self.reconstruction = reconstruction
        self.weights = weights
        self.image_shape = image_shape
        self.contamination = contamination
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: object = None, *, assessment: "Assessment | None" = None) -> Self:
        """Train what is not trained yet, and learn the spread of each component among the clean rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        y : ignored
        assessment : Assessment, default=None
            What ``assess(X)`` of the fitted identifier returned, if it is known already.

        Returns
        -------
        self
        """
        stack = validate_images(self, X, reset=True)
        check_contamination(self.contamination)
        names = self._check_weights()
        if len(stack) < 2:
            raise ValueError(f"CorruptionDetector needs at least 2 images, got n_samples = {len(stack)}.")
        X = np.asanyarray(plain_stack(as_array(X)))
        identifier_seed, reconstruction_seed, sample_seed, planting_seed = spawn_seeds(self.random_state, 4)
        self.__dict__.pop("diagnostics_", None)
        self.identifier_ = self._fit_identifier(X, identifier_seed)
        scores, statistics = self._identifier_scores(X, assessment)
        components = {"identifier": -scores}
        trusted = self._most_normal(components["identifier"])
        if "statistics" in names:
            statistics = self._fit_diagnostics(X) if statistics is None else statistics
            components["statistics"], trusted = self._fit_statistics(statistics, -scores, as_generator(sample_seed))
        if "reconstruction" in names:
            self.reconstruction_ = self._fit_reconstruction(X, reconstruction_seed)
            components["reconstruction"] = -self.reconstruction_.score_samples(X)
        components = np.column_stack([components[name] for name in names])
        self.centre_, self.scale_ = robust_scale(components[trusted])
        self.weights_: dict[str, float] = dict.fromkeys(names, 1.0)
        self.planted_auroc_: dict[str, float] = {}
        if self.weights is None:
            self._learn_weights(X, trusted, as_generator(planting_seed))
        else:
            self.weights_ = {name: float(self.weights[name]) for name in names}
        return self._set_training_scores(self._combine(components), alike=all_alike(stack))

    def score_samples(self, X: ArrayLike, *, assessment: "Assessment | None" = None) -> NDArray:
        """How normal each image is; higher = more normal.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        assessment : Assessment, default=None
            What ``assess(X)`` of the identifier returned, if it is known already.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self._combine(self._components(X, assessment))

    def components(self, X: ArrayLike) -> "pd.DataFrame":
        """The components of each image's score, to see where it comes from.

        Returns
        -------
        DataFrame of n_samples rows
            One column per component, in robust standard deviations of the clean rows; higher = more anomalous.
        """
        import pandas as pd

        return pd.DataFrame((self._components(X) - self.centre_) / self.scale_, columns=list(self.weights_))

    def opinions(self, X: ArrayLike) -> "pd.DataFrame":
        """Deprecated name of :meth:`components`."""
        warnings.warn(
            "CorruptionDetector.opinions was renamed to components, and will be removed.", FutureWarning, stacklevel=3
        )
        return self.components(X)

    def _check_weights(self):
        """Names of the components to compute."""
        if self.weights is None:
            return _NAMES
        if not isinstance(self.weights, dict) or not self.weights or not set(self.weights) <= set(_NAMES):
            raise ValueError(f"weights must be a dict with keys among {', '.join(_NAMES)}, got {self.weights!r}.")
        if not all(0 < weight < np.inf for weight in self.weights.values()):
            raise ValueError(f"weights must be positive and finite, got {self.weights!r}.")
        return tuple(name for name in _NAMES if name in self.weights)

    def _learn_weights(self, X, trusted, generator):
        """Plant corruptions in rows found clean, and weigh each component by how well it detects them."""
        index = np.flatnonzero(trusted)
        index = np.sort(generator.choice(index, size=min(_MAX_PLANTED, len(index)), replace=False))
        corruptor = Corruptor(fraction=0.5, random_state=generator, image_shape=self.image_shape)
        planted, kinds = corruptor.corrupt(X[index])
        clean = kinds == "clean"
        if clean.all() or not clean.any():
            return
        components = self._components(planted)
        auroc = {name: roc_auc_score(~clean, component) for name, component in zip(self.weights_, components.T)}
        # An AUROC is bounded by what the sample can show from above, and by chance from below.
        wrong = {name: 1.0 - np.clip(value, 0.5, 1.0 - 1.0 / len(index)) for name, value in auroc.items()}
        best = min(wrong.values())
        self.weights_ = {name: float((best / value) ** 2) for name, value in wrong.items()}
        self.weights_["statistics"] = max(self.weights_["statistics"], _LEAST_STATISTICS)
        self.planted_auroc_ = {name: float(value) for name, value in auroc.items()}

    def _fit_identifier(self, X, seed):
        if self.identifier is None:
            from toolkit.diagnostics import CorruptionIdentifier

            return CorruptionIdentifier(image_shape=self.image_shape, random_state=seed, verbose=self.verbose).fit(X)
        if not hasattr(self.identifier, "score_samples"):
            raise ValueError(f"identifier must have fit and score_samples, got {self.identifier!r}.")
        return self.identifier if is_fitted(self.identifier) else seeded_clone(self.identifier, seed).fit(X)

    def _clean_share(self):
        return np.clip(1.0 - getattr(self.identifier_, "prevalence_", 0.25), 0.5, 1.0)

    def _most_normal(self, anomaly):
        """The least anomalous rows: as many as the identifier estimates to be clean, at least half."""
        return anomaly <= np.quantile(anomaly, self._clean_share())

    def _identifier_scores(self, X, assessment=None):
        """Its scores, and the statistics that it measures on the way; None where it measures none."""
        if assessment is None and not hasattr(self.identifier_, "assess"):
            return np.asarray(self.identifier_.score_samples(X), dtype=np.float64), None
        assessment = self.identifier_.assess(X) if assessment is None else assessment
        if len(assessment) != len(X):
            raise ValueError(f"assessment must be of the {len(X)} images of X, got one of {len(assessment)}.")
        return np.asarray(assessment.scores, dtype=np.float64), assessment.statistics

    def _fit_diagnostics(self, X):
        """Statistics of X, by diagnostics of its own: the identifier measures none."""
        from toolkit.diagnostics import CorruptionDiagnostics

        self.diagnostics_ = CorruptionDiagnostics(image_shape=self.image_shape).fit(X)
        return np.asarray(self.diagnostics_.transform(X), dtype=np.float64)

    def _fit_statistics(self, statistics, anomaly, generator):
        """Fit the distance of the statistics; returns it for each row, and which rows both components find clean.

        A first distance rests on the bulk of all rows, and together with the identifier's score selects the clean rows;
        the second rests on those. So neither component alone decides, and a poor identifier on a small set does less
        harm.
        """
        index = np.arange(len(statistics))
        if len(index) > _MAX_ROWS:
            index = np.sort(generator.choice(index, size=_MAX_ROWS, replace=False))
        both = np.column_stack([anomaly, RobustDistance(_BULK).fit(statistics[index]).log_score(statistics)])
        centre, scale = robust_scale(both)
        trusted = self._most_normal(np.clip((both - centre) / scale, -_CERTAIN, _CERTAIN).sum(axis=1))
        self._distance = RobustDistance(_KEPT).fit(statistics[index[trusted[index]]])
        return self._distance.log_score(statistics), trusted

    def _automatic_offset(self):
        prevalence = getattr(self.identifier_, "prevalence_", None)
        if prevalence is None:
            return super()._automatic_offset()
        return float(np.quantile(self.training_scores_, np.clip(prevalence, 0.0, 0.5)))

    def _fit_reconstruction(self, X, seed):
        if self.reconstruction is not None:
            return seeded_clone(self.reconstruction, seed).fit(X)
        from toolkit.detectors._reconstruction import ReconstructionDetector

        return ReconstructionDetector(image_shape=self.image_shape, random_state=seed, verbose=self.verbose).fit(X)

    def _components(self, X, assessment=None):
        """Raw components (n_samples, n_components), a chunk of images at a time; higher = more anomalous."""
        check_is_fitted(self)
        validate_images(self, X, reset=False)
        X = np.asanyarray(plain_stack(as_array(X)))
        parts = []
        for part in iter_chunks(len(X), _CHUNK):
            columns, scores, statistics = [], None, None
            if "identifier" in self.weights_ or ("statistics" in self.weights_ and not hasattr(self, "diagnostics_")):
                own = None if assessment is None else assessment.take(part)
                scores, statistics = self._identifier_scores(X[part], own)
            if "identifier" in self.weights_:
                columns.append(-scores)
            if "statistics" in self.weights_:
                if hasattr(self, "diagnostics_"):
                    statistics = np.asarray(self.diagnostics_.transform(X[part]), dtype=np.float64)
                columns.append(self._distance.log_score(statistics))
            if "reconstruction" in self.weights_:
                columns.append(-self.reconstruction_.score_samples(X[part]))
            parts.append(np.column_stack(columns))
        return np.concatenate(parts)

    def _combine(self, components):
        bounded = np.maximum((components - self.centre_) / self.scale_, _LOWEST)
        bounded = np.minimum(bounded, _CERTAIN) + np.log1p(np.maximum(bounded - _CERTAIN, 0.0))
        return -(bounded @ np.array(list(self.weights_.values())))
