"""DamageDiagnostics: how each image of a stack looks damaged, beside what is usual in the set."""

from numbers import Real
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import validate_images
from toolkit._core.types import ImageShape
from toolkit.diagnostics.damage._scores import DAMAGE_SCORES, told_of

__all__ = ["DamageDiagnostics"]

_MOST = 2000  # images that tell what is usual
_LEAST_SPREAD = 0.25  # of a log ratio: below it, two images are alike


@usual_floating_point
class DamageDiagnostics(TransformerMixin, BaseEstimator):
    """Score how each image looks damaged: noise, blur, compression, and what else happens to photographs.

    A network that has learnt from procedural images looks at patches of the original resolution. What it says is set
    against what it says of the whole set, whose middle and spread are learnt in ``fit``, from the half of the images
    that look least damaged: a set of compressed photographs is not called compressed.

    Parameters
    ----------
    false_alarms : float, default=0.01
        Share of sound images that may exceed ``level_``, each damage.
    image_shape : tuple of int, default=None
        Shape of an image in flat rows; None takes a square, or else one row of pixels.

    Attributes
    ----------
    image_shape_ : tuple of int
    pixel_scale_ : PixelScale
        The range of the values, which becomes 0 to 255.
    location_ : ndarray of float64 of shape (n_damages,)
        Median of each damage's log ratio over the set.
    scale_ : ndarray of float64 of shape (n_damages,)
        Half of what lies between the quantiles of 16 and 84 % of a normal set of its lower half, .25 at least.
    level_ : float
        Score that a normal tail exceeds at the rate of ``false_alarms``.
    n_features_in_ : int

    See Also
    --------
    EverydayDiagnostics : What simple statistics say of the same, and of layout.
    damage_scores : The same of one picture of any size, before it is set against a set.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.datasets import load_image_folder
    >>> from toolkit.diagnostics import DamageDiagnostics
    >>> images = load_image_folder().images[:24].copy()
    >>> images[3] = np.clip(images[3] + np.random.default_rng(0).normal(0, 40, images[3].shape), 0, 255)
    >>> scores = DamageDiagnostics().set_output(transform="pandas").fit_transform(images)
    >>> int(scores["damage_noise"].idxmax())
    3
    """

    _parameter_constraints: ClassVar[dict] = {
        "false_alarms": [Interval(Real, 0, 0.5, closed="neither")],
        "image_shape": [None, "array-like"],
    }

    def __init__(self, *, false_alarms: float = 0.01, image_shape: ImageShape = None):
        self.false_alarms = false_alarms
        self.image_shape = image_shape

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn what is usual in the set.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        y : ignored

        Returns
        -------
        self
        """
        from scipy.stats import norm

        self._validate_params()
        stack = validate_images(self, X, reset=True)
        rows = np.unique(np.linspace(0, len(stack) - 1, min(len(stack), _MOST)).astype(int))
        found = self._evidence(stack[rows])
        self.location_ = np.median(found, axis=0)
        # Damaged images lift the upper half; the lower half of a set is that of its sound ones.
        self.scale_ = np.maximum(self.location_ - np.quantile(found, norm.cdf(-1), axis=0), _LEAST_SPREAD)
        self.level_ = float(norm.isf(self.false_alarms))
        return self

    def _evidence(self, stack: NDArray) -> NDArray:
        out = np.empty((len(stack), len(DAMAGE_SCORES)))
        for row, image in enumerate(stack):
            unit = np.nan_to_num(np.asarray(self.pixel_scale_.to_unit(image[None])[0]))
            out[row] = told_of(np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8))[0]
        return out

    def transform(self, X: ArrayLike) -> NDArray:
        """Scores of the images: how far each damage's evidence is above what is usual, in spreads of the set.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        ndarray of float64, of shape (n_samples, n_damages)
            Or a frame, after ``set_output(transform="pandas")``.
        """
        check_is_fitted(self)
        stack = validate_images(self, X, reset=False)
        return (self._evidence(stack) - self.location_) / self.scale_

    def get_feature_names_out(self, input_features: object = None) -> NDArray:
        """Names of the damages.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str objects
        """
        check_is_fitted(self)
        return np.array([f"damage_{name}" for name in DAMAGE_SCORES], dtype=object)
