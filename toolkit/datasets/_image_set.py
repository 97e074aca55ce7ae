"""ImageSet: what every loader returns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from toolkit._core.given import as_given_numbers
from toolkit._core.labels import check_labels

__all__ = ["ImageSet"]


@dataclass(frozen=True, eq=False)
class ImageSet:
    """A stack of images with what is known about them.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width) or (n_samples, height, width, 3)
        uint8 or float; may be a read-only memory map.
    labels : ndarray of shape (n_samples,), default=None
        What each image shows. Integers or characters, as the source has it.
    kinds : ndarray of str of shape (n_samples,), default=None
        What was done to each image (``"clean"`` for nothing). For checking an answer, never for finding it.
    name : str, default=""
        Where the images come from, in a few words.

    Attributes
    ----------
    image_shape : tuple of int
        Shape of one image.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.datasets import ImageSet
    >>> some = ImageSet(np.zeros((3, 28, 28), dtype=np.uint8), labels=np.array([1, 2, 3]), name="blank")
    >>> len(some), some.image_shape
    (3, (28, 28))
    >>> some.subset([2, 0]).labels.tolist()
    [3, 1]
    """

    images: np.ndarray
    labels: np.ndarray | None = None
    kinds: np.ndarray | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.images, (list, tuple, np.ma.MaskedArray)):
            object.__setattr__(self, "images", as_given_numbers(self.images, "images"))
        for what in ("labels", "kinds"):  # lists: numpy would make one type of what is mixed or missing
            if isinstance(getattr(self, what), (list, tuple)):
                object.__setattr__(self, what, check_labels(what, getattr(self, what)))
        shape = np.shape(self.images)
        if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] != 3):
            raise ValueError(
                "images must be a stack (n_samples, height, width) or (n_samples, height, width, 3), "
                f"got an array of shape {shape}."
            )
        for what in ("labels", "kinds"):
            given = getattr(self, what)
            if given is not None and np.shape(given) != shape[:1]:
                raise ValueError(f"{what} must have shape {shape[:1]}, one for each image, got {np.shape(given)}.")

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Shape of one image: ``(height, width)`` or ``(height, width, 3)``."""
        return tuple(self.images.shape[1:])

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        known = [what for what in ("labels", "kinds") if getattr(self, what) is not None]
        with_what = f", with {' and '.join(known)}" if known else ""
        return f"<ImageSet {self.name!r}: {len(self)} images {self.image_shape} {self.images.dtype}{with_what}>"

    def subset(self, index: ArrayLike | slice) -> "ImageSet":
        """The images at ``index``: indices in the order wanted, a slice, or a boolean mask."""
        index = index if isinstance(index, slice) else np.asarray(index)
        if not isinstance(index, slice) and index.size == 0:
            index = index.astype(np.intp)
        labels, kinds = (None if values is None else values[index] for values in (self.labels, self.kinds))
        return ImageSet(self.images[index], labels, kinds, self.name)
