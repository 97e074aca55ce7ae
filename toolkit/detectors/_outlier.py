"""One adapter for every outlier detector: PyOD's by name, or any object, with scikit-learn's orientation."""

import logging
import numbers
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import iter_chunks, validate_images
from toolkit._core.parameters import is_int
from toolkit._core.random import as_generator
from toolkit._core.types import Contamination, ImageShape, RandomState
from toolkit.detectors._model import identify_method, make_model
from toolkit.detectors._quiet import quiet
from toolkit.detectors._repeats import distinct_rows, most_normal, neighbourhood
from toolkit.detectors._scoring import StoredScores, after_fit, before_fit, fit_model, training_scores
from toolkit.detectors._sealed import sealed
from toolkit.detectors._threshold import ScoreThresholdMixin, all_alike, check_contamination
from toolkit.detectors._values import RowScale

__all__ = ["OutlierDetector"]

_CHUNK = 8192
_logger = logging.getLogger(__name__)


@usual_floating_point
class OutlierDetector(ScoreThresholdMixin, BaseEstimator):
    """Any outlier detector behind scikit-learn's interface: higher scores are more normal, +1 inlier, -1 outlier.

    It holds a PyOD model (or another outlier estimator) and settles what differs between them: orientation, names of
    parameters that a swap leaves stale, thresholds, neighbourhoods and batches larger than the data, global random
    state, printing, and scores that depend on the batch a row is in.

    Parameters
    ----------
    method : str or estimator, default="iforest"
        A name from :func:`available_detectors`, or a PyOD or scikit-learn outlier estimator. An object is copied,
        never changed.
    params : dict, optional
        Parameters of the method, plain (``{"n_neighbors": 10}``) or keyed by method (``{"lof": {"n_neighbors": 10},
        "iforest": {"n_estimators": 50}}``), so that a swap by name leaves nothing stale.
    contamination : "auto" or float in (0, 0.5], default="auto"
        Where to cut. A number is the share of training rows to call outliers. ``"auto"`` calls a row an outlier if its
        score is more than 2.24 robust standard deviations (1.4826 MAD) below the median of the training scores. A row
        that ties with the threshold is an inlier: where scores tie there, fewer are flagged, which is warned of.
    reference_size : "auto", int or None, default="auto"
        How many rows, drawn at random, the model is fitted on at most. All rows are scored against them, so that cost
        stays linear in ``n_samples``. ``"auto"`` takes the limit of :func:`available_detectors` (10,000 for nearest
        neighbours), None takes all rows.
    image_shape : tuple of int, optional
        Shape of an image in flat rows that are no squares: it says that they are images, see Notes.
    random_state : int, RandomState instance or None, default=None
        An int is handed to the PyOD model as it is.

    Attributes
    ----------
    detector_ : estimator
        The fitted model.
    method_ : str
        Name of the method, or class of the given object.
    params_ : dict
        Parameters the model was built with, after clipping to the data; empty for a given object.
    offset_ : float
        ``decision_function = score_samples - offset_``.
    training_scores_ : ndarray of shape (n_samples,)
        ``score_samples`` of the rows of the fit.
    n_reference_ : int
        Rows the model was fitted on.
    n_duplicates_ : int
        Rows that repeat another one, and were left out of the fit where the method cannot bear them (see Notes).
    n_features_in_ : int
        Pixels or features in a row.

    See Also
    --------
    available_detectors : The names.
    planted_auc_scorer : Choose between methods without labels.
    CorruptionDetector : The best score the toolkit can give for images.

    Notes
    -----
    Images may come as stacks or flat rows, and in any dtype: they are taken in units of their range (uint8: of 255), so
    that the same pictures get the same scores. Flat rows are images if they are uint8, as long as a square of 8 x 8
    pixels or more, or ``image_shape`` is given; other rows are a table, whose values are taken as they are. For images,
    raw pixels are weak features: a pipeline of ``CorruptionDiagnostics``, ``RobustScaler`` and this detector is much
    better. Rows that a neighbour method was fitted on keep the score they had in the fit, where they are left out of
    their own neighbours. A score that a model cannot compute (NaN) becomes the training median.

    Duplicates make the density among the nearest neighbours boundless, and what lies beside them the worst of outliers.
    Methods that compare such densities (``lof``, ``abod``, ``hdbscan`` and ensembles of them) are therefore fitted on
    distinct rows; a row with more copies than the method asks neighbours for is as normal as the most normal one.

    Models on torch seed and draw from global generators. They run one at a time with the global state put back.

    References
    ----------
    Breunig, Kriegel, Ng and Sander (2000), "LOF: Identifying density-based local outliers", SIGMOD (duplicates: the
    remark on Definition 6).
    Zhao, Nasrullah and Li (2019), "PyOD: A Python toolbox for scalable outlier detection", JMLR 20(96).

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.detectors import OutlierDetector
    >>> X = np.r_[np.random.RandomState(0).randn(100, 2), [[9.0, 9.0]]]
    >>> detector = OutlierDetector("knn").fit(X)
    >>> int(detector.score_samples(X).argmin()), int(detector.predict(X)[100])
    (100, -1)
    >>> detector.set_params(method="iforest", random_state=0).fit(X).set_threshold(contamination=0.01).predict(X)[100]
    np.int64(-1)
    """

    def __init__(
        self,
        method: str | BaseEstimator = "iforest",
        *,
        params: dict[str, Any] | None = None,
        contamination: Contamination = "auto",
        reference_size: int | Literal["auto"] | None = "auto",
        image_shape: ImageShape = None,
        random_state: RandomState = None,
    ):
        self.method = method
        self.params = params
        self.contamination = contamination
        self.reference_size = reference_size
        self.image_shape = image_shape
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Fit the model and find the threshold.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, height, width[, 3])
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            An unknown method or parameter, a contamination out of range, or fewer than two rows.
        MissingDependencyError
            The method needs a package that is not installed.
        """
        stack = validate_images(self, X, reset=True)
        check_contamination(self.contamination)
        if len(stack) < 2:
            raise ValueError(f"OutlierDetector needs at least 2 rows to compare, got n_samples = {len(stack)}.")
        name, row = identify_method(self.method)
        self._seed = _as_seed(self.random_state)
        self._deep = row.deep
        self._rows = RowScale.learn(stack, X, image_shape=self.image_shape, pixel_scale=self.pixel_scale_)
        reference = self._draw_reference(stack, row)
        with self._room():
            self._fit_model(name, row, reference)
            raw = self._raw_scores(stack)
        self.method_, self._lowest_score = name, row.lowest
        self._fallback = float(np.median(raw[np.isfinite(raw)])) if np.isfinite(raw).any() else 0.0
        return self._set_training_scores(-self._finite(raw), alike=all_alike(stack))

    def score_samples(self, X: ArrayLike) -> NDArray:
        """How normal each row is: the model's outlier score with its sign turned.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, height, width[, 3])

        Returns
        -------
        ndarray of shape (n_samples,)
            Higher = more normal; always finite.
        """
        check_is_fitted(self)
        X = validate_images(self, X, reset=False)
        return -self._finite(self._raw_scores(X))

    def _fit_model(self, name, row, reference):
        """Fit the model, on distinct rows where it needs them, and keep the scores that rows are to be found by."""

        def build(n_samples):
            return make_model(
                self.method, self.params, n_samples=n_samples, n_features=self.n_features_in_, seed=self._seed
            )

        model, self.params_ = build(len(reference))
        rows, frequent = reference, np.zeros(len(reference), dtype=bool)
        if row.distinct != "never":
            n_neighbours = neighbourhood(model)
            rows, counts = distinct_rows(reference, more_than=n_neighbours if row.distinct == "enough" else 1)
            frequent = counts > max(1, n_neighbours)
        if len(rows) < len(reference):
            _logger.info("%s: %d of %d rows repeat others", name, len(reference) - len(rows), len(reference))
            model, self.params_ = build(len(rows))
        self.detector_ = fit_model(name, before_fit(name, model), rows)
        self._scorer = after_fit(name, self.detector_, seed=self._seed, deep=row.deep)
        self.n_reference_, self.n_duplicates_ = len(rows), len(reference) - len(rows)
        self._stored = None
        if row.training == "stored" or frequent.any():
            scores = training_scores(self.detector_) if row.training == "stored" else self._scorer(rows)
            scores[frequent] = most_normal(scores)
            kept = frequent | (row.training == "stored")
            self._stored = StoredScores(rows[kept], scores[kept])

    def _draw_reference(self, X, row):
        """The rows to fit on: all of them, or a random sample in the order of X."""
        size = self.reference_size
        if isinstance(size, str) and size == "auto":
            size = row.max_rows
        elif size is None:
            size = len(X)
        elif not is_int(size) or size < 2:
            raise ValueError(f"reference_size must be 'auto', None or an int of at least 2, got {size!r}.")
        if size >= len(X):
            return self._rows(X)
        return self._rows(X[np.sort(as_generator(self._seed).choice(len(X), size=size, replace=False))])

    def _room(self):
        return sealed(self._seed) if self._deep else quiet()

    def _raw_scores(self, X):
        """Outlier scores (higher = more of an outlier) of a stack, a chunk at a time; may hold NaN."""
        parts = []
        with self._room():
            for part in iter_chunks(len(X), _CHUNK):
                rows = self._rows(X[part])
                if self._stored is None:
                    parts.append(self._scorer(rows))
                    continue
                found = self._stored.find(rows)
                new = np.isnan(found)
                if new.any():
                    found[new] = self._scorer(rows[new])
                parts.append(found)
        return np.concatenate(parts)

    def _finite(self, raw):
        limit = np.finfo(np.float32).max
        return np.nan_to_num(raw, nan=self._fallback, posinf=limit, neginf=-limit)


def _as_seed(random_state):
    """An int seed; an int stays what it is, so that the model gets the seed the user named."""
    if isinstance(random_state, numbers.Integral) and not isinstance(random_state, bool):
        return int(random_state)
    return int(as_generator(random_state).integers(2**31 - 1))
