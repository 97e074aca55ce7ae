"""A folder appears whole or not at all: it is filled beside its place, synced, and moved there in a single step."""

import contextlib
import ctypes
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from toolkit._core.files import usual_permissions
from toolkit._core.locks import LOCK, lock_beside, locked

__all__ = ["folder_beside", "is_leftover", "sweep", "sync_folder", "whole_folder"]

_EXCHANGE, _AT_FDCWD = 2, -100  # Linux: renameat2's RENAME_EXCHANGE, and paths relative to the working directory


@contextlib.contextmanager
def whole_folder(path):
    """Yield an empty folder beside ``path``; on success it takes the place of ``path``, on failure it goes.

    An earlier folder at ``path`` is lost: who calls says first whether it may be. What an earlier writer of the same
    folder left behind when it was killed is removed.

    Parameters
    ----------
    path : path-like

    Raises
    ------
    FolderInUseError
        Somebody else is writing the same folder.

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
    with folder_beside(path) as temporary:
        yield temporary
        usual_permissions(temporary, 0o777)
        sync_folder(temporary)
        if path.exists():
            _exchange(temporary, path)
        else:
            os.rename(temporary, path)
        sync_folder(path.parent)


@contextlib.contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """Yield an empty hidden folder beside ``path``, whose lock is held; what is left of it in the end goes."""
    with locked(lock_beside(path), path):
        sweep(path)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}-{os.getpid()}-", suffix=".part", dir=path.parent))
        try:
            yield temporary
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def sweep(path):
    """Remove what writers of the folder ``path`` left beside it when they were killed.

    Who calls holds the lock of ``path``, so that no writer of it is alive. Its number in the name would not tell: in a
    container, or on a shared disk, it belongs to somebody else.
    """
    left = re.compile(rf"\.{re.escape(path.name)}-\d+-\w+(\.old)?\.part", re.ASCII)
    with os.scandir(path.parent) as entries:
        found = [entry.name for entry in entries if left.fullmatch(entry.name)]
    for name in found:
        entry = path.parent / name
        if name.endswith(".old.part") and not path.exists():
            os.rename(entry, path)  # its writer was killed between two renames: this is the only one
        else:
            shutil.rmtree(entry, ignore_errors=True)


def is_leftover(name, own_names):
    """Whether a file or folder of this name is a lock, or what a killed writer of one of ``own_names`` left.

    Examples
    --------
    >>> names = {"audit", "report.html"}
    >>> [is_leftover(name, names) for name in (".lock", ".audit-17-ab3d_x9z.part", ".report-ab3d_x9z.html")]
    [True, True, True]
    >>> [is_leftover(name, names) for name in ("audit", ".audit-99999-17-ab3d_x9z.part", ".report-draft.html")]
    [False, False, False]
    """
    if name == LOCK:
        return True
    for own in own_names:
        stem, suffix = re.escape(Path(own).stem), re.escape(Path(own).suffix)
        file = rf"\.{stem}-[a-z0-9_]{{8}}{suffix}"
        folder = rf"\.{re.escape(own)}(-\d+-\w+(\.old)?\.part|{re.escape(LOCK)})"
        if re.fullmatch(rf"{file}|{folder}", name, re.ASCII):
            return True
    return False


def sync_folder(folder):
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
