"""How likely writing was laid over a picture, which is looked at whole."""

import numpy as np
from numpy.typing import NDArray

from toolkit.diagnostics.damage._patches import continued
from toolkit.diagnostics.damage._weights import load_writing

__all__ = ["writing_odds"]

# Pixels of the longer side: small print can be read at the first, and large letters are strokes at the second.
_SIDES = (320, 160)
_LEAST = 48  # pixels a side below which a picture is continued at its edges


def _made_small(image: NDArray, longest: int) -> NDArray:
    """The picture with three channels, and no more pixels than the network needs."""
    from PIL import Image

    if max(image.shape[:2]) > longest:
        factor = longest / max(image.shape[:2])
        size = [max(1, round(side * factor)) for side in image.shape[1::-1]]
        image = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX, reducing_gap=3.0))
    image = continued(image, _LEAST)
    return np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image


def writing_odds(image: NDArray) -> float:
    """The logarithm of how much likelier writing was laid over a picture than not, at the size that says more.

    Parameters
    ----------
    image : ndarray of uint8, of shape (height, width) or (height, width, 3)

    Returns
    -------
    float
    """
    import torch

    from toolkit.nn import limit_threads

    # What is small already is the same at both.
    sides = [side for side in _SIDES if side == _SIDES[0] or side < max(image.shape[:2])]
    views = [np.require(_made_small(image, side), requirements=["C", "W"]) for side in sides]
    with limit_threads(1), torch.inference_mode():
        return max(float(load_writing()(torch.from_numpy(view[None]))[0]) for view in views)
