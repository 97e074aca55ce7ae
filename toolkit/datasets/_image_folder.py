"""ImageFolder: a stack of images that knows its files."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.images import iter_chunks
from toolkit._core.pictures import PictureError, decode_picture, pillow_is_quiet
from toolkit._core.printable import printable
from toolkit._core.types import PathLike
from toolkit.datasets._folder_files import Opened
from toolkit.datasets._image_set import ImageSet
from toolkit.exceptions import DataFormatError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ImageFolder", "read_original"]

# What was loaded within its own limits is read again within these.
_MOST_BYTES, _MOST_PIXELS = 2**31, 2**30


def read_original(
    root: PathLike,
    name: str,
    *,
    size: tuple[int, int] | None = None,
    grey: bool = False,
    scales: dict[str, tuple] | None = None,
) -> NDArray:
    """One picture of a folder or archive, decoded with suspicion.

    Parameters
    ----------
    root : path-like
        Folder or zip archive.
    name : str
        File within it, as the file system has it.
    size : tuple of int, optional
        ``(height, width)`` to fit it into, with black at two sides; by default it keeps its own.
    grey : bool, default=False
        Its luma.
    scales : dict of str to tuple of float, optional
        What is black and white in pictures of more than 8 bits, by family; by default as the picture suggests.

    Returns
    -------
    ndarray of uint8 of shape (height, width) of a grey one at its own size, else (height, width, 3)

    Raises
    ------
    DataFormatError
        It cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from PIL import Image
    >>> folder = tempfile.mkdtemp()
    >>> Image.fromarray(np.zeros((6, 9, 3), np.uint8)).save(folder + "/a.png")
    >>> read_original(folder, "a.png", grey=True).shape
    (6, 9)
    """
    try:
        with Opened(root, _MOST_BYTES) as files, pillow_is_quiet():
            content = files.read(name)
            return decode_picture(content, size, fit="pad", grey=grey, max_pixels=_MOST_PIXELS, scales=scales).pixels
    except (PictureError, OSError) as error:
        raise DataFormatError(f"{printable(name)} of {printable(root)}: {printable(error)}") from None


@dataclass(frozen=True, eq=False)
class ImageFolder(ImageSet):
    """An :class:`ImageSet` that knows the file of each image, and which files were left out and why.

    Parameters
    ----------
    paths : ndarray of str of shape (n_samples,)
        File of each image, inside of the folder or archive.
    report : pandas.DataFrame
        A row for every file found: ``path``, ``used``, ``reason`` (why it was left out), ``note`` (what was done beyond
        the ordinary), ``format``, ``mode``, ``height``, ``width`` (of the original), ``n_bytes``, ``same_as``.
    notes : tuple of str
        What was done to the set as a whole: the size of its images, how more than 8 bits became 8, what was left out.
    root : Path, optional
        The folder or archive.
    names : tuple of str
        ``paths`` as the file system has them, where :meth:`original` looks.
    scales : dict of str to tuple of float
        What is black and white in pictures of more than 8 bits, by their family.

    Notes
    -----
    Names that cannot be printed (bytes that are no UTF-8, line breaks, escapes) stand as escapes such as ``\\xff``.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from PIL import Image
    >>> from toolkit.datasets import load_image_folder
    >>> folder = tempfile.mkdtemp()
    >>> Image.fromarray(np.zeros((6, 9), np.uint8)).save(folder + "/a.png")
    >>> found = load_image_folder(folder, size=8, cache=False)
    >>> found.images.shape, found.paths.tolist(), found.original(0).shape, len(found.skipped)
    ((1, 8, 8, 3), ['a.png'], (6, 9, 3), 0)
    """

    paths: np.ndarray | None = None
    report: "pd.DataFrame" = None
    notes: tuple[str, ...] = ()
    root: Path | None = None
    names: tuple[str, ...] = ()
    scales: dict[str, tuple] = field(default_factory=dict)

    @property
    def ids(self) -> Sequence:
        """The file of each image; its position where no files are known."""
        return range(len(self)) if self.paths is None else [str(path) for path in self.paths]

    @property
    def metadata(self) -> "pd.DataFrame | None":
        """The row of ``report`` of each image, in their order."""
        if self.report is None or self.paths is None:
            return None
        return self.report.set_index("path").loc[list(self.paths)].reset_index()

    def chunks(self, size: int) -> Iterator[NDArray]:
        """The images in order, at most ``size`` at a time."""
        for part in iter_chunks(len(self), size):
            yield self.images[part]

    def original(self, i: int) -> NDArray:
        """Image ``i`` at the size that its file has, decoded again.

        Parameters
        ----------
        i : int

        Returns
        -------
        ndarray of uint8 of shape (height, width) where the set is grey, else (height, width, 3)

        Raises
        ------
        ValueError
            Nothing is known of the files.
        DataFormatError
            The file is no longer what it was, or gone.
        """
        if self.root is None or len(self.names) != len(self):
            raise ValueError("original needs the files of the images: load them by load_image_folder.")
        pixels = read_original(self.root, self.names[i], grey=self.images.ndim == 3, scales=self.scales)
        return np.repeat(pixels[..., None], 3, axis=2) if self.images.ndim == 4 and pixels.ndim == 2 else pixels

    @property
    def skipped(self) -> "pd.DataFrame":
        """The part of ``report`` on files that were left out."""
        return self.report[~self.report["used"]]

    def subset(self, index: ArrayLike | slice) -> "ImageFolder":
        """The images at ``index``, as in :meth:`ImageSet.subset`; the report stays whole."""
        part = super().subset(index)
        index = index if isinstance(index, slice) else np.asarray(index)
        if not isinstance(index, slice) and index.size == 0:
            index = index.astype(np.intp)
        paths = None if self.paths is None else self.paths[index]
        names = tuple(np.array(self.names, dtype=object)[index]) if self.names else ()
        return replace(self, images=part.images, labels=part.labels, kinds=part.kinds, paths=paths, names=names)

    def __repr__(self) -> str:
        return super().__repr__().replace("<ImageSet", "<ImageFolder")
