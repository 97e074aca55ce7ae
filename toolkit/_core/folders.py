"""A folder appears whole or not at all: it is filled beside its place, synced, and moved there in a single step."""

import contextlib
import ctypes
import glob
import os
import shutil
import tempfile
from pathlib import Path

from toolkit._core.files import usual_permissions

__all__ = ["sweep", "whole_folder"]

_EXCHANGE, _AT_FDCWD = 2, -100  # Linux: renameat2's RENAME_EXCHANGE, and paths relative to the working directory


@contextlib.contextmanager
def whole_folder(path):
    """Yield an empty folder beside ``path``; on success it takes the place of ``path``, on failure it goes.

    An earlier folder at ``path`` is lost: who calls says first whether it may be. What an earlier writer of the same
    folder left behind when it was killed is removed.

    Parameters
    ----------
    path : path-like

    Examples
    --------
    >>> import pathlib, tempfile
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "result"
    >>> with whole_folder(target) as folder:
    ...     _ = (folder / "a.txt").write_text("whole")
    >>> sorted(path.name for path in target.parent.iterdir()), (target / "a.txt").read_text()
    (['result'], 'whole')
    """
    path = Path(os.path.realpath(path))  # of a link, what it leads to
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}-{os.getpid()}-", suffix=".part", dir=path.parent))
    try:
        yield temporary
        usual_permissions(temporary, 0o777)
        _sync(temporary)
        if path.exists():
            _exchange(temporary, path)
        else:
            os.rename(temporary, path)
        _sync(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sweep(path):
    """Remove what writers of the folder ``path`` left beside it when they were killed."""
    for entry in path.parent.glob(f".{glob.escape(path.name)}-*.part"):
        owner = entry.name[len(path.name) + 2 :].partition("-")[0]
        if owner.isdigit() and not _is_alive(int(owner)):
            if entry.name.endswith(".old.part") and not path.exists():
                os.rename(entry, path)  # its writer was killed between two renames: this is the only one
            else:
                shutil.rmtree(entry, ignore_errors=True)


def _sync(folder):
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _exchange(temporary, path):
    """Put ``temporary`` in the place of ``path``: in one step where the system can, else with the old one aside."""
    try:
        result = ctypes.CDLL(None, use_errno=True).renameat2(
            _AT_FDCWD, os.fsencode(temporary), _AT_FDCWD, os.fsencode(path), _EXCHANGE
        )
    except (OSError, AttributeError):
        result = -1
    if result == 0:
        return  # the old one is now called as the temporary one was, and goes with it
    aside = temporary.with_suffix(".old.part")
    os.rename(path, aside)
    try:
        os.rename(temporary, path)
    except BaseException:
        os.rename(aside, path)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _is_alive(process):
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
