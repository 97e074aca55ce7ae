"""Neighbours in sets too large to compare each picture with all others: in lists of pictures that are alike.

The set is divided around some hundreds of centres (k-means on a sample); a picture is compared, by matrix products,
with the lists of the centres that it is nearest to (inverted lists; Jégou, Douze and Schmid, 2011). The same answer
each time, and nothing is held but the small pictures, which may lie in a file, and one list after the other.
"""

import numpy as np
from numpy.typing import NDArray

from toolkit._core.geometry import dihedral

__all__ = ["search_lists"]

_LIST = 400  # pictures in a list, about
_PROBED = 12  # lists that a picture is compared with, under each symmetry
_MOST_LISTS, _PER_LIST, _MOST_FITTED = 4096, 40, 60_000
_BLOCK = 1024  # pictures looked up at a time


def search_lists(
    described: NDArray,
    database: NDArray,
    names: tuple[str, ...],
    k: int,
    within: bool,
    *,
    floor: float,
    upright: float,
    n_probed: int = _PROBED,
) -> tuple[NDArray, NDArray, NDArray, NDArray[np.float32]]:
    """The ``k`` most similar pictures of each, under any of some symmetries, or nearly these.

    Parameters
    ----------
    described : ndarray of shape (n, side, side)
        Of length one each; float32, or float16 in a file.
    database : ndarray of shape (m, side, side)
        Where to look.
    names : tuple of str
        Symmetries, upright first.
    k : int
    within : bool
        Whether ``database`` is ``described``: no picture is then its own neighbour.
    floor : float
        Least cosine similarity.
    upright : float
        By how much more similar a picture must be turned than as it is, to count as turned.
    n_probed : int
        Lists that are looked through.

    Returns
    -------
    rows, columns, symmetry, similarity : ndarray
        Pairs, each once, those of one row together; small types, since there are many.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> pictures = generator.normal(size=(300, 4, 4)).astype(np.float32)
    >>> pictures[200] = np.rot90(pictures[7])
    >>> pictures /= np.linalg.norm(pictures, axis=(1, 2), keepdims=True)
    >>> rows, columns, symmetry, similarity = search_lists(
    ...     pictures, pictures, ("identity", "rotate_90"), 1, True, floor=0.99, upright=0.02
    ... )
    >>> rows.tolist(), columns.tolist(), symmetry.tolist()
    ([7], [200], [1])
    """
    centres = _centres(database)
    assigned = _nearest(database, centres)
    order = np.argsort(assigned, kind="stable")
    starts = np.searchsorted(assigned[order], np.arange(len(centres) + 1))
    # Pictures of one list look in the same lists, so that each is fetched once for many.
    turn = order if within else np.argsort(_nearest(described, centres), kind="stable")
    n_probed = min(n_probed, len(centres))
    found = []
    for start in range(0, len(turn), _BLOCK):
        block = turn[start : start + _BLOCK]
        pictures = np.asarray(described[block], dtype=np.float32)
        turned = [dihedral(pictures, name).reshape(len(block), -1) for name in names]
        probed = [_probed(vectors, centres, n_probed) for vectors in turned]
        hits: list[tuple] = []
        for number in range(len(centres)):
            members = order[starts[number] : starts[number + 1]]
            asking = [np.flatnonzero(wanted[:, number]) for wanted in probed]
            if not len(members) or not any(map(len, asking)):
                continue
            vectors = np.asarray(database[members], dtype=np.float32).reshape(len(members), -1).T
            for symmetry, (mine, rows) in enumerate(zip(turned, asking)):
                if len(rows):
                    similarity = mine[rows] @ vectors
                    if within:
                        similarity[block[rows][:, None] == members[None]] = -np.inf
                    hits.append(_best_of(rows, members, symmetry, similarity, k, floor))
        if hits:
            rows, columns, symmetry, similarity = (np.concatenate(values) for values in zip(*hits))
            kept = _best_by_row(rows, columns, symmetry, similarity, k, upright)
            small = (block[rows[kept]].astype(np.int32), columns[kept].astype(np.int32), symmetry[kept].astype(np.int8))
            found.append((*small, similarity[kept]))
    if not found:
        none = np.empty(0, dtype=np.intp)
        return none, none, none, np.empty(0, dtype=np.float32)
    rows, columns, symmetry, similarity = (np.concatenate(values) for values in zip(*found))
    return rows, columns, symmetry, similarity


def _centres(database: NDArray) -> NDArray[np.float32]:
    """Centres of the lists, of length one."""
    from sklearn.cluster import MiniBatchKMeans

    n_lists = int(np.clip(len(database) // _LIST, 1, _MOST_LISTS))
    n_fitted = min(len(database), _MOST_FITTED, _PER_LIST * n_lists)
    some = np.linspace(0, len(database) - 1, n_fitted).astype(np.intp)
    vectors = np.asarray(database[some], dtype=np.float32).reshape(n_fitted, -1)
    options = {"n_init": 1, "init": "random", "batch_size": 4096, "max_iter": 20, "random_state": 0}
    centres = MiniBatchKMeans(n_lists, **options).fit(vectors).cluster_centers_.astype(np.float32)
    return centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)


def _nearest(described: NDArray, centres: NDArray[np.float32]) -> NDArray[np.intp]:
    found = np.empty(len(described), dtype=np.intp)
    for start in range(0, len(described), _BLOCK):
        part = np.asarray(described[start : start + _BLOCK], dtype=np.float32)
        found[start : start + len(part)] = np.argmax(part.reshape(len(part), -1) @ centres.T, axis=1)
    return found


def _probed(vectors: NDArray[np.float32], centres: NDArray[np.float32], n: int) -> NDArray[np.bool_]:
    """Which lists each vector is looked up in: (n_vectors, n_lists)."""
    near = vectors @ centres.T
    wanted = np.zeros(near.shape, dtype=bool)
    np.put_along_axis(wanted, np.argpartition(near, near.shape[1] - n, axis=1)[:, -n:], True, axis=1)
    return wanted


def _best_of(rows: NDArray, members: NDArray, symmetry: int, similarity: NDArray, k: int, floor: float) -> tuple:
    """The ``k`` most similar members of a list for each row, those above the floor."""
    if similarity.shape[1] > k:
        best = np.argpartition(similarity, similarity.shape[1] - k, axis=1)[:, -k:]
    else:
        best = np.broadcast_to(np.arange(similarity.shape[1]), similarity.shape)
    taken = np.take_along_axis(similarity, best, axis=1)
    row, place = np.nonzero(taken >= floor)
    return rows[row], members[best[row, place]], np.full(len(row), symmetry, dtype=np.intp), taken[row, place]


def _best_by_row(
    rows: NDArray, columns: NDArray, symmetry: NDArray, similarity: NDArray, k: int, upright: float
) -> NDArray[np.intp]:
    """Places of the ``k`` best pairs of each row: of a pair under several symmetries one, upright if nearly as good."""
    preferred = similarity + np.where(symmetry == 0, np.float32(upright), np.float32(0))
    order = np.lexsort((symmetry, -preferred, columns, rows))
    first = np.ones(len(order), dtype=bool)
    first[1:] = (rows[order][1:] != rows[order][:-1]) | (columns[order][1:] != columns[order][:-1])
    once = order[first]
    once = once[np.lexsort((columns[once], -similarity[once], rows[once]))]
    rank = np.arange(len(once)) - np.searchsorted(rows[once], rows[once])
    return once[rank < k]
