"""A result folder that appears whole or not at all, and never at the cost of somebody's files."""

import contextlib
from pathlib import Path

from toolkit._core import folders

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
