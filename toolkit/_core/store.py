"""The crash-safe folder store: a folder of files with a manifest appears whole or not at all, and is read whole or not.

The manifest names every file with its size and sha256, and carries a digest of itself. Reading compares all of it with
what is there before anything is parsed, and parses the very bytes that were compared.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import stat
from pathlib import Path

from toolkit._core.folders import whole_folder
from toolkit._core.printable import printable
from toolkit._core.writable import check_folder_replaceable
from toolkit.exceptions import CheckpointError

__all__ = ["MANIFEST", "check_store_target", "is_store", "read_manifest", "read_store", "remove_store", "write_store"]

MANIFEST = "manifest.json"
FORMAT_VERSION = 1
_MAX_MANIFEST = 16 * 2**20
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,60}")


def write_store(path, kind, files, about):
    """Write a folder, whole or not at all.

    Parameters
    ----------
    path : path-like
        The folder. An earlier store of the same kind is replaced; anything else is left alone.
    kind : str
        What the folder is, such as ``"checkpoint"``.
    files : dict of str to bytes
    about : dict
        Whatever the manifest shall say: versions, parameters. Plain JSON.

    Raises
    ------
    FileExistsError
        Something else is at ``path``.
    """
    path = Path(path)
    _refuse_others(path, kind)
    with whole_folder(path) as folder:
        for name, content in files.items():
            _write_synced(folder / name, content)
        _write_synced(folder / MANIFEST, _manifest(kind, files, about))


def check_store_target(path, kind):
    """Raise what :func:`write_store` would raise for a path, before the work whose result is to be kept there.

    Raises
    ------
    FileExistsError
        Something else is at ``path``.
    OSError
        It cannot be written.
    """
    _refuse_others(path, kind)
    check_folder_replaceable(path)


def _refuse_others(path, kind):
    if os.path.lexists(path) and not is_store(path, kind):
        raise FileExistsError(
            f"{printable(path)} exists and is no {kind} of the toolkit: choose another path, or remove it."
        )


def read_manifest(path, kind):
    """What the manifest of a store says about it, and the table of its files; only the manifest itself is checked.

    Returns
    -------
    about : dict
    table : dict of str to dict
        ``size`` and ``sha256`` of each file.

    Raises
    ------
    FileNotFoundError
        Nothing is at ``path``.
    CheckpointError
        It is no store of this kind, or the manifest is damaged.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"There is no {kind} at {path}.")
    if not path.is_dir():
        raise CheckpointError(f"{path} is a file; a {kind} is a folder with {MANIFEST}.")
    content = _read_checked(path, MANIFEST, None, kind)
    try:
        manifest = json.loads(content.decode("utf-8"))
        about, table, found = manifest["about"], manifest["files"], manifest["kind"]
        version, foreign = manifest["format"], manifest["toolkit"] != "store"
        # Written again from what was read it must come out the same, so no byte of it can be other than it was.
        same = content == _render(manifest) and manifest["digest"] == _digest(manifest)
        plain = all(
            _NAME.fullmatch(name) and set(row) == {"size", "sha256"} and type(row["size"]) is int and row["size"] >= 0
            for name, row in table.items()
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path / MANIFEST} is damaged, or none of the toolkit's.") from error
    if foreign or not same or not plain or not isinstance(about, dict):
        raise CheckpointError(f"{path / MANIFEST} is damaged: it is not what was written.")
    if found != kind:
        raise CheckpointError(f"{path} is a {found}, expected a {kind}.")
    if version != FORMAT_VERSION:
        raise CheckpointError(f"{path} has the format {version!r}, this toolkit reads {FORMAT_VERSION}.")
    return about, table


def read_store(path, kind):
    """Read a whole store, checked against its manifest.

    Returns
    -------
    about : dict
    files : dict of str to bytes

    Raises
    ------
    FileNotFoundError, CheckpointError
        As :func:`read_manifest`; and if a file is missing, too many, no plain file, of another size or content.
    """
    path = Path(path)
    about, table = read_manifest(path, kind)
    there = set(os.listdir(path)) - {MANIFEST}
    if there != set(table):
        odd = sorted(there ^ set(table))[0]
        raise CheckpointError(f"{path} {'lacks' if odd in table else 'holds in addition'} the file {odd!r}.")
    return about, {name: _read_checked(path, name, row, kind) for name, row in table.items()}


def is_store(path, kind):
    """Whether a whole manifest of this kind is at ``path``."""
    try:
        read_manifest(path, kind)
    except (OSError, CheckpointError):
        return False
    return True


def remove_store(path):
    """Remove a store so that, if it is interrupted, no half of it remains under its name."""
    path = Path(path)
    aside = path.with_name(f".{path.name}-{os.getpid()}-removed.part")
    with contextlib.suppress(FileNotFoundError):
        os.rename(path, aside)
    shutil.rmtree(aside, ignore_errors=True)


def _manifest(kind, files, about):
    table = {name: {"size": len(content), "sha256": _sha256(content)} for name, content in sorted(files.items())}
    manifest = {"toolkit": "store", "format": FORMAT_VERSION, "kind": kind, "about": about, "files": table}
    return _render({**manifest, "digest": _digest(manifest)})


def _render(manifest):
    return (json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8")


def _digest(manifest):
    return _sha256(_render({key: value for key, value in manifest.items() if key != "digest"}))


def _sha256(content):
    return hashlib.sha256(content).hexdigest()


def _read_checked(folder, name, row, kind):
    """Bytes of a plain file; of the size and content that ``row`` says, if there is one."""
    path = folder / name
    try:
        # A link could lead anywhere, and a pipe would wait for ever.
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise CheckpointError(f"{path} is no plain file.")
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{folder} is no {kind} of the toolkit: it has no {name}{_within(folder, name)}."
        ) from error
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if row is None and size > _MAX_MANIFEST:
            raise CheckpointError(f"{path} has {size} bytes, expected a manifest.")
        if row is not None and size != row["size"]:
            raise CheckpointError(f"{path} has {size} bytes, expected {row['size']}: it is damaged.")
        content = file.read(size)
    if row is not None and _sha256(content) != row["sha256"]:
        raise CheckpointError(f"{path} is damaged: its sha256 is not what the manifest says.")
    return content


def _within(folder, name):
    """Where it is instead, if the folder around a store was named, such as that of a result."""
    with contextlib.suppress(OSError):
        inner = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir() and (Path(entry) / name).is_file())
        if inner:
            return f"; {' or '.join(printable(folder / place) for place in inner[:3])} has one"
    return ""


def _write_synced(path, content):
    with open(path, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
