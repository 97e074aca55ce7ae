"""Tar archives of pictures, as WebDataset has them, read by the standard library alone.

The library of that name runs what a ``pipe:`` address says and unpickles members; here members are bytes of pictures.
"""

import os
import tarfile
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit._core.pictures import PictureError
from toolkit._core.printable import printable
from toolkit.datasets.sources._address import base_name, open_binary
from toolkit.datasets.sources._encoded import Decoding, learn_decoding
from toolkit.datasets.sources._sharded import ShardedImages
from toolkit.exceptions import DataFormatError

__all__ = ["PICTURES", "tar_source"]

PICTURES = (
    ".avif",
    ".bmp",
    ".gif",
    ".heic",
    ".jp2",
    ".jpeg",
    ".jpg",
    ".pgm",
    ".png",
    ".ppm",
    ".tif",
    ".tiff",
    ".webp",
)


@dataclass(frozen=True)
class TarShard:
    """The pictures of an archive: where each lies in it.

    ``first`` is the row of the first member that is known here: a worker is told of its own rows only.
    """

    address: str
    names: tuple[str, ...]
    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]
    decoding: Decoding | None = None
    first: int = 0

    @property
    def name(self) -> str:
        return base_name(self.address)

    def __len__(self) -> int:
        return len(self.names)

    def id_of(self, row: int) -> str:
        return f"{self.name}/{self.names[row - self.first]}"

    def cut(self, start: int, stop: int) -> "TarShard":
        part = slice(start - self.first, stop - self.first)
        return replace(
            self, names=self.names[part], offsets=self.offsets[part], sizes=self.sizes[part].copy(), first=start
        )

    def read(self, rows: NDArray) -> tuple[NDArray, NDArray, list[tuple]]:
        if self.decoding is None:
            raise DataFormatError(f"{self.name}: nothing is known of its pictures.")
        with open_binary(self.address) as file:
            return self.decoding.decode_all(rows, lambda row: self._fetch(file, row))

    def fetch(self, row: int) -> bytes:
        """One picture as it is encoded."""
        with open_binary(self.address) as file:
            return self._fetch(file, row)

    def _fetch(self, file: Any, row: int) -> bytes:
        place = row - self.first
        file.seek(int(self.offsets[place]))
        content = file.read(int(self.sizes[place]))
        if len(content) != self.sizes[place]:
            raise PictureError("the archive ends before it")
        return content


def _index(address: str) -> TarShard:
    names, offsets, sizes = [], [], []
    what = base_name(address)
    with open_binary(address) as file:
        file.seek(0, os.SEEK_END)
        end = file.tell()
        file.seek(0)
        try:
            with tarfile.open(fileobj=file, mode="r:") as archive:
                for member in archive:
                    archive.members = []  # type: ignore[attr-defined]  # or every header would be kept
                    plain = member.isreg() and member.sparse is None
                    if not plain or not member.name.lower().endswith(PICTURES):
                        continue
                    # One whose size is a lie is kept and left out by name when it is read.
                    names.append(printable(member.name))
                    offsets.append(member.offset_data)
                    sizes.append(min(member.size, max(0, end - member.offset_data) + 1))
        # What tarfile raises on damaged headers is open-ended: ReadError, ValueError, OverflowError ....
        except Exception as error:
            if not names:
                raise DataFormatError(f"{what} is no plain tar archive: {printable(error)[:100]}") from error
    if not names:
        raise DataFormatError(f"{what} holds no pictures.")
    return TarShard(address, tuple(names), np.array(offsets, dtype=np.int64), np.array(sizes, dtype=np.int64))


def tar_source(addresses: list[str], name: str, size: tuple[int, int] | None, mode: str) -> ShardedImages:
    """Pictures of tar archives as a source; an archive that cannot be read is listed with the reason."""
    shards, unreadable = [], []
    for address in addresses:
        try:
            shards.append(_index(address))
        except (DataFormatError, OSError) as error:
            unreadable.append((base_name(address), str(error)))
    source = ShardedImages(shards, name=name, unreadable=unreadable)

    def fetch(row: int) -> bytes:
        shard, start = source._place(row)
        return shards[shard].fetch(row - start)

    decoding = learn_decoding(len(source), fetch, size, mode)
    if decoding is None:
        raise DataFormatError(f"{name}: none of the members looked at is a picture that can be read.")
    decoded = [replace(shard, decoding=decoding) for shard in shards]
    return ShardedImages(decoded, name=name, unreadable=unreadable)
