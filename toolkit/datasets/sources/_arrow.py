"""Parquet files, and Arrow files as Hugging Face ``datasets`` saves them: a column of encoded pictures.

Pyarrow reads both; the library ``datasets`` is not needed, and nothing is fetched. A path in a row is a name, never
opened.
"""

import json
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit._core.npy_header import describe_bytes
from toolkit._core.optional import import_optional
from toolkit._core.pictures import PictureError
from toolkit._core.printable import printable
from toolkit.datasets.sources._address import base_name, open_binary
from toolkit.datasets.sources._encoded import Decoding, learn_decoding
from toolkit.datasets.sources._sharded import ShardedImages
from toolkit.exceptions import DataFormatError

__all__ = ["arrow_source", "is_saved_dataset"]

_COLUMNS = ("image", "img", "images", "picture", "jpg", "png", "bytes", "content")
_MOST_GROUP = 2**31  # bytes of a column of a row group, which is read as a whole


@dataclass(frozen=True)
class ArrowShard:
    """A file of rows, and where each of its groups begins."""

    address: str
    column: str
    ends: tuple[int, ...]
    is_parquet: bool
    decoding: Decoding | None = None

    @property
    def name(self) -> str:
        return base_name(self.address)

    def __len__(self) -> int:
        return self.ends[-1] if self.ends else 0

    def id_of(self, row: int) -> str:
        return f"{self.name}#{row}"

    def cut(self, start: int, stop: int) -> "ArrowShard":
        return self

    def read(self, rows: NDArray) -> tuple[NDArray, NDArray, list[tuple]]:
        if self.decoding is None:
            raise DataFormatError(f"{self.name}: nothing is known of its pictures.")
        images, kept, left_out = [], [], []
        for group, mine in self._by_group(rows):
            start = self.ends[group - 1] if group else 0
            values = self._group(group)
            found = self.decoding.decode_all(mine, partial(_cell, values, start))
            images.append(found[0])
            kept.append(found[1])
            left_out += found[2]
        return np.concatenate(images), np.concatenate(kept), left_out

    def fetch(self, row: int) -> bytes:
        """One picture as it is encoded."""
        ((group, mine),) = self._by_group(np.array([row]))
        return _content(self._group(group)[int(mine[0]) - (self.ends[group - 1] if group else 0)])

    def _by_group(self, rows: NDArray) -> Iterator[tuple[int, NDArray]]:
        groups = np.array([bisect_right(self.ends, int(row)) for row in rows])
        for group in np.unique(groups):
            yield int(group), rows[groups == group]

    def _group(self, group: int) -> Any:
        """The column in one group of rows."""
        pyarrow = import_optional("pyarrow", purpose=f"reading {self.name}", extra="hub")
        try:
            if not self.is_parquet:
                with open_binary(self.address) as file:
                    for place, batch in enumerate(_batches(pyarrow, file)):
                        if place == group:
                            return batch.column(self.column)
                raise DataFormatError(f"{self.name} has become shorter.")
            from pyarrow import parquet

            with open_binary(self.address) as file:
                table = parquet.ParquetFile(file).read_row_group(group, columns=[self.column])
                return table.column(0).combine_chunks()
        except (pyarrow.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise DataFormatError(f"{self.name} cannot be decoded: {printable(error)[:200]}") from error


def _cell(values: Any, start: int, row: int) -> bytes:
    """The encoded picture of a row of a group that begins at ``start``."""
    return _content(values[row - start])


def _content(value: Any) -> bytes:
    """The encoded picture of a cell: bytes, or the bytes of Hugging Face's pair of bytes and path."""
    value = value.as_py()
    if isinstance(value, dict):
        value = value.get("bytes")
    if value is None:
        raise PictureError("no bytes in the file; paths in it are not followed")
    return value


def _batches(pyarrow: Any, file: Any) -> Iterator[Any]:
    """Record batches of an Arrow file of either format."""
    magic = file.read(6)
    file.seek(0)
    if magic == b"ARROW1":
        reader = pyarrow.ipc.open_file(file)
        for place in range(reader.num_record_batches):
            yield reader.get_batch(place)
    else:
        yield from pyarrow.ipc.open_stream(file)


def _open_shard(address: str, column: str | None) -> ArrowShard:
    what = base_name(address)
    pyarrow = import_optional("pyarrow", purpose=f"reading {what}", extra="hub")
    try:
        with open_binary(address) as file:
            if not address.lower().endswith(".arrow"):
                from pyarrow import parquet

                metadata = (opened := parquet.ParquetFile(file)).metadata
                chosen = _choose(opened.schema_arrow, column, what)
                counts = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
                for group in range(metadata.num_row_groups):
                    _check_group(metadata.row_group(group), chosen, what)
                return ArrowShard(address, chosen, tuple(map(int, np.cumsum(counts))), True)
            chosen, counts = None, []
            for batch in _batches(pyarrow, file):
                chosen = chosen or _choose(batch.schema, column, what)
                counts.append(batch.num_rows)
            if chosen is None:
                raise DataFormatError(f"{what} holds no rows.")
            return ArrowShard(address, chosen, tuple(map(int, np.cumsum(counts))), False)
    except pyarrow.ArrowException as error:
        raise DataFormatError(f"{what} is no file of that format: {printable(error)[:200]}") from error


def _check_group(group: Any, column: str, what: str) -> None:
    parts = [group.column(place) for place in range(group.num_columns)]
    size = sum(part.total_uncompressed_size for part in parts if part.path_in_schema.split(".")[0] == column)
    if size > _MOST_GROUP:
        raise DataFormatError(
            f"{what} has a group of rows of {describe_bytes(size)}, more than {describe_bytes(_MOST_GROUP)}, which a "
            "worker would have to hold."
        )


def _choose(schema: Any, column: str | None, what: str) -> str:
    """The column of pictures: the one asked for, else the first of a usual name that holds bytes."""
    fit = [field.name for field in schema if _holds_bytes(field.type)]
    if column is not None:
        if column not in fit:
            raise DataFormatError(f"{what} has no column {column!r} of encoded pictures, only {fit or 'none at all'}.")
        return column
    usual = [name for name in _COLUMNS if name in fit] or fit
    if not usual:
        raise DataFormatError(f"{what} has no column of encoded pictures, only {printable(schema.names)[:100]}.")
    return usual[0]


def _holds_bytes(kind: Any) -> bool:
    import pyarrow

    kind = getattr(kind, "storage_type", kind)  # an extension type is what it is stored as
    types = pyarrow.types
    if types.is_struct(kind):
        places = [kind.get_field_index("bytes")]
        return places[0] >= 0 and _holds_bytes(kind.field(places[0]).type)
    return types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind)


