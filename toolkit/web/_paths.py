"""Paths that a visitor names: below one folder, the root, or refused."""

import os
from pathlib import Path

from toolkit._core.printable import printable
from toolkit.exceptions import ToolkitError

__all__ = ["NotAllowedError", "below_root", "check_links", "list_below", "shown"]

_MOST_FOLDERS, _DEPTH = 2000, 5  # walked through when names are proposed


class NotAllowedError(ToolkitError, PermissionError):
    """A visitor asked for what is not his to see."""


def below_root(root: Path, text: object, *, exists: bool = True) -> Path:
    """The path that ``text`` names within ``root``, with links followed.

    Parameters
    ----------
    root : Path
        A folder, resolved.
    text : str
        Relative to ``root``, or absolute.
    exists : bool, default=True
        False for what is to be written.

    Raises
    ------
    NotAllowedError
        It leads out of ``root``.
    FileNotFoundError
        There is nothing of that name.
    ValueError
        It is no name of a file.

    Examples
    --------
    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp()).resolve()
    >>> below_root(root, "a/b", exists=False) == root / "a" / "b"
    True
    >>> below_root(root, "a/../../b", exists=False)
    Traceback (most recent call last):
    toolkit.web._paths.NotAllowedError: a/../../b lies outside of the folder that is served.
    """
    text = str(text or "").strip()
    if not text or "\0" in text or len(text) > 4096:
        raise ValueError("Name a file or a folder below the folder that is served.")
    try:
        path = Path(os.path.realpath(root / text))
    except (OSError, ValueError) as error:
        raise ValueError(f"{printable(text)} is no name of a file.") from error
    # Said before anything is said of whether it exists: what lies outside is nobody's business.
    if path != root and root not in path.parents:
        raise NotAllowedError(f"{printable(text)} lies outside of the folder that is served.")
    if exists and not os.path.exists(path):
        raise FileNotFoundError(f"{printable(text)}: there is no such file or folder.")
    return path


def check_links(root: Path, folder: Path) -> None:
    """Refuse a folder of pictures in which a link leads out of ``root``: reading follows links to files.

    Raises
    ------
    NotAllowedError
    """
    from toolkit.datasets import list_files

    for entry in list_files(folder) if folder.is_dir() else ():
        if entry.link:
            path = Path(os.path.realpath(folder / entry.name))
            if root not in path.parents:
                raise NotAllowedError(f"{printable(entry.name)} is a link to a place outside of the folder served.")


def list_below(root: Path, wanted) -> list[str]:
    """Names below ``root``, relative to it, of what ``wanted`` finds; hidden folders are not walked through.

    Parameters
    ----------
    root : Path
    wanted : callable
        ``wanted(folder, names)`` of the path and the names in it gives an iterable of paths to list.
    """
    found: list[str] = []
    for place, (where, folders, files) in enumerate(os.walk(root)):
        depth = len(Path(where).relative_to(root).parts)
        if place >= _MOST_FOLDERS:
            break
        folders[:] = sorted(
            name for name in folders if not name.startswith((".", "__")) and name not in ("node_modules", "checkpoints")
        )
        found += [str(path.relative_to(root)) for path in wanted(Path(where), set(folders) | set(files))]
        if depth >= _DEPTH:
            folders.clear()
    return sorted(name for name in found if name.isprintable())


def shown(root: Path, path: Path) -> str:
    """A path as a page may say it: from ``root`` on."""
    return printable(path.relative_to(root)) if root in path.parents else printable(path.name)
