"""Which pictures may be copies of which: the most similar ones under the eight symmetries of the square.

Up to 20,000 pictures by exact matrix products, a chunk of rows at a time (the same answer each time); beyond that by
the approximate neighbours of ``pynndescent``.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from toolkit._core.geometry import DIHEDRAL, dihedral, inverse_dihedral
from toolkit._core.images import iter_chunks
from toolkit.audit._duplicates_signature import GREY_SIDE, Signatures

__all__ = ["INVERSE", "Candidates", "describe", "find_candidates", "structure"]

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


def describe(signatures: Signatures, rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """Small pictures of some rows, of equal local contrast, mean zero and length one: (n, 16, 16)."""
    found = np.empty((len(rows), _SIDE, _SIDE), dtype=np.float32)
    for part in iter_chunks(len(rows), _READ):
        detail = _small(signatures, rows[part])
        power = ndimage.gaussian_filter(detail**2, (0, _LARGE, _LARGE), mode="nearest")
        floor = 0.1 * power.mean(axis=(1, 2), keepdims=True) + 1e-12
        found[part] = detail / np.sqrt(power + floor)
    found -= found.mean(axis=(1, 2), keepdims=True)
    found /= np.maximum(np.linalg.norm(found, axis=(1, 2), keepdims=True), 1e-9)
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
    search = _exact if len(database) <= _EXACT_UP_TO else _approximate
    rows, columns, symmetry, similarity = search(described, database, names, n_neighbors, within)
    # Of a small set all neighbours are kept: what is unlike says what is alike.
    good = similarity >= (floor if len(database) > _SMALL_SET else -np.inf)
    rows, columns, symmetry, similarity = rows[good], columns[good], symmetry[good], similarity[good]
    if within:
        # A pair found from its second row is the same pair under the inverse symmetry.
        turned = rows > columns
        symmetry = np.where(turned, INVERSE[symmetry], symmetry)
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
    columns = _flat(database).T
    found = []
    for part in iter_chunks(len(described), max(1, _CHUNK_CELLS // len(database))):
        best = np.full((part.stop - part.start, len(database)), -np.inf, dtype=np.float32)
        which = np.zeros(best.shape, dtype=np.int8)
        for index, name in enumerate(names):
            similarity = _flat(described[part], name) @ columns
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


def _approximate(
    described: NDArray[np.float32], database: NDArray[np.float32], names: tuple[str, ...], k: int, within: bool
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    from pynndescent import NNDescent

    # Vectors have length one: the squared Euclidean distance is 2 - 2 cosine.
    index = NNDescent(_flat(database), metric="sqeuclidean", n_neighbors=30, random_state=0)
    n_asked = min(k + within, len(database))
    found = []
    for symmetry, name in enumerate(names):
        for part in iter_chunks(len(described), _EXACT_UP_TO):
            nearest, distance = index.query(_flat(described[part], name), k=n_asked)
            rows = np.repeat(np.arange(part.start, part.stop), n_asked)
            found.append(
                (rows, nearest.ravel().astype(np.intp), np.full(rows.size, symmetry), 1 - distance.ravel() / 2)
            )
    rows, columns, symmetry, similarity = (np.concatenate(parts) for parts in zip(*found))
    if within:
        other = rows != columns
        rows, columns, symmetry, similarity = rows[other], columns[other], symmetry[other], similarity[other]
    # The best k of each row over all symmetries.
    order = np.lexsort((-similarity, rows))
    rows, columns, symmetry, similarity = rows[order], columns[order], symmetry[order], similarity[order]
    rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
    best = rank < k
    return rows[best], columns[best], symmetry[best], similarity[best].astype(np.float32)
