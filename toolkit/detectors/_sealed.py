"""A sealed room for models that touch what belongs to everybody: global generators, standard output, threads."""

import contextlib
import io
import os
import random
import sys
import threading

import numpy as np

from toolkit.detectors._quiet import quiet

__all__ = ["sealed"]

_lock = threading.RLock()


@contextlib.contextmanager
def sealed(seed):
    """Run a model that seeds or draws from global generators, prints, or wants all threads.

    One such model runs at a time. The generators of ``random``, numpy and torch start from ``seed`` inside and are put
    back as they were; so is ``PYTHONHASHSEED``, which PyOD overwrites. What this thread prints is swallowed; what other
    threads say meanwhile, such as how far they are, or that Ctrl-C was pressed, is not.

    Parameters
    ----------
    seed : int

    Examples
    --------
    >>> import numpy as np
    >>> before = np.random.get_state()[1].tolist()
    >>> with sealed(0):
    ...     print("lost")
    ...     first = np.random.rand()
    >>> np.random.get_state()[1].tolist() == before
    True
    """
    import torch

    from toolkit.nn import limit_threads

    with _lock, contextlib.ExitStack() as stack:
        stack.callback(random.setstate, random.getstate())
        stack.callback(np.random.set_state, np.random.get_state())  # noqa: NPY002
        stack.callback(torch.set_rng_state, torch.get_rng_state())
        stack.callback(_restore_hash_seed, os.environ.get("PYTHONHASHSEED"))
        stack.enter_context(limit_threads(1))
        stack.enter_context(contextlib.redirect_stdout(_DeafToThread(sys.stdout)))
        stack.enter_context(contextlib.redirect_stderr(_DeafToThread(sys.stderr)))
        stack.enter_context(quiet())
        random.seed(seed)
        # The models inside draw from the global generator.
        np.random.seed(seed % 2**32)  # noqa: NPY002
        torch.random.default_generator.manual_seed(seed)  # the processor's alone: waking a GPU is not ours to do
        yield


class _DeafToThread(io.TextIOBase):
    """A stream that swallows what the thread that made it writes, and passes on the rest."""

    def __init__(self, stream):
        self._stream, self._deaf_to = stream, threading.get_ident()

    def write(self, text):
        if self._stream is not None and threading.get_ident() != self._deaf_to:
            self._stream.write(text)
        return len(text)

    def flush(self):
        if self._stream is not None and threading.get_ident() != self._deaf_to:
            self._stream.flush()

    def isatty(self):
        return self._stream is not None and threading.get_ident() != self._deaf_to and self._stream.isatty()


def _restore_hash_seed(value):
    if value is None:
        os.environ.pop("PYTHONHASHSEED", None)
    else:
        os.environ["PYTHONHASHSEED"] = value
