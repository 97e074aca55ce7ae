"""block_grid: where the blocks of JPEG begin in a picture that may have been cut since."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["block_grid"]

_BLOCK = 8  # pixels a side of a block
_MOST_STEP = 24.0  # levels of a step that count: edges of things are larger, and lie anywhere
_STANDS_OUT = 1.15  # how far the steps between blocks have to be beyond those at the second best place


def block_grid(image: NDArray) -> tuple[float, float]:
    """First row and first column at which a block begins, from 0 to 7; NaN where no grid is seen.

    The step between neighbours is compared with the steps beside it: a surface that rises evenly has none, and blocks
    that were rounded each by itself have one along their borders.

    Parameters
    ----------
    image : ndarray of uint8, of shape (height, width) or (height, width, 3)

    Returns
    -------
    tuple of float

    Examples
    --------
    >>> import io
    >>> from PIL import Image
    >>> from skimage import data
    >>> file = io.BytesIO()
    >>> Image.fromarray(data.coffee()[:200, :200]).save(file, "JPEG", quality=10)
    >>> block_grid(np.asarray(Image.open(file))[3:, 6:])
    (5.0, 2.0)
    """
    grey = image.astype(np.float32) if image.ndim == 2 else image.astype(np.float32).mean(axis=2)
    return _first(grey), _first(grey.T)


def _first(grey: NDArray) -> float:
    if min(grey.shape) < 3 * _BLOCK:
        return np.nan
    steps = np.diff(grey, axis=0)  # step i lies between the rows i and i + 1
    beyond = np.abs(steps[1:-1] - 0.5 * (steps[:-2] + steps[2:]))
    each = np.minimum(beyond, _MOST_STEP).mean(axis=1)  # of the steps 1 to height - 3
    places = (np.arange(len(each)) + 2) % _BLOCK  # the row after the step
    means = np.array([each[places == place].mean() for place in range(_BLOCK)])
    best = int(np.argmax(means))
    second = float(np.max(np.delete(means, best)))
    return float(best) if means[best] > _STANDS_OUT * second + 1e-6 else np.nan
