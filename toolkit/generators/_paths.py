"""Paths between two latent vectors."""

import numpy as np

from toolkit._core.names import lookup
from toolkit._core.parameters import check_int

__all__ = ["latent_path"]


def _linear(start, end, share):
    return (1.0 - share) * start + share * end


def _spherical(start, end, share):
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    if min(lengths) == 0.0:
        return _linear(start, end, share)
    cosine = np.clip(start @ end / (lengths[0] * lengths[1]), -1.0, 1.0)
    angle = np.arccos(cosine)
    if np.sin(angle) < 1e-6:  # the same direction, or opposite ones, between which there is no one great circle
        return _linear(start, end, share)
    return (np.sin((1.0 - share) * angle) * start + np.sin(share * angle) * end) / np.sin(angle)


METHODS = {"linear": _linear, "spherical": _spherical}


def latent_path(start, end, n_steps, method="linear"):
    """Vectors from ``start`` to ``end``, both ends included.

    Parameters
    ----------
    start, end : array-like of shape (latent_dim,)
    n_steps : int
        At least 2.
    method : {"linear", "spherical"}, default="linear"
        ``"spherical"`` goes along the great circle: in many dimensions a normal prior puts nearly all its weight at
        one distance from the origin, and a straight line leaves it (White, 2016, "Sampling generative networks").

    Returns
    -------
    ndarray of shape (n_steps, latent_dim)

    Examples
    --------
    >>> latent_path([1.0, 0.0], [0.0, 1.0], 3, "spherical").round(3).tolist()
    [[1.0, 0.0], [0.707, 0.707], [0.0, 1.0]]
    """
    path = lookup(METHODS, method, "method")
    start, end = np.asarray(start, dtype=float), np.asarray(end, dtype=float)
    if start.ndim != 1 or start.shape != end.shape:
        raise ValueError(f"start and end must be two vectors of one length, got shapes {start.shape} and {end.shape}.")
    check_int("n_steps", n_steps, low=2)
    return np.stack([path(start, end, share) for share in np.linspace(0.0, 1.0, n_steps)])
