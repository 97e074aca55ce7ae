"""``open_images``: one way to open a set of images of any size, wherever and however it lies."""

import os
from pathlib import Path
from typing import Any

from toolkit._core.parameters import check_choice, is_int
from toolkit._core.printable import printable
from toolkit._core.types import PathLike
from toolkit.datasets._source import ImageSource, as_source
from toolkit.datasets.sources._address import base_name, check_address, is_address, list_files_at
from toolkit.datasets.sources._arrow import arrow_source, is_saved_dataset, saved_files
from toolkit.datasets.sources._npy import npy_source
from toolkit.datasets.sources._tar import PICTURES, tar_source
from toolkit.datasets.sources._zarr import is_zarr, zarr_source
from toolkit.exceptions import DataFormatError

__all__ = ["is_sharded", "open_images"]

_SORTS = {".npy": "npy", ".parquet": "arrow", ".arrow": "arrow", ".tar": "tar"}


def open_images(
    source: Any,
    *,
    image_size: int | tuple[int, int] | None = None,
    mode: str = "auto",
    column: str | None = None,
) -> ImageSource:
    """Open a set of images of any size, to be read a chunk at a time.

    Parameters
    ----------
    source : path-like, str, or anything that :func:`as_source` takes
        - a zarr array (versions 2 and 3), or a group with one called ``images``;
        - a ``.npy`` file, or a folder of them;
        - a ``.parquet`` or ``.arrow`` file, a folder of them, or a folder of ``datasets.save_to_disk``: a column of
          encoded pictures;
        - a ``.tar`` of pictures, or a folder of them (WebDataset);
        - a ``.npz`` file, or a folder or zip archive of pictures, as :func:`load_images` and
          :func:`load_image_folder` read them.

        Paths, or addresses of a store (``s3://``, ``gs://``, ``memory://`` ...) where fsspec and its package for that
        store are installed.
    image_size : int or tuple of int, optional
        Of encoded pictures: what they are cut and resized to. By default learnt from 64 pictures spread over the set,
        as for folders.
    mode : {"auto", "rgb", "grey"}, default="auto"
        Of encoded pictures: ``"auto"`` is grey if these 64 are.
    column : str, optional
        Of Parquet and Arrow files; by default ``image`` or the like.

    Returns
    -------
    ImageSource
        With a known length, ids (file and row, key, or position), and ``chunks``. What is made of shards also reads
        ``parts`` by themselves, and lists shards that cannot be opened in ``unreadable``.

    Raises
    ------
    DataFormatError
        It holds no images, or declares what is never loaded: Python objects, codecs that run things, more chunks than
        there are, chained addresses (``::``), references.
    MissingDependencyError
        The package that reads it is not installed.
    OSError
        There is nothing of that name.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from toolkit.datasets import open_images
    >>> folder = tempfile.mkdtemp()
    >>> for shard in range(3):
    ...     np.save(os.path.join(folder, f"{shard}.npy"), np.full((4, 8, 8), shard, dtype=np.uint8))
    >>> source = open_images(folder)
    >>> len(source), source.ids[5], [len(images) for images in source.chunks(3)]
    (12, '1.npy#1', [3, 1, 3, 1, 3, 1])
    """
    check_choice("mode", mode, ("auto", "rgb", "grey"))
    size = _check_size(image_size)
    if not isinstance(source, (str, os.PathLike)):
        return as_source(source)
    address = check_address(source)
    name = base_name(address) or printable(address)
    sort = _sort_of(address)
    if sort is None:
        return _whole(address, size, mode)
    kind, files = sort
    if kind == "zarr":
        return zarr_source(address, name)
    if kind == "npy":
        return npy_source(files, name)
    if kind == "tar":
        return tar_source(files, name, size, mode)
    return arrow_source(files, name, size, mode, column)


def is_sharded(source: PathLike) -> bool:
    """Whether a path or an address is read in parts: by its names alone, no file of images is opened.

    Parameters
    ----------
    source : path-like or str
        A path, or the address of a store.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_sharded("s3://bucket/shards"), is_sharded("some.npz")
    (True, False)
    """
    if is_address(source):
        return True
    try:
        return not str(source).lower().endswith(".npy") and _sort_of(os.fspath(source)) is not None
    except (DataFormatError, OSError):
        return False


def _sort_of(address: str) -> tuple[str, list[str]] | None:
    """What lies there, and in which files; None of what is read as a whole."""
    suffix = Path(address).suffix.lower()
    if suffix in _SORTS and (is_address(address) or os.path.isfile(address)):
        return _SORTS[suffix], [address]
    if not is_address(address) and not os.path.isdir(address):
        if not os.path.exists(address):
            raise FileNotFoundError(f"{printable(address)}: no such file or folder.")
        return None
    if is_zarr(address):
        return "zarr", [address]
    if not is_address(address) and is_saved_dataset(Path(address)):
        return "arrow", saved_files(Path(address))
    if not is_address(address) and _holds_more(address):
        return None
    files = list_files_at(address, tuple(_SORTS))
    kinds = {_SORTS[Path(file).suffix.lower()] for file in files}
    if len(kinds) > 1:
        raise DataFormatError(f"{base_name(address)} holds shards of several sorts: {', '.join(sorted(kinds))}.")
    if not files:
        if is_address(address):
            raise DataFormatError(f"{base_name(address)} holds no zarr array, and no .npy, .parquet, .arrow or .tar.")
        return None
    return kinds.pop(), files


def _holds_more(folder: str) -> bool:
    """Whether there are pictures or folders: a stray array beside them makes no set of shards."""
    with os.scandir(folder) as entries:
        found = [entry for entry in entries if not entry.name.startswith(".")]
    return any(entry.is_dir() or entry.name.lower().endswith(PICTURES) for entry in found)


def _whole(address: str, size: tuple[int, int] | None, mode: str) -> ImageSource:
    from toolkit.datasets._folder import load_image_folder
    from toolkit.datasets._npz import load_images

    if os.path.isdir(address) or address.lower().endswith(".zip"):
        return as_source(load_image_folder(address, size=size, mode=mode, keep_duplicates=True))
    return as_source(load_images(address))


def _check_size(size: Any) -> tuple[int, int] | None:
    if size is None:
        return None
    sides = (size, size) if is_int(size) else size
    if not isinstance(sides, (tuple, list)) or len(sides) != 2 or not all(is_int(side) and side > 0 for side in sides):
        raise ValueError(f"image_size must be a side or (height, width) in pixels, got {size!r}.")
    return int(sides[0]), int(sides[1])
