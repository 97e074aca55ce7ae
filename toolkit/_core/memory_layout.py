"""How an array lies in memory: which axis moves furthest, and how far apart its rows are.

Products of matrices go other ways through the same numbers when they lie otherwise, and come out otherwise in the last
digits. What is saved and loaded shall answer bitwise the same, so the layout is part of it.
"""

import math

import numpy as np

from toolkit.exceptions import CheckpointError

__all__ = ["in_layout", "memory_layout"]

# A slice of a much larger array is copied without the gaps between its rows.
_MAX_GAPS, _SPARE = 16, 4096


def memory_layout(array):
    """What of the layout of an array is not plain.

    Returns
    -------
    dict
        ``axes``, from the one that moves furthest in memory to the one that moves least, if that is not their order;
        ``room``, the shape in the order of ``axes`` of the array that this one seems to be a slice of, if it is one.

    Examples
    --------
    >>> import numpy as np
    >>> memory_layout(np.zeros((2, 3))), memory_layout(np.zeros((2, 3)).T)
    ({}, {'axes': [1, 0]})
    >>> memory_layout(np.zeros((9, 3))[:4, :2])
    {'room': [4, 3]}
    """
    axes = sorted(range(array.ndim), key=lambda axis: -abs(array.strides[axis]) if array.shape[axis] > 1 else -math.inf)
    layout = {} if axes == list(range(array.ndim)) else {"axes": axes}
    moved = array.transpose(axes)
    room = _room(moved)
    if room != list(moved.shape) and _is_small(room, moved.shape):
        layout["room"] = room
    return layout


def _room(array):
    """Shape of the whole that ``array``, with its axes in the order of memory, is a slice of; else its own shape."""
    room, unit = list(array.shape), array.itemsize
    if array.size == 0 or array.ndim == 0 or (array.shape[-1] > 1 and array.strides[-1] != unit):
        return room
    for axis in range(array.ndim - 1, 0, -1):
        step = array.strides[axis - 1] if array.shape[axis - 1] > 1 else unit * array.shape[axis]
        if step % unit or step // unit < array.shape[axis]:
            return list(array.shape)
        room[axis], unit = step // unit, step
    return room


def _is_small(room, shape):
    return math.prod(room) <= _MAX_GAPS * math.prod(shape) + _SPARE


def in_layout(stored, layout):
    """A copy of an array in the layout of another.

    Parameters
    ----------
    stored : ndarray
        With its axes in the order of ``layout["axes"]``.
    layout : dict
        As :func:`memory_layout` gave it; other keys are left alone.

    Raises
    ------
    CheckpointError
        No array of this shape can lie so.

    Examples
    --------
    >>> import numpy as np
    >>> array = np.arange(10.0).reshape(5, 2).T
    >>> np.array_equal(in_layout(array.T, memory_layout(array)), array)
    True
    """
    axes = layout.get("axes", list(range(stored.ndim)))
    room = layout.get("room", list(stored.shape))
    if (
        type(axes) is not list
        or sorted(axes) != list(range(stored.ndim))
        or type(room) is not list
        or len(room) != stored.ndim
        or any(type(whole) is not int or whole < side for whole, side in zip(room, stored.shape))
        or not _is_small(room, stored.shape)
    ):
        raise CheckpointError(f"declares the layout {str(axes)[:40]} {str(room)[:80]} of an array {stored.shape}")
    if stored.ndim == 0:
        return np.array(stored)
    # Memory of its own, aligned and writable as that of any new array.
    array = np.zeros(room, dtype=stored.dtype)[tuple(map(slice, stored.shape))]
    array[...] = stored
    return array.transpose([axes.index(axis) for axis in range(stored.ndim)])
