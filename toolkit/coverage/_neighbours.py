"""Exact nearest neighbours by brute force: single precision rules pairs out, double precision decides the others.

A matrix product in float32 gives, with the norms pulled in by the worst rounding error that such a product can have, a
lower bound on every squared distance. Whatever that bound cannot rule out, a handful of pairs a row, is computed again
in float64 from the differences. The answers are those of float64 throughout, at half the arithmetic, and without
sorting or even keeping the whole matrix of distances.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["close_pairs", "count_within", "nearest"]

_TILE = 2**22  # entries of the matrix of bounds that are kept at a time
_PIECE = 2**21  # numbers in the differences that are kept at a time
_GROUP = 64
_UNIT_ROUNDOFF = 2.0**-24


class _Bounds:
    """Lower bounds on squared distances between two sets of rows, a tile at a time, and exact values where asked."""

    def __init__(self, queries, rows):
        # A power of two, so that scaling is exact; without it, squares of large values overflow single precision.
        largest = max(np.abs(queries).max(initial=0.0), np.abs(rows).max(initial=0.0))
        exponent = -np.frexp(largest)[1]
        same = queries is rows
        self.queries = np.ascontiguousarray(np.ldexp(queries, exponent))
        self.rows = self.queries if same else np.ascontiguousarray(np.ldexp(rows, exponent))
        self.unscale = np.ldexp(1.0, -exponent)
        # Near the origin rounding errors are smallest; distances do not mind the shift.
        centre = self.rows.mean(axis=0)
        slack = 3.0 * (queries.shape[1] + 8) * _UNIT_ROUNDOFF
        self._left = self._side(self.queries - centre, slack, -2.0, (0, 1))
        self._right = self._side(self.rows - centre, slack, 1.0, (1, 0)).T

    @staticmethod
    def _side(values, slack, factor, order):
        norms = np.einsum("ij,ij->i", values, values) * (1.0 - slack)
        extra = np.stack([norms, np.ones(len(values))], axis=1)[:, order]
        return np.hstack([factor * values, extra]).astype(np.float32)

    def tiles(self):
        """Yield first query, and bounds of shape (queries in the tile, n_rows); the array is used again."""
        height = max(1, min(len(self.queries), _TILE // max(1, len(self.rows))))
        buffer = np.empty((height, len(self.rows)), dtype=np.float32)
        for start in range(0, len(self.queries), height):
            left = self._left[start : start + height]
            yield start, np.matmul(left, self._right, out=buffer[: len(left)])

    def exact(self, i, j):
        """Squared distances of pairs in float64, from differences."""
        found = np.empty(len(i))
        step = max(1, _PIECE // self.queries.shape[1])
        for start in range(0, len(i), step):
            part = slice(start, start + step)
            difference = self.queries[i[part]] - self.rows[j[part]]
            found[part] = np.einsum("ij,ij->i", difference, difference)
        return found


def _above(values):
    """float32 that is no smaller than a float64."""
    return np.nextafter(np.asarray(values, dtype=np.float64).astype(np.float32), np.float32(np.inf))


def nearest(
    queries: NDArray[np.float64], rows: NDArray[np.float64], n_neighbours: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Distance to and index of the nearest rows of each query, exact in float64.

    Parameters
    ----------
    queries : ndarray of shape (n_queries, n_features)
        When it is the same object as ``rows``, a row is no neighbour of its own (its duplicates are).
    rows : ndarray of shape (n_rows, n_features)
    n_neighbours : int, default=1

    Returns
    -------
    distances : ndarray of shape (n_queries, n_neighbours)
        Euclidean, in rising order.
    indices : ndarray of shape (n_queries, n_neighbours)
        The first of equally near rows comes first.
    """
    bounds, same = _Bounds(queries, rows), queries is rows
    n_rows = len(rows)
    if n_neighbours > n_rows - same:
        raise ValueError(
            f"n_neighbours={n_neighbours} are more than the {n_rows - same} rows there are to choose from."
        )
    distances = np.empty((len(queries), n_neighbours))
    indices = np.empty((len(queries), n_neighbours), dtype=np.intp)
    for start, bound in bounds.tiles():
        height = len(bound)
        query = np.arange(start, start + height)
        if same:
            bound[np.arange(height), query] = np.inf
        # True distances of any n_neighbours rows bound the n-th smallest from above; good guesses bound it tightly.
        guess = _small_entries(bound, n_neighbours)
        limit = bounds.exact(np.repeat(query, n_neighbours), guess.ravel()).reshape(height, -1).max(axis=1)
        flat = np.flatnonzero(bound <= _above(limit)[:, None])
        i, j = np.divmod(flat, n_rows)
        value = bounds.exact(i + start, j)
        order = np.lexsort((j, value, i))
        # Every query has at least n_neighbours candidates, which lie one after another.
        first = np.searchsorted(i[order], np.arange(height))
        chosen = order[first[:, None] + np.arange(n_neighbours)]
        distances[query] = np.sqrt(value[chosen]) * bounds.unscale
        indices[query] = j[chosen]
    return distances, indices


