"""Whether output can be written, asked before the work instead of after it: by writing, and taking it back.

Permissions alone do not tell: a mount may be read-only, a quota used up, a name too long for the file system.
"""

import contextlib
import os
import tempfile
from pathlib import Path

from toolkit._core.printable import printable

__all__ = ["check_file_writable", "check_folder_replaceable", "check_folder_writable"]

_TEMPORARY = "-4194304999-abcdefgh.old.part"  # the longest that is added to a name while it is written


def check_folder_writable(folder):
    """Raise unless files can be made in ``folder``, which need not be there yet.

    Parameters
    ----------
    folder : path-like

    Raises
    ------
    OSError
        Of the kind that writing would have raised; the message names the folder.

    Examples
    --------
    >>> check_folder_writable(os.path.join(tempfile.mkdtemp(), "not", "there"))
    """
    with _named(folder):
        folder = Path(os.path.realpath(folder))
        for name in _missing(folder):
            _try(_existing(folder), name)
        _try(_existing(folder), "x")


def check_folder_replaceable(folder):
    """Raise unless a new folder can be put in the place of ``folder``, which need not be there yet.

    Raises
    ------
    OSError
        As :func:`check_folder_writable`; or the folder is a mount, which cannot be replaced.
    """
    with _named(folder):
        folder = Path(os.path.realpath(folder))
    if os.path.ismount(folder):
        raise OSError(
            f"{printable(folder)} is a mount or a root, which cannot be replaced by a result: name a folder within it."
        )
    check_folder_writable(folder.parent)
    with _named(folder):
        _try(_existing(folder.parent), f".{folder.name}{_TEMPORARY}")


def check_file_writable(path):
    """Raise unless a file can be put at ``path``; an earlier file may be there, a folder may not.

    Raises
    ------
    OSError
        As :func:`check_folder_writable`.
    """
    path = Path(path)
    if os.path.isdir(path):
        raise IsADirectoryError(f"{printable(path)} is a folder; a file is to be written there.")
    check_folder_writable(path.parent)
    with _named(path):
        _try(_existing(path.parent), f".{path.stem}-abcdefgh{path.suffix}")


def _existing(folder):
    """The folder itself, or the nearest of its parents that is there."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    return folder


def _missing(folder):
    """Names of the folders that would have to be made."""
    there = _existing(folder)
    return folder.relative_to(there).parts


def _try(folder, name):
    """Make a folder whose name begins as long as ``name`` is, and remove it."""
    if not folder.is_dir():
        raise NotADirectoryError(20, "Not a directory", str(folder))
    # mkdtemp adds eight characters by itself.
    made = tempfile.mkdtemp(prefix=name[: max(len(name) - 8, 1)], dir=folder)
    try:
        with tempfile.TemporaryFile(dir=made) as file:
            file.write(b"\0")
    finally:
        os.rmdir(made)


@contextlib.contextmanager
def _named(path):
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a zero byte in a name
        reason = getattr(error, "strerror", None) or str(error)
        kind = type(error) if isinstance(error, OSError) else OSError
        raise kind(f"{printable(path)} cannot be written: {reason}. Choose another place.") from error
