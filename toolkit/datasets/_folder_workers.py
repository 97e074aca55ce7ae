"""Work over many files in processes that may die: a decoder in native code can end its process on a damaged file.

What was lost with a process is done again; the file that ends every process that opens it is found and listed, and all
others are read.
"""

import contextlib
import logging
import multiprocessing
import signal
import sys
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from toolkit._core.jobs import run_jobs
from toolkit._core.progress import Progress
from toolkit._core.workers import not_for_workers

__all__ = ["run_in_processes"]

_PATIENCE = 5.0  # seconds for a process that was killed to be gone
_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_logger = logging.getLogger(__name__)


def run_in_processes(work, tasks, n_jobs, *, split, lost, verbose=False, desc="pictures"):
    """Results of all tasks, in order.

    Workers are forked where the system has that: importing all of a new process takes as long as 5,000 thumbnails.
    They call nothing but Pillow and numpy's plain loops, which hold no threads of their own.

    Parameters
    ----------
    work : callable
        ``work(**task)`` gives a list, an item a file.
    tasks : list of dict
    n_jobs : int
        Processes, as in joblib; 1 works in this one.
    split : callable
        ``split(task)`` gives two tasks with half of its files each, or None if it has one file only.
    lost : callable
        ``lost(task)`` is the list for a task of one file whose process ends each time.
    verbose : bool
    desc : str

    Returns
    -------
    list of list
    """
    from joblib import effective_n_jobs

    n_workers = min(effective_n_jobs(n_jobs), len(tasks))
    if n_workers < 2 or sys.platform != "linux":
        return run_jobs(work, tasks, n_jobs=max(1, n_workers), verbose=verbose, desc=desc)
    done = {}
    with Progress(len(tasks), desc=desc, verbose=verbose) as bar:
        for _ in range(2):  # again, since what ended a process may have been a want of memory
            left = [place for place in range(len(tasks)) if place not in done]
            if left:
                _attempt(work, tasks, left, min(n_workers, len(left)), done, bar)
        for place in range(len(tasks)):
            if place not in done:
                done[place] = _one_by_one(work, tasks[place], split, lost)
                bar.update()
    return [done[place] for place in range(len(tasks))]


def _attempt(work, tasks, places, n_workers, done, bar):
    """Fill ``done`` with the results of as many tasks as end before a process dies."""
    with _pool(n_workers) as pool:
        with not_for_workers(*_SIGNALS):  # they start with the first task
            futures = [(place, pool.submit(_call, work, tasks[place])) for place in places]
        for place, future in futures:
            try:
                done[place] = future.result()
                bar.update()
            except BrokenProcessPool:
                continue


def _one_by_one(work, task, split, lost):
    """A task whose process died twice: its files in smaller and smaller groups, each in a process of its own."""
    try:
        with _pool(1) as pool:
            with not_for_workers(*_SIGNALS):
                future = pool.submit(_call, work, task)
            return future.result()
    except BrokenProcessPool:
        parts = split(task)
    if parts is None:
        _logger.warning("The process that decodes a picture ended; the picture is left out.")
        return lost(task)
    return [item for part in parts for item in _one_by_one(work, part, split, lost)]


@contextlib.contextmanager
def _pool(n_workers):
    """Forked workers; where the work is broken off, by Ctrl-C say, they end now and not when all is done."""
    pool = ProcessPoolExecutor(n_workers, mp_context=multiprocessing.get_context("fork"), initializer=_as_a_worker)
    try:
        yield pool
    except BaseException:
        workers = list((pool._processes or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.join(_PATIENCE)
        raise
    finally:
        pool.shutdown()


def _as_a_worker():
    """End at once by SIGTERM, whatever the command that this was forked from would do first; Ctrl-C is never heard."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])


def _call(work, task):
    return work(**task)
