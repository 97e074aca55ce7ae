"""What images look like, told without learning anything from them: so data and samples are described alike."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from toolkit._core.appearance import oriented_gradients
from toolkit._core.images import iter_chunks
from toolkit._core.pixel_scale import PixelScale

__all__ = ["describe_looks"]

_VALUES = 256
_SMALLEST_SIDE = 8  # pixels, below which an image has no cells to tell edges by
_CHUNK = 2048


def describe_looks(stack: NDArray, scale: PixelScale) -> NDArray[np.float16]:
    """Where which edges run, in an array of shape (n_samples, n_values).

    Principal components stand for where an image is bright. Letters of one shape in two thicknesses lie far apart by
    them, and two letters near each other; by their edges it is the other way round. Colour and brightness are not seen.
    Of rows of a table, and of images of a few pixels, it is the values themselves.

    Parameters
    ----------
    stack : ndarray of shape (n_samples, height, width[, 3])
    scale : PixelScale

    Notes
    -----
    More than 256 values are projected to as many at random, which changes distances by about four in a hundred [1]_.

    References
    ----------
    .. [1] W. Johnson and J. Lindenstrauss, Extensions of Lipschitz mappings into a Hilbert space, Contemporary
       Mathematics 26, 1984.
    """
    parts = []
    for part in iter_chunks(len(stack), _CHUNK):
        unit = scale.to_unit(stack[part]).astype(np.float32)
        values = oriented_gradients(unit) if min(stack.shape[1:3]) >= _SMALLEST_SIDE else unit.reshape(len(unit), -1)
        if values.shape[1] > _VALUES:
            values = values @ _projection(values.shape[1])
        parts.append(values.astype(np.float16))
    return np.concatenate(parts)


@lru_cache(maxsize=4)
def _projection(n_values):
    matrix = np.random.default_rng(0).normal(size=(n_values, _VALUES)) / np.sqrt(_VALUES)
    return matrix.astype(np.float32)
