"""The temporary folder of a server: its own while it lives, gone at its end, and else at the start of a later one."""

import contextlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from toolkit._core.locks import LOCK, folder_lock
from toolkit.exceptions import FolderInUseError

__all__ = ["own_folder", "sweep_dead"]

_PREFIX = "toolkit-serve-"
_NAME = re.compile(re.escape(_PREFIX) + "[a-z0-9_]{8}")  # as tempfile makes them
_TRIES = 5
_mine: set[Path] = set()  # of this process, whose lock a thread that holds it could enter again


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """A folder that nobody else can look into, locked while it is used, and gone at the end.

    What servers that were killed left behind goes first.
    """
    sweep_dead(Path(tempfile.gettempdir()))
    with contextlib.ExitStack() as stack:
        folder = _locked_folder(stack)
        _mine.add(folder)
        try:
            yield folder
        finally:
            _mine.discard(folder)
            shutil.rmtree(folder, ignore_errors=True)


def _locked_folder(stack):
    """A new folder whose lock is held; a server that starts now may have swept one away between the two steps."""
    for _ in range(_TRIES):
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()  # 0700 by itself
        try:
            stack.enter_context(folder_lock(folder))
        except (FolderInUseError, FileNotFoundError):
            continue
        if folder.is_dir():
            return folder
    raise OSError(f"no folder of its own could be made in {tempfile.gettempdir()}.")


def sweep_dead(place: Path) -> list[str]:
    """Remove folders of servers that live no more; returns their names.

    Only folders that are this user's alone, are named as a server names them, and hold a lock that nobody holds: the
    system frees that of a process that ends, however it ends. A folder without a lock is none that a server finished
    making. Links are neither followed nor removed.

    Parameters
    ----------
    place : Path
        The system's folder for temporary files.
    """
    swept: list[str] = []
    try:
        names = sorted(name for name in os.listdir(place) if _NAME.fullmatch(name))
    except OSError:
        return swept
    for name in names:
        folder = place / name
        if folder.resolve() in _mine:
            continue
        if not (_is_own(folder, stat.S_ISDIR) and _is_own(folder / LOCK, stat.S_ISREG)):
            continue
        # In use, or gone meanwhile: somebody else's matter.
        with contextlib.suppress(FolderInUseError, OSError), folder_lock(folder):
            shutil.rmtree(folder, ignore_errors=True)  # which takes links away, and nothing behind them
            swept.append(name)
    return swept


def _is_own(path, is_kind):
    """Whether it is of that kind itself, not by a link, belongs to this user, and others may not write to it."""
    try:
        state = os.lstat(path)
    except OSError:
        return False
    mine = not hasattr(os, "getuid") or state.st_uid == os.getuid()
    return is_kind(state.st_mode) and mine and not state.st_mode & stat.S_IWOTH
