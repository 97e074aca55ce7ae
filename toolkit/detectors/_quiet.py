"""Silence while a held model computes: its warnings speak of its own insides, on data that its caller has checked."""

import contextlib
import threading
import warnings

import numpy as np

__all__ = ["quiet"]

_lock = threading.Lock()
_state = {"active": 0, "filters": None}


@contextlib.contextmanager
def quiet():
    """Ignore warnings, numpy's on floating-point errors included, and whatever ``np.seterr`` makes of those.

    Filters of warnings are global, so blocks are counted: overlapping ones, in any threads, leave them as found.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     with quiet():
    ...         warnings.warn("of no use here")
    >>> len(caught)
    0
    """
    with _lock:
        if _state["active"] == 0:
            _state["filters"] = warnings.catch_warnings()
            _state["filters"].__enter__()
            warnings.simplefilter("ignore")
        _state["active"] += 1
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        with _lock:
            _state["active"] -= 1
            if _state["active"] == 0:
                _state["filters"].__exit__(None, None, None)
