"""ImageEmbedder: images to vectors, by the name of a method or an object of one's own."""

from collections.abc import Callable
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import validate_images
from toolkit._core.names import suggest
from toolkit._core.types import ImageShape, RandomState
from toolkit.embeddings._methods import METHODS

__all__ = ["EMBEDDERS", "ImageEmbedder"]

EMBEDDERS = tuple(METHODS)


@usual_floating_point
class ImageEmbedder(TransformerMixin, BaseEstimator):
    """Turn each image into a vector, for detectors, neighbours and distances.

    Parameters
    ----------
    method : str or object, default="pixels"
        ``"pixels"`` (means of blocks where images are larger than 32 pixels), ``"statistics"`` (of everyday faults),
        ``"autoencoder"`` (the code of one that is trained on the set), or ``"lite0"``: what EfficientNet-Lite0, which
        has learnt from photographs, sees in them; it needs the extra ``toolkit[photos]`` and no network. It says what
        is in a picture, little of how the picture was damaged.
        Or an estimator of one's own with ``fit`` and ``transform``, or a function from a stack of uint8 images to
        rows of numbers.
    image_shape : tuple of int, default=None
        Shape of an image in flat rows; None takes a square, or else one row of pixels.
    random_state : int, RandomState or None, default=None
        Of the autoencoder.

    Attributes
    ----------
    image_shape_ : tuple of int
    pixel_scale_ : PixelScale
        The range of the values, which becomes 0 to 255 but for ``"pixels"`` of one's own object.
    n_features_out_ : int
    n_features_in_ : int

    See Also
    --------
    toolkit.detectors.OutlierDetector : Finds what is unusual among the vectors.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from toolkit.datasets import load_image_folder
    >>> from toolkit.detectors import OutlierDetector
    >>> from toolkit.embeddings import ImageEmbedder
    >>> images = load_image_folder().images[:30]
    >>> pipe = make_pipeline(ImageEmbedder("statistics"), OutlierDetector("iforest", random_state=0)).fit(images)
    >>> pipe.score_samples(images).shape
    (30,)
    """

    _parameter_constraints: ClassVar[dict] = {"random_state": ["random_state"]}

    def __init__(
        self,
        method: "str | Any | Callable[[NDArray], ArrayLike]" = "pixels",
        *,
        image_shape: ImageShape = None,
        random_state: RandomState = None,
    ):
        self.method = method
        self.image_shape = image_shape
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the range of the values, and what the method has to learn.

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
            The method is not known.
        MissingDependencyError
            ``"lite0"`` without the extra ``toolkit[photos]``.
        """
        self._validate_params()
        inner = self._inner()
        stack = self._bytes(validate_images(self, X, reset=True))
        if isinstance(self.method, str):
            state = self.random_state
            inner.fit(stack, int(state) if isinstance(state, Integral) else state)
        elif hasattr(inner, "fit"):
            inner.fit(stack)
        self.embedder_ = inner
        self.n_features_out_ = self._vectors(stack[:1]).shape[1]
        return self

    def _inner(self) -> Any:
        method = self.method
        if isinstance(method, str):
            if method not in METHODS:
                raise ValueError(
                    f"method must be one of {', '.join(METHODS)}, an estimator or a function, got {method!r}."
                    f"{suggest(method, METHODS)}"
                )
            return METHODS[method]()
        if hasattr(method, "transform"):
            return clone(method) if hasattr(method, "get_params") else method
        if not callable(method):
            raise ValueError(
                f"method must be one of {', '.join(METHODS)}, an estimator with transform, or a function, got "
                f"{type(method).__name__}."
            )
        return method

    def _bytes(self, stack: NDArray) -> NDArray:
        if stack.dtype == np.uint8:
            return stack
        unit = np.nan_to_num(np.asarray(self.pixel_scale_.to_unit(stack)))
        return np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)

    def _vectors(self, stack: NDArray) -> NDArray:
        inner = self.embedder_
        found = np.asarray(inner.transform(stack) if hasattr(inner, "transform") else inner(stack), dtype=np.float64)
        if found.ndim != 2 or len(found) != len(stack):
            raise ValueError(
                f"method must give a row of numbers an image, {len(stack)} rows, got an array of shape {found.shape}."
            )
        return found

    def transform(self, X: ArrayLike) -> NDArray:
        """The vectors of the images.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        ndarray of float64, of shape (n_samples, n_features_out_)
        """
        check_is_fitted(self, "embedder_")
        return self._vectors(self._bytes(validate_images(self, X, reset=False)))

    def get_feature_names_out(self, input_features: object = None) -> NDArray:
        """Names of the columns.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        ndarray of str objects
        """
        check_is_fitted(self, "embedder_")
        name = self.method if isinstance(self.method, str) else "embedding"
        return np.array([f"{name}{column}" for column in range(self.n_features_out_)], dtype=object)
