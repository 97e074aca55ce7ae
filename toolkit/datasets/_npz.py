"""Image files: .npz archives and memory-mapped .npy stacks, read with suspicion and written whole or not at all."""

import os
import zipfile
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import ArrayLike

from toolkit._core.files import atomic_path
from toolkit._core.given import as_given_numbers
from toolkit._core.labels import check_labels as given_labels
from toolkit._core.npy_header import MAX_BYTES, describe_bytes, read_npy_header
from toolkit._core.parameters import check_positive_int
from toolkit._core.printable import printable
from toolkit._core.types import PathLike
from toolkit.datasets._image_checks import check_image_dtype, check_images, check_kinds, check_labels
from toolkit.datasets._image_set import ImageSet
from toolkit.exceptions import DataFormatError

__all__ = ["load_images", "load_npz", "save_npz"]

_MEMBERS = ("images", "labels", "kinds")
_CHUNK = 2**20
# Deflate cannot shrink anything by more than this (zlib's technical notes: 1032 to 1).
_MAX_DEFLATE_RATIO = 1040
# A zip directory entry takes 46 bytes; no honest image file has thousands of arrays.
_MAX_MEMBERS = 1000


def load_images(path: PathLike, *, max_bytes: int = MAX_BYTES) -> ImageSet:
    """Load images from a .npz archive or map a .npy file, whichever ``path`` is (judged by its content).

    Parameters
    ----------
    path : str or path-like
        ``.npz`` with ``images`` and optionally ``labels`` and ``kinds``, or ``.npy`` with the images alone.
    max_bytes : int, default=4 GiB
        Cap on the memory that the arrays of the file may take. A memory map takes none, however large the file.

    Returns
    -------
    ImageSet
        The images of a ``.npy`` in native byte order are a read-only memory map.

    Raises
    ------
    DataFormatError
        The content is not what it should be; the message names the file. Nothing has been allocated on a file's word.
    OSError
        The file cannot be opened, for instance FileNotFoundError.

    See Also
    --------
    save_npz : Writes what this reads.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from toolkit.datasets import load_images
    >>> path = os.path.join(tempfile.mkdtemp(), "stack.npy")
    >>> np.save(path, np.zeros((5, 28, 28), dtype=np.uint8))
    >>> load_images(path)
    <ImageSet 'stack.npy': 5 images (28, 28) uint8>
    """
    path, max_bytes = Path(path), _check_max_bytes(max_bytes)
    what, name = printable(path), printable(path.name)
    try:
        with open(path, "rb") as file:
            begin = file.read(len(npy.MAGIC_PREFIX))
            if not begin:
                raise DataFormatError(f"{what} is not a readable file of images: it is empty (0 bytes).")
            if begin == npy.MAGIC_PREFIX:
                file.seek(0)
                images = _map_npy(file, what, max_bytes)
                return ImageSet(images, name=name)
            file.seek(0)
            if path.suffix.lower() == ".npy" and file.read(2) != b"PK":  # an archive under another name is read
                raise DataFormatError(f"{what} is not a readable .npy file: it does not begin like one.")
            file.seek(0)
            arrays = _read_archive(file, what, max_bytes)
    except MemoryError:
        raise DataFormatError(f"{what}: there is not enough memory for what it declares.") from None
    return ImageSet(arrays["images"], arrays.get("labels"), arrays.get("kinds"), name)


