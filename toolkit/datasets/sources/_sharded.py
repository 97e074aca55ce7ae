"""ShardedImages: shards that are read a part at a time, as one source with a known length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toolkit._core.parameters import check_int
from toolkit.exceptions import DataFormatError

__all__ = ["Part", "Shard", "ShardedImages"]

UNREADABLE_COLUMNS = ["path", "reason"]


@dataclass(frozen=True)
class Part:
    """Some images of a source as they were read.

    Attributes
    ----------
    images : ndarray of shape (n, height, width) or (n, height, width, 3)
        Those that could be read.
    rows : ndarray of int of shape (n,)
        Their positions in the source.
    ids : list of n values
        What each is called.
    left_out : list of tuple
        ``(row, id, reason)`` of each that could not.
    """

    images: NDArray
    rows: NDArray
    ids: list
    left_out: list[tuple] = field(default_factory=list)


class Shard(Protocol):
    """Images in one place: what a source is made of. It is small, can be pickled, and holds no open file."""

    @property
    def name(self) -> str:
        """Of the file, fit to be shown."""
        ...

    def __len__(self) -> int: ...

    def read(self, rows: NDArray) -> tuple[NDArray, NDArray, list[tuple]]:
        """Images of rising rows, the rows that they are, and ``(row, reason)`` of those that cannot be read."""
        ...

    def id_of(self, row: int) -> Any:
        """What a row is called."""
        ...

    def cut(self, start: int, stop: int) -> "Shard":
        """The shard as it has to be known to read these rows, by the same numbers."""
        ...


class _Ids(Sequence):
    """What each image is called, made up when it is asked for: ten million names would not fit."""

    def __init__(self, source: "ShardedImages") -> None:
        self._source = source

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self._source.id_of(row) for row in range(*place.indices(len(self)))]
        row = int(place)
        if not -len(self) <= row < len(self):
            raise IndexError(f"there are {len(self)} images, got {row}.")
        return self._source.id_of(row % len(self))


class ShardedImages:
    """Images in shards as an :class:`~toolkit.datasets.ImageSource`, and in parts that workers read by themselves.

    :func:`toolkit.datasets.open_images` makes it.

    Parameters
    ----------
    shards : sequence of Shard
    name : str
    unreadable : sequence of tuple, default=()
        ``(path, reason)`` of the shards that hold no such images.

    Attributes
    ----------
    unreadable : DataFrame
        ``path`` and ``reason`` of each shard that could not be opened; the rest stands.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from toolkit.datasets import open_images
    >>> folder = tempfile.mkdtemp()
    >>> for shard in range(3):
    ...     np.save(f"{folder}/{shard}.npy", np.full((4, 8, 8), shard, dtype=np.uint8))
    >>> source = open_images(folder)
    >>> len(source), source.ids[5], source.parts(3)[:2], source.read(4, 7).images.shape, source.take([0, 11]).shape
    (12, '1.npy#1', [(0, 3), (3, 4)], (3, 8, 8), (2, 8, 8))
    """

    metadata = None

    def __init__(self, shards: Sequence[Shard], *, name: str, unreadable: Sequence[tuple] = ()) -> None:
        if not shards:
            why = f": {unreadable[0][0]}: {unreadable[0][1]}" if unreadable else ""
            raise DataFormatError(f"{name} holds no images that can be read{why}")
        self.shards, self.name = list(shards), name
        self.unreadable = pd.DataFrame(list(unreadable), columns=UNREADABLE_COLUMNS)
        self._ends = np.cumsum([len(shard) for shard in self.shards])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __repr__(self) -> str:
        return f"<ShardedImages {self.name!r}: {len(self):,} images in {len(self.shards):,} shards>"

    @property
    def ids(self) -> Sequence:
        """What each image is called: its key, or file and row; its position where all lie in one array."""
        if len(self.shards) == 1 and isinstance(self.shards[0].id_of(0), int):
            return range(len(self))
        return _Ids(self)

    def id_of(self, row: int) -> Any:
        """What one image is called."""
        shard, start = self._place(row)
        return self.shards[shard].id_of(row - start)

    def _place(self, row: int) -> tuple[int, int]:
        shard = int(np.searchsorted(self._ends, row, side="right"))
        return shard, int(self._ends[shard]) - len(self.shards[shard])

    def parts(self, size: int) -> list[tuple[int, int]]:
        """First row and end of each part of at most ``size`` images; none reaches over the end of a shard."""
        check_int("size", size)
        found, start = [], 0
        for end in map(int, self._ends):
            found += [(first, min(first + size, end)) for first in range(start, end, size)]
            start = end
        return found

    def piece(self, start: int, stop: int) -> "Piece":
        """What a worker needs to read the images of one part, and nothing else."""
        shard, first = self._place(start)
        return Piece(self.shards[shard].cut(start - first, stop - first), first, start, stop)

    def read(self, start: int, stop: int) -> Part:
        """The images of one part of :meth:`parts`, with what could not be read beside them."""
        return self.piece(start, stop).read()

    def take(self, rows: ArrayLike) -> NDArray:
        """The images at rising positions, those that cannot be read left out.

        Parameters
        ----------
        rows : array-like of int, rising

        Returns
        -------
        ndarray of shape (n, height, width) or (n, height, width, 3)
        """
        rows = np.asarray(rows)
        found, start = [], 0
        for shard, end in zip(self.shards, map(int, self._ends)):
            mine = rows[(rows >= start) & (rows < end)] - start
            if len(mine):
                found.append(shard.read(mine)[0])
            start = end
        kept = [images for images in found if len(images)]
        if not kept:
            raise DataFormatError(f"{self.name}: none of {len(rows)} images asked for can be read.")
        return np.concatenate(kept)

    def chunks(self, size: int) -> Iterator[NDArray]:
        """The images in order, at most ``size`` at a time.

        Raises
        ------
        DataFormatError
            One cannot be read: :meth:`read` gives the others.
        """
        for start, stop in self.parts(size):
            part = self.read(start, stop)
            if part.left_out:
                _, name, reason = part.left_out[0]
                raise DataFormatError(f"{self.name}: {name}: {reason}. run_partitioned_audit goes on without it.")
            yield part.images

    def original(self, i: int) -> NDArray:
        """Image ``i``."""
        shard, start = self._place(i)
        images, _, left_out = self.shards[shard].read(np.array([i - start]))
        if left_out:
            raise DataFormatError(f"{self.name}: {self.id_of(i)}: {left_out[0][1]}.")
        return images[0]


@dataclass(frozen=True)
class Piece:
    """One part of a source, by itself: it is sent to a worker, which reads it."""

    shard: Shard
    first: int
    start: int
    stop: int

    def read(self) -> Part:
        """Read the images."""
        local = np.arange(self.start - self.first, self.stop - self.first)
        images, rows, left_out = self.shard.read(local)
        return Part(
            images,
            rows + self.first,
            [self.shard.id_of(int(row)) for row in rows],
            [(row + self.first, self.shard.id_of(row), reason) for row, reason in left_out],
        )
