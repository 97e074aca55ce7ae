"""What is read by an index, as torch has its data sets: one item at a time, an image and perhaps a label."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit._core.images import iter_chunks

__all__ = ["IndexedSource", "is_indexed"]

_IMAGE_KEYS = ("image", "img", "pixel_values", "pixels", "x")


def is_indexed(X: object) -> bool:
    """Whether X is a data set that is read by an index, and neither an array nor plain Python."""
    plain = isinstance(X, (str, bytes, Sequence, Mapping)) or hasattr(X, "__array__")
    plain = plain or (hasattr(X, "shape") and not hasattr(X, "column_names"))  # Hugging Face's Dataset has both
    return not plain and hasattr(X, "__getitem__") and hasattr(X, "__len__")


class IndexedSource:
    """A torch ``Dataset`` of images, or anything like it, as an :class:`ImageSource`.

    Parameters
    ----------
    dataset : object with ``__len__`` and ``__getitem__``
        An item is an image, or a tuple whose first part is one, or a dict with one under ``"image"``. Images are
        PIL's, arrays of shape (height, width[, 1 or 3]), or tensors of shape ([1 or 3,] height, width), all of one
        size. Labels are not looked at.

    Attributes
    ----------
    ids : sequence
        The files, where the data set has them (``samples`` or ``imgs``, as torchvision's ``ImageFolder``), else
        positions.

    Examples
    --------
    >>> class Digits:
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, i):
    ...         return np.full((1, 8, 8), i / 2, dtype=np.float32), "label"
    >>> source = IndexedSource(Digits())
    >>> [part.shape for part in source.chunks(2)], list(source.ids)
    ([(2, 8, 8), (1, 8, 8)], [0, 1, 2])
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset
        files: Any = getattr(dataset, "samples", None) or getattr(dataset, "imgs", None)
        known = isinstance(files, Sequence) and len(files) == len(dataset) and len(files) > 0
        known = known and isinstance(files[0], tuple) and isinstance(files[0][0], str)
        self.ids: Sequence = [str(file[0]) for file in files] if known else range(len(dataset))

    @property
    def metadata(self) -> pd.DataFrame | None:
        """None: labels are not looked at."""
        return None

    def __len__(self) -> int:
        return len(self.dataset)

    def chunks(self, size: int) -> Iterator[NDArray]:
        """The images in order, at most ``size`` at a time.

        Raises
        ------
        ValueError
            They are of several sizes.
        """
        first = None
        for part in iter_chunks(len(self), size):
            images = [self.original(i) for i in range(part.start, part.stop)]
            first = images[0] if first is None else first
            for i, image in zip(range(part.start, part.stop), images):
                if image.shape != first.shape or image.dtype != first.dtype:
                    raise ValueError(
                        f"the images of a data set must be of one shape and dtype: the first has {first.shape} of "
                        f"{first.dtype}, number {i} {image.shape} of {image.dtype}. Resize them in its transform, or "
                        "load the folder by load_image_folder."
                    )
            yield np.stack(images)

    def original(self, i: int) -> NDArray:
        """Image ``i`` as the data set gives it."""
        item = self.dataset[i]
        if isinstance(item, Mapping):
            key = next((name for name in _IMAGE_KEYS if name in item), None)
            if key is None:
                raise ValueError(f"item {i} of the data set has no 'image', only {', '.join(map(str, item))}.")
            item = item[key]
        elif isinstance(item, (tuple, list)) and len(item):
            item = item[0]
        return _as_image(item, i)


def _as_image(item: Any, i: int) -> NDArray:
    if hasattr(item, "convert") and hasattr(item, "mode"):  # PIL's
        mode = "L" if item.mode in ("1", "L") else "RGB"
        return np.asarray(item if item.mode == mode else item.convert(mode))
    is_tensor = hasattr(item, "detach")
    image = np.asarray(item.detach().cpu() if is_tensor else item)
    if image.ndim == 3 and image.shape[0] in (1, 3) and (is_tensor or image.shape[2] not in (1, 3)):
        image = np.moveaxis(image, 0, -1)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[..., 0]
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3) or image.dtype.kind not in "uif":
        raise ValueError(
            f"item {i} of the data set must be an image of shape (height, width) or (height, width, 3), got shape "
            f"{np.shape(item)} of {image.dtype}."
        )
    return image
