"""Downloads that survive a cut connection: a pooch downloader that continues where the last attempt stopped."""

import hashlib
import logging
import os
import re
import shutil
import time
from pathlib import Path
from typing import IO

from toolkit._core.progress import Progress
from toolkit._core.types import PathLike
from toolkit.exceptions import DataFormatError

__all__ = ["ResumingDownloader"]

_logger = logging.getLogger(__name__)
_CHUNK = 2**14  # what is lost at a cut is at most this
_WORTH_ANOTHER_TRY = frozenset({408, 425, 429, 500, 502, 503, 504})


class ResumingDownloader:
    """HTTP downloader for pooch that continues an interrupted download.

    pooch's own downloader starts anew after each cut, which for a file of 536 MB on a poor line may never end. This one
    keeps what has arrived in a partial file and asks for the rest (HTTP ``Range``), across attempts and
    across processes. A server that ignores ``Range`` sends everything again, and the partial file is started anew.

    Parameters
    ----------
    folder : path-like
        Where partial files are kept.
    n_retries : int, default=5
        Attempts in a row that may bring nothing new. One that brings something starts the count anew. A server that has
        never sent a byte is asked once more only: offline, that should be known soon.
    wait : float, default=1.0
        Seconds before the first retry; doubled after each that brings nothing, at most 30.
    timeout : float, default=30.0
        Seconds without a byte after which a connection counts as cut. Connecting may take a third of it.
    max_bytes : int, optional
        More are refused, whether a server announces them or goes on sending. By default any number is taken.
    verbose : bool, default=False
        Show a progress bar.

    See Also
    --------
    pooch.HTTPDownloader : The interface; pass an object of this class wherever pooch takes a downloader.

    References
    ----------
    .. [1] R. Fielding, M. Nottingham and J. Reschke, HTTP Semantics, RFC 9110, section 14 (range requests), 2022.

    Examples
    --------
    >>> import pooch, tempfile
    >>> from toolkit.datasets import ResumingDownloader
    >>> downloader = ResumingDownloader(tempfile.mkdtemp(), n_retries=2)
    >>> url = "https://example.org/images.zip"
    >>> pooch.retrieve(url, known_hash=None, downloader=downloader)  # doctest: +SKIP
    >>> downloader.partial_path(url).suffix  # what has arrived is kept there, here nothing
    '.part'
    >>> downloader.partial_path(url).exists()
    False
    """

    def __init__(
        self,
        folder: PathLike,
        *,
        n_retries: int = 5,
        wait: float = 1.0,
        timeout: float = 30.0,
        max_bytes: int | None = None,
        verbose: bool = False,
    ):
        self.folder, self.n_retries, self.wait, self.timeout, self.verbose = folder, n_retries, wait, timeout, verbose
        self.max_bytes = max_bytes

    def partial_path(self, url: str) -> Path:
        """Where what has arrived from ``url`` is kept: mirrors may pack the same content differently."""
        return Path(self.folder, f".{hashlib.sha256(url.encode()).hexdigest()[:16]}.part")

    def __call__(
        self, url: str, output_file: PathLike | IO[bytes], pooch: object = None, check_only: bool = False
    ) -> bool | None:
        """Download ``url`` to ``output_file`` (a path or a binary file), in pooch's calling convention.

        Raises
        ------
        requests.exceptions.RequestException
            When the server refuses, or after ``n_retries`` attempts without progress. The partial file stays.
        DataFormatError
            When more than ``max_bytes`` come; no partial file stays.
        """
        import requests

        if check_only:
            return requests.head(url, timeout=self.timeout, allow_redirects=True).status_code == 200
        partial = self.partial_path(url)
        partial.parent.mkdir(parents=True, exist_ok=True)
        self._complete(url, partial)
        if isinstance(output_file, (str, os.PathLike)):
            os.replace(partial, output_file)
        else:
            with open(partial, "rb") as file:
                shutil.copyfileobj(file, output_file, _CHUNK)
            partial.unlink()
        return None

    def _complete(self, url, partial):
        """Attempts until the partial file is whole."""
        import requests

        furthest, fruitless = _size(partial), 0
        with Progress(None, desc=url.rsplit("/", 1)[-1], unit="B", verbose=self.verbose) as bar:
            while True:
                try:
                    self._attempt(url, partial, bar)
                    return
                except requests.exceptions.RequestException as error:
                    status = getattr(error.response, "status_code", None)
                    if status is not None and status not in _WORTH_ANOTHER_TRY:
                        raise
                    there = _size(partial)
                    fruitless = 0 if there > furthest else fruitless + 1
                    furthest = max(furthest, there)
                    if fruitless > (self.n_retries if there else min(self.n_retries, 1)):
                        raise
                    _logger.info("%s was cut at %d bytes (%s); trying again.", url, there, type(error).__name__)
                    time.sleep(min(self.wait * 2 ** max(fruitless - 1, 0), 30.0))

    def _attempt(self, url, partial, bar):
        import requests

        there = _size(partial)
        # A transfer encoding would make the bytes that arrive others than those counted by Range.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={there}-"} if there else {})
        with requests.get(url, headers=headers, stream=True, timeout=(self.timeout / 3, self.timeout)) as response:
            if response.status_code == 416:  # nothing after what is there: it is whole, or not of this file
                if _total(response) == there:
                    return
                partial.unlink()
                raise requests.exceptions.ConnectionError(f"{url}: the partial file does not belong to it.")
            response.raise_for_status()
            appends = response.status_code == 206 and _first_byte(response) == there
            if response.status_code == 206 and not appends:
                partial.unlink(missing_ok=True)
                raise requests.exceptions.ConnectionError(f"{url}: another range came than was asked for.")
            total = _total(response) if appends else _int(response.headers.get("Content-Length"))
            if total is not None:
                self._check_size(total, url, partial)
            bar.set(there if appends else 0, total)
            with open(partial, "ab" if appends else "wb") as file:
                size = there if appends else 0
                for piece in response.iter_content(_CHUNK):
                    size += len(piece)
                    self._check_size(size, url, partial)
                    file.write(piece)
                    bar.update(len(piece))
            if total is not None and _size(partial) != total:
                raise requests.exceptions.ConnectionError(f"{url}: {_size(partial)} of {total} bytes came.")

    def _check_size(self, n_bytes, url, partial):
        if self.max_bytes is not None and n_bytes > self.max_bytes:
            partial.unlink(missing_ok=True)
            raise DataFormatError(f"{url}: more than the {self.max_bytes:,} bytes expected of it")


def _size(path):
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _int(text):
    return int(text) if text is not None and text.isdigit() else None


def _content_range(response):
    return re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", response.headers.get("Content-Range", ""))


def _first_byte(response):
    found = _content_range(response)
    return _int(found[1]) if found else None


def _total(response):
    """Size of the whole file according to a ranged response."""
    found = _content_range(response)
    return _int(found[2]) if found else None
