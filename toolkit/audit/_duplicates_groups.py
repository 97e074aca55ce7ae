"""From pairs to groups: which pictures are one and the same, and which of them to keep.

A chain of pairs is no proof: where A resembles B and B resembles C, A and C may be different pictures. A group is
therefore a star. Its centre is the picture with most copies, and each member was found to be a copy of the centre
itself; what was not, founds a group of its own.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = ["star_groups"]


def star_groups(
    n_rows: int, a: NDArray[np.intp], b: NDArray[np.intp], confirm: Callable[[NDArray, NDArray], NDArray[np.bool_]]
) -> NDArray[np.intp]:
    """Group of each row, numbered from 0 in the order of their first rows; -1 for rows without a copy.

    Parameters
    ----------
    n_rows : int
    a, b : ndarray of int
        Pairs of rows that are copies of each other.
    confirm : callable
        ``confirm(rows, others)`` says of pairs that were not looked at whether they are copies.

    Examples
    --------
    A centre with two copies and a pair; and a chain, whose ends are different pictures:

    >>> import numpy as np
    >>> def never(rows, others):
    ...     return np.zeros(len(rows), dtype=bool)
    >>> star_groups(6, np.array([0, 1, 3]), np.array([1, 2, 4]), never).tolist()
    [0, 0, 0, 1, 1, -1]
    >>> star_groups(4, np.array([0, 1, 2]), np.array([1, 2, 3]), never).tolist()
    [0, 0, 0, -1]
    """
    found = np.full(n_rows, -1, dtype=np.intp)
    if not len(a):
        return found
    links = coo_array((np.ones(len(a), dtype=bool), (a, b)), shape=(n_rows, n_rows))
    n_components, component = connected_components(links, directed=False)
    size = np.bincount(component, minlength=n_components)
    neighbours: dict[int, set[int]] = {}
    for first, second in zip(a.tolist(), b.tolist()):
        neighbours.setdefault(first, set()).add(second)
        neighbours.setdefault(second, set()).add(first)
    order = np.argsort(component, kind="stable")
    starts = np.searchsorted(component[order], np.arange(n_components))
    for number in np.flatnonzero(size > 1):
        rest = set(order[starts[number] : starts[number] + size[number]].tolist())
        while len(rest) > 1:
            centre = min(rest, key=lambda row: (-len(neighbours[row] & rest), row))
            members = neighbours[centre] & rest
            if not members:
                break
            unknown = np.array(sorted(rest - members - {centre}), dtype=np.intp)
            if len(unknown):
                members = members | set(unknown[confirm(np.full(len(unknown), centre), unknown)].tolist())
            group = members | {centre}
            found[list(group)] = min(group)
            rest -= group
    known = found >= 0
    found[known] = np.unique(found[known], return_inverse=True)[1]
    return found
