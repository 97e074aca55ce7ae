"""The folder that a cleaned copy goes to: new or empty, beside what is copied, and there whole or not at all."""

import contextlib
import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from toolkit._core.files import usual_permissions
from toolkit._core.folders import folder_beside, sync_folder
from toolkit._core.printable import printable
from toolkit._core.types import PathLike
from toolkit._core.writable import check_folder_replaceable

__all__ = ["check_clean_target", "check_names_apart", "new_folder", "write_exclusively"]


def check_clean_target(folder: PathLike, out: PathLike) -> None:
    """Refuse an ``out`` that is not new or empty, lies in ``folder`` or around it, or cannot be written.

    Worth asking before the long work: links are resolved, and the same folder is known under whatever name.

    Parameters
    ----------
    folder : path-like
        That is to be cleaned.
    out : path-like
        Where the cleaned copy shall lie.

    Raises
    ------
    FileExistsError
        ``out`` is a file, or holds something.
    ValueError
        One of the two lies within the other.
    OSError
        It cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from toolkit.audit import check_clean_target
    >>> photos = pathlib.Path(tempfile.mkdtemp())
    >>> check_clean_target(photos, f"{photos}_clean")
    >>> check_clean_target(photos, photos / "clean")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: ...clean lies within ..., of which nothing may change: name a folder beside it.
    """
    source, target = Path(os.path.realpath(folder)), Path(os.path.realpath(out))
    if not source.is_dir():
        raise NotADirectoryError(f"{printable(folder)} is no folder: a cleaned copy is made of a folder of files.")
    for inner, outer, words in ((target, source, "lies within"), (source, target, "lies around")):
        if _is_within(inner, outer):
            same = inner == outer
            raise ValueError(
                f"{printable(out)} {'is' if same else words} {printable(folder)}, of which nothing may change: name a "
                "folder beside it."
            )
    if os.path.lexists(target):
        if not target.is_dir():
            raise FileExistsError(f"{printable(out)} is a file; a cleaned copy needs a folder of its own.")
        if any(os.scandir(target)):
            raise FileExistsError(f"{printable(out)} is not empty: a cleaned copy needs a new or empty folder.")
    check_folder_replaceable(target)


def _is_within(inner: Path, outer: Path) -> bool:
    """By name, and by identity where a mount shows one folder in two places."""
    for parent in (inner, *inner.parents):
        if parent == outer:
            return True
        with contextlib.suppress(OSError):
            if os.path.samefile(parent, outer):
                return True
    return False


@contextlib.contextmanager
def new_folder(out: PathLike) -> Iterator[Path]:
    """Yield an empty folder beside ``out``; on success it becomes ``out`` in one step, on failure it goes.

    Raises
    ------
    FolderInUseError
        Another run is writing it.
    OSError
        Something came to be in ``out`` meanwhile.
    """
    path = Path(os.path.realpath(out))
    with folder_beside(path) as temporary:
        yield temporary
        usual_permissions(temporary, 0o777)
        _sync_all()
        if os.name == "nt" and path.is_dir():
            os.rmdir(path)
        # Which the system refuses unless nothing, or nothing but an empty folder, is there.
        os.rename(temporary, path)
        with contextlib.suppress(OSError):
            sync_folder(path.parent)


def _sync_all() -> None:
    """All that was written is on the disk: once for thousands of files, each of which would wait for the disk."""
    if hasattr(os, "sync"):
        os.sync()


def check_names_apart(names: Iterable[str], folder: Path) -> None:
    """Refuse names that the disk under ``folder`` takes for one: by case, or by how accents are written.

    Parameters
    ----------
    names : iterable of str
        Paths within the folder, with forward slashes.
    folder : Path
        There, and empty or ours: files are made in it to find out, and removed.

    Raises
    ------
    FileExistsError
    """
    seen: dict[str, str] = {}
    for name in names:
        parts = name.split("/")
        for end in range(1, len(parts) + 1):
            part = "/".join(parts[:end])
            folded = unicodedata.normalize("NFC", part).casefold()
            other = seen.setdefault(folded, part)
            if other != part and not _holds_both(folder, other, part):
                raise FileExistsError(
                    f"{printable(other)!r} and {printable(part)!r} are one name to the disk of the new folder: rename "
                    "one of them, or choose a disk that tells them apart."
                )


def _holds_both(folder: Path, first: str, second: str) -> bool:
    """Whether two names are two files here: tried in a folder of its own."""
    names = [name.rpartition("/")[2] for name in (first, second)]
    if names[0] == names[1]:  # in two folders, which the disk holds both
        return True
    place = tempfile.mkdtemp(prefix=".names-", dir=folder)
    try:
        for name in names:
            os.mkdir(os.path.join(place, name))
        return True
    except FileExistsError:
        return False
    finally:
        shutil.rmtree(place, ignore_errors=True)


def write_exclusively(folder: Path, name: str, content: bytes, modified_ns: int | None = None) -> bytes:
    """Make the file ``name`` in ``folder``, which must not be there, and return what it holds, read again.

    Parameters
    ----------
    folder : Path
    name : str
        With forward slashes; folders on the way are made.
    content : bytes
    modified_ns : int, optional
        Time of modification to give it.
    """
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags, 0o666), "wb") as file:
        file.write(content)
    if modified_ns is not None:
        os.utime(path, ns=(modified_ns, modified_ns))
    return path.read_bytes()
