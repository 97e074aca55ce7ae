"""How near a restored image is to its clean copy: PSNR and SSIM of each image of a stack."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import as_stack, iter_chunks
from toolkit._core.parameters import check_positive

__all__ = ["psnr", "ssim"]

_CHUNK = 2048  # images in double precision at a time
_WINDOW = 7
_K1, _K2 = 0.01, 0.03


def _pair(images, reference, data_range):
    """Both as stacks, and the range of their values."""
    images, reference = as_stack(images, name="images"), as_stack(reference, name="reference")
    if images.shape != reference.shape:
        raise ValueError(f"images and reference must have one shape, got {images.shape} and {reference.shape}.")
    if data_range is None:
        if images.dtype != np.uint8 or reference.dtype != np.uint8:
            raise ValueError(
                "data_range is needed for images that are not uint8: the difference between the largest and the "
                f"smallest value possible; got dtypes {images.dtype} and {reference.dtype}."
            )
        data_range = 255.0
    check_positive("data_range", data_range)
    return images, reference, float(data_range)


@usual_floating_point
def psnr(images: ArrayLike, reference: ArrayLike, data_range: float | None = None, *, cap: float = 60.0) -> NDArray:
    """Peak signal-to-noise ratio of each image.

    Parameters
    ----------
    images, reference : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
    data_range : float, default=None
        Largest minus smallest possible value. None is 255, for uint8 only.
    cap : float, default=60.0
        Limit in dB. An exact copy has infinite PSNR, which no median or mean survives.

    Returns
    -------
    ndarray of shape (n_samples,)
        In dB, at most ``cap``.

    See Also
    --------
    ssim : Nearness as the eye sees it.

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.zeros((2, 8, 8), dtype=np.uint8)
    >>> images = reference.copy(); images[1] += 51
    >>> psnr(images, reference).round(2).tolist()
    [60.0, 13.98]
    """
    images, reference, data_range = _pair(images, reference, data_range)
    out = np.empty(len(images))
    for part in iter_chunks(len(images), _CHUNK):
        difference = (images[part].astype(np.float64) - reference[part]) / data_range
        error = np.mean(difference.reshape(len(difference), -1) ** 2, axis=1)
        out[part] = -10 * np.log10(np.maximum(error, 10 ** (-cap / 10)))
    return out


@usual_floating_point
def ssim(images: ArrayLike, reference: ArrayLike, data_range: float | None = None) -> NDArray:
    """Mean structural similarity of each image.

    The variant is that of ``skimage.metrics.structural_similarity`` at its defaults: a uniform window of 7 x 7 pixels
    (the largest odd window that fits, in smaller images), K1 = .01, K2 = .03, sample covariances; channels of colour
    images are averaged.

    Parameters
    ----------
    images, reference : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
    data_range : float, default=None
        Largest minus smallest possible value. None is 255, for uint8 only.

    Returns
    -------
    ndarray of shape (n_samples,)
        1 for equal images.

    References
    ----------
    .. [1] Wang, Bovik, Sheikh and Simoncelli (2004), "Image quality assessment: from error visibility to structural
           similarity".

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.arange(64, dtype=np.uint8).reshape(1, 8, 8)
    >>> ssim(reference, reference).tolist()
    [1.0]
    """
    images, reference, data_range = _pair(images, reference, data_range)
    out = np.empty(len(images))
    for part in iter_chunks(len(images), _CHUNK):
        out[part] = _similarity(images[part].astype(np.float64), reference[part].astype(np.float64), data_range)
    return out


def _similarity(a, b, data_range):
    height, width = a.shape[1:3]
    window = tuple(min(_WINDOW, side - (side + 1) % 2) for side in (height, width))
    size = (1, *window, *(1,) * (a.ndim - 3))
    n_values = max(window[0] * window[1], 2)

    def mean(values):
        return ndimage.uniform_filter(values, size=size)

    mean_a, mean_b = mean(a), mean(b)
    sample = n_values / (n_values - 1)
    var_a, var_b = sample * (mean(a * a) - mean_a**2), sample * (mean(b * b) - mean_b**2)
    covariance = sample * (mean(a * b) - mean_a * mean_b)
    c1, c2 = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
    similarity = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    similarity /= (mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2)
    # Windows that reach over the edge say little: only whole ones count.
    top, left = window[0] // 2, window[1] // 2
    inside = similarity[:, top : height - top, left : width - left]
    return inside.reshape(len(a), -1).mean(axis=1)
