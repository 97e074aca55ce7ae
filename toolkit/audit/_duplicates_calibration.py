"""How alike two pictures of a set must be to be called copies, learnt from the set itself.

Different pictures of a set are alike to a degree that depends on the set: photographs hardly, digits of one class very
much. Copies are told by a gap: they are far more alike than either is to anything else. The pairs are joined from the
most similar on (single linkage); pictures that hang together, at a level well above the one at which the next picture
joins them, are copies. How wide a gap comes about by chance follows from how densely the set lies: for points of
intrinsic dimension d, k times the logarithm of the ratio of the distances to neighbours k + 1 and k is exponential
with rate d (Levina and Bickel, 2004; Facco et al., 2017), whatever the density.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Calibration", "as_evidence", "as_similarity", "calibrate", "least_evidence"]

_LEAST = 1.5  # evidence, similarity 0.78: what is less alike is no copy in any set
_SMALL, _LEAST_SMALL = 64, 0.6  # pixels of the shorter side, below which each halving asks for so much more evidence
_OTHERS = 0.3  # evidence of pictures that have nothing in common
_FALSE_GAPS = 0.2  # gaps by chance that are expected in a set
_GAPS = (0.7, 3.0)  # the narrowest and the widest that is asked for
_RATE, _PRIOR = 4.0, 50  # of gaps as long as none were seen, and how many gaps that is worth
_MANY = 8  # pictures: a group of more is a kind of picture rather than one, unless it is very tight
_TIGHT = 2.5  # evidence that holds such a group together, similarity 0.92
# Evidence of mildly changed copies, by tenths of them, from the most changed on (photographs and cats).
_COPIES = (2.1, 2.7, 3.0, 3.2, 3.5, 3.9, 4.3, 4.7, 5.2, 5.8)


class Calibration(NamedTuple):
    """What a set says of its candidate pairs.

    Attributes
    ----------
    copies : ndarray of bool of shape (n_pairs,)
        Which pairs are copies.
    needed : ndarray of shape (n_rows,)
        Similarity that a copy of each row must have to stand out.
    gap : float
        By how much more evidence.
    detectable : float
        Share of mildly changed copies that would stand out in this set.
    """

    copies: NDArray[np.bool_]
    needed: NDArray[np.float64]
    gap: float
    detectable: float


def as_evidence(similarity: NDArray) -> NDArray[np.float64]:
    """Similarity on a scale where 0.9, 0.99 and 0.999 are equally far apart: twice the negative log of a distance.

    >>> as_evidence(np.array([0.9, 0.99, 0.999])).round(1).tolist()
    [2.3, 4.6, 6.9]
    """
    return -np.log(np.clip(1 - np.asarray(similarity, dtype=np.float64), 1e-6, 1))


def as_similarity(evidence: NDArray) -> NDArray[np.float64]:
    """Inverse of :func:`as_evidence`."""
    return 1 - np.exp(-np.asarray(evidence, dtype=np.float64))


def least_evidence(side: NDArray) -> NDArray[np.float64]:
    """Evidence that any pair must have, by the shorter side of a picture: in few pixels much is alike by chance.

    >>> least_evidence(np.array([500, 64, 32, 16])).round(1).tolist()
    [1.5, 1.5, 2.1, 2.7]
    """
    halvings = np.log2(_SMALL / np.maximum(np.asarray(side, dtype=np.float64), 1))
    return _LEAST + _LEAST_SMALL * np.clip(halvings, 0, 3)


def calibrate(
    n_rows: int,
    a: NDArray[np.intp],
    b: NDArray[np.intp],
    similarity: NDArray,
    least: NDArray,
    complete: NDArray[np.bool_] | None = None,
) -> Calibration:
    """Judge candidate pairs.

    Parameters
    ----------
    n_rows : int
        Pictures, of both sets where there are two.
    a, b : ndarray of int of shape (n_pairs,)
        Rows of each pair.
    similarity : ndarray of shape (n_pairs,)
    least : ndarray of shape (n_rows,)
        Evidence below which a row has no copies (:func:`least_evidence`).
    complete : ndarray of bool of shape (n_rows,), optional
        Rows of which all candidates are there: how often chance makes a gap is learnt from these. By default all.

    Examples
    --------
    Pictures 0 and 1 are alike and unlike the rest; 2 to 5 are all as alike as these:

    >>> import numpy as np
    >>> a, b = np.array([0, 1, 2, 3, 4, 2]), np.array([1, 2, 3, 4, 5, 4])
    >>> calibrate(6, a, b, np.array([0.95, 0.4, 0.6, 0.65, 0.7, 0.62]), np.full(6, 1.5)).copies.tolist()
    [True, False, False, False, False, False]
    """
    evidence = as_evidence(similarity)
    gap = _gap(n_rows, a, b, evidence, complete)
    nearest, group = _levels(n_rows, a, b, evidence, least, gap)
    # A pair of one group: more alike than anything else is to the group, by a half of the gap at least.
    needed = np.maximum(least, nearest + np.where(group >= 0, gap / 2, gap))
    copies = (group[a] == group[b]) & (group[a] >= 0) & (evidence >= np.maximum(needed[a], needed[b]))
    detectable = float(np.mean([np.mean(np.array(_COPIES) >= need) for need in needed])) if n_rows else 1.0
    return Calibration(copies, as_similarity(needed), gap, detectable)


def _gap(
    n_rows: int, a: NDArray[np.intp], b: NDArray[np.intp], evidence: NDArray, complete: NDArray[np.bool_] | None
) -> float:
    """The gap that chance makes in one set of five."""
    rows, values = np.concatenate([a, b]), np.concatenate([evidence, evidence])
    if complete is not None:
        rows, values = rows[complete[rows]], values[complete[rows]]
    order = np.lexsort((-values, rows))
    rows, values = rows[order], values[order]
    rank = np.arange(len(rows)) - np.searchsorted(rows, rows) + 1
    # Not the first: that is where copies are.
    inner = (rank[:-1] >= 2) & (rank[:-1] <= 6) & (rows[1:] == rows[:-1])
    gaps = (rank[:-1] * (values[:-1] - values[1:]))[inner]
    # The mean of an exponential by its median, which few copies do not move; few gaps count little.
    mean = float(np.median(gaps)) / np.log(2) if len(gaps) else 0.0
    mean = (_PRIOR / _RATE + len(gaps) * mean) / (_PRIOR + len(gaps))
    return float(np.clip(np.log(max(n_rows, 1) / _FALSE_GAPS) * mean, *_GAPS))


def _levels(
    n_rows: int, a: NDArray[np.intp], b: NDArray[np.intp], evidence: NDArray, least: NDArray, gap: float
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Of each row: the evidence of the next picture that is not of its group, and the number of its group or -1."""
    parent = list(range(n_rows))
    members: dict[int, list[int]] = {}
    birth = np.full(n_rows, np.inf)  # the weakest link within, of each root
    nearest, group = np.full(n_rows, np.nan), np.full(n_rows, -1, dtype=np.intp)

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    def ends(top: int, level: float) -> None:
        """A group is joined by another at a level: was it one until then?"""
        inside = members.get(top, [top])
        if len(inside) == 1:
            nearest[top] = level
        elif birth[top] >= max(least[inside].max(), level + gap) and (len(inside) <= _MANY or birth[top] >= _TIGHT):
            # A wider group replaces the narrower ones within.
            group[inside], nearest[inside] = top, level

    for pair in np.argsort(-evidence, kind="stable"):
        first, second = root(int(a[pair])), root(int(b[pair]))
        if first == second:
            continue
        level = float(evidence[pair])
        ends(first, level)
        ends(second, level)
        joined = members.pop(first, [first]) + members.pop(second, [second])
        parent[second] = first
        members[first], birth[first] = joined, level
    for top in list(members):
        ends(top, _OTHERS)
    return np.where(np.isnan(nearest), _OTHERS, nearest), group
