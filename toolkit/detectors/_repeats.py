"""Rows that occur several times, and what they do to a density that is measured by the nearest neighbours.

Where a row has more copies than neighbours are asked for, the distance to its k-th neighbour is zero and its density
without bounds. The copies themselves then count as perfectly normal, which is right; but all that lies beside them is
compared with that density and comes out as the worst outlier of the set, which is wrong. So such models are fitted on
distinct rows, as the local outlier factor is defined for sets with duplicates (by the distance to the k-th *distinct*
row), and a row with more than k copies gets the score of the most normal one.
"""

import hashlib

import numpy as np

__all__ = ["count_repeats", "distinct_rows", "most_normal", "neighbourhood", "row_digests"]

_USUAL_NEIGHBOURHOOD = 20  # of the local outlier factor, for ensembles that hide theirs


def row_digests(rows):
    """A digest of the values of each row; equal rows have equal ones."""
    # Adding zero turns minus zero into zero, which has another bit pattern.
    rows = np.ascontiguousarray(rows, dtype=np.float64) + 0.0
    return [hashlib.blake2b(row.data, digest_size=16).digest() for row in rows]


def count_repeats(rows):
    """Where each distinct row occurs first, and how often it occurs.

    Returns
    -------
    first, counts : ndarray of int of shape (n_distinct,)
        In the order of first occurrence.

    Examples
    --------
    >>> import numpy as np
    >>> [part.tolist() for part in count_repeats(np.array([[1.0], [2.0], [1.0], [-0.0], [0.0]]))]
    [[0, 1, 3], [2, 1, 2]]
    """
    places, counts = {}, []
    first = []
    for index, digest in enumerate(row_digests(rows)):
        place = places.setdefault(digest, len(counts))
        if place == len(counts):
            counts.append(0)
            first.append(index)
        counts[place] += 1
    return np.array(first, dtype=np.intp), np.array(counts, dtype=np.intp)


def distinct_rows(rows, more_than=1):
    """``rows`` without repetitions, and how often each occurs; all rows unless there are ``more_than`` distinct ones.

    Returns
    -------
    rows : ndarray of shape (n_distinct, n_features)
    counts : ndarray of int of shape (n_distinct,)
    """
    first, counts = count_repeats(rows)
    if len(first) <= max(1, more_than) or len(first) == len(rows):
        return rows, np.ones(len(rows), dtype=np.intp)
    return rows[first], counts


def most_normal(scores):
    """An outlier score below all others, as far as the lowest of them is below the median; NaN if none is finite.

    Examples
    --------
    >>> import numpy as np
    >>> most_normal(np.array([1.0, 2.0, 4.0, np.nan]))
    0.0
    """
    known = scores[np.isfinite(scores)]
    if not len(known):
        return np.nan
    lowest = float(known.min())
    return min(lowest - (float(np.median(known)) - lowest), float(np.nextafter(lowest, -np.inf)))


def neighbourhood(model):
    """How many neighbours a model asks for: more copies than that make a density without bounds."""
    for name in ("n_neighbors", "min_cluster_size", "n_neighbors_"):
        value = getattr(model, name, None)
        if isinstance(value, (int, np.integer)):
            return int(value)
    members = getattr(model, "detector_list", None) or ()
    return max((neighbourhood(member) for member in members), default=_USUAL_NEIGHBOURHOOD)
