"""Processes that share work: started so that Ctrl-C is their parent's alone, and what is said when one is lost."""

import contextlib
import os
import re
import signal

from toolkit.exceptions import WorkerLostError

__all__ = ["lost_workers_named", "not_for_workers"]


@contextlib.contextmanager
def not_for_workers(*numbers):
    """Processes and threads that are started within never get these signals, on systems that can hold them back.

    A terminal sends Ctrl-C to each process. One that is still importing then prints where it was; the parent, which
    hears it, too, ends them all and says so in one line. A signal that comes within is heard at its end.

    Parameters
    ----------
    *numbers : int

    Examples
    --------
    >>> with not_for_workers(signal.SIGINT):
    ...     print("they start")
    they start
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def lost_workers_named():
    """Say in our words what joblib says in its own: a process was killed, or there was no room to give it its work.

    Raises
    ------
    WorkerLostError
        A process was ended from outside.
    OSError
        What it was to be given could not be written, with the system's own number.
    """
    import pickle
    from concurrent.futures.process import BrokenProcessPool

    try:
        yield
    except BrokenProcessPool as error:
        raise WorkerLostError(
            "A process that shared the work was ended from outside, most often for want of memory: fewer at a time, "
            "down to one (--jobs 1, n_jobs=1), need less."
        ) from error
    except pickle.PicklingError as error:
        # joblib gives the first error as the text of its traceback.
        told = re.search(r"OSError: \[Errno (\d+)\]", str(error.__cause__))
        if told is None:
            raise
        number = int(told[1])
        raise OSError(
            number,
            f"{os.strerror(number)}: processes that share the work are given it through "
            "files, for which there is no room. JOBLIB_TEMP_FOLDER names another place; one process (--jobs 1, "
            "n_jobs=1) needs none",
        ) from error
