"""A plan carried out: a new folder with the same tree and names, and a row for each file of what was done."""

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from toolkit._core.printable import printable_names
from toolkit._core.progress import Progress
from toolkit._core.types import PathLike
from toolkit.audit.files._encode import CannotWrite
from toolkit.audit.files._plan import Step, checked_plan
from toolkit.audit.files._repair import Verdict, check_written, repaired_content, stripped_content
from toolkit.audit.files._target import check_clean_target, check_names_apart, new_folder, write_exclusively
from toolkit.datasets import list_files

__all__ = ["apply_plan"]

_STRIPPED = "without its notes"  # ends what is said of a file whose notes were taken out
# Columns of the result.
_TYPES = {
    "path": str,
    "action": str,
    "done": str,
    "note": str,
    "height": "Int64",
    "width": "Int64",
    "psnr": float,
    "n_bytes": "Int64",
    "sha256": str,
}


def apply_plan(
    plan: pd.DataFrame,
    folder: PathLike,
    out: PathLike,
    *,
    strip_metadata: bool = False,
    dry_run: bool = False,
    verbose: bool = False,
) -> pd.DataFrame:
    """Write a cleaned copy of a folder: kept files byte for byte, repaired ones at their own size and in their format.

    Nothing in ``folder`` is ever changed. Links, pipes and devices are listed, never followed. The copy appears whole,
    or not at all where something stops it; a file that is no longer what the plan was made on is not copied.

    Parameters
    ----------
    plan : DataFrame
        A row a file: ``path`` (within the folder), ``sha256``, ``action`` (one of :data:`FILE_ACTIONS`), and where
        wanted ``box`` (of ``"crop"``: "left,top,right,lower" in pixels as shown) and ``reason``. :func:`plan_clean`
        makes one; a table that was read from a file will do. What it does not name is not copied.
    folder : path-like
    out : path-like
        New or empty; neither in ``folder`` nor around it.
    strip_metadata : bool, default=False
        Copy without EXIF, XMP, IPTC, comments and thumbnails: where a photograph was taken, by whom, with what.
        Pixels, orientation and colour profile stay. A file whose notes cannot be removed without loss is not copied.
    dry_run : bool, default=False
        Do all but write.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    DataFrame
        A row for each file that is in the plan or in the folder: ``path``, ``action`` as asked, ``done`` (``"kept"``,
        ``"repaired"`` or ``"left out"``), ``note`` (why, or how, and whether notes were taken out), ``height``,
        ``width`` and ``psnr`` of what was repaired (in dB against the repair of the decoded original, infinite where
        every pixel is equal), ``n_bytes`` and ``sha256`` of what was written. All of it is measured on the files as
        written, read again.

    Raises
    ------
    ValueError
        The plan has an action that is not known, names a file twice or without its sha256; ``out`` lies in ``folder``
        or around it.
    FileExistsError
        ``out`` holds something, or two names are one to its disk.
    OSError
        It cannot be written, or there is no room.

    Notes
    -----
    A turn of a JPEG sets its EXIF orientation, tables and scans stay as they are; other formats have their pixels
    turned, orientation reset and embedded thumbnails removed. A cut or an inverted JPEG is encoded anew and kept only
    from 45 dB on, all other formats only where every pixel is equal: else the file is copied as it is, and the note
    says why.

    Examples
    --------
    >>> import hashlib, pathlib, tempfile
    >>> import numpy as np
    >>> from PIL import Image
    >>> home = pathlib.Path(tempfile.mkdtemp())
    >>> (home / "in").mkdir()
    >>> Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4)).save(home / "in" / "a.png")
    >>> digest = hashlib.sha256((home / "in" / "a.png").read_bytes()).hexdigest()
    >>> plan = pd.DataFrame({"path": ["a.png"], "sha256": [digest], "action": ["rotate_90"]})
    >>> apply_plan(plan, home / "in", home / "out")[["path", "done", "height", "width", "psnr"]].values.tolist()
    [['a.png', 'repaired', 4, 3, inf]]
    """
    steps = {step.path: step for step in checked_plan(plan)}
    check_clean_target(folder, out)
    source = Path(os.path.realpath(folder))
    entries = list_files(source)
    shown = printable_names([entry.name for entry in entries])
    names = dict(zip(shown, (entry.name for entry in entries)))
    wanted = [names[path] for path, step in steps.items() if path in names and step.action != "leave_out"]
    rows = []
    with (
        _nowhere(out) if dry_run else new_folder(out) as target,
        Progress(len(entries), desc="files", verbose=verbose) as bar,
    ):
        if target is not None:
            _check_room(source, wanted, target)
            check_names_apart(sorted(wanted), target)
        for path, entry in zip(shown, entries):
            step = steps.pop(path, None)
            try:
                rows.append(_done(path, step, entry, source, target, strip_metadata))
            except OSError as error:
                raise type(error)(error.errno, f"{error.strerror or error} ({path!r})") from error
            bar.update()
        rows += [_row(step, "left out", "is not in the folder") for step in steps.values()]
    # Types that do not depend on what was done: of nothing repaired, too, a size is a number that is missing.
    table = pd.DataFrame(rows, columns=list(_TYPES)).astype(_TYPES)
    return table.sort_values("path", kind="stable", ignore_index=True)


