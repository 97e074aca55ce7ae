"""What is measured of each image before samples and data are compared."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit._core.images import iter_chunks
from toolkit._core.pixel_scale import PixelScale
from toolkit.coverage._duplicates import image_digests
from toolkit.coverage._embedding import embed

__all__ = ["ImageMeasures", "measure_images"]

_CHUNK = 4096
_NOTHING = 1e-12  # of the squared norm: less than that is rounding


@dataclass(frozen=True)
class ImageMeasures:
    """Measures of images, a row each.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_components)
        float64 that single precision can hold: equal images have equal features, whichever others come with them.
    remainder : ndarray of shape (n_samples,)
        How far an image is from all that the features can show; zeros where that is not known.
    contrast : ndarray of shape (n_samples,)
        Standard deviation of its pixels.
    digests : ndarray of uint64 of shape (n_samples,)
        Of its pixels.
    """

    features: NDArray[np.float64]
    remainder: NDArray[np.float64]
    contrast: NDArray[np.float64]
    digests: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.features)

    @property
    def whole(self) -> NDArray[np.float64]:
        """Features and, as one more column, the remainder."""
        return np.column_stack([self.features, self.remainder])

    def take(self, rows: NDArray[np.intp]) -> "ImageMeasures":
        """Those of some rows."""
        return ImageMeasures(*(values[rows] for values in vars(self).values()))


def measure_images(model: Any, embedding: Any, stack: NDArray, scale: PixelScale) -> ImageMeasures:
    """Measure images.

    Parameters
    ----------
    model : transformer
        Fitted, see :func:`toolkit.coverage._embedding.fit_embedding`.
    embedding : {"pca", "autoencoder"} or transformer
    stack : ndarray of shape (n_samples, height, width[, 3])
    scale : PixelScale

    Returns
    -------
    ImageMeasures
    """
    features = _rounded(embed(model, embedding, stack, scale))
    remainder, contrast = np.zeros(len(stack)), np.zeros(len(stack))
    for part in iter_chunks(len(stack), _CHUNK):
        rows = scale.to_unit(stack[part]).reshape(len(stack[part]), -1).astype(np.float64)
        contrast[part] = rows.std(axis=1)
        remainder[part] = _off_features(model, embedding, stack[part], rows, scale, features[part])
    return ImageMeasures(features, _rounded(remainder), _rounded(contrast), image_digests(stack, scale))


def _rounded(values):
    return values.astype(np.float32).astype(np.float64)


def _off_features(model, embedding, stack, rows, scale, features):
    """Principal components and codes leave out what real images hardly have: the very noise of bad samples."""
    if isinstance(embedding, str) and embedding == "pca":
        total = np.square(rows - model.mean_).sum(axis=1)
        squared = total - np.square(features).sum(axis=1)
        return np.sqrt(np.where(squared > _NOTHING * total, squared, 0.0))
    if isinstance(embedding, str) and embedding == "autoencoder":
        rebuilt = scale.to_unit(model.reconstruct(stack)).reshape(len(stack), -1)
        return np.linalg.norm(rows - rebuilt, axis=1)
    return np.zeros(len(stack))