def _small_entries(bound, k):
    """Columns of k small entries in each row: not the smallest always, but distinct, and found without sorting."""
    height, width = bound.shape
    n_groups = width // _GROUP
    if n_groups < 2 * k:
        return np.argpartition(bound, k - 1, axis=1)[:, :k]
    # Column groups by stride: the minimum is then taken over long contiguous runs.
    blocks = bound[:, : n_groups * _GROUP].reshape(height, _GROUP, n_groups)
    group = np.argpartition(blocks.min(axis=1), k - 1, axis=1)[:, :k]
    members = np.take_along_axis(blocks, group[:, None, :], axis=2)  # (height, _GROUP, k)
    return members.argmin(axis=1) * n_groups + group


def close_pairs(
    queries: NDArray[np.float64], rows: NDArray[np.float64], radii: NDArray[np.float64]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]]:
    """Pairs within a radius, exact in float64; the balls are closed.

    Parameters
    ----------
    queries : ndarray of shape (n_queries, n_features)
    rows : ndarray of shape (n_rows, n_features)
    radii : ndarray of shape (n_queries,)
        Radius of the ball about each query.

    Yields
    ------
    i, j : ndarray of shape (n_pairs,)
        Query and row of each pair; all the pairs of a query come together.
    distances : ndarray of shape (n_pairs,)
    """
    bounds = _Bounds(queries, rows)
    limit = np.square(radii / bounds.unscale)
    for start, bound in bounds.tiles():
        i, j = np.divmod(np.flatnonzero(bound <= _above(limit[start : start + len(bound)])[:, None]), len(rows))
        i += start
        distances = np.sqrt(bounds.exact(i, j)) * bounds.unscale
        inside = distances <= radii[i]
        yield i[inside], j[inside], distances[inside]


def count_within(
    queries: NDArray[np.float64],
    rows: NDArray[np.float64],
    *,
    query_radii: NDArray[np.float64] | None = None,
    row_radii: NDArray[np.float64] | None = None,
    closed: bool = False,
) -> dict[str, NDArray[np.intp]]:
    """Count the pairs closer than a radius, exact in float64.

    Parameters
    ----------
    queries : ndarray of shape (n_queries, n_features)
    rows : ndarray of shape (n_rows, n_features)
    query_radii : ndarray of shape (n_queries,), optional
        Radius of the ball about each query.
    row_radii : ndarray of shape (n_rows,), optional
        Radius of the ball about each row.
    closed : bool, default=False
        Whether a distance equal to the radius counts.

    Returns
    -------
    dict of str to ndarray
        ``"rows_in_query"`` (n_queries,) and ``"queries_of_row"`` (n_rows,): pairs with distance below the query's
        radius, counted either way. ``"rows_about_query"`` (n_queries,) and ``"queries_in_row"`` (n_rows,): the same for
        the rows' radii. Only for the radii given.
    """
    bounds = _Bounds(queries, rows)
    inner = np.less_equal if closed else np.less
    n_queries, n_rows = len(queries), len(rows)
    found: dict[str, NDArray[np.intp]] = {}
    if query_radii is not None:
        found |= {"rows_in_query": np.zeros(n_queries, np.intp), "queries_of_row": np.zeros(n_rows, np.intp)}
        query_limit = np.square(query_radii / bounds.unscale)
    if row_radii is not None:
        found |= {"rows_about_query": np.zeros(n_queries, np.intp), "queries_in_row": np.zeros(n_rows, np.intp)}
        row_limit = np.square(row_radii / bounds.unscale)
    for start, bound in bounds.tiles():
        if query_radii is not None:
            limit = query_limit[start : start + len(bound)]
            i, j = np.divmod(np.flatnonzero(bound <= _above(limit)[:, None]), n_rows)
            inside = inner(np.sqrt(bounds.exact(i + start, j)) * bounds.unscale, query_radii[i + start])
            found["rows_in_query"] += np.bincount(i[inside] + start, minlength=n_queries)
            found["queries_of_row"] += np.bincount(j[inside], minlength=n_rows)
        if row_radii is not None:
            i, j = np.divmod(np.flatnonzero(bound <= _above(row_limit)[None, :]), n_rows)
            inside = inner(np.sqrt(bounds.exact(i + start, j)) * bounds.unscale, row_radii[j])
            found["rows_about_query"] += np.bincount(i[inside] + start, minlength=n_queries)
            found["queries_in_row"] += np.bincount(j[inside], minlength=n_rows)
    return found
