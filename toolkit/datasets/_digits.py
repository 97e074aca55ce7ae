"""The handwritten digits that scikit-learn ships, at the size of MNIST."""

from functools import lru_cache

import numpy as np
from scipy import ndimage

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.parameters import check_int
from toolkit.datasets._image_set import ImageSet

__all__ = ["load_digits"]


@usual_floating_point
def load_digits(*, image_size: int = 28) -> ImageSet:
    """Load scikit-learn's 1,797 real handwritten digits, resampled.

    The 8x8 images were made by counting ink in 4x4 blocks, so each of their pixels is an average over its square. They
    are resampled by cubic splines about the pixel centres, with the two-pixel margin of MNIST left around them.

    Parameters
    ----------
    image_size : int, default=28
        Height and width of the images, at least 8.

    Returns
    -------
    ImageSet
        uint8 images, 0 (paper) to 255 (ink), of shape (1797, image_size, image_size); integer labels 0 to 9.

    References
    ----------
    .. [1] E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> load_digits()
    <ImageSet 'digits': 1797 images (28, 28) uint8, with labels>
    """
    check_int("image_size", image_size, low=8)
    images, labels = _resampled(int(image_size))
    return ImageSet(images.copy(), labels=labels.copy(), name="digits")


# Resampling takes much longer than a copy, and who loads the set once often loads it again.
@lru_cache(maxsize=2)
def _resampled(size):
    from sklearn.datasets import load_digits as load

    bunch = load()
    margin = round(size / 14)
    inner = size - 2 * margin
    # Paper around the image, so that the splines do not ring at its border.
    padded = np.pad(bunch.images, ((0, 0), (2, 2), (2, 2)))
    centres = (np.arange(inner) + 0.5) * (8 / inner) - 0.5 + 2
    rows, columns = np.meshgrid(centres, centres, indexing="ij")
    images = np.zeros((len(padded), size, size), dtype=np.uint8)
    for image, source in zip(images, padded, strict=True):
        values = ndimage.map_coordinates(source, (rows, columns), order=3, mode="constant")
        image[margin : margin + inner, margin : margin + inner] = np.rint(np.clip(values / 16, 0, 1) * 255)
    return images, bunch.target.astype(np.int64)