@contextmanager
def _nowhere(out: PathLike) -> Iterator[None]:
    """In the place of a folder, where nothing is written."""
    yield None


def _check_room(source: Path, names: list[str], target: Path) -> None:
    needed = sum(os.lstat(source / name).st_size for name in names)
    if needed > shutil.disk_usage(target).free:
        raise OSError(errno.ENOSPC, f"No room for a copy of {needed:,} bytes")


def _done(
    path: str, step: Step | None, entry: Any, source: Path, target: Path | None, strip_metadata: bool
) -> dict[str, Any]:
    """Carry out one step, and say what came of it."""
    if entry.link:
        return _row(step, "left out", "link, not followed", path)
    if entry.reason:
        return _row(step, "left out", entry.reason, path)
    if step is None:
        return _row(None, "left out", "is not in the plan", path)
    if step.action == "leave_out":
        return _row(step, "left out", step.reason)
    try:
        content, modified = _read(source / entry.name)
    except OSError as error:
        return _row(step, "left out", f"cannot be read: {error.strerror}")
    if content is None or hashlib.sha256(content).hexdigest() != step.sha256:
        return _row(step, "left out", "has changed since the plan was made")
    made, action, note = content, step.action, step.reason
    if action != "keep":
        try:
            made = repaired_content(content, action, step.box)
            if not check_written(content, made, action, step.box).right:
                raise CannotWrite("what was written did not read as it should")
        except CannotWrite as error:
            made, action, note = content, "keep", f"not repaired: {error}"
    if strip_metadata:
        try:
            bare = stripped_content(made)
        except CannotWrite as error:
            return _row(step, "left out", str(error))
        if bare != made:
            made, note = bare, f"{note}; {_STRIPPED}" if note else _STRIPPED
    read = made if target is None else write_exclusively(target, entry.name, made, modified)
    if read != made:
        raise OSError(errno.EIO, "What was written could not be read again as it was")
    verdict = None if action == "keep" else check_written(content, read, action, step.box)
    return _row(step, "kept" if action == "keep" else "repaired", note, written=read, verdict=verdict)


def _read(path: Path) -> tuple[bytes | None, int]:
    """What a file holds and when it was modified; nothing of what has become a link or no plain file."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOENT):
            return None, 0
        raise
    with open(handle, "rb") as file:
        state = os.fstat(handle)
        return (file.read(), state.st_mtime_ns) if stat.S_ISREG(state.st_mode) else (None, 0)


def _row(
    step: Step | None,
    done: str,
    note: str,
    path: str | None = None,
    *,
    written: bytes | None = None,
    verdict: Verdict | None = None,
) -> dict[str, Any]:
    return {
        "path": step.path if step is not None else path,
        "action": "leave_out" if step is None else step.action,
        "done": done,
        "note": note,
        "height": pd.NA if verdict is None else verdict.height,
        "width": pd.NA if verdict is None else verdict.width,
        "psnr": np.nan if verdict is None else verdict.psnr,
        "n_bytes": pd.NA if written is None else len(written),
        "sha256": "" if written is None else hashlib.sha256(written).hexdigest(),
    }
