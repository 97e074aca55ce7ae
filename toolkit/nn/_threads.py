"""How torch computes during a fit: on one thread, by algorithms that repeat, in single precision, and with gradients.

The first three settings are global, so fits are counted: overlapping ones leave them as found. Whatever else the
caller has set for a thread of its own (no gradients, another default device) is set aside inside the block.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import torch

from toolkit._core.freed_memory import keep_freed_memory

__all__ = ["limit_threads"]

_lock = threading.Lock()
_state: dict[str, Any] = {"active": 0, "found": None, "repeats": None, "dtype": None}


def _set(n_threads):
    if torch.get_num_threads() != n_threads:
        torch.set_num_threads(n_threads)


@contextlib.contextmanager
def limit_threads(n_threads: int = 1) -> Iterator[None]:
    """Run torch on ``n_threads`` threads inside the block.

    Small networks gain nothing from a second thread, and two threads that wait for each other under load cost a
    multiple; parallelism belongs between fits. Results are bitwise repeatable only at an equal thread count, and on
    CUDA only with convolutions that add up in a fixed order, which are chosen inside the block, too. So are float32 as
    the type of new tensors, gradients, and the processor as the place of new tensors, whatever the caller's defaults.

    Parameters
    ----------
    n_threads : int, default=1

    Yields
    ------
    None

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
            _state["dtype"] = torch.get_default_dtype()
            torch.set_default_dtype(torch.float32)
        _state["active"] += 1
        _set(n_threads)
    try:
        with keep_freed_memory(), _usual_modes():
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
                torch.set_default_dtype(_state["dtype"])


def _usual_modes():
    """Modes of this thread as torch has them by default; a device mode slows every call, so only where one is set."""
    modes = contextlib.ExitStack()
    modes.enter_context(torch.inference_mode(False))
    modes.enter_context(torch.enable_grad())
    if torch.get_default_device().type != "cpu":
        modes.enter_context(torch.device("cpu"))
    return modes
