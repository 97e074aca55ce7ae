"""Where images come from, whatever holds them: an array, a set, a folder, or chunks of something larger than memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toolkit._core.given import as_given_numbers
from toolkit._core.images import iter_chunks
from toolkit._core.types import BY_POSITION
from toolkit.datasets._indexed import IndexedSource, is_indexed

if TYPE_CHECKING:
    from toolkit.datasets._image_set import ImageSet

__all__ = ["ArraySource", "ImageSource", "as_source", "is_source"]


@runtime_checkable
class ImageSource(Protocol):
    """What an :class:`~toolkit.audit.Auditor` reads images from, a chunk at a time.

    Examples
    --------
    A class of your own is a source when it has these:

    >>> import numpy as np
    >>> from toolkit.datasets import ImageSource
    >>> class Film:
    ...     ids, metadata = range(5), None
    ...     def __len__(self):
    ...         return 5
    ...     def original(self, i):
    ...         return np.full((8, 8), i, dtype=np.uint8)
    ...     def chunks(self, size):
    ...         for start in range(0, 5, size):
    ...             yield np.stack([self.original(i) for i in self.ids[start : start + size]])
    >>> isinstance(Film(), ImageSource), [images.shape for images in Film().chunks(3)]
    (True, [(3, 8, 8), (2, 8, 8)])
    """

    @property
    def ids(self) -> Sequence:
        """What each image is called: a path, a key, or its position."""
        ...

    @property
    def metadata(self) -> pd.DataFrame | None:
        """A row for each image of what else is known about it, or None."""
        ...

    def __len__(self) -> int:
        """Number of images."""
        ...

    def chunks(self, size: int) -> Iterator[NDArray]:
        """The images in order, at most ``size`` at a time, as stacks of one shape and dtype."""
        ...

    def original(self, i: int) -> NDArray:
        """Image ``i`` as it came, at its own size."""
        ...


@dataclass(frozen=True)
class ArraySource:
    """An array of images, with what each is called.

    Parameters
    ----------
    images : ndarray of shape (n, height, width[, 3]) or (n, n_features)
    ids : sequence of n values, default=None
        None calls each image by its position.
    metadata : DataFrame of n rows, default=None

    Examples
    --------
    >>> import numpy as np
    >>> source = ArraySource(np.zeros((5, 8, 8)), ids=list("abcde"))
    >>> len(source), [len(part) for part in source.chunks(2)], source.ids[4]
    (5, [2, 2, 1], 'e')
    """

    images: NDArray
    ids: Sequence = BY_POSITION
    metadata: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        if self.ids is None:
            object.__setattr__(self, "ids", range(len(self.images)))
        for name in ("ids", "metadata"):
            value = getattr(self, name)
            if value is not None and len(value) != len(self.images):
                raise ValueError(f"{name} must have a row for each of {len(self.images)} images, got {len(value)}.")

    def __len__(self) -> int:
        return len(self.images)

    def chunks(self, size: int) -> Iterator[NDArray]:
        """The images in order, at most ``size`` at a time."""
        for part in iter_chunks(len(self.images), size):
            yield self.images[part]

    def original(self, i: int) -> NDArray:
        """Image ``i`` as it came."""
        return self.images[i]


def is_source(X: object) -> bool:
    """Whether X holds images without being an array of them: an ImageSource, an ImageSet, a torch ``Dataset``.

    Parameters
    ----------
    X : object

    Returns
    -------
    bool

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> is_source(load_digits()), is_source(load_digits().images), is_source([[0, 1], [1, 0]])
    (True, False, False)
    """
    return isinstance(X, ImageSource) or hasattr(X, "images") or is_indexed(X)


def as_source(X: "ArrayLike | ImageSet | ImageSource | Any") -> ImageSource:
    """An :class:`ImageSource` of anything that holds images.

    Parameters
    ----------
    X : array-like, ImageSet, ImageFolder, ImageSource, or torch Dataset
        The images of a folder are called by their paths, others by their position. Of a data set that is read by an
        index an item is an image, a tuple whose first part is one, or a dict with one under ``"image"``.

    Returns
    -------
    ImageSource

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> len(as_source(load_digits())), as_source(load_digits()).ids[3]
    (1797, 3)
    """
    if isinstance(X, ImageSource):
        return X
    if hasattr(X, "images"):
        paths = getattr(X, "paths", None)
        return ArraySource(X.images, BY_POSITION if paths is None else [str(path) for path in paths])
    if is_indexed(X):
        return IndexedSource(X)
    images: Any = as_given_numbers(X)
    images = images if hasattr(images, "shape") else np.asarray(images)
    return ArraySource(images)
