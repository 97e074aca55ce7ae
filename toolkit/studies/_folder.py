"""A result folder that appears whole or not at all, never at the cost of somebody's files, and for one writer only."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from toolkit._core import folders
from toolkit._core.locks import LOCK, folder_lock, lock_beside, locked
from toolkit._core.printable import printable
from toolkit._core.writable import check_folder_replaceable, check_folder_writable

__all__ = ["check_target", "reserved_folder", "whole_folder"]


def check_target(folder: str | os.PathLike, own_names: Collection[str], *, grows: bool = False) -> None:
    """Refuse a folder that holds anything but an earlier result of the same kind, or that cannot be written.

    A result folder is replaced as a whole, so that ``--out .`` must not cost anybody their work.

    Parameters
    ----------
    folder : path-like
    own_names : collection of str
        Names that a result of this kind is made of.
    grows : bool, default=False
        The folder is filled in its place, file by file, instead of being replaced.

    Raises
    ------
    FileExistsError
        If something else is in the folder, or a file is in its place.
    OSError
        If it cannot be written: the place is read-only, the name too long, a parent a file.
    """
    folder = Path(folder)
    if os.path.exists(folder) and not os.path.isdir(folder):  # these take any name, pathlib's raise for long ones
        raise FileExistsError(f"{printable(folder)} is a file; the result needs a folder of its own.")
    if os.path.isdir(folder):
        foreign = sorted(
            entry.name
            for entry in folder.iterdir()
            if entry.name not in own_names and not folders.is_leftover(entry.name, own_names)
        )
        if foreign:
            raise FileExistsError(
                f"{printable(folder)} holds {printable(foreign[0])!r}, which is no part of such a result, and would be "
                "lost: choose another folder, or empty this one."
            )
    (check_folder_writable if grows else check_folder_replaceable)(folder)


@contextlib.contextmanager
def reserved_folder(folder: str | os.PathLike, own_names: Collection[str], *, grows: bool = False) -> Iterator[None]:
    """Check a folder as :func:`check_target` does, and keep other runs out of it until the work is done.

    Parameters
    ----------
    folder : path-like
    own_names : collection of str
        Names that may be in it: what earlier results of the kind wrote.
    grows : bool, default=False
        What is in it stays, and is gone on with; else it is replaced as a whole.

    Yields
    ------
    None

    Raises
    ------
    FolderInUseError
        Another run is writing to it.
    FileExistsError, OSError
        As :func:`check_target`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from toolkit.studies import reserved_folder
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> with reserved_folder(folder, {"a.txt"}, grows=True):
    ...     _ = (folder / "a.txt").write_text("whole")
    >>> with reserved_folder(folder, {"b.txt"}, grows=True):  # doctest: +ELLIPSIS
    ...     pass
    Traceback (most recent call last):
        ...
    FileExistsError: ... holds 'a.txt', which is no part of such a result, and would be lost: ...
    """
    folder = Path(folder)
    check_target(folder, own_names, grows=grows)
    if not grows:
        with locked(lock_beside(folder), folder):
            yield
        return
    with folder_lock(folder):
        _sweep(folder, own_names)
        yield


def _sweep(folder, own_names):
    """Remove what runs left in a folder of their own when they were killed; who calls holds its lock."""
    for entry in folder.iterdir():
        if entry.name != LOCK and folders.is_leftover(entry.name, own_names):
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()


@contextlib.contextmanager
def whole_folder(folder: str | os.PathLike, own_names: Collection[str]) -> Iterator[Path]:
    """:func:`toolkit._core.folders.whole_folder` for a result: what is no part of such a result is never replaced.

    Parameters
    ----------
    folder : path-like
    own_names : collection of str
        What may be replaced, see :func:`check_target`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "result"
    >>> with whole_folder(target, {"a.txt"}) as temporary:
    ...     _ = (temporary / "a.txt").write_text("whole")
    >>> sorted(path.name for path in target.parent.iterdir()), (target / "a.txt").read_text()
    (['result'], 'whole')
    """
    check_target(folder, own_names)
    with folders.whole_folder(folder) as temporary:
        yield temporary
