"""How torch computes during a fit: on one thread, and by algorithms that repeat.

Both settings are global, so fits are counted: overlapping ones leave them as found.
"""

import contextlib
import threading

import torch

__all__ = ["limit_threads"]

_lock = threading.Lock()
_state = {"active": 0, "found": None, "repeats": None}


def _set(n_threads):
    if torch.get_num_threads() != n_threads:
        torch.set_num_threads(n_threads)


@contextlib.contextmanager
def limit_threads(n_threads=1):
    """Run torch on ``n_threads`` threads inside the block.

    Small networks gain nothing from a second thread, and two threads that wait for each other under load cost a
    multiple; parallelism belongs between fits. Results are bitwise repeatable only at an equal thread count, and on
    CUDA only with convolutions that add up in a fixed order, which are chosen inside the block, too.

    Parameters
    ----------
    n_threads : int, default=1

    Examples
    --------
    >>> import torch
    >>> before = torch.get_num_threads()
    >>> with limit_threads(1):
    ...     inside = torch.get_num_threads()
    >>> inside, torch.get_num_threads() == before
    (1, True)
    """
    with _lock:
        mine = torch.get_num_threads()
        if _state["active"] == 0:
            _state["found"], _state["repeats"] = mine, torch.backends.cudnn.deterministic
            torch.backends.cudnn.deterministic = True
        _state["active"] += 1
        _set(n_threads)
    try:
        yield
    finally:
        with _lock:
            _state["active"] -= 1
            # OpenMP's setting belongs to the calling thread, MKL's to the process. While another fit still runs,
            # this thread gets its own back, and a passing thread sets the process's again for the others.
            _set(mine)
            if _state["active"]:
                keeper = threading.Thread(target=torch.set_num_threads, args=(n_threads,))
                keeper.start()
                keeper.join()
            else:
                _set(_state["found"])
                torch.backends.cudnn.deterministic = _state["repeats"]