def is_saved_dataset(path: Path) -> bool:
    """Whether ``datasets.save_to_disk`` wrote this folder."""
    return (path / "state.json").is_file() and any(path.glob("*.arrow"))


def saved_files(path: Path) -> list[str]:
    """The files of rows of a saved data set, in its order."""
    try:
        state = json.loads((path / "state.json").read_text(encoding="utf-8"))
        names = [entry["filename"] for entry in state["_data_files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise DataFormatError(f"{printable(path.name)}: state.json does not name the files of a data set.") from error
    if state.get("_indices_data_files"):
        raise DataFormatError(
            f"{printable(path.name)} is a selection of rows by indices: save what flatten_indices() gives."
        )
    if any(not isinstance(name, str) or Path(name).name != name or not name.endswith(".arrow") for name in names):
        raise DataFormatError(f"{printable(path.name)}: state.json names files elsewhere.")
    return [str(path / name) for name in names]


def arrow_source(
    addresses: list[str], name: str, size: tuple[int, int] | None, mode: str, column: str | None
) -> ShardedImages:
    """Pictures in a column of Parquet or Arrow files as a source; a file that cannot be read is listed."""
    shards, unreadable = [], []
    for address in addresses:
        try:
            shard = _open_shard(address, column)
            if len(shard):
                shards.append(shard)
        except (DataFormatError, OSError) as error:
            unreadable.append((base_name(address), str(error)))
    source = ShardedImages(shards, name=name, unreadable=unreadable)

    def fetch(row: int) -> bytes:
        shard, start = source._place(row)
        return shards[shard].fetch(row - start)

    decoding = learn_decoding(len(source), fetch, size, mode)
    if decoding is None:
        raise DataFormatError(f"{name}: none of the rows looked at holds a picture that can be read.")
    return ShardedImages([replace(shard, decoding=decoding) for shard in shards], name=name, unreadable=unreadable)
