"""The crash-safe file store: a file appears whole or not at all."""

import contextlib
import csv
import hashlib
import io
import json
import math
import os
import tempfile
from pathlib import Path

import numpy as np

from toolkit._core.printable import cell_text, storable

__all__ = [
    "atomic_path",
    "csv_text",
    "plain_json",
    "sha256",
    "usual_permissions",
    "write_bytes",
    "write_csv",
    "write_json",
    "write_text",
]


@contextlib.contextmanager
def atomic_path(path):
    """Yield a temporary path beside ``path``; sync and rename it on success, remove it on failure.

    The temporary file keeps the suffix of the target, since many writers choose their format by it.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> target = pathlib.Path(tempfile.mkdtemp()) / "a.txt"
    >>> with atomic_path(target) as temporary:
    ...     _ = temporary.write_text("whole")
    >>> target.read_text()
    'whole'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        usual_permissions(temporary, 0o666)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def usual_permissions(path, mode):
    """Give what ``tempfile`` made, which is private to its user, the permissions that any other new one would have.

    Parameters
    ----------
    path : path-like
    mode : int
        0o666 for a file, 0o777 for a folder; the user's mask is taken off.
    """
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(path, mode & ~umask)


def write_bytes(path, content):
    """Write bytes to ``path``, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(path, content):
    """Write text as UTF-8 to ``path``, whole or not at all; what UTF-8 cannot say (names of files) is escaped."""
    write_bytes(path, storable(content).encode("utf-8"))


def csv_text(frame, *, index=False):
    r"""A DataFrame or a Series as CSV, with nothing in it that a spreadsheet would run.

    See :func:`toolkit._core.printable.cell_text`.

    Examples
    --------
    >>> import pandas as pd
    >>> csv_text(pd.DataFrame({"path": ["=1+1.png", "b.png"], "-x": [-1, 2]}))
    "path,'-x\n'=1+1.png,-1\nb.png,2\n"
    """
    quoted = frame.to_csv(index=index, quoting=csv.QUOTE_ALL)
    given = list(csv.reader(io.StringIO(quoted, newline="")))
    rows = [[cell_text(cell) for cell in row] for row in given]
    lone = "\r" in quoted  # which pandas and csv leave bare, and readers take for the end of a row
    if rows == given and not lone:
        return frame.to_csv(index=index)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL if lone else csv.QUOTE_MINIMAL).writerows(rows)
    return text.getvalue()


def write_csv(path, frame):
    """Write a DataFrame without its index, whole or not at all; see :func:`csv_text`."""
    write_text(path, csv_text(frame))


def plain_json(value):
    """What JSON can say: numpy scalars and arrays become Python's, a float that is not finite becomes null."""
    if isinstance(value, dict):
        return {storable(str(key)): plain_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain_json(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain_json(value.tolist())
    if isinstance(value, np.generic):
        return plain_json(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Path):
        value = value.as_posix()
    return storable(value) if isinstance(value, str) else value


def write_json(path, content):
    """Write ``content`` as indented JSON, whole or not at all; numpy values are welcome."""
    write_text(path, json.dumps(plain_json(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def sha256(path):
    """Hexadecimal sha256 of a file, read in pieces."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
