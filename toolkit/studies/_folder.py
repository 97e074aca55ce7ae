"""A result folder that appears whole or not at all, and never at the cost of somebody's files."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

__all__ = ["check_target", "whole_folder"]


def check_target(folder, own_names):
    """Refuse a folder that holds anything but an earlier result of the same kind.

    A result folder is replaced as a whole, so that ``--out .`` must not cost anybody their work.

    Parameters
    ----------
    folder : path-like
    own_names : collection of str
        Names that a result of this kind is made of.

    Raises
    ------
    FileExistsError
        If something else is in the folder, or a file is in its place.
    """
    folder = Path(folder)
    if not folder.exists():
        return
    if not folder.is_dir():
        raise FileExistsError(f"{folder} is a file; the result needs a folder of its own.")
    foreign = sorted(entry.name for entry in folder.iterdir() if entry.name not in own_names)
    if foreign:
        raise FileExistsError(
            f"{folder} holds {foreign[0]!r}, which is no part of such a result, and would be lost: "
            "choose another folder, or empty this one."
        )


@contextlib.contextmanager
def whole_folder(folder, own_names):
    """Yield a temporary folder beside ``folder``; on success it takes the place of ``folder``, on failure it goes.

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
    folder = Path(os.path.abspath(folder))
    check_target(folder, own_names)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", suffix=".part", dir=folder.parent))
    try:
        yield temporary
        # mkdtemp is private to its user; a result gets the permissions that any new folder would get.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o777 & ~umask)
        _take_place(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _take_place(temporary, folder):
    """Rename ``temporary`` to ``folder``; an earlier result steps aside first and comes back if that fails."""
    if not folder.exists():
        os.replace(temporary, folder)
        return
    earlier = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", suffix=".old", dir=folder.parent))
    try:
        os.replace(folder, earlier)  # onto an empty folder, which POSIX allows
        try:
            os.replace(temporary, folder)
        except BaseException:
            os.replace(earlier, folder)
            raise
    finally:
        shutil.rmtree(earlier, ignore_errors=True)
