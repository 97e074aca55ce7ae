"""A zarr array of images. Its metadata are checked before zarr reads them: filters and dtypes can name pickle."""

import json
import math
import posixpath
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit._core.npy_header import describe_bytes
from toolkit._core.optional import import_optional
from toolkit._core.printable import printable
from toolkit.datasets._image_checks import check_image_dtype
from toolkit.datasets.sources._address import base_name, is_address, open_binary
from toolkit.datasets.sources._npy import finite_rows
from toolkit.datasets.sources._sharded import ShardedImages
from toolkit.exceptions import DataFormatError

__all__ = ["CODECS", "FILTERS", "is_zarr", "zarr_source"]

# Codecs of zarr 3, and compressors of zarr 2, that turn bytes into bytes and do nothing else.
CODECS = ("blosc", "bytes", "crc32c", "gzip", "sharding_indexed", "transpose", "zstd")
COMPRESSORS = ("blosc", "bz2", "gzip", "lz4", "lzma", "zlib", "zstd")
FILTERS = ("delta", "shuffle")
_MOST_METADATA, _MOST_CHUNK = 2**20, 2**30
_MEMBER = "images"  # of a group


@dataclass(frozen=True)
class ZarrShard:
    """An array whose metadata have been checked."""

    address: str
    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def name(self) -> str:
        return base_name(self.address)

    def __len__(self) -> int:
        return self.shape[0]

    def id_of(self, row: int) -> int:
        return row

    def cut(self, start: int, stop: int) -> "ZarrShard":
        return self

    def read(self, rows: NDArray) -> tuple[NDArray, NDArray, list[tuple]]:
        array = _opened(self.address)
        if tuple(array.shape) != self.shape or np.dtype(array.dtype) != self.dtype:
            raise DataFormatError(f"{self.name} has changed: it was {self.shape} of {self.dtype}.")
        first, last = int(rows[0]), int(rows[-1]) + 1
        try:
            if last - first == len(rows):
                images = array[first:last]
            else:
                images = array.oindex[rows]
        except (OSError, MemoryError):
            raise
        except Exception as error:  # what codecs raise on damaged chunks is open-ended
            text = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise DataFormatError(f"{self.name} cannot be decoded: {printable(text)}") from error
        return finite_rows(np.ascontiguousarray(images, dtype=self.dtype.newbyteorder("=")), rows)


def is_zarr(address: str) -> bool:
    """Whether an array or a group of zarr lies there."""
    return any(_metadata(address, name) is not None for name in ("zarr.json", ".zarray", ".zgroup"))


def zarr_source(address: str, name: str) -> ShardedImages:
    """A zarr array, or ``images`` of a group, as a source.

    Raises
    ------
    DataFormatError
        It declares anything but numbers, or a codec that is not on the list.
    """
    address = _array_of(address)
    shape, dtype, chunk = _checked(address)
    check_image_dtype(dtype, shape, name)
    declared = math.prod(chunk) * dtype.itemsize
    if declared > _MOST_CHUNK:
        raise DataFormatError(
            f"{name} has chunks of {describe_bytes(declared)}, more than {describe_bytes(_MOST_CHUNK)}, which a worker "
            "would have to hold."
        )
    array = _opened(address)
    n_chunks = math.prod(-(-side // part) for side, part in zip(shape, chunk))
    if n_chunks > 1000 and array.nchunks_initialized * 100 < array.nchunks:
        raise DataFormatError(f"{name} declares {n_chunks:,} chunks, and nearly all of them are missing.")
    return ShardedImages([ZarrShard(address, shape, dtype)], name=name)


def _opened(address: str) -> Any:
    zarr = import_optional("zarr", purpose=f"reading {base_name(address)}", extra="zarr")
    store = zarr.storage.FsspecStore.from_url(address, read_only=True) if is_address(address) else address
    return zarr.open_array(store, mode="r")


def _metadata(address: str, name: str) -> dict | None:
    """What a small JSON file beside the chunks says; None if there is none."""
    try:
        with open_binary(posixpath.join(address, name)) as file:
            content = file.read(_MOST_METADATA + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    if len(content) > _MOST_METADATA:
        raise DataFormatError(f"{base_name(address)}: {name} is longer than {_MOST_METADATA} bytes.")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataFormatError(f"{base_name(address)}: {name} is no JSON.") from error
    if not isinstance(found, dict):
        raise DataFormatError(f"{base_name(address)}: {name} is no description of an array.")
    return found


def _array_of(address: str) -> str:
    """The array itself: ``images`` where the address is that of a group."""
    node = _metadata(address, "zarr.json")
    group = node.get("node_type") == "group" if node is not None else _metadata(address, ".zarray") is None
    if not group:
        return address
    member = posixpath.join(address, _MEMBER)
    if _metadata(member, "zarr.json") is None and _metadata(member, ".zarray") is None:
        raise DataFormatError(f"{base_name(address)} is a group without an array {_MEMBER!r}: name the array itself.")
    return member


def _checked(address: str) -> tuple[tuple[int, ...], np.dtype, tuple[int, ...]]:
    """Shape, dtype and shape of a chunk, from metadata that name nothing but numbers and known codecs."""
    what = base_name(address)
    try:
        node = _metadata(address, "zarr.json")
        if node is not None:
            grid = node["chunk_grid"]
            if node.get("storage_transformers") or grid["name"] != "regular":
                raise DataFormatError(f"{what} is stored by transformers or a grid that are not read.")
            _check_codecs(node["codecs"], what)
            kind, chunk = node["data_type"], grid["configuration"]["chunk_shape"]
        else:
            node = _metadata(address, ".zarray") or {}
            compressor, filters = node["compressor"], node["filters"] or []
            for codec, known in ((compressor, COMPRESSORS), *((part, FILTERS) for part in filters)):
                if codec is not None and codec["id"] not in known:
                    raise DataFormatError(f"{what} uses {printable(codec['id'])[:40]!r}, expected {', '.join(known)}.")
            kind, chunk = node["dtype"], node["chunks"]
        if not isinstance(kind, str):
            raise DataFormatError(f"{what} holds {printable(kind)[:60]}, expected plain numbers.")
        dtype = np.dtype(kind)
        shape, chunk = tuple(node["shape"]), tuple(chunk)
        if not all(type(side) is int and side > 0 for side in (*shape, *chunk)) or len(shape) != len(chunk):
            raise DataFormatError(f"{what} declares shape {shape} in chunks of {chunk}.")
    except DataFormatError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataFormatError(f"{what} has no valid description of an array: {printable(error)[:100]}") from error
    if dtype.kind not in "uif":
        raise DataFormatError(f"{what} has dtype {dtype}, expected plain numbers.")
    return shape, dtype, chunk


def _check_codecs(codecs: list, what: str, depth: int = 0) -> None:
    for codec in codecs:
        name = codec if isinstance(codec, str) else codec["name"]
        if name not in CODECS or depth > 2:
            raise DataFormatError(f"{what} uses the codec {printable(name)[:40]!r}, expected {', '.join(CODECS)}.")
        if name == "sharding_indexed":
            inner = codec["configuration"]
            _check_codecs(inner["codecs"], what, depth + 1)
            _check_codecs(inner.get("index_codecs", []), what, depth + 1)
