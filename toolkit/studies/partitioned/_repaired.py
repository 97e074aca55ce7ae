"""The images of a set with their repairs in place, as one zarr array that parts are written to by themselves.

A chunk is as long as parts are, where they begin at regular places: each worker then writes chunks of its own. Where
they do not (shards of uneven length), two parts would share a chunk; a worker leaves its images in a file instead, and
whoever started the run alone puts them into the array.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit._core.files import atomic_path
from toolkit._core.optional import import_optional
from toolkit._core.printable import printable
from toolkit.datasets import open_images
from toolkit.exceptions import DataFormatError

__all__ = ["AS_IT_CAME", "NOT_THERE", "REPAIRED", "REPAIRED_ZARR", "RepairedArray", "zarr_is_there"]

REPAIRED, REPAIRED_ZARR = "repaired", "repaired.zarr"
AS_IT_CAME, CHANGED, NOT_THERE = 0, 1, 2  # what ``state`` says of a row
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
        if root.is_symlink():
            raise ValueError(f"{printable(root)} is a link, and what it leads to may be anybody's: remove it.")
        if root.exists():
            self._check()
            for left in root.rglob("*.partial"):  # of a writer that was killed
                with contextlib.suppress(FileNotFoundError):
                    left.unlink()
            return False
        zarr = import_optional("zarr", purpose="writing repaired images", extra="zarr")
        # Made beside its place and renamed: a group without its arrays would not be gone on with.
        made = root.with_name(f".{root.name}-{os.getpid()}")
        group = zarr.create_group(str(made), zarr_format=3, overwrite=True)
        chunks = (self.chunk, *self.shape[1:])
        group.create_array("images", shape=self.shape, dtype=self.dtype, chunks=chunks, fill_value=self._fill)
        group.create_array("state", shape=self.shape[:1], dtype="uint8", chunks=chunks[:1], fill_value=NOT_THERE).attrs[
            "meaning"
        ] = {"0": "as it came", "1": "repaired", "2": "not there"}
        made.rename(root)
        return True

    @property
    def _fill(self) -> float:
        # A row that was never written reads as no image at all where the dtype can say so.
        return float("nan") if np.dtype(self.dtype).kind == "f" else 0

    def _check(self) -> None:
        """What is there was checked by the readers of this package before zarr opens it to write."""
        what = printable(self.path)
        try:
            shard: Any = open_images(self.path).shards[0]  # type: ignore[attr-defined]
            found = (tuple(shard.shape), shard.dtype.name)
            group = self._group()
            found += (group["images"].chunks[0], group["state"].shape, group["state"].chunks[0])
        except (DataFormatError, OSError, KeyError, ValueError) as error:
            raise ValueError(f"{what} is damaged: remove it, and its parts are judged again. {error}") from error
        expected = (self.shape, self.dtype, self.chunk, self.shape[:1], self.chunk)
        if found != expected:
            raise ValueError(f"{what} holds {found}, expected {expected}: remove it, and its parts are judged again.")

    def _group(self) -> Any:
        zarr = import_optional("zarr", purpose="writing repaired images", extra="zarr")
        return zarr.open_group(self.path, mode="r+")

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
        group = self._group()
        group["images"][start:stop] = block
        group["state"][start:stop] = state
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
