"""Many files to one raw stack on disk: workers write their rows in place, and only say what became of each."""

import multiprocessing
import os
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

import numpy as np

from toolkit._core.jobs import run_jobs
from toolkit._core.pictures import PictureError, decode_picture, readable_formats
from toolkit._core.progress import tracked
from toolkit.datasets._folder_files import Opened

__all__ = ["Outcome", "compact", "decode_files"]

_CHUNK = 64
_COPIED_ROWS = 1024


class Outcome:
    """What became of one file: plain values, since they cross between processes by the thousand."""

    __slots__ = ("digest", "format", "height", "is_grey", "mode", "note", "reason", "width")

    def __init__(self, reason="", *, digest=b"", format="", mode="", width=0, height=0, is_grey=False, note=""):
        self.reason, self.digest, self.format, self.mode = reason, digest, format, mode
        self.width, self.height, self.is_grey, self.note = width, height, is_grey, note


def decode_files(source, entries, target, size, *, offset, fit, grey, max_pixels, max_bytes, n_jobs, verbose):
    """Decode every entry that may be read into its row of the file ``target``.

    Parameters
    ----------
    source : path-like
        Folder or archive.
    entries : list of Entry
    target : path-like
        Exists; row i starts at byte ``offset + i * height * width * 3``.
    size : tuple of int
        ``(height, width)``.
    n_jobs : int
        Processes, as in joblib.

    Returns
    -------
    list of Outcome
        One for each entry.
    """
    names = [None if entry.reason else entry.name for entry in entries]
    # An archive is opened once a chunk, and its directory read each time: so few chunks, where it is large.
    step = _CHUNK if os.path.isdir(source) else max(_CHUNK, -(-len(names) // 32))
    tasks = [
        {
            "source": source,
            "names": names[first : first + step],
            "target": target,
            "offset": offset + first * size[0] * size[1] * 3,
            "size": size,
            "fit": fit,
            "grey": grey,
            "max_pixels": max_pixels,
            "max_bytes": max_bytes,
        }
        for first in range(0, len(names), step)
    ]
    readable_formats()  # before workers are forked, which then need not find out themselves
    with _bombs_are_errors():
        parts = _run(tasks, n_jobs, verbose)
    outcomes = [outcome for part in parts for outcome in part]
    return [Outcome(entry.reason) if entry.reason else outcome for entry, outcome in zip(entries, outcomes)]


def _decode_chunk(source, names, target, offset, size, fit, grey, max_pixels, max_bytes):
    outcomes, n_bytes = [], size[0] * size[1] * 3
    with Opened(source, max_bytes) as folder, open(target, "r+b") as stack, _bombs_are_errors():
        for row, name in enumerate(names):
            if name is None:
                outcomes.append(None)
                continue
            try:
                picture = decode_picture(folder.read(name), size, fit=fit, grey=grey, max_pixels=max_pixels)
            except PictureError as error:
                outcomes.append(Outcome(str(error)))
                continue
            stack.seek(offset + row * n_bytes)
            stack.write(picture.pixels.tobytes())
            outcomes.append(
                Outcome(
                    digest=picture.digest,
                    format=picture.format,
                    mode=picture.mode,
                    width=picture.width,
                    height=picture.height,
                    is_grey=picture.is_grey,
                    note=picture.note,
                )
            )
    return outcomes


@contextmanager
def _bombs_are_errors():
    """Pillow only warns of a picture of 169 megapixels, or of damaged metadata; the first is an error here."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _run(tasks, n_jobs, verbose):
    """The chunks, in order, on as many processes.

    Workers are forked where the system has that: importing all of a new process takes as long as 5,000 thumbnails.
    They call nothing but Pillow and numpy's plain loops, which hold no threads of their own.
    """
    from joblib import effective_n_jobs

    n_workers = min(effective_n_jobs(n_jobs), len(tasks))
    if n_workers < 2 or sys.platform != "linux":
        return run_jobs(_decode_chunk, tasks, n_jobs=max(1, n_workers), verbose=verbose, desc="pictures")
    with ProcessPoolExecutor(n_workers, mp_context=multiprocessing.get_context("fork")) as pool:
        return list(tracked(pool.map(_call, tasks), len(tasks), desc="pictures", verbose=verbose))


def _call(task):
    return _decode_chunk(**task)


def compact(path, offset, rows, shape, grey):
    """Move the rows that are kept to the front of the raw stack, one channel of three if ``grey``, and cut the rest.

    Parameters
    ----------
    path : path-like
    offset : int
        Where the rows start.
    rows : ndarray of int
        Ascending.
    shape : tuple of int
        ``(height, width, 3)`` of a row as it is.
    """
    n_bytes, kept = int(np.prod(shape)), int(np.prod(shape[:2])) if grey else int(np.prod(shape))
    with open(path, "r+b") as stack:
        if grey or not np.array_equal(rows, np.arange(len(rows))):
            # A row never moves behind its old place, so reading stays ahead of writing.
            for first in range(0, len(rows), _COPIED_ROWS):
                part = rows[first : first + _COPIED_ROWS]
                moved = np.empty((len(part), *(shape[:2] if grey else shape)), dtype=np.uint8)
                for place, row in enumerate(part):
                    stack.seek(offset + int(row) * n_bytes)
                    pixels = np.frombuffer(stack.read(n_bytes), dtype=np.uint8).reshape(shape)
                    moved[place] = pixels[..., 0] if grey else pixels
                stack.seek(offset + first * kept)
                stack.write(moved.tobytes())
        stack.truncate(offset + len(rows) * kept)
        stack.flush()
        os.fsync(stack.fileno())
