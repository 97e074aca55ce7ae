"""deblurred: what a blurred photograph still tells is inverted exactly, and what it lost is the network's answer.

How wide the blur is follows from the network's answer: it is the width at which that, blurred again, is what was given.
Then each frequency is the mean of what inverting the blur says and of what the network says, weighted by how much of it
the blur has left: half a step of splitting, with the network as the prior (Zhang et al., 2022, "Plug-and-play image
restoration with deep denoiser prior"), and Wiener's filter where the network is silent. Reflected at its edges, a
picture is blurred by a product in the cosine transform.
"""

import numpy as np
from numpy.typing import NDArray

from toolkit.restoration._photographs import without_fault

__all__ = ["TOLD_AGAIN", "blur_between", "deblurred"]

_WIDTHS = np.geomspace(0.4, 6, 48)  # deviations of the blur that are tried, in pixels
TOLD_AGAIN = 0.25  # of what the network changed, that blurring again may leave for the change to be a blur's inverse
_TRUST = 0.01  # weight of the network's answer where the blur has left all
_OF_NOISE = 0.01  # weight that a squared level of noise adds to it
_TILE, _MARGIN = 1024, 96  # pixels a side that are inverted at once, and around them, which bounds the memory


def _transfer(length: int, width: float) -> NDArray:
    """By how much a Gaussian blur takes each of ``length`` cosines down."""
    reach = int(5 * width + 1)
    axis = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (axis / width) ** 2)
    return (np.cos(np.pi / length * np.outer(np.arange(length), axis)) @ (weights / weights.sum())).astype(np.float32)


def _cosines(image: NDArray) -> NDArray:
    from scipy.fft import dctn

    return dctn(image.reshape(*image.shape[:2], -1).astype(np.float32), axes=(0, 1), norm="ortho")


def blur_between(given: NDArray, found: NDArray) -> tuple[float, float]:
    """The Gaussian blur that leads from one picture to another.

    Parameters
    ----------
    given, found : ndarray of uint8, of shape (height, width) or (height, width, 3)
        Blurred, and not.

    Returns
    -------
    tuple of float
        Deviation of the blur in pixels, and how much of the difference it leaves: root of the squared error between
        ``given`` and ``found`` blurred so, beyond the noise of ``given``, over that between the two as they are;
        infinite where they are equal.
    """
    top, left = (max(0, side - _TILE) // 2 for side in given.shape[:2])
    first, second = (_cosines(image[top : top + _TILE, left : left + _TILE]) for image in (given, found))
    changed = float(np.square(second - first).sum(dtype=np.float64))
    if changed == 0:
        return float(_WIDTHS[0]), np.inf
    # |h s - f|^2 with h an outer product: two quadratic forms and a constant.
    squares, both = (np.einsum("ijk,ijk->ij", second, other, dtype=np.float64) for other in (second, first))
    constant = float(np.square(first).sum(dtype=np.float64))
    errors = []
    for width in _WIDTHS:
        down, across = (_transfer(side, width).astype(np.float64) for side in first.shape[:2])
        errors.append(down**2 @ squares @ across**2 - 2 * (down @ both @ across) + constant)
    best = int(np.argmin(errors))
    left = errors[best] - _noise(first) ** 2 * first.size
    return float(_WIDTHS[best]), float(np.sqrt(max(left, 0.0) / changed))


def _noise(cosines: NDArray) -> float:
    """Deviation of white noise, in levels: of the finest cosines blur has left nothing else."""
    finest = np.abs(cosines[3 * cosines.shape[0] // 4 :, 3 * cosines.shape[1] // 4 :])
    return float(np.median(finest)) / 0.6745


def deblurred(image: NDArray) -> NDArray:
    """A photograph without its Gaussian blur, as far as that can be told.

    Parameters
    ----------
    image : ndarray of uint8, of shape (height, width) or (height, width, 3)

    Returns
    -------
    ndarray of uint8, of the shape of ``image``
        The network's answer alone, where that is not the inverse of a Gaussian blur.
    """
    learned = without_fault(image, "blurred")
    width, left = blur_between(image, learned)
    return learned if left > TOLD_AGAIN else _joined(image, learned, width)


def _joined(image: NDArray, learned: NDArray, width: float, *, tile: int = _TILE) -> NDArray:
    out = np.empty_like(image)
    for top in range(0, image.shape[0], tile):
        for left in range(0, image.shape[1], tile):
            above, before = max(0, top - _MARGIN), max(0, left - _MARGIN)
            part = np.s_[above : top + tile + _MARGIN, before : left + tile + _MARGIN]
            place = out[top : top + tile, left : left + tile]
            answer = _joined_tile(image[part], learned[part], width)[top - above :, left - before :]
            place[:] = answer[: place.shape[0], : place.shape[1]]
    return out


def _joined_tile(image: NDArray, learned: NDArray, width: float) -> NDArray:
    from scipy.fft import idctn

    given, prior = _cosines(image), _cosines(learned)
    kept = np.outer(*(_transfer(side, width) for side in image.shape[:2]))[..., None]
    weight = np.float32(_TRUST + _OF_NOISE * _noise(given) ** 2)
    values = idctn((kept * given + weight * prior) / (kept**2 + weight), axes=(0, 1), norm="ortho")
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8).reshape(image.shape)
