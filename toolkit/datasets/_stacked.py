"""Stacked digits: a thousand modes made of ten, three grey digits as the colours of one image."""

import numpy as np

from toolkit._core.parameters import check_int
from toolkit._core.random import as_generator
from toolkit._core.types import RandomState
from toolkit.datasets._image_set import ImageSet

__all__ = ["stacked_digits"]


def stacked_digits(
    source: ImageSet | None = None, n_samples: int = 26_000, *, random_state: RandomState = None
) -> ImageSet:
    """Stack random digits as red, green and blue: Stacked-MNIST when the digits are MNIST's.

    Parameters
    ----------
    source : ImageSet, default=None
        Grey images with labels 0 to 9; the digits that come with scikit-learn when None. Labels of another range work
        too: k classes give k ** 3 modes.
    n_samples : int, default=26_000
    random_state : int, RandomState, Generator or None, default=None

    Returns
    -------
    ImageSet
        Colour images in the dtype of the source. The label of an image is that of red times k squared, green times k,
        and blue: digits 4, 0, 7 give 407.

    References
    ----------
    .. [1] L. Metz, B. Poole, D. Pfau and J. Sohl-Dickstein, Unrolled generative adversarial networks, ICLR 2017.
    .. [2] Z. Lin et al., PacGAN: the power of two samples in generative adversarial networks, NeurIPS 2018.

    Examples
    --------
    >>> from toolkit.datasets import stacked_digits
    >>> stacked_digits(n_samples=100, random_state=0)
    <ImageSet 'stacked digits': 100 images (28, 28, 3) uint8, with labels>
    """
    if source is None:
        from toolkit.datasets._digits import load_digits

        source = load_digits()
    check_int("n_samples", n_samples)
    if not isinstance(source, ImageSet) or source.labels is None:
        raise ValueError(f"source must be an ImageSet with labels, got {source!r}.")
    if source.images.ndim != 3 or not len(source):
        raise ValueError(f"source must hold grey images to stack, got images of shape {source.images.shape}.")
    labels = np.asarray(source.labels)
    if labels.dtype.kind not in "iu" or labels.min() < 0:
        raise ValueError(f"source must have whole numbers from 0 as labels, got {labels.dtype}.")
    n_classes = max(10, int(labels.max()) + 1)
    rows = as_generator(random_state).integers(len(source), size=(n_samples, 3))
    images = np.empty((n_samples, *source.image_shape, 3), dtype=source.images.dtype)
    for channel in range(3):
        images[..., channel] = source.images[rows[:, channel]]
    codes = labels[rows].astype(np.int64) @ np.array([n_classes**2, n_classes, 1])
    return ImageSet(images, labels=codes, name=f"stacked {source.name}".strip())
