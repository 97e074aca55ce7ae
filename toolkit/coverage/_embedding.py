"""Features that need no labels: principal components, the code of an autoencoder, or what any transformer gives."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from toolkit._core.images import iter_chunks
from toolkit._core.pixel_scale import PixelScale

__all__ = ["embed", "fit_embedding"]

_CHUNK = 4096
_ROWS_PER_COMPONENT, _FEWEST = 10, 3


def fit_embedding(embedding: Any, stack: NDArray, scale: PixelScale, n_components: int, seed: int) -> Any:
    """Fit what turns images into features.

    Parameters
    ----------
    embedding : {"pca", "autoencoder"} or transformer
        A transformer is cloned and fitted to flat rows within 0 to 1, unless it is a ``FrozenEstimator`` or has no
        ``fit``.
    stack : ndarray of shape (n_samples, height, width[, 3])
    scale : PixelScale
    n_components : int
        Not more than pixels or a tenth of the rows (but three).
    seed : int

    Returns
    -------
    transformer
        Fitted.
    """
    if isinstance(embedding, str) and embedding == "autoencoder":
        from toolkit.generators import Autoencoder

        n_latent = min(n_components, int(np.prod(stack.shape[1:])))
        return Autoencoder(latent_dim=n_latent, n_components=1, random_state=seed).fit(stack)
    rows = scale.to_unit(stack).reshape(len(stack), -1)
    if isinstance(embedding, str) and embedding == "pca":
        from sklearn.decomposition import PCA

        # More would learn the rows by heart: fresh ones would then lie off what the components show.
        most = min(max(_FEWEST, len(rows) // _ROWS_PER_COMPONENT), *rows.shape)
        model = PCA(min(n_components, most), random_state=seed)
        # Constant data has no variance to explain: shares of it are 0 / 0, and its components all 0.
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            return model.fit(rows)
    if isinstance(embedding, (str, type)) or not hasattr(embedding, "transform"):
        raise ValueError(f"embedding must be 'pca', 'autoencoder' or an object with transform, got {embedding!r}.")
    if isinstance(embedding, FrozenEstimator) or not hasattr(embedding, "fit"):
        return embedding
    model = clone(embedding)
    if "random_state" in model.get_params() and model.get_params()["random_state"] is None:
        model.set_params(random_state=seed)
    return model.fit(rows)


def embed(model: Any, embedding: Any, stack: NDArray, scale: PixelScale) -> NDArray[np.float64]:
    """Features of images, as float64 of shape (n_samples, n_components)."""
    parts = []
    for part in iter_chunks(len(stack), _CHUNK):
        if isinstance(embedding, str) and embedding == "autoencoder":
            found = model.transform(stack[part])
        else:
            # Double precision: the features of a row must not depend on which rows come with it.
            rows = scale.to_unit(stack[part]).reshape(len(stack[part]), -1).astype(np.float64)
            found = np.asarray(model.transform(rows))
        if found.ndim != 2 or len(found) != len(stack[part]):
            raise ValueError(
                f"embedding must turn {len(stack[part])} rows into as many rows of features, got shape {found.shape}."
            )
        parts.append(found.astype(np.float64))
    features = np.concatenate(parts)
    if not np.isfinite(features).all():
        raise ValueError("embedding gave features that are not finite.")
    return features
