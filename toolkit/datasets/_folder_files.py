"""The files of a folder or of a zip archive, by name: what may be read, and what may not."""

import hashlib
import os
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path

from toolkit._core.pictures import PictureError, picture_size
from toolkit._core.printable import printable
from toolkit._core.types import PathLike
from toolkit.exceptions import DataFormatError

__all__ = ["Entry", "Opened", "list_files"]

# Deflate cannot shrink anything by more than this (zlib's technical notes: 1032 to 1).
_MAX_DEFLATE_RATIO = 1040


@dataclass(frozen=True)
class Entry:
    """One thing that a folder holds.

    Attributes
    ----------
    name : str
        Path inside of the folder or archive, with forward slashes.
    n_bytes : int
    stamp : int
        Changes when the file does: its time of modification, or the checksum that the archive declares.
    reason : str
        Why it is not even opened; empty for what is tried.
    link : bool
        A symbolic link, to a file or to a folder.
    """

    name: str
    n_bytes: int
    stamp: int
    reason: str = ""
    link: bool = False


def list_files(path: PathLike) -> list[Entry]:
    """All that lies under a folder, or in a zip archive, sorted by name; nothing is opened.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    list of Entry
        Each has ``name`` (within the folder, forward slashes), ``n_bytes``, ``stamp``, ``reason`` and ``link``. Links
        to folders are listed and not walked through.

    Raises
    ------
    FileNotFoundError
        There is nothing of that name.
    DataFormatError
        It is neither a folder nor a zip archive.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "b.png").touch(), (folder / "a.png").touch()
    (None, None)
    >>> [entry.name for entry in list_files(folder)]
    ['a.png', 'b.png']
    """
    path = Path(path)
    if path.is_dir():
        entries = _walk(path)
    elif not path.exists():
        raise FileNotFoundError(f"{printable(path)}: no such folder or archive.")
    else:
        entries = _list_archive(path)
    return sorted(entries, key=lambda entry: entry.name)


def _walk(folder):
    """Every file under ``folder``; links to folders are not followed, so none can lead in a circle."""
    found = []

    def unreadable(error):
        where = os.path.relpath(error.filename or folder, folder)
        found.append(Entry(_plain(where), 0, 0, f"folder cannot be read: {error.strerror}"))

    for where, folders, files in os.walk(folder, onerror=unreadable):
        for name in folders:
            if os.path.islink(os.path.join(where, name)):
                relative = os.path.relpath(os.path.join(where, name), folder)
                found.append(Entry(_plain(relative), 0, 0, "link to a folder, not followed", True))
        for name in files:
            place = os.path.join(where, name)
            relative, link = _plain(os.path.relpath(place, folder)), os.path.islink(place)
            try:
                state = os.stat(place)
            except OSError as error:  # a link to itself, or to nothing
                found.append(Entry(relative, 0, 0, f"cannot be opened: {error.strerror}", link))
                continue
            reason = "" if stat.S_ISREG(state.st_mode) else "no plain file"  # a pipe would wait for ever
            found.append(Entry(relative, state.st_size, state.st_mtime_ns, reason, link))
    return found


def _plain(name):
    """A name that can be printed and written as UTF-8, whatever bytes the file system has for it."""
    return name.replace(os.sep, "/")


def _list_archive(path):
    if os.path.isfile(path) and not os.path.getsize(path):
        what = f"{printable(path)} is neither a folder nor a zip archive that can be read"
        raise DataFormatError(f"{what}: it is empty (0 bytes).")
    try:
        with zipfile.ZipFile(path) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    # What zipfile raises on damaged directories is open-ended: BadZipFile, OSError, IndexError of an empty name, ...
    except Exception as error:
        what = f"{printable(path)} is neither a folder nor a zip archive that can be read"
        raise DataFormatError(f"{what}: {printable(error)[:200]}") from error
    found, seen = [], set()
    for info in infos:
        reason = _why_not(info)
        if info.filename in seen:
            reason = "second file of that name in the archive"
        seen.add(info.filename)
        found.append(Entry(info.filename, info.file_size, info.CRC, reason))
    return found


def _why_not(info):
    """Why an entry of an archive is not even opened; empty if it is."""
    if info.flag_bits & 1:
        return "encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # zipfile unpacks these in one go: a few hundred bytes can ask for any amount of memory.
        return f"compressed by method {info.compress_type} of zip, expected deflate or none"
    if info.file_size > _MAX_DEFLATE_RATIO * info.compress_size + 1024:
        return "decompression bomb: declares more than its bytes can hold"
    return ""


class Opened:
    """A folder or an archive to read files from.

    Parameters
    ----------
    path : path-like
    max_bytes : int
        Of one file.
    """

    def __init__(self, path, max_bytes):
        self.path, self.max_bytes = Path(path), max_bytes
        self.archive, self.infos = None, {}
        if not self.path.is_dir():
            self.archive = zipfile.ZipFile(self.path)
            for info in self.archive.infolist():  # by name, zipfile would give the last of several
                self.infos.setdefault(info.filename, info)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.archive is not None:
            self.archive.close()

    def read(self, name):
        """The bytes of a file; PictureError if there are too many, or they cannot be had."""
        try:
            # One byte more than is allowed shows that there are more, whatever was declared.
            with self._open(name) as file:
                content = file.read(self.max_bytes + 1)
        except MemoryError:
            raise PictureError("needs more memory than there is") from None
        except Exception as error:  # zipfile's list is open-ended, too
            raise PictureError(f"cannot be read: {printable(str(error)[:200]) or type(error).__name__}") from None
        if len(content) > self.max_bytes:
            raise PictureError(f"more than {self.max_bytes:,} bytes")
        return content

    def digest(self, name):
        """sha256 of a file of any length; empty if it cannot be had."""
        try:
            found = hashlib.sha256()
            with self._open(name) as file:
                while part := file.read(2**20):
                    found.update(part)
            return found.hexdigest()
        except Exception:  # why it cannot be read is said where it is read
            return ""

    def size(self, name, max_pixels):
        """``(height, width)`` of a picture by its header, None where that tells nothing; nothing is decoded."""
        try:
            with self._open(name) as file:
                return picture_size(file, max_pixels=max_pixels)
        except Exception:  # what is wrong with it is said when it is read
            return None

    def _open(self, name):
        return open(self.path / name, "rb") if self.archive is None else self.archive.open(self.infos[name])
