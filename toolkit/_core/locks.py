"""One writer of a folder at a time, over threads, processes and, where the file system locks files, machines.

The system holds the lock, not a number in a file: it is free the moment its owner ends, however that ends, and no
process number of another container can be taken for that of the owner.
"""

import contextlib
import itertools
import os
import threading
from pathlib import Path

from toolkit._core.printable import printable
from toolkit.exceptions import FolderInUseError

__all__ = ["LOCK", "folder_lock", "lock_beside", "locked"]

LOCK = ".lock"  # within a folder that grows
_held: dict[Path, int] = {}  # lock file -> thread, which may ask again
_guard = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_held.clear)  # filelock lets go of what a child inherits


def lock_beside(folder):
    """Lock file of a folder that is replaced as a whole, and so cannot hold it."""
    folder = Path(os.path.realpath(folder))
    return folder.parent / f".{folder.name}{LOCK}"


@contextlib.contextmanager
def folder_lock(folder):
    """Be the only one who fills a folder that grows, such as that of a training; it is made if need be.

    Parameters
    ----------
    folder : path-like

    Raises
    ------
    FolderInUseError
        Somebody else is writing to it.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> with folder_lock(folder):
    ...     sorted(os.listdir(folder))
    ['.lock']
    >>> os.listdir(folder)
    []
    """
    folder = Path(os.path.realpath(folder))
    with locked(folder / LOCK, folder):
        yield


@contextlib.contextmanager
def locked(path, folder):
    """Hold the lock file ``path`` of ``folder``; the thread that holds it may enter again.

    Parameters
    ----------
    path : path-like
        Its folder is made if need be. The file is removed afterwards, while it is still held, so that nobody can lock
        one that is about to go.
    folder : path-like
        For the message.

    Raises
    ------
    FolderInUseError
        Another thread or process holds it.
    """
    from filelock import FileLock, Timeout

    path, here = Path(path), threading.get_ident()
    lock, made, ours = FileLock(path, timeout=0, thread_local=False), [], True
    with _guard:
        thread = _held.get(path)
        if thread not in (None, here):
            raise _in_use(folder)
    if thread == here:
        yield
        return

    def let_go():
        with _guard:
            if _held.get(path) == here:
                del _held[path]
            with contextlib.suppress(OSError, Timeout):
                if ours and not lock.is_locked and path.exists():
                    lock.acquire()  # broken off between making and locking it: nobody's, if it can be had
            if lock.is_locked:
                with contextlib.suppress(OSError):  # gone with its folder, or open files stay (Windows)
                    path.unlink()
                lock.release()
            _remove_empty(made)

    try:
        with _guard:
            made += itertools.takewhile(lambda parent: not parent.exists(), path.parents)
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire()
            except Timeout:
                ours = False
                raise _in_use(folder) from None
            _held[path] = here
        yield
    finally:
        try:
            let_go()
        except BaseException:  # Ctrl-C came while it was let go
            let_go()
            raise


def _remove_empty(folders):
    """Take back what was made for nothing: a run that is refused or interrupted early leaves no empty folders."""
    for folder in folders:
        try:
            folder.rmdir()
        except FileNotFoundError:  # an interruption came after it was
            continue
        except OSError:  # something is in it
            return


def _in_use(folder):
    return FolderInUseError(
        f"Another run is writing to {printable(folder)} at this moment: wait until it has ended, or choose another "
        "folder."
    )
