"""Signatures that lie in files: of sets whose signatures memory does not hold."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit._core.npy_header import read_npy_header
from toolkit._core.printable import printable
from toolkit._core.types import PathLike
from toolkit.audit._duplicates_signature import HEAD_LENGTH, SIGNATURE_LENGTH, Signatures, is_signatures
from toolkit.exceptions import DataFormatError

__all__ = ["StoredSignatures"]

_SWEPT = 1024  # signatures held at a time while heads are read


class StoredSignatures(Signatures):
    """Signatures in ``.npy`` files, one after the other; in memory is what is known of each in 32 figures.

    :func:`find_duplicates` takes them in the place of an array. Thumbnails are read when pairs are compared.

    Parameters
    ----------
    paths : sequence of path-like
        Files of arrays of shape (m, SIGNATURE_LENGTH), float32, each with the signatures of some pictures, as
        :func:`image_signature` makes them. They must not change afterwards.

    Raises
    ------
    DataFormatError
        A file holds anything else.
    OSError

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from toolkit.audit import StoredSignatures, find_duplicates, image_signature
    >>> from toolkit.datasets import load_image_folder
    >>> crops = load_image_folder().images[:30]
    >>> folder = tempfile.mkdtemp()
    >>> paths = [os.path.join(folder, f"{part}.npy") for part in range(2)]
    >>> for path, images in zip(paths, (crops, [np.rot90(crops[3]) // 8 * 7])):
    ...     np.save(path, np.array([image_signature(image) for image in images]))
    >>> find_duplicates(StoredSignatures(paths)).pairs[["row_a", "row_b", "symmetry"]].values.tolist()
    [[3, 30, 'rotate_90']]
    """

    paths: list[str]
    _ends: NDArray[np.intp]
    _offsets: list[int]

    def __init__(self, paths: Sequence[PathLike]) -> None:
        lengths, offsets = [], []
        for path in paths:
            length, offset = _checked(path)
            lengths.append(length)
            offsets.append(offset)
        # The parent is frozen.
        for name, value in (
            ("paths", [os.fspath(path) for path in paths]),
            ("_ends", np.cumsum(lengths, dtype=np.intp)),
            ("_offsets", offsets),
        ):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "values", np.empty((sum(lengths), HEAD_LENGTH), dtype=np.float32))
        for start in range(0, len(self), _SWEPT):
            rows = np.arange(start, min(start + _SWEPT, len(self)))
            part = self._read(rows)
            if not is_signatures(part):
                raise DataFormatError(f"{printable(Path(self._file_of(start)).name)} holds no signatures.")
            self.values[rows] = part[:, :HEAD_LENGTH]

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __repr__(self) -> str:
        return f"<StoredSignatures of {len(self):,} pictures in {len(self.paths):,} files>"

    def at(self, rows: Any) -> Signatures:
        """Of some rows, read."""
        return Signatures(self._read(np.arange(len(self))[rows]))

    def grey(self, rows: Any = slice(None)) -> NDArray:
        return self.at(rows).grey()

    def chroma(self, rows: Any = slice(None)) -> NDArray:
        return self.at(rows).chroma()

    def _file_of(self, row: int) -> str:
        return self.paths[int(np.searchsorted(self._ends, row, side="right"))]

    def _read(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Whole signatures, by runs of rows that lie one after the other."""
        rows = np.asarray(rows, dtype=np.intp)
        found = np.empty((len(rows), SIGNATURE_LENGTH), dtype="<f4")
        order = np.argsort(rows, kind="stable")
        files = np.searchsorted(self._ends, rows[order], side="right")
        for file in np.unique(files):
            places = order[files == file]
            first = int(self._ends[file - 1]) if file else 0
            with open(self.paths[file], "rb", buffering=0) as stream:
                at = 0
                while at < len(places):
                    # As long as the next row follows upon this one, one read has both.
                    end = at + 1
                    while end < len(places) and rows[places[end]] == rows[places[end - 1]] + 1:
                        end += 1
                    size = (end - at) * SIGNATURE_LENGTH * 4
                    stream.seek(self._offsets[file] + (int(rows[places[at]]) - first) * SIGNATURE_LENGTH * 4)
                    content = stream.read(size)
                    if len(content) != size:
                        name = printable(Path(self.paths[file]).name)
                        raise DataFormatError(f"{name} has become shorter than its header says.")
                    found[places[at:end]] = np.frombuffer(content, "<f4").reshape(-1, SIGNATURE_LENGTH)
                    at = end
        return found.astype(np.float32, copy=False)


def _checked(path: PathLike) -> tuple[int, int]:
    """Number of signatures in a file, and where they begin."""
    what = printable(Path(path).name)
    with open(path, "rb") as file:
        header = read_npy_header(file, what)
        n_bytes = file.seek(0, os.SEEK_END) - header.offset
    right = header.dtype == np.dtype("<f4") and not header.fortran_order
    if not right or len(header.shape) != 2 or header.shape[1] != SIGNATURE_LENGTH or header.n_bytes != n_bytes:
        raise DataFormatError(
            f"{what} holds {header.shape} of {header.dtype}, expected (n, {SIGNATURE_LENGTH}) of float32: signatures."
        )
    return header.shape[0], header.offset
