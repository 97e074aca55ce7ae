"""Which of many rows are shown."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["evenly_chosen"]


def evenly_chosen(rows: ArrayLike, n: int) -> NDArray[np.intp]:
    """At most ``n`` of ranked rows, from the first to the last: the first alone are often of one class.

    >>> evenly_chosen([8, 5, 9, 1, 3], 3).tolist(), evenly_chosen([], 3).tolist()
    ([8, 9, 3], [])
    """
    rows = np.asarray(rows, dtype=np.intp)
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), n)).astype(int)]
