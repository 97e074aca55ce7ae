"""Views of pictures as vectors: what was given is checked, and brought down to its most important directions."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["FEWEST_TURNED", "checked_views", "reduced"]

FEWEST_TURNED = 60  # images from which a rule can be learnt
_COMPONENTS = 256


def checked_views(views: ArrayLike, n_views: int) -> NDArray[np.float32]:
    """Views of shape (n_samples, n_views, n_features).

    Parameters
    ----------
    views : array-like of shape (n_samples, n_views, n_features) or (n_samples, n_views * n_features)
    n_views : int

    Returns
    -------
    ndarray of float32

    Raises
    ------
    ValueError
        Fewer than 60 images, views of another shape, or values that are not finite.
    """
    values = np.asarray(views, dtype=np.float32)
    if values.ndim == 2 and values.shape[1] % n_views == 0:
        values = values.reshape(len(values), n_views, -1)
    if values.ndim != 3 or values.shape[1] != n_views:
        raise ValueError(f"views must be of shape (n_samples, {n_views}, n_features), got {np.shape(views)}.")
    if len(values) < FEWEST_TURNED:
        raise ValueError(f"views must be of {FEWEST_TURNED} images or more to learn from, got {len(values)}.")
    if not np.isfinite(values).all():
        raise ValueError("views must be finite, got NaN or infinite values.")
    return values


def reduced(values: NDArray) -> NDArray:
    """The most important directions of the features, of all views alike.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_views, n_features)

    Returns
    -------
    ndarray of shape (n_samples, n_views, n_components)
    """
    from sklearn.decomposition import PCA

    flat = values.reshape(-1, values.shape[2]).astype(np.float64)
    spread = flat.std(axis=0)
    flat = (flat - flat.mean(axis=0)) / np.where(spread > 1e-9, spread, 1)
    n_components = min(_COMPONENTS, flat.shape[1], len(flat) // 2)
    if n_components < flat.shape[1]:
        flat = PCA(n_components, svd_solver="randomized", random_state=0).fit_transform(flat)
    return flat.reshape(*values.shape[:2], -1)
