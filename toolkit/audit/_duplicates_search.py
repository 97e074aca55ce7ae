"""Which pictures may be copies of which: the most similar ones under the eight symmetries of the square.

Up to 20,000 pictures by exact matrix products, a chunk of rows at a time; beyond that in lists of pictures that are
alike, and with the small pictures in a file. The answer is the same each time.
"""

import tempfile
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from toolkit._core.geometry import DIHEDRAL, dihedral, inverse_dihedral
from toolkit._core.images import iter_chunks
from toolkit.audit._duplicates_lists import search_lists
from toolkit.audit._duplicates_signature import GREY_SIDE, Signatures

__all__ = ["INVERSE", "Candidates", "describe", "find_candidates", "is_large", "structure"]

_SIDE = 16
_EXACT_UP_TO = 20_000
_SMALL_SET = 500
_CHUNK_CELLS = 2**23  # of a matrix of similarities held at a time: 32 MB
_READ = 1024  # signatures unpacked at a time
_LARGE = 2.5  # pixels of 16: standard deviation of what is not a detail
_UPRIGHT = 0.02  # more similar must a picture be turned than as it is, to count as turned


# Which symmetry undoes which, by number.
INVERSE = np.array([DIHEDRAL.index(inverse_dihedral(name)) for name in DIHEDRAL])


class Candidates(NamedTuple):
    """Pairs worth a closer look; row ``b`` resembles ``symmetry`` of row ``a``."""

    a: NDArray[np.intp]
    b: NDArray[np.intp]
    symmetry: NDArray[np.intp]
    similarity: NDArray[np.float32]

    def at(self, wanted: NDArray) -> "Candidates":
        """Some of the pairs."""
        return Candidates(self.a[wanted], self.b[wanted], self.symmetry[wanted], self.similarity[wanted])


def _small(signatures: Signatures, rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """Details at 16 x 16: what is bright where is common to whole sets, how it changes from there is not."""
    grey = signatures.grey(rows)
    block = GREY_SIDE // _SIDE
    small = grey.reshape(len(grey), _SIDE, block, _SIDE, block).mean(axis=(2, 4))
    return small - ndimage.gaussian_filter(small, (0, _LARGE, _LARGE), mode="nearest")


def structure(signatures: Signatures, rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """How much there is to compare in each of some rows: standard deviation of details, of white."""
    parts = [_small(signatures, rows[part]).std(axis=(1, 2)) for part in iter_chunks(len(rows), _READ)]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)


def is_large(n: int) -> bool:
    """Whether so many pictures are searched in lists, and held in files."""
    return n > _EXACT_UP_TO


def describe(signatures: Signatures, rows: NDArray[np.intp]) -> NDArray:
    """Small pictures of some rows, of equal local contrast, mean zero and length one: (n, 16, 16).

    float32; of many pictures float16 in a file of its own, which is gone with the array.
    """
    shape = (len(rows), _SIDE, _SIDE)
    found: NDArray
    if is_large(len(rows)):
        file = tempfile.TemporaryFile(prefix="toolkit-")  # noqa: SIM115 (it lives as long as the array)
        found = np.memmap(file, dtype=np.float16, shape=shape)
    else:
        found = np.empty(shape, dtype=np.float32)
    for part in iter_chunks(len(rows), _READ):
        detail = _small(signatures, rows[part])
        power = ndimage.gaussian_filter(detail**2, (0, _LARGE, _LARGE), mode="nearest")
        floor = 0.1 * power.mean(axis=(1, 2), keepdims=True) + 1e-12
        detail /= np.sqrt(power + floor)
        detail -= detail.mean(axis=(1, 2), keepdims=True)
        detail /= np.maximum(np.linalg.norm(detail, axis=(1, 2), keepdims=True), 1e-9)
        found[part] = detail
    return found


def find_candidates(
    described: NDArray[np.float32],
    others: NDArray[np.float32] | None = None,
    *,
    symmetries: bool = True,
    n_neighbors: int = 8,
    floor: float = 0.55,
) -> Candidates:
    """The most similar pictures of each, in the same set or in another.

    Parameters
    ----------
    described : ndarray of shape (n, 16, 16)
        From :func:`describe`.
    others : ndarray of shape (m, 16, 16), optional
        Another set; None searches the set itself, where each pair is named once with ``a < b``.
    symmetries : bool, default=True
        All eight of them; False: as they are.
    n_neighbors : int, default=8
        Candidates of each picture.
    floor : float, default=0.55
        Least cosine similarity.
    """
    within = others is None
    database = described if others is None else others
    names = DIHEDRAL if symmetries else DIHEDRAL[:1]
    n_neighbors = min(n_neighbors, len(database) - within)
    if n_neighbors < 1 or not len(described):
        empty = np.empty(0, dtype=np.intp)
        return Candidates(empty, empty, empty, np.empty(0, dtype=np.float32))
    # Of a small set all neighbours are kept: what is unlike says what is alike.
    floor = floor if len(database) > _SMALL_SET else -np.inf
    if is_large(len(database)):
        rows, columns, symmetry, similarity = search_lists(
            described, database, names, n_neighbors, within, floor=floor, upright=_UPRIGHT
        )
    else:
        rows, columns, symmetry, similarity = _exact(described, database, names, n_neighbors, within)
    good = similarity >= floor
    rows, columns, symmetry, similarity = rows[good], columns[good], symmetry[good], similarity[good]
    if within:
        # A pair found from its second row is the same pair under the inverse symmetry.
        turned = rows > columns
        symmetry = np.where(turned, INVERSE[symmetry], symmetry).astype(symmetry.dtype)
        rows, columns = np.minimum(rows, columns), np.maximum(rows, columns)
    order = np.lexsort((-similarity, columns, rows))
    rows, columns, symmetry, similarity = rows[order], columns[order], symmetry[order], similarity[order]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
    return Candidates(rows, columns, symmetry, similarity).at(first)


def _flat(described: NDArray[np.float32], name: str = DIHEDRAL[0]) -> NDArray[np.float32]:
    return dihedral(described, name).reshape(len(described), -1)


def _exact(
    described: NDArray[np.float32], database: NDArray[np.float32], names: tuple[str, ...], k: int, within: bool
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    columns = _flat(np.asarray(database, dtype=np.float32)).T
    found = []
    for part in iter_chunks(len(described), max(1, _CHUNK_CELLS // len(database))):
        best = np.full((part.stop - part.start, len(database)), -np.inf, dtype=np.float32)
        which = np.zeros(best.shape, dtype=np.int8)
        for index, name in enumerate(names):
            similarity = _flat(np.asarray(described[part], dtype=np.float32), name) @ columns
            better = similarity > best + (_UPRIGHT if index else 0)
            which[better] = index
            best[better] = similarity[better]
        rows = np.arange(part.start, part.stop)
        if within:
            best[rows - part.start, rows] = -np.inf
        nearest = np.argpartition(-best, k - 1, axis=1)[:, :k] if k < best.shape[1] else np.argsort(-best, axis=1)
        taken = np.take_along_axis(best, nearest, axis=1)
        symmetry = np.take_along_axis(which, nearest, axis=1)
        found.append((np.repeat(rows, nearest.shape[1]), nearest.ravel(), symmetry.ravel(), taken.ravel()))
    rows, nearest, symmetry, taken = (np.concatenate(parts) for parts in zip(*found))
    return rows, nearest.astype(np.intp), symmetry.astype(np.intp), taken
