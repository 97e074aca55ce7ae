"""The images of a set with their repairs in place, as one zarr array that parts are written to by themselves.

A chunk is as long as parts are, where they begin at regular places: each worker then writes chunks of its own. Where
they do not (shards of uneven length), two parts would share a chunk; a worker leaves its images in a file instead, and
whoever started the run alone puts them into the array.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit._core.files import atomic_path
from toolkit._core.folders import whole_folder
from toolkit._core.optional import import_optional
from toolkit._core.printable import printable

__all__ = ["REPAIRED", "REPAIRED_ZARR", "RepairedArray", "zarr_is_there"]

REPAIRED, REPAIRED_ZARR = "repaired", "repaired.zarr"
NOT_THERE = 2  # what ``state`` says of a row that was not written; else 0 or 1, whether it was changed
_MEANING = {"0": "as it came", "1": "repaired", "2": "not there"}
_MOST_METADATA = 2**20
_LONGEST = 2**29  # bytes of a chunk
_REGULAR = 8  # a chunk may be so many times shorter than a part


def zarr_is_there() -> bool:
    """Whether the package is installed."""
    return importlib.util.find_spec("zarr") is not None


@dataclass(frozen=True)
class RepairedArray:
    """Where the images go: a group with ``images``, all rows of the set, and ``state`` of each row.

    Parameters
    ----------
    path : str
        Of the group.
    shape : tuple of int
        Of all images.
    dtype : str
    chunk : int
        Images of a chunk.
    regular : bool
        Whether each part begins and ends with a chunk.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    chunk: int
    regular: bool

    @classmethod
    def planned(cls, path: Path, spans: Sequence[tuple[int, int]], shape: Sequence[int], dtype: str) -> RepairedArray:
        """The array for parts of these rows.

        Parameters
        ----------
        path : Path
        spans : sequence of (int, int)
            First row and end of each part, in order.
        shape : sequence of int
            Of one image.
        dtype : str

        Examples
        --------
        >>> def planned(*spans):
        ...     array = RepairedArray.planned(Path("a.zarr"), spans, (28, 28), "uint8")
        ...     return array.chunk, array.regular
        >>> planned((0, 40), (40, 80), (80, 90)), planned((0, 20), (20, 30), (30, 50), (50, 53))
        ((40, True), (10, True))
        >>> planned((0, 40), (40, 57), (57, 97))
        (40, False)
        """
        longest = max(stop - start for start, stop in spans)
        common = math.gcd(*(start for start, _ in spans)) or longest
        regular = common * _REGULAR >= longest
        n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
        chunk = common if regular else max(1, min(longest, _LONGEST // max(1, n_bytes)))
        while regular and chunk * n_bytes > _LONGEST and chunk > 1:  # a part then fills several chunks
            chunk = next(chunk // by for by in range(2, chunk + 1) if chunk % by == 0)
        return cls(str(path), (spans[-1][1], *map(int, shape)), np.dtype(dtype).name, chunk, regular)

    def prepare(self) -> bool:
        """Make the array, or see that the one that is there is the same; True where it was made.

        Raises
        ------
        ValueError
            Something else is there.
        """
        root = Path(self.path)
        if root.exists() or root.is_symlink():
            self._check(root)
            return False
        zarr = import_optional("zarr", purpose="writing repaired images", extra="zarr")
        with whole_folder(root) as made:
            group = zarr.create_group(str(made), zarr_format=3)
            chunks, codec = (self.chunk, *self.shape[1:]), zarr.codecs.ZstdCodec(level=1)
            about: dict[str, Any] = {"compressors": codec, "filters": None}
            group.create_array(
                "images", shape=self.shape, dtype=self.dtype, chunks=chunks, fill_value=self._fill, **about
            )
            state = {"shape": self.shape[:1], "dtype": "uint8", "chunks": chunks[:1], "fill_value": NOT_THERE}
            group.create_array("state", **state, **about).attrs["meaning"] = _MEANING
        return True

    @property
    def _fill(self) -> float:
        # A row that was never written reads as no image at all where the dtype can say so.
        return float("nan") if np.dtype(self.dtype).kind == "f" else 0

    def _check(self, root: Path) -> None:
        """See that what is there is what was made, before zarr reads any of it: descriptions can name pickle."""
        what = printable(root.name)
        for folder, folders, files in os.walk(root):
            for name in (".", *folders, *files):
                if os.path.islink(os.path.join(folder, name)) or root.is_symlink():
                    raise ValueError(f"{what} is, or holds, a link, and what it leads to may be anybody's: remove it.")
                if name.endswith(".partial"):  # of a writer that was killed
                    os.unlink(os.path.join(folder, name))
        for name, shape, dtype in (("images", self.shape, self.dtype), ("state", self.shape[:1], "uint8")):
            try:
                with open(root / name / "zarr.json", "rb") as file:
                    found = json.loads(file.read(_MOST_METADATA))
                known = {
                    "shape": tuple(found["shape"]),
                    "data_type": found["data_type"],
                    "chunks": tuple(found["chunk_grid"]["configuration"]["chunk_shape"]),
                    "codecs": [codec["name"] for codec in found["codecs"]],
                    "transformers": list(found.get("storage_transformers") or ()),
                    "encoding": found["chunk_key_encoding"]["name"],
                }
            except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise ValueError(
                    f"{what} has a damaged description of {name!r}: remove it, and its parts are judged again."
                ) from error
            wanted = {
                "shape": shape,
                "data_type": dtype,
                "chunks": (self.chunk, *shape[1:]),
                "codecs": ["bytes", "zstd"],
                "transformers": [],
                "encoding": "default",
            }
            differs = [key for key in wanted if known[key] != wanted[key]]
            if differs:
                key = differs[0]
                raise ValueError(
                    f"{what} has {key}={printable(str(known[key]))[:200]} of {name!r}, expected {wanted[key]}: remove "
                    "it, and its parts are judged again."
                )

    def _array(self, name: str) -> Any:
        # Each by itself: what a group says of its members is not asked.
        zarr = import_optional("zarr", purpose="writing repaired images", extra="zarr")
        return zarr.open_array(os.path.join(self.path, name), mode="r+", zarr_format=3)

    def block(self, start: int, stop: int, rows: NDArray, images: NDArray, changed: NDArray) -> tuple[NDArray, NDArray]:
        """All rows of a part, those that could not be read filled up: images, and state."""
        block = np.full((stop - start, *self.shape[1:]), self._fill, dtype=self.dtype)
        state = np.full(stop - start, NOT_THERE, dtype=np.uint8)
        block[rows - start] = images
        state[rows - start] = changed
        return block, state

    def put(self, start: int, block: NDArray, state: NDArray) -> None:
        """Write the rows of a part, and see that they are on disk."""
        stop = start + len(block)
        self._array("images")[start:stop] = block
        self._array("state")[start:stop] = state
        for name, ndim in (("images", block.ndim), ("state", 1)):
            for number in range(start // self.chunk, -(-stop // self.chunk)):
                path = os.path.join(self.path, name, "c", str(number), *["0"] * (ndim - 1))
                with contextlib.suppress(FileNotFoundError):  # a chunk of nothing but fill is none
                    descriptor = os.open(path, os.O_RDONLY)
                    try:
                        os.fsync(descriptor)
                    finally:
                        os.close(descriptor)

    def write_part(
        self, start: int, stop: int, rows: NDArray, images: NDArray, changed: NDArray, pending: Path
    ) -> None:
        """Write a part's images: into the array where its chunks are its own, else into the file ``pending``."""
        block, state = self.block(start, stop, rows, images, changed)
        if self.regular:
            self.put(start, block, state)
            return
        with atomic_path(pending) as temporary, open(temporary, "wb") as file:
            np.savez(file, images=block, state=state)

    def collect(self, start: int, pending: Path) -> None:
        """Put what a part left in a file into the array; one process does this for all parts."""
        if not pending.exists():
            return
        with np.load(pending, allow_pickle=False) as found:
            self.put(start, found["images"], found["state"])
        pending.unlink()
