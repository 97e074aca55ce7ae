"""The one size that pictures of a folder are brought to, chosen from the sizes that are there."""

import numpy as np

__all__ = ["working_size"]

_SIDE = 75  # of pictures of several sizes at most, and of those that are too large to be kept
_LEAST_SIDE = 8
_MOST_KEPT, _MOST_KEPT_BYTES = 2**18, 2**32  # pixels of a picture, bytes of all, up to which one size stays as it is


def working_size(sizes):
    """``(height, width)`` for pictures of these sizes.

    One size stays as it is, where keeping it is no burden. Of several, squares of the median shorter side, so that no
    more than half of the pictures are scaled up, and of 75 at most.

    Parameters
    ----------
    sizes : list of tuple of int or None
        ``(height, width)`` of each picture as it is shown; None for what is none.

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> working_size([(28, 30)] * 9), working_size([(28, 30), (20, 20), None]), working_size([(480, 640), (75, 75)])
    ((28, 30), (24, 24), (75, 75))
    """
    known = [size for size in sizes if size is not None]
    if not known:
        return _SIDE, _SIDE
    height, width = known[0]
    if len(set(known)) == 1 and height * width <= _MOST_KEPT and 3 * height * width * len(known) <= _MOST_KEPT_BYTES:
        return height, width
    side = int(np.clip(np.median([min(size) for size in known]), _LEAST_SIDE, _SIDE))
    return side, side
