"""Memory that one batch has freed is kept for the next one, also where a process was told to hand it back at once.

Workers of Dask are started with ``MALLOC_TRIM_THRESHOLD_=65536``. glibc then returns every large array to the system
when it is freed, and asks for its pages again one by one when the next of that size is made: networks on small batches
do that thousands of times a second, and two workers were no sooner than one process. Inside a block of
:func:`keep_freed_memory` the thresholds are those that glibc reaches by itself where nobody sets any.
"""

import contextlib
import ctypes
import os
import threading

__all__ = ["keep_freed_memory"]

_VARIABLE = "MALLOC_TRIM_THRESHOLD_"
# Of <malloc.h>: what is freed at the top of the heap, and from which size on an array is a mapping of its own.
_TRIM, _MAPPED = -1, -3
# How far glibc raises both as arrays come and go, and where it starts, which is where it stays once one is set.
_KEPT, _MAPPED_KEPT, _MAPPED_SET = 64 << 20, 32 << 20, 128 << 10

_lock = threading.Lock()
_state = {"active": 0}


@contextlib.contextmanager
def keep_freed_memory():
    """Keep freed memory inside the block, where the environment says to return it; everywhere else do nothing.

    The setting belongs to the process, so blocks are counted. After the last one it is as the environment has it, and
    what was kept is returned.

    Examples
    --------
    >>> with keep_freed_memory():
    ...     sum(range(3))
    3
    """
    library, asked = _allocator(), os.environ.get(_VARIABLE, "")
    if library is None or not asked.isdecimal():
        yield
        return
    with _lock:
        _state["active"] += 1
        if _state["active"] == 1:
            library.mallopt(_TRIM, _KEPT)
            library.mallopt(_MAPPED, _MAPPED_KEPT)
    try:
        yield
    finally:
        with _lock:
            _state["active"] -= 1
            if not _state["active"]:
                library.mallopt(_TRIM, min(int(asked), 2**31 - 1))
                library.mallopt(_MAPPED, _MAPPED_SET)
                library.malloc_trim(0)


def _allocator():
    """The C library of this process, where its allocator is glibc's."""
    try:
        library = ctypes.CDLL(None)
    except (OSError, TypeError):  # Windows names no such library
        return None
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
