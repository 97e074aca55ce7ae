"""One thread for each native library while several pieces of work run side by side."""

import sys
from functools import lru_cache

__all__ = ["one_thread_each"]


def one_thread_each():
    """A context in which BLAS and OpenMP compute on one thread each, and after which they do as before.

    As ``threadpoolctl.threadpool_limits(1)``, without its search through all that the process has loaded (several
    milliseconds, as long as many a step that runs under it): a search is good until a further module is imported.

    Examples
    --------
    >>> with one_thread_each():
    ...     len("work")
    4
    """
    return _libraries(len(sys.modules)).limit(limits=1)


@lru_cache(maxsize=1)
def _libraries(n_modules):
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
