"""The cache of published files: found by name, verified by content, downloaded when missing.

Layout of the folder: ``mnist/``, ``fashion_mnist/``, ``emnist/``, each with the published files, gzipped or unpacked.
What counts is the sha256 of the unpacked content, so that a file that was unpacked, or gzipped anew, serves as well.
"""

import contextlib
import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from toolkit._core.printable import printable
from toolkit.datasets._download import ResumingDownloader
from toolkit.datasets._idx import unpacked
from toolkit.exceptions import DataFormatError, DownloadError

__all__ = ["PublishedFile", "cached_content", "content_of", "data_folder", "download", "is_writable"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PublishedFile:
    """One file of a published data set.

    Attributes
    ----------
    folder, name : str
        Place in the cache; the name as published, without ``.gz``.
    n_bytes : int
        Size of the unpacked content.
    sha256 : str or None
        Of the unpacked content; None if it is not known beforehand.
    urls : tuple of str
        Where the gzipped file is published, first the one to try first.
    """

    folder: str
    name: str
    n_bytes: int
    sha256: str | None
    urls: tuple[str, ...] = ()


def data_folder():
    """The cache folder: the environment variable ``TOOLKIT_DATA``, else the user's cache.

    Returns
    -------
    pathlib.Path
        It need not exist, and is only written to when something is downloaded.
    """
    given = os.environ.get("TOOLKIT_DATA", "").strip()
    if given:
        return Path(given).expanduser()
    import pooch

    return Path(pooch.os_cache("toolkit"))


def is_writable(folder):
    """Can files be made in ``folder``, or in the parents that must be made first?"""
    folder = Path(folder)
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    # An administrator may write anywhere; a folder without any write permission is still meant to stay as it is.
    return folder.is_dir() and os.access(folder, os.W_OK) and bool(folder.stat().st_mode & 0o222)


def _check_content(content, file, what):
    """Raise DataFormatError unless ``content`` is the published one."""
    if len(content) != file.n_bytes:
        raise DataFormatError(f"{what} holds {len(content):,} bytes when unpacked, the published one {file.n_bytes:,}.")
    if file.sha256 is not None:
        found = hashlib.sha256(content).hexdigest()
        if found != file.sha256:
            raise DataFormatError(
                f"{what} has other content than the published one: sha256 {found}, not {file.sha256}."
            )


def cached_content(file):
    """Unpacked content of ``file`` if the cache has it, and what is wrong with the files that could have been it.

    Returns
    -------
    content : bytes or None
    problems : list of str
    """
    problems = []
    for suffix in (".gz", ""):
        path = data_folder() / file.folder / (file.name + suffix)
        try:
            if path.stat().st_size > _most_packed(file):
                raise DataFormatError(f"{printable(path)} has {path.stat().st_size:,} bytes, more than it can have.")
            content = unpacked(path.read_bytes(), printable(path), max_bytes=file.n_bytes)
            _check_content(content, file, printable(path))
            return content, []
        except FileNotFoundError:
            continue
        except (DataFormatError, OSError) as error:
            _logger.warning("%s", printable(error))
            problems.append(str(error))
    return None, problems


def content_of(file, *, alternative, mirrors=(), download_if_missing=True, verbose=False):
    """Unpacked, verified content of ``file``: from the cache, else downloaded into it.

    Parameters
    ----------
    file : PublishedFile
    alternative : str
        What needs no download, for the message when neither works.
    mirrors : sequence of str
        Addresses of folders with the published files, tried before the known ones.
    download_if_missing : bool
    verbose : bool

    Returns
    -------
    bytes

    Raises
    ------
    DownloadError
    """
    content, problems = cached_content(file)
    if content is not None:
        return content
    target = data_folder() / file.folder / f"{file.name}.gz"
    urls = [f"{mirror.rstrip('/')}/{target.name}" for mirror in mirrors] + list(file.urls)

    def check(path):
        _check_content(unpacked(path.read_bytes(), path.name, max_bytes=file.n_bytes), file, path.name)

    if download_if_missing:
        problems += download(target, urls, check, max_bytes=_most_packed(file), verbose=verbose)
        content, _ = cached_content(file)
    else:
        problems.append("downloading was not asked for")
    if content is None:
        raise download_error(target, problems, alternative)
    return content


def _most_packed(file):
    """How large a gzipped file can be at most: what cannot be compressed grows by a little."""
    return file.n_bytes + file.n_bytes // 100 + 2**12


def download_error(target, problems, alternative):
    """The one error for a file that is neither in the cache nor to be had."""
    return DownloadError(
        f"{target.name} is not in {target.parent} and could not be had: {'; '.join(problems)}. "
        f"Put it there, or set TOOLKIT_DATA to the folder that holds {target.parent.name}/. {alternative}"
    )


def download(target, urls, check, *, max_bytes, verbose=False):
    """Download ``target`` from the first of ``urls`` whose file passes ``check``.

    Parameters
    ----------
    target : pathlib.Path
        Appears whole and checked, or not at all.
    urls : list of str
    check : callable
        ``check(path)`` raises DataFormatError or ValueError if the file is not the right one.
    max_bytes : int
        More of them are not the file that is wanted, and are not kept.
    verbose : bool

    Returns
    -------
    list of str
        Why each address failed; empty when the file is there.
    """
    if not is_writable(target.parent):
        return ["that folder cannot be written to"]
    problems = []
    downloader = ResumingDownloader(target.parent, max_bytes=max_bytes, verbose=verbose)
    incoming = target.with_name(f".{target.name}.incoming")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return [f"the folder cannot be made ({error.strerror})"]
    with _locked(target.parent / ".lock"):
        for url in urls:
            try:
                # Not through pooch.retrieve, which makes a temporary file that stays for ever if the process is killed.
                downloader(url, incoming)
                check(incoming)
                os.replace(incoming, target)
            # requests' errors are OSErrors; wrong content is a ValueError.
            except (OSError, ValueError) as error:
                incoming.unlink(missing_ok=True)
                problems.append(f"{url}: {_reason(error)}")
                continue
            for other in urls:
                downloader.partial_path(other).unlink(missing_ok=True)
            return []
    return problems or ["no address is known"]


def _reason(error):
    """One line on an error; requests' own texts hold whole object representations."""
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP {response.status_code}"
    import requests

    if isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "no connection"
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__


@contextlib.contextmanager
def _locked(path):
    """One download into a folder at a time, over all processes, where the system has file locks."""
    try:
        import fcntl
    except ImportError:  # Windows: partial files are then not guarded against a second process
        yield
        return
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
