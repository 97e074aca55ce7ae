"""CorruptionDiagnostics: from images to named statistics of what may be wrong with them."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import iter_chunks, validate_images
from toolkit._core.names import check_names
from toolkit._core.types import ImageShape
from toolkit.diagnostics._statistics_intensity import colour, intensity
from toolkit.diagnostics._statistics_layout import border, ink, moments
from toolkit.diagnostics._statistics_noise import noise
from toolkit.diagnostics._statistics_orientation import orientation
from toolkit.diagnostics._statistics_sharpness import sharpness
from toolkit.diagnostics._statistics_stripes import stripes
from toolkit.diagnostics._statistics_symmetry import MeanStructure, self_symmetry
from toolkit.diagnostics._statistics_views import Views

__all__ = ["CorruptionDiagnostics"]

# group: function(views) -> {statistic: values}; the group "structure" is learnt in fit.
_GROUPS: dict[str, Any] = {
    "noise": noise,
    "sharpness": sharpness,
    "orientation": orientation,
    "moments": moments,
    "ink": ink,
    "border": border,
    "intensity": intensity,
    "stripes": stripes,
    "symmetry": self_symmetry,
    "colour": colour,
    "structure": None,
}

_STRUCTURE_SAMPLE = 2000  # images from which the mean structure is learnt
_CHUNK_PIXELS = 2**18  # pixels at a time: a megabyte an array


@usual_floating_point
class CorruptionDiagnostics(TransformerMixin, BaseEstimator):
    """Describe each image by named statistics that tell what may be wrong with it.

    A statistic says how noisy, blurred, turned, displaced, striped, faint or inverted an image is, or how much better
    it would fit the rest of the set if it were flipped or turned. All are computed for many images at a time.

    Parameters
    ----------
    statistics : str or sequence of str, default=None
        Names of statistics, or of groups of them: ``"noise"``, ``"sharpness"``, ``"orientation"``, ``"moments"``,
        ``"ink"``, ``"border"``, ``"intensity"``, ``"stripes"``, ``"symmetry"``, ``"colour"`` (of colour images only)
        and ``"structure"``. None computes all.
    image_shape : tuple of int, default=None
        Shape of an image in flat rows; None takes a square, or else one row of pixels.

    Attributes
    ----------
    image_shape_ : tuple of int
    pixel_scale_ : PixelScale
        The range of the values; statistics are in units of it.
    structure_ : MeanStructure or None
        Mean and main directions of (at most 2,000 images of) the set, to which flips and turns are compared.
    statistics_ : ndarray of str of shape (n_statistics,)
        Names of the columns.
    n_features_in_ : int

    See Also
    --------
    toolkit.diagnostics.CorruptionIdentifier : Names what went wrong.

    Notes
    -----
    Images smaller than 4 pixels a side repeat their edge; statistics that need a whole picture (projections, structure)
    see images of more than 32 pixels a side averaged down.

    References
    ----------
    J. Immerkaer, "Fast noise variance estimation", Computer Vision and Image Understanding 64, 1996.

    D. Donoho and I. Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika 81, 1994.

    J. Bigün and G. Granlund, "Optimal orientation detection of linear symmetry", ICCV 1987.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.diagnostics import CorruptionDiagnostics
    >>> images = np.zeros((20, 28, 28))
    >>> images[:, 8:20, 12:16] = 1
    >>> images[0] += np.random.default_rng(0).normal(0, 0.2, (28, 28))
    >>> frame = CorruptionDiagnostics("noise").set_output(transform="pandas").fit_transform(images)
    >>> frame["noise_border"].round(2).head(3).tolist()
    [0.09, 0.0, 0.0]
    """

    def __init__(self, statistics: str | Sequence[str] | None = None, *, image_shape: ImageShape = None):
        self.statistics = statistics
        self.image_shape = image_shape

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the range of the values and the mean structure of the set.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        y : ignored

        Returns
        -------
        self
        """
        stack = validate_images(self, X, reset=True)
        sample = np.unique(np.linspace(0, len(stack) - 1, min(len(stack), _STRUCTURE_SAMPLE)).astype(int))
        unit = self.pixel_scale_.to_unit(stack[sample])
        valid = self._valid_names(unit[:1])
        chosen = tuple(_GROUPS) if self.statistics is None else check_names(self.statistics, valid, "statistic")
        self._columns = {}
        for group, names in valid.items():
            if group in _GROUPS:
                mine = [name for name in names if group in chosen or name in chosen]
                self._columns.update({group: mine} if mine else {})
        self.statistics_ = np.array([name for names in self._columns.values() for name in names], dtype=object)
        self.structure_ = MeanStructure(unit) if "structure" in self._columns else None
        return self

    @staticmethod
    def _valid_names(unit):
        """Every name that may be asked for: a group has a list of its statistics, a statistic has itself."""
        views, structure = Views(unit), MeanStructure(unit)
        groups = {group: list((measure or structure)(views)) for group, measure in _GROUPS.items()}
        groups = {group: names for group, names in groups.items() if names}
        return groups | {name: [name] for names in groups.values() for name in names}

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
        out = np.empty((len(stack), len(self.statistics_)))
        chunk = max(1, _CHUNK_PIXELS // (self.image_shape_[0] * self.image_shape_[1]))
        for part in iter_chunks(len(stack), chunk):
            views = Views(self.pixel_scale_.to_unit(stack[part]))
            column = 0
            for group, names in self._columns.items():
                measure: Any = _GROUPS[group] or self.structure_
                values = measure(views)
                for name in names:
                    out[part, column] = values[name]
                    column += 1
        return out

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
