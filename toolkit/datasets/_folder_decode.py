"""Many files to one raw stack on disk: workers write their rows in place, and only say what became of each."""

import os

import numpy as np

from toolkit._core.depth import FLOAT, INTEGER, common_range
from toolkit._core.pictures import PictureError, decode_picture, pillow_is_quiet, readable_formats
from toolkit.datasets._folder_files import Opened
from toolkit.datasets._folder_workers import run_in_processes

__all__ = ["Outcome", "common_scales", "compact", "decode_files", "measure_files"]

_CHUNK = 64
_COPIED_ROWS = 1024


class Outcome:
    """What became of one file: plain values, since they cross between processes by the thousand."""

    __slots__ = ("digest", "format", "height", "is_grey", "mode", "note", "reason", "scale", "values", "width")

    def __init__(self, reason="", *, picture=None):
        self.reason, self.digest, self.format, self.mode, self.note = reason, b"", "", "", ""
        self.width, self.height, self.is_grey, self.values, self.scale = 0, 0, False, None, None
        if picture is not None:
            for name in self.__slots__:
                if name != "reason":
                    setattr(self, name, getattr(picture, name))


def decode_files(source, entries, target, size, *, offset, fit, grey, max_pixels, max_bytes, n_jobs, verbose):
    """Decode every entry that may be read into its row of the file ``target``.

    Pictures of more than 8 bits share one scale, which is known once all have been seen: those that were given another
    one are decoded again.

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
    outcomes : list of Outcome
        One for each entry.
    scales : dict of str to tuple of float
        What is black and white in pictures of more than 8 bits, by their family.
    """
    options = {"source": source, "target": target, "offset": offset, "size": size, "fit": fit, "grey": grey}
    options |= {"max_pixels": max_pixels, "max_bytes": max_bytes}
    names = [None if entry.reason else entry.name for entry in entries]
    outcomes = _decode(names, options, n_jobs, verbose, None)
    outcomes = [Outcome(entry.reason) if entry.reason else outcome for entry, outcome in zip(entries, outcomes)]
    scales = common_scales(outcomes)
    again = [outcome.values is not None and outcome.scale != scales[outcome.values[0]] for outcome in outcomes]
    if any(again):
        names = [name if needed else None for name, needed in zip(names, again)]
        second = _decode(names, options, n_jobs, verbose, scales)
        outcomes = [new if needed else old for old, new, needed in zip(outcomes, second, again)]
    return outcomes, scales


def common_scales(outcomes):
    """One scale for each family, from the least and the greatest value of all pictures."""
    scales = {}
    for family in (INTEGER, FLOAT):
        values = [outcome.values for outcome in outcomes if outcome.values is not None and outcome.values[0] == family]
        if values:
            scales[family] = common_range(family, min(low for _, low, _ in values), max(high for _, _, high in values))
    return scales


def measure_files(source, entries, *, max_pixels, max_bytes, n_jobs):
    """The size of each picture by its header.

    Returns
    -------
    list of (tuple of int or None)
        ``(height, width)`` of each file that may be read; None for what is no picture.
    """
    names = [entry.name for entry in entries if not entry.reason and entry.n_bytes <= max_bytes]
    step = _step(source, len(names))
    tasks = [
        {"source": source, "names": names[first : first + step], "max_pixels": max_pixels, "max_bytes": max_bytes}
        for first in range(0, len(names), step)
    ]
    with pillow_is_quiet():
        parts = run_in_processes(_measure_chunk, tasks, n_jobs, split=_halves, lost=lambda task: [None])
    return [size for part in parts for size in part]


def _measure_chunk(source, names, max_pixels, max_bytes):
    with Opened(source, max_bytes) as folder, pillow_is_quiet():
        return [folder.size(name, max_pixels) for name in names]


def _step(source, n_files):
    """Files of a chunk: an archive is opened once a chunk, and its directory read, so few chunks where it is large."""
    return _CHUNK if os.path.isdir(source) else max(_CHUNK, -(-n_files // 32))


def _decode(names, options, n_jobs, verbose, scales):
    n_bytes, step = options["size"][0] * options["size"][1] * 3, _step(options["source"], len(names))
    tasks = []
    for first in range(0, len(names), step):
        part = names[first : first + step]
        if any(name is not None for name in part):
            tasks.append(options | {"names": part, "offset": options["offset"] + first * n_bytes, "scales": scales})
    readable_formats()  # before workers are forked, which then need not find out themselves
    with pillow_is_quiet():
        parts = run_in_processes(_decode_chunk, tasks, n_jobs, split=_halves, lost=_lost, verbose=verbose)
    found = dict(zip((task["offset"] for task in tasks), parts))
    outcomes = []
    for first in range(0, len(names), step):
        part = names[first : first + step]
        outcomes += found.get(options["offset"] + first * n_bytes, [None] * len(part))
    return outcomes


def _halves(task):
    names = task["names"]
    if len(names) < 2:
        return None
    middle = len(names) // 2
    second = task | {"names": names[middle:]}
    if "offset" in task:
        second["offset"] = task["offset"] + middle * task["size"][0] * task["size"][1] * 3
    return task | {"names": names[:middle]}, second


def _lost(task):
    return [None if name is None else Outcome("the process that decoded it ended") for name in task["names"]]


def _decode_chunk(source, names, target, offset, size, fit, grey, max_pixels, max_bytes, scales):
    outcomes, n_bytes = [], size[0] * size[1] * 3
    with Opened(source, max_bytes) as folder, open(target, "r+b") as stack, pillow_is_quiet():
        for row, name in enumerate(names):
            if name is None:
                outcomes.append(None)
                continue
            try:
                content = folder.read(name)
                picture = decode_picture(content, size, fit=fit, grey=grey, max_pixels=max_pixels, scales=scales)
            except PictureError as error:
                outcomes.append(Outcome(str(error)))
                continue
            stack.seek(offset + row * n_bytes)
            stack.write(picture.pixels.tobytes())
            outcomes.append(Outcome(picture=picture))
    return outcomes


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
