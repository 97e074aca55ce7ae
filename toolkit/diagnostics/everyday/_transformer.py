"""EverydayDiagnostics: the everyday statistics of each image of a stack."""

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import validate_images
from toolkit._core.names import check_names
from toolkit._core.types import ImageShape
from toolkit.diagnostics.everyday._statistics import GROUPS
from toolkit.diagnostics.everyday._views import ImageViews

__all__ = ["EverydayDiagnostics"]

_MEDIANS_OF = 500  # images from which the medians are taken


@usual_floating_point
class EverydayDiagnostics(TransformerMixin, BaseEstimator):
    """Describe each image by what tells everyday faults of photographs, scans and screenshots.

    Row by row: nothing of one image depends on another; what is unusual in a set is judged by
    :func:`toolkit.audit.judge_everyday`. Pictures of many sizes go through :func:`everyday_statistics` one at a time.

    Parameters
    ----------
    groups : str or sequence of str, default=None
        Which groups of statistics: ``"tone"``, ``"colour"``, ``"sharpness"``, ``"noise"``, ``"lines"``, ``"grids"``,
        ``"borders"``, ``"flat"``, ``"layout"``. None computes all.
    missing : {"median", "nan"}, default="median"
        What stands where a statistic says nothing: of sharpness where nothing has contrast, of blocks of 8 x 8 pixels
        in an image of fewer than 16. The median of the images seen in ``fit`` (0 if it said nothing of them, either)
        lets detectors follow in a pipeline.
    image_shape : tuple of int, default=None
        Shape of an image in flat rows; None takes a square, or else one row of pixels.

    Attributes
    ----------
    image_shape_ : tuple of int
    pixel_scale_ : PixelScale
        The range of the values, which becomes 0 to 255.
    statistics_ : ndarray of str of shape (n_statistics,)
        Names of the columns.
    medians_ : ndarray of float64 of shape (n_statistics,)
        Of at most 500 images of the set.
    n_features_in_ : int

    See Also
    --------
    CorruptionDiagnostics : Statistics for small images that are much alike, as digits are.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.diagnostics import EverydayDiagnostics
    >>> images = np.random.default_rng(0).integers(0, 256, (3, 32, 32), dtype=np.uint8)
    >>> images[1] = images[1] // 4
    >>> frame = EverydayDiagnostics("tone").set_output(transform="pandas").fit_transform(images)
    >>> frame["luma_q99"].round(1).tolist()
    [1.0, 0.2, 1.0]
    """

    _parameter_constraints: ClassVar[dict] = {"missing": [StrOptions({"median", "nan"})]}

    def __init__(
        self,
        groups: str | Sequence[str] | None = None,
        *,
        missing: str = "median",
        image_shape: ImageShape = None,
    ):
        self.groups = groups
        self.missing = missing
        self.image_shape = image_shape

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the range of the values, and the medians of the statistics.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        y : ignored

        Returns
        -------
        self
        """
        self._validate_params()
        stack = validate_images(self, X, reset=True)
        chosen = tuple(GROUPS) if self.groups is None else check_names(self.groups, GROUPS, "group")
        self._groups = [name for name in GROUPS if name in chosen]
        self.statistics_ = np.array(list(self._measure(stack[0])), dtype=object)
        rows = np.unique(np.linspace(0, len(stack) - 1, min(len(stack), _MEDIANS_OF)).astype(int))
        self.medians_ = np.zeros(len(self.statistics_))
        if self.missing == "median":
            known = np.ma.masked_invalid(self._measured(stack[rows]))
            self.medians_ = np.ma.median(known, axis=0).filled(0.0)
        return self

    def _measured(self, stack):
        return np.array([list(self._measure(image).values()) for image in stack], dtype=np.float64)

    def _measure(self, image):
        unit = np.nan_to_num(np.asarray(self.pixel_scale_.to_unit(image[None])[0]))
        views = ImageViews(np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8))
        found: dict[str, float] = {}
        for name in self._groups:
            found |= GROUPS[name](views)
        return found

    def transform(self, X: ArrayLike) -> NDArray:
        """Compute the statistics.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        ndarray of float64, of shape (n_samples, n_statistics)
            Or a frame, after ``set_output(transform="pandas")``.
        """
        check_is_fitted(self)
        stack = validate_images(self, X, reset=False)
        found = self._measured(stack)
        return np.where(np.isnan(found), self.medians_, found) if self.missing == "median" else found

    def get_feature_names_out(self, input_features: object = None) -> NDArray:
        """Names of the statistics.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str objects
        """
        check_is_fitted(self)
        return self.statistics_