def load_npz(path: PathLike, *, max_bytes: int = MAX_BYTES) -> ImageSet:
    """Load images, and labels and kinds if they are there, from a .npz archive.

    Same as :func:`load_images`: the content decides, so a ``.npy`` file is memory-mapped here too.

    Parameters
    ----------
    path : str or path-like
        Holds ``images`` (n, height, width) or (n, height, width, 3), uint8 or float, and optionally ``labels`` (n,) and
        ``kinds`` (n,), the truth about what was done to each image (for checking only).
    max_bytes : int, default=4 GiB
        Cap on the memory that all arrays read may take together, checked before anything is allocated.

    Returns
    -------
    ImageSet

    Raises
    ------
    DataFormatError
        Not an archive, truncated, no ``images``, wrong rank or dtype, empty, NaN, Python objects, lengths that differ,
        headers that lie, or more than ``max_bytes``.
    OSError
        The file cannot be opened.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from toolkit.datasets import load_npz, save_npz
    >>> path = os.path.join(tempfile.mkdtemp(), "some.npz")
    >>> save_npz(path, np.zeros((2, 4, 4), dtype=np.uint8), kinds=["clean", "invert"])
    >>> load_npz(path).kinds.tolist()
    ['clean', 'invert']
    """
    return load_images(path, max_bytes=max_bytes)


def save_npz(
    path: PathLike,
    images: ArrayLike,
    labels: ArrayLike | None = None,
    kinds: ArrayLike | None = None,
    *,
    compressed: bool = True,
) -> None:
    """Write images to a .npz archive that :func:`load_npz` reads; the file appears whole or not at all.

    Parameters
    ----------
    path : str or path-like
        Taken as it is; parent folders are made.
    images : array-like of shape (n_samples, height, width) or (n_samples, height, width, 3)
        uint8 or float, finite.
    labels : array-like of shape (n_samples,), default=None
    kinds : array-like of str of shape (n_samples,), default=None
        Strings are saved as unicode arrays, never as Python objects.
    compressed : bool, default=True

    Raises
    ------
    DataFormatError
        What :func:`load_npz` would refuse to read is not written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from toolkit.datasets import load_npz, save_npz
    >>> path = tempfile.mkdtemp() + "/images.npz"
    >>> save_npz(path, np.zeros((3, 8, 8), np.uint8), labels=[0, 1, 1])
    >>> load_npz(path).labels.tolist()
    [0, 1, 1]
    """
    path, what = Path(path), printable(path)
    try:
        arrays = {"images": np.asanyarray(as_given_numbers(images, "images"))}
        if kinds is not None:
            kinds = given_labels("kinds", kinds)
        labels = None if labels is None else given_labels("labels", labels)
    except ValueError as error:
        raise DataFormatError(f"{what}: {error}") from error
    check_images(arrays["images"], f"{what}: images")
    n_samples = len(arrays["images"])
    for name, given, check in (("labels", labels, check_labels), ("kinds", kinds, check_kinds)):
        if given is not None:
            arrays[name] = check(given, n_samples, f"{what}: {name}")
    write = np.savez_compressed if compressed else np.savez
    # Written through a handle: given a name, numpy would add a suffix of its own.
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        write(file, allow_pickle=False, **arrays)


def _check_max_bytes(max_bytes):
    check_positive_int("max_bytes", max_bytes)
    return int(max_bytes)


def _check_cap(n_bytes, max_bytes, what):
    if n_bytes > max_bytes:
        raise DataFormatError(
            f"{what} would take {describe_bytes(n_bytes)}, more than the cap of {describe_bytes(max_bytes)}; "
            "raise max_bytes if that is meant."
        )


def _map_npy(file, what, max_bytes):
    header = read_npy_header(file, what)
    check_image_dtype(header.dtype, header.shape, f"{what}: images")
    there = os.fstat(file.fileno()).st_size - header.offset
    if there != header.n_bytes:
        raise DataFormatError(
            f"{what} declares shape {header.shape} of {header.dtype}, {describe_bytes(header.n_bytes)} of data, "
            f"but holds {describe_bytes(there)}."
        )
    order = "F" if header.fortran_order else "C"
    images = np.memmap(file, dtype=header.dtype, mode="r", offset=header.offset, shape=header.shape, order=order)
    if not header.dtype.isnative:
        # Most of what follows cannot compute on a foreign byte order, so this one is read.
        _check_cap(header.n_bytes, max_bytes, f"{what}: images in foreign byte order")
        images = images.astype(header.dtype.newbyteorder("="))
    check_images(images, f"{what}: images")
    return images


