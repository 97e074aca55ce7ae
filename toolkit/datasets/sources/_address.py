"""Where a source lies: a path, or an address of a store that fsspec reaches; nothing that runs what it names.

fsspec chains file systems (``zip::https://...``) and has one (``reference://``) that follows whatever a file says: an
address of data must be neither.
"""

import os
from pathlib import Path
from typing import Any, BinaryIO

from toolkit._core.optional import import_optional
from toolkit._core.printable import printable
from toolkit.exceptions import DataFormatError

__all__ = ["PROTOCOLS", "base_name", "check_address", "is_address", "list_files_at", "open_binary"]

# Stores of plain files. What fsspec has beside runs commands, follows references, or caches under names of its own.
PROTOCOLS = ("file", "memory", "s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "hdfs")


def is_address(source: object) -> bool:
    """Whether a string names a store by its protocol instead of a path.

    Examples
    --------
    >>> is_address("s3://bucket/images.zarr"), is_address("images.zarr")
    (True, False)
    """
    return isinstance(source, str) and ("://" in source or source.startswith("pipe:"))


def check_address(source: str | os.PathLike) -> str:
    """The address as a string, once it is known to be harmless.

    Parameters
    ----------
    source : str or path-like

    Returns
    -------
    str
        A local path without ``file://``, or an address that fsspec opens.

    Raises
    ------
    DataFormatError
        It chains file systems, names one that runs or follows things, or is no address of a store.

    Examples
    --------
    >>> check_address("file:///data/images.zarr"), check_address("s3://bucket/shards")
    ('/data/images.zarr', 's3://bucket/shards')
    """
    text = os.fspath(source)
    if isinstance(text, bytes):
        text = os.fsdecode(text)
    if not is_address(text):
        return text
    what = printable(text)
    if "::" in text or text.startswith("pipe:"):
        raise DataFormatError(f"{what}: chained addresses and pipes are not opened; name one store, such as s3://.")
    protocol = text.partition("://")[0].lower()
    if protocol not in PROTOCOLS:
        raise DataFormatError(f"{what}: {protocol}:// is not opened, only {', '.join(PROTOCOLS)} and paths.")
    return text.partition("://")[2] if protocol == "file" else text


def file_system(address: str) -> tuple[Any, str]:
    """fsspec's file system of a checked address, and the path in it."""
    fsspec = import_optional("fsspec", purpose=f"reading {printable(address)}", extra="zarr")
    return fsspec.core.url_to_fs(address)


def open_binary(address: str) -> BinaryIO:
    """A seekable binary file at a checked address.

    Raises
    ------
    OSError
    """
    if not is_address(address):
        return open(address, "rb")
    files, path = file_system(address)
    return files.open(path, "rb")


def list_files_at(address: str, suffixes: tuple[str, ...]) -> list[str]:
    """Addresses of the plain files right under a folder that end in one of ``suffixes``, sorted by name."""
    if not is_address(address):
        with os.scandir(address) as entries:
            return sorted(
                entry.path
                for entry in entries
                if entry.name.lower().endswith(suffixes) and not entry.name.startswith(".") and entry.is_file()
            )
    files, path = file_system(address)
    found = [entry["name"] for entry in files.ls(path, detail=True) if entry["type"] == "file"]
    kept = sorted(name for name in found if name.lower().endswith(suffixes))
    return [files.unstrip_protocol(name) for name in kept]


def base_name(address: str) -> str:
    """The last part of an address, fit to be shown."""
    return printable(Path(address.rstrip("/")).name)
