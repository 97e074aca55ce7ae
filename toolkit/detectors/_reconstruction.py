"""Outlier scores from reconstruction: what a model of the set cannot rebuild does not belong to it."""

import contextlib
from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import iter_chunks, match_layout, validate_images
from toolkit._core.layouts import as_array, plain_stack
from toolkit._core.parameters import check_positive, check_positive_int, check_share, is_int
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.types import Contamination, ImageShape, RandomState
from toolkit.detectors._profile import ErrorProfile, error_profile
from toolkit.detectors._threshold import ScoreThresholdMixin, all_alike, check_contamination

__all__ = ["ReconstructionDetector"]

_CHUNK = 4096
_MIN_BATCHES = 8  # in an epoch, so that a small set is not trained by a single step
_CLIP = 8.0  # standard deviations beyond which a pixel counts no more
_MIN_SD = 0.05  # of the pixel range: pixels that hardly vary do not drown the others
_BURN_IN = 0.25  # share of the epochs before the worst rows are trimmed


@usual_floating_point
class ReconstructionDetector(ScoreThresholdMixin, BaseEstimator):
    """Score images by how well a model of the set rebuilds them.

    By default the model is an autoencoder of our own, trained in memory on the contaminated set; rows that it rebuilds
    worst are trimmed from the loss as training goes on, so that it does not learn the outliers.

    Parameters
    ----------
    estimator : object, optional
        Anything with ``reconstruct``, or with ``transform`` and ``inverse_transform`` such as PCA. It is cloned and
        fitted; a ``FrozenEstimator``, or an object without ``fit``, is used as it is. ``reconstruct`` gets images in
        the layout, dtype and range that came; ``transform`` gets flat rows scaled to 0..1. None trains an autoencoder.
    criterion : {"profile", "error"}, default="profile"
        ``"error"`` is minus the mean squared error. By it faded and blurred images, which hold less to rebuild, come
        out as the most normal. ``"profile"`` judges the error by the image's own contrast and detail, see Notes.
    hidden : tuple of int, default=(64, 32)
        Layers of the autoencoder from the pixels to the code; the decoder mirrors them.
    epochs : int, default=20
    batch_size : int, default=256
        Clipped so that an epoch has at least eight batches.
    learning_rate : float, default=0.01
        At its highest: it rises in the first quarter of the steps and falls to nothing after it.
    trim : float in [0, 0.5], default=0.25
        Share of each batch, the worst rebuilt, that does not count after the first quarter of the epochs.
    max_samples : int, default=50_000
        Rows to learn from at most, drawn at random. All rows are scored.
    image_shape : tuple of int, optional
        Shape of an image in flat rows; None takes a square, or else one row of pixels.
    contamination : "auto" or float in (0, 0.5], default="auto"
        Where to cut, as in :class:`OutlierDetector`.
    random_state : int, RandomState instance or None, default=None
    verbose : bool, default=False

    Attributes
    ----------
    estimator_ : object
        The fitted model; it has ``reconstruct`` or ``transform`` and ``inverse_transform``.
    history_ : list of dict
        One entry per epoch; empty for a given estimator.
    batch_size_ : int
        The batch size used; absent for a given estimator.
    profile_ : ErrorProfile
        What errors are usual.
    offset_ : float
        ``decision_function = score_samples - offset_``.
    training_scores_ : ndarray of shape (n_samples,)
    n_features_in_ : int

    See Also
    --------
    OutlierDetector : ``method="autoencoder"`` is PyOD's.

    Notes
    -----
    The profile of an image is four logarithms: mean squared error, variance of the image, its squared neighbour
    differences, those of the residual. The score is minus the sum of the log robust distance of the profile from the
    bulk (two-sided: an error too small is suspicious as well) and the robust z-value of the error given the variance.
    It compares with the rows of the fit only, so a row's score does not depend on its batch.

    Everything random comes from local generators, and torch runs on one thread; results are repeatable, also with
    several fits at a time.

    References
    ----------
    Hinton and Salakhutdinov (2006), "Reducing the dimensionality of data with neural networks", Science 313.

    Examples
    --------
    >>> from toolkit.corruption import Corruptor
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.detectors import ReconstructionDetector
    >>> X, kinds = Corruptor("salt_and_pepper", fraction=0.1, random_state=0).corrupt(load_digits().images[:300])
    >>> scores = ReconstructionDetector(random_state=0).fit(X).score_samples(X)
    >>> bool(scores[kinds == "clean"].mean() > scores[kinds != "clean"].mean())
    True
    """

    def __init__(
        self,
        estimator: BaseEstimator | None = None,
        *,
        criterion: str = "profile",
        hidden: Sequence[int] = (64, 32),
        epochs: int = 20,
        batch_size: int = 256,
        learning_rate: float = 0.01,
        trim: float = 0.25,
        max_samples: int = 50_000,
        image_shape: ImageShape = None,
        contamination: Contamination = "auto",
        random_state: RandomState = None,
        verbose: bool = False,
    ):
        self.estimator = estimator
        self.criterion = criterion
        self.hidden = hidden
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.trim = trim
        self.max_samples = max_samples
        self.image_shape = image_shape
        self.contamination = contamination
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Fit the model, learn which errors are usual, and find the threshold.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            A parameter out of range, an estimator that cannot reconstruct, or fewer than two rows.
        """
        stack = validate_images(self, X, reset=True)
        self._check_parameters()
        if len(stack) < 2:
            raise ValueError(f"ReconstructionDetector needs at least 2 rows to compare, got n_samples = {len(stack)}.")
        generator = as_generator(self.random_state)
        learned_from = stack
        if len(stack) > self.max_samples:
            learned_from = stack[np.sort(generator.choice(len(stack), size=self.max_samples, replace=False))]
        self.history_: list[dict[str, float]] = []
        if self.estimator is None:
            self._fit_autoencoder(learned_from, generator)
        else:
            self._fit_given(learned_from, X)
        profile = self._profiles(stack, X)
        self.profile_ = ErrorProfile().fit(profile)
        return self._set_training_scores(self._scores(profile), alike=all_alike(stack))

    def score_samples(self, X: ArrayLike) -> NDArray:
        """How normal each image is; higher = more normal.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        stack = validate_images(self, X, reset=False)
        return self._scores(self._profiles(stack, X))

    def reconstruct(self, X: ArrayLike) -> NDArray:
        """The images as the model rebuilds them.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        ndarray
            In the layout, dtype and range of ``X``.
        """
        check_is_fitted(self)
        stack = validate_images(self, X, reset=False)
        parts = []
        for part in iter_chunks(len(stack), _CHUNK):
            unit, residual = self._unit_and_residual(stack[part], X)
            if self.estimator is None:
                residual = residual * self._sd
            parts.append(self.pixel_scale_.from_unit(unit - residual, stack.dtype))
        return match_layout(np.concatenate(parts), X)

    def _check_parameters(self):
        check_contamination(self.contamination)
        if self.criterion not in ("profile", "error"):
            raise ValueError(f"criterion must be 'profile' or 'error', got {self.criterion!r}.")
        for name in ("epochs", "batch_size", "max_samples"):
            check_positive_int(name, getattr(self, name))
        check_share("trim", self.trim, high=0.5)
        check_positive("learning_rate", self.learning_rate)
        hidden = self.hidden
        if not isinstance(hidden, (tuple, list)) or not hidden or not all(is_int(w) and w > 0 for w in hidden):
            raise ValueError(f"hidden must be a non-empty sequence of positive ints, got {hidden!r}.")

    def _fit_autoencoder(self, stack, generator):
        from toolkit.detectors._trimmed_autoencoder import MLPAutoencoder
        from toolkit.nn import fit_loop, limit_threads, torch_generator

        weight_seed, order_seed = spawn_seeds(generator, 2)
        rows = self.pixel_scale_.to_unit(stack).reshape(len(stack), -1)
        self._mean = rows.mean(axis=0)
        self._sd = np.maximum(rows.std(axis=0), np.float32(_MIN_SD))
        self._mean, self._sd = (part.reshape(stack.shape[1:]) for part in (self._mean, self._sd))
        rows -= self._mean.ravel()
        rows /= self._sd.ravel()
        np.clip(rows, -_CLIP, _CLIP, out=rows)
        self.batch_size_ = int(np.clip(len(rows) // _MIN_BATCHES, min(16, len(rows)), self.batch_size))

        def trim(model, entry):
            model.trim = self.trim if entry["epoch"] >= _BURN_IN * self.epochs else 0.0

        with limit_threads(1):
            model = MLPAutoencoder(
                rows.shape[1],
                self.hidden,
                generator=torch_generator(weight_seed),
                total_steps=self.epochs * -(-len(rows) // self.batch_size_),
                learning_rate=self.learning_rate,
            )
            self.history_ = fit_loop(
                model,
                rows,
                batch_size=self.batch_size_,
                epochs=self.epochs,
                generator=as_generator(order_seed),
                hooks=(trim,),
                verbose=self.verbose,
                desc="autoencoder",
            )
            self.estimator_ = model.finish()

    def _fit_given(self, stack, X):
        able = hasattr(self.estimator, "reconstruct") or (
            hasattr(self.estimator, "transform") and hasattr(self.estimator, "inverse_transform")
        )
        if not able or isinstance(self.estimator, type):
            raise ValueError(
                "estimator must have reconstruct, or transform and inverse_transform, "
                f"and be an object, got {self.estimator!r}."
            )
        if not hasattr(self.estimator, "fit") or isinstance(self.estimator, FrozenEstimator):
            self.estimator_ = self.estimator
            return
        self.estimator_ = clone(self.estimator)
        if hasattr(self.estimator_, "reconstruct"):
            self.estimator_.fit(match_layout(stack, X))
        else:
            self.estimator_.fit(self.pixel_scale_.to_unit(stack).reshape(len(stack), -1))

    def _unit_and_residual(self, stack, X):
        """Images in units of the pixel range, and what the reconstruction lacks (for our own model: standardised)."""
        unit = self.pixel_scale_.to_unit(stack)
        if self.estimator is None:
            values = np.clip((unit.astype(np.float64) - self._mean) / self._sd, -_CLIP, _CLIP)
            rebuilt = self.estimator_.reconstruct(values.reshape(len(values), -1))
            return unit, values - rebuilt.reshape(values.shape)
        if hasattr(self.estimator_, "reconstruct"):
            rebuilt = as_array(plain_stack(self.estimator_.reconstruct(match_layout(stack, X))))
            rebuilt = self.pixel_scale_.to_unit(rebuilt)
        else:
            rows = unit.reshape(len(unit), -1)
            rebuilt = np.asarray(self.estimator_.inverse_transform(self.estimator_.transform(rows)))
        if rebuilt.size != unit.size:
            raise ValueError(f"estimator rebuilt images of shape {rebuilt.shape} from images of shape {unit.shape}.")
        return unit, unit - rebuilt.reshape(unit.shape)

    def _profiles(self, stack, X):
        room = contextlib.nullcontext()
        if self.estimator is None:
            from toolkit.nn import limit_threads

            room = limit_threads(1)
        with room:
            parts = [
                error_profile(*self._unit_and_residual(stack[part], X)) for part in iter_chunks(len(stack), _CHUNK)
            ]
        return np.concatenate(parts)

    def _scores(self, profile):
        if self.criterion == "error":
            return -np.exp(profile[:, 0])
        return -self.profile_.score(profile)