def _read_archive(file, what, max_bytes):
    try:
        with zipfile.ZipFile(file) as archive:
            return _read_members(archive, what, max_bytes)
    except (DataFormatError, MemoryError):
        raise
    # What zipfile and zlib raise on damaged input is open-ended: BadZipFile, EOFError, zlib.error, struct.error,
    # NotImplementedError, RuntimeError, UnicodeDecodeError, OSError from impossible offsets.
    except Exception as error:
        text = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise DataFormatError(f"{what} is not a readable .npz archive: {text}") from error


def _read_members(archive, what, max_bytes):
    infos = archive.infolist()
    if len(infos) > _MAX_MEMBERS:
        raise DataFormatError(f"{what} holds {len(infos)} arrays, expected images and optionally labels and kinds.")
    names = [info.filename.removesuffix(".npy") for info in infos]
    wanted = {}
    for name, info in zip(names, infos, strict=True):
        if name in _MEMBERS:
            if name in wanted:
                raise DataFormatError(f"{what} holds {name!r} twice.")
            wanted[name] = info
    if "images" not in wanted:
        listed = ", ".join(repr(name[:40]) for name in sorted(names)[:10]) or "nothing"
        raise DataFormatError(f"{what} holds no array 'images', only {listed}.")
    for name, info in wanted.items():
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DataFormatError(f"{what}: {name} is compressed by method {info.compress_type}, expected deflate.")
        ratio = 1 if info.compress_type == zipfile.ZIP_STORED else _MAX_DEFLATE_RATIO
        if info.file_size > ratio * info.compress_size + 1024:
            raise DataFormatError(
                f"{what}: {name} declares {describe_bytes(info.file_size)} in {describe_bytes(info.compress_size)} "
                "of archive, which cannot be."
            )
    _check_cap(sum(info.file_size for info in wanted.values()), max_bytes, what)
    arrays = {}
    for name in _MEMBERS:  # images first: they say how many there are
        if name in wanted:
            n_samples = len(arrays["images"]) if arrays else None
            arrays[name] = _read_member(archive, wanted[name], name, n_samples, f"{what}: {name}")
    return arrays


def _read_member(archive, info, name, n_samples, what):
    with archive.open(info) as stream:
        header = read_npy_header(stream, what)
        if name == "images":
            check_image_dtype(header.dtype, header.shape, what)
        elif header.shape != (n_samples,):
            raise DataFormatError(f"{what} has shape {header.shape}, expected ({n_samples},): one for each image.")
        if header.offset + header.n_bytes != info.file_size:
            raise DataFormatError(
                f"{what} declares shape {header.shape} of {header.dtype}, {describe_bytes(header.n_bytes)} of data, "
                f"but the archive holds {describe_bytes(max(info.file_size - header.offset, 0))}."
            )
        array = _fill(stream, header, what)
    if name == "images":
        check_images(array, what)
        return array
    return (check_kinds if name == "kinds" else check_labels)(array, n_samples, what)


def _fill(stream, header, what):
    """Read the declared number of bytes into a fresh array, a piece at a time, and let the checksum be checked."""
    buffer = np.empty(header.n_bytes, dtype=np.uint8)
    view, place = memoryview(buffer), 0
    while place < header.n_bytes:
        piece = stream.read(min(_CHUNK, header.n_bytes - place))
        if not piece:
            raise DataFormatError(f"{what} is truncated: {place} of {header.n_bytes} bytes.")
        view[place : place + len(piece)] = piece
        place += len(piece)
    if stream.read(1):
        raise DataFormatError(f"{what} holds more than it declares.")
    if header.dtype.itemsize == 0:
        array = np.zeros(header.shape, dtype=header.dtype)
    else:
        array = buffer.view(header.dtype)
    shape = header.shape[::-1] if header.fortran_order else header.shape
    array = array.reshape(shape).T if header.fortran_order else array.reshape(shape)
    return np.ascontiguousarray(array, dtype=header.dtype.newbyteorder("="))
