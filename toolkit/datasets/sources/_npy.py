"""A .npy file, or a folder of them: shards that are memory-mapped where local, read by ranges where not."""

import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit._core.npy_header import describe_bytes, read_npy_header
from toolkit.datasets._image_checks import check_image_dtype
from toolkit.datasets.sources._address import base_name, is_address, open_binary
from toolkit.datasets.sources._sharded import ShardedImages
from toolkit.exceptions import DataFormatError

__all__ = ["finite_rows", "npy_source"]


@dataclass(frozen=True)
class NpyShard:
    """A stack in a .npy file whose header has been checked."""

    address: str
    dtype: np.dtype
    shape: tuple[int, ...]
    offset: int
    fortran_order: bool
    by_position: bool = False

    @property
    def name(self) -> str:
        return base_name(self.address)

    def __len__(self) -> int:
        return self.shape[0]

    def id_of(self, row: int) -> int | str:
        return row if self.by_position else f"{self.name}#{row}"

    def cut(self, start: int, stop: int) -> "NpyShard":
        return self

    def read(self, rows: NDArray) -> tuple[NDArray, NDArray, list[tuple]]:
        native = self.dtype.newbyteorder("=")
        if is_address(self.address):
            images = self._read_range(int(rows[0]), int(rows[-1]) + 1)[rows - rows[0]]
        else:
            _check_size(self.address, os.stat(self.address).st_size, self.offset, self.shape, self.dtype)
            options: Any = {"offset": self.offset, "shape": self.shape, "order": "F" if self.fortran_order else "C"}
            stack = np.memmap(self.address, dtype=self.dtype, mode="r", **options)
            # A run of rows is a view of the map, so that it is copied once.
            run = len(rows) and rows[-1] - rows[0] + 1 == len(rows)
            images = np.array(stack[rows[0] : rows[-1] + 1] if run else stack[rows], dtype=native, order="C")
        return finite_rows(images.astype(native, copy=False), rows)

    def _read_range(self, start: int, stop: int) -> NDArray:
        n_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        with open_binary(self.address) as file:
            file.seek(self.offset + start * n_bytes)
            content = file.read((stop - start) * n_bytes)
        if len(content) != (stop - start) * n_bytes:
            raise DataFormatError(f"{self.name} has become shorter than its header says.")
        return np.frombuffer(content, self.dtype).reshape(stop - start, *self.shape[1:])


def finite_rows(images: NDArray, rows: NDArray) -> tuple[NDArray, NDArray, list[tuple]]:
    """Images, their rows, and which were left out since they hold NaN or infinite values."""
    if images.dtype.kind != "f":
        return images, rows, []
    finite = np.isfinite(images).reshape(len(images), -1).all(axis=1)
    if finite.all():
        return images, rows, []
    return images[finite], rows[finite], [(int(row), "holds NaN or infinite values") for row in rows[~finite]]


def _check_size(name: str, n_bytes: int, offset: int, shape: tuple, dtype: np.dtype) -> None:
    declared = math.prod(shape) * dtype.itemsize
    if n_bytes - offset != declared:
        raise DataFormatError(
            f"{base_name(name)} declares {describe_bytes(declared)} of data, but holds "
            f"{describe_bytes(max(n_bytes - offset, 0))}."
        )


def _open_shard(address: str, by_position: bool) -> NpyShard:
    what = base_name(address)
    with open_binary(address) as file:
        header = read_npy_header(file, what)
        check_image_dtype(header.dtype, header.shape, what)
        file.seek(0, os.SEEK_END)
        _check_size(address, file.tell(), header.offset, header.shape, header.dtype)
    if header.fortran_order and is_address(address):
        raise DataFormatError(f"{what} is in Fortran's order, of which no range of images can be read from a store.")
    return NpyShard(address, header.dtype, header.shape, header.offset, header.fortran_order, by_position)


def npy_source(addresses: list[str], name: str) -> ShardedImages:
    """The shards of one shape and dtype, that of most images, as a source; the others are listed with the reason."""
    shards, unreadable = [], []
    for address in addresses:
        try:
            shards.append(_open_shard(address, len(addresses) == 1))
        except (DataFormatError, OSError) as error:
            unreadable.append((base_name(address), str(error)))
    counts: dict[tuple, int] = {}
    for shard in shards:
        sort = (shard.shape[1:], shard.dtype.newbyteorder("="))
        counts[sort] = counts.get(sort, 0) + len(shard)
    usual = max(counts, key=counts.__getitem__) if counts else ((), None)
    kept = []
    for shard in shards:
        if (shard.shape[1:], shard.dtype.newbyteorder("=")) == usual:
            kept.append(shard)
        else:
            reason = f"holds images of shape {shard.shape[1:]} of {shard.dtype}, the others {usual[0]} of {usual[1]}"
            unreadable.append((shard.name, reason))
    return ShardedImages(kept, name=name, unreadable=unreadable)
