"""Folders and zip archives of pictures: whatever lies in them, as one stack, with a report of what was left out."""

import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from toolkit._core.depth import range_in_words
from toolkit._core.files import write_json
from toolkit._core.names import check_names
from toolkit._core.parameters import check_positive_int, is_int
from toolkit._core.pictures import readable_formats
from toolkit._core.printable import printable, printable_names
from toolkit._core.types import PathLike
from toolkit.datasets._cache import data_folder, is_writable
from toolkit.datasets._folder_decode import compact, decode_files, measure_files
from toolkit.datasets._folder_files import list_files
from toolkit.datasets._folder_size import working_size
from toolkit.datasets._image_folder import ImageFolder
from toolkit.datasets._image_set import ImageSet
from toolkit.datasets._photos import load_photos
from toolkit.exceptions import DataFormatError

__all__ = ["ImageFolder", "load_image_folder"]

_logger = logging.getLogger(__name__)
_VERSION = 4  # of the cache: what is decoded differently has another one
_HEADER = 128  # bytes before the pixels; a .npy header padded to it
_CACHES, _WORK = "image_folders", ".image-folder-"
_OLD = 24 * 3600  # seconds after which what was not finished never will be
_CROPS = (75, 75)  # of the embedded pictures
_IMAGES, _MANIFEST = "images.npy", "manifest.json"
_COLUMNS = ["path", "used", "reason", "note", "format", "mode", "height", "width", "n_bytes", "same_as"]


def load_image_folder(
    path: PathLike | None = None,
    *,
    size: int | tuple[int, int] | None = None,
    mode: str = "rgb",
    fit: str = "crop",
    keep_duplicates: bool = False,
    max_pixels: int = 2**26,
    max_bytes: int = 2**28,
    cache: bool | PathLike = True,
    n_jobs: int = 1,
    verbose: bool = False,
) -> ImageSet:
    """Load all pictures of a folder, or of a zip archive, as one stack of images.

    Any sizes and formats, in folders within folders. What is no picture, is damaged or truncated, is larger than it
    should be, or the same as another, is left out and listed in the report; it raises nothing.

    Parameters
    ----------
    path : str or path-like, optional
        Folder or zip archive. None takes crops of the pictures that scikit-image brings along, its cat among them.
    size : int or tuple of int, optional
        Side, or ``(height, width)``, of the images wanted. By default pictures of one size keep it (up to 512 x 512
        pixels each, 4 GiB together), and others become squares of their median shorter side, of 75 at most.
    mode : {"rgb", "grey", "auto"}, default="rgb"
        ``"auto"`` is grey if every picture is.
    fit : {"crop", "pad"}, default="crop"
        ``"crop"`` takes the largest middle part of the shape wanted, ``"pad"`` adds black at two sides.
    keep_duplicates : bool, default=False
        Of pictures with the same pixels, before they are cut, resized or brought to 8 bits, the first by name is taken,
        unless True.
    max_pixels : int, default=2**26
        Larger pictures are refused on the word of their header.
    max_bytes : int, default=2**28
        Larger files are refused.
    cache : bool or path-like, default=True
        Keep the decoded images as a file in the cache folder (``TOOLKIT_DATA``, else the user's), or in the folder
        given, and map it into memory: images then cost disk, not memory, and the next call decodes nothing unless a
        file has changed. False decodes into memory; so does True where the cache folder cannot be written.
    n_jobs : int, default=1
        Processes that decode, as in joblib. The images do not depend on it.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    ImageFolder
        uint8 images (n_samples, height, width[, 3]) in the order of their names; a read-only memory map if cached. Of
        the embedded crops an :class:`ImageSet`, whose labels are the pictures that they come from.
        ``labels`` are the names of the top folders if there are several and every image lies in one.

    Raises
    ------
    FileNotFoundError
        There is no such folder or archive.
    DataFormatError
        It is neither, or there is no good picture in it; the message says what was found.
    ValueError
        A parameter out of range.

    Notes
    -----
    Alpha is shown on white; of animations the first frame is taken; pictures are turned as their camera says. More
    than 8 bits become 8 on one scale for all such pictures: whole numbers fill the 8, 10, 12, 14 or 16 bits that the
    greatest of them needs, whatever room the files have, and floats the range 0 to 1, 0 to 255, or their own; a picture
    that would be a single grey level of that is left out. Formats: AVIF, BMP, GIF, JPEG, JPEG 2000, PNG, PPM, TIFF and
    WebP, as far as Pillow was built with them. Links to files are followed, links to folders are not.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> import numpy as np
    >>> from PIL import Image
    >>> from toolkit.datasets import load_image_folder
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> Image.fromarray(np.full((40, 60, 3), 200, dtype=np.uint8)).save(folder / "a.png")
    >>> _ = (folder / "b.jpg").write_text("no picture")
    >>> found = load_image_folder(folder, size=16, cache=False)
    >>> found.images.shape, found.skipped[["path", "reason"]].values.tolist()
    ((1, 16, 16, 3), [['b.jpg', 'not a picture: no known format']])
    """
    size = _check(size, mode, fit, max_pixels, max_bytes, n_jobs)
    if path is None:
        return load_photos(size or _CROPS, grey=mode == "grey")
    path = Path(path)
    entries = list_files(path)
    if not entries:
        raise DataFormatError(f"{printable(path)} holds no picture that can be used: it is empty.")
    # What the images depend on, other than the files themselves.
    settings = {
        "version": _VERSION,
        "size": None if size is None else list(size),
        "mode": mode,
        "fit": fit,
        "keep_duplicates": bool(keep_duplicates),
        "max_pixels": int(max_pixels),
        "max_bytes": int(max_bytes),
        "formats": list(readable_formats()),
    }
    digest = _digest(settings, entries)
    home = _home(path, settings, digest, cache)
    if home is not None:
        found = _read_cache(home, digest, path, entries)
        if found is not None:
            return found
        home.parent.mkdir(parents=True, exist_ok=True)
        _sweep(home.parent)
    asked, size = size, size or _measured(path, entries, int(max_pixels), int(max_bytes), n_jobs)
    work = Path(tempfile.mkdtemp(prefix=_WORK, dir=None if home is None else home.parent))
    try:
        stack = work / _IMAGES
        with open(stack, "wb") as file:
            file.truncate(_HEADER + len(entries) * size[0] * size[1] * 3)
        outcomes, scales = decode_files(
            str(path),
            entries,
            str(stack),
            size,
            offset=_HEADER,
            fit=fit,
            grey=mode == "grey",
            max_pixels=int(max_pixels),
            max_bytes=int(max_bytes),
            n_jobs=n_jobs,
            verbose=verbose,
        )
        report = _report(entries, outcomes, keep_duplicates)
        rows = np.flatnonzero(report["used"].to_numpy())
        if not len(rows):
            raise DataFormatError(f"{printable(path)} holds no picture that can be used: {_summary(report)}.")
        grey = mode == "grey" or (mode == "auto" and all(outcomes[row].is_grey for row in rows))
        compact(stack, _HEADER, rows, (*size, 3), grey)
        shape = (len(rows), *size) if grey else (len(rows), *size, 3)
        _write_header(stack, shape)
        notes = _notes(report, asked, size, fit, scales)
        for note in notes:
            _logger.info("%s: %s", printable(path), note)
        if home is None:
            images = np.load(stack, allow_pickle=False)
        else:
            table = report.to_dict(orient="list")
            manifest = {"digest": digest, "shape": list(shape), "report": table, "notes": notes, "scales": scales}
            write_json(work / _MANIFEST, manifest)
            _publish(work, home, digest, path, entries)
            images = np.load(home / _IMAGES, mmap_mode="r", allow_pickle=False)
        return _image_folder(images, report, path, entries, notes, scales)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _check(size, mode, fit, max_pixels, max_bytes, n_jobs):
    size = (size, size) if is_int(size) else size
    good = size is None or (isinstance(size, (tuple, list)) and len(size) == 2)
    if not good or not all(is_int(side) and 1 <= side <= 4096 for side in size or ()):
        raise ValueError(f"size must be an int or (height, width), from 1 to 4096, or None, got {size!r}.")
    check_names([mode], ("rgb", "grey", "auto"), "mode")
    check_names([fit], ("crop", "pad"), "fit")
    for name, value in (("max_pixels", max_pixels), ("max_bytes", max_bytes)):
        check_positive_int(name, value)
    if not is_int(n_jobs) or n_jobs == 0:
        raise ValueError(f"n_jobs must be an int other than 0, got {n_jobs!r}.")
    return None if size is None else (int(size[0]), int(size[1]))


def _measured(path, entries, max_pixels, max_bytes, n_jobs):
    return working_size(measure_files(str(path), entries, max_pixels=max_pixels, max_bytes=max_bytes, n_jobs=n_jobs))


def _notes(report, asked, size, fit, scales):
    """What was done to the set as a whole, in sentences."""
    used, notes = report[report["used"]], []
    sizes = used[["height", "width"]].drop_duplicates()
    here = f"{size[0]} x {size[1]}"
    if len(sizes) > 1 or tuple(sizes.iloc[0]) != size:
        low, high = sizes.loc[sizes.prod(axis=1).idxmin()], sizes.loc[sizes.prod(axis=1).idxmax()]
        there = f"{low['height']} x {low['width']}"
        if len(sizes) > 1:
            there += f" to {high['height']} x {high['width']}"
        way = "cut in the middle" if fit == "crop" else "padded"
        why = (
            "" if asked else ", having several sizes" if len(sizes) > 1 else ", being too large to be kept as they are"
        )
        notes.append(f"pictures of {there} were {way} where needed and resized to {here}{why}.")
    else:
        notes.append(f"all pictures are {here} and keep that size.")
    for family, scale in scales.items():
        kind = "whole numbers" if family == "integer" else "floats"
        notes.append(f"{kind} of more than 8 bits became 8 bits, {range_in_words(*scale)} as black to white.")
    if len(used) < len(report):
        notes.append(f"left out: {_summary(report)}.")
    return tuple(notes)


def _home(path, settings, digest, cache):
    """The folder of the cache for these pictures in this form; None to go without."""
    if cache is False:
        return None
    base = data_folder() / _CACHES if cache is True else Path(cache)
    if not is_writable(base):
        if cache is not True:
            raise ValueError(f"cache must be a folder that can be written, got {printable(cache)!r}.")
        _logger.warning(
            "%s cannot be written: the pictures of %s are held in memory.", printable(base), printable(path)
        )
        return None
    words = json.dumps([os.path.abspath(path), settings], sort_keys=True).encode("utf-8", "surrogateescape")
    return base / f"{hashlib.sha256(words).hexdigest()[:16]}-{digest[:16]}"


def _digest(settings, entries):
    words = json.dumps([settings, [[entry.name, entry.n_bytes, entry.stamp] for entry in entries]], sort_keys=True)
    return hashlib.sha256(words.encode("utf-8", "surrogateescape")).hexdigest()


def _read_cache(home, digest, path, entries):
    """What an earlier call left, if it is whole and of these very files."""
    import pandas as pd

    try:
        manifest = json.loads((home / _MANIFEST).read_text(encoding="utf-8"))
        if manifest["digest"] != digest:
            return None
        images = np.load(home / _IMAGES, mmap_mode="r", allow_pickle=False)
        if list(images.shape) != manifest["shape"] or images.dtype != np.uint8:
            return None
        report = pd.DataFrame(manifest["report"], columns=_COLUMNS)
        notes = tuple(map(str, manifest["notes"]))
        scales = {str(family): tuple(scale) for family, scale in manifest["scales"].items()}
        return _image_folder(images, report, path, entries, notes, scales)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _sweep(folder):
    """Remove what calls left that were ended by force."""
    for entry in folder.glob(f"{_WORK}*"):
        try:
            if time.time() - entry.stat().st_mtime > _OLD:
                shutil.rmtree(entry, ignore_errors=True)
        except FileNotFoundError:  # the process that wrote it has just finished
            continue


def _publish(work, home, digest, path, entries):
    """Put the finished cache in its place, and remove those that the same folder had before it changed."""
    try:
        os.rename(work, home)
    except OSError:
        if (
            _read_cache(home, digest, path, entries) is None
        ):  # damaged; else somebody else was quicker with the same pictures
            os.rename(home, work / "damaged")
            os.rename(work, home)
            shutil.rmtree(home / "damaged", ignore_errors=True)
    key = home.name.partition("-")[0]
    for stale in home.parent.glob(f"{key}-*"):
        if stale != home:
            shutil.rmtree(stale, ignore_errors=True)  # maps of it that are open stay whole


def _report(entries, outcomes, keep_duplicates):
    import pandas as pd

    first, same = {}, []
    names = printable_names([entry.name for entry in entries])
    for name, outcome in zip(names, outcomes):
        known = first.setdefault(outcome.digest, name) if outcome.digest else name
        same.append("" if known == name else known)
    reasons = [
        outcome.reason or ("" if keep_duplicates or not other else "duplicate")
        for outcome, other in zip(outcomes, same)
    ]
    return pd.DataFrame(
        {
            "path": names,
            "used": [not reason for reason in reasons],
            "reason": reasons,
            "note": [outcome.note for outcome in outcomes],
            "format": [outcome.format for outcome in outcomes],
            "mode": [outcome.mode for outcome in outcomes],
            "height": [outcome.height for outcome in outcomes],
            "width": [outcome.width for outcome in outcomes],
            "n_bytes": [entry.n_bytes for entry in entries],
            "same_as": same,
        },
        columns=_COLUMNS,
    )


def _summary(report):
    """Why files were left out, the commonest reason first."""
    reasons = report.loc[~report["used"], "reason"].str.partition(":")[0].value_counts()
    return ", ".join(f"{count} {reason}" for reason, count in reasons.items())


def _write_header(path, shape):
    """A .npy header of a fixed length, as NEP 1 allows: the description is padded with blanks."""
    magic = b"\x93NUMPY\x01\x00"
    words = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {tuple(map(int, shape))!r}, }}".encode("ascii")
    room = _HEADER - len(magic) - 2
    with open(path, "r+b") as file:
        file.write(magic + room.to_bytes(2, "little") + words.ljust(room - 1) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _image_folder(images, report, path, entries, notes, scales):
    paths = report.loc[report["used"], "path"].to_numpy(dtype=str)
    names = tuple(entry.name for entry, used in zip(entries, report["used"]) if used)
    tops = np.array([path.partition("/")[0] if "/" in path else "" for path in paths])
    labels = tops if len(set(tops.tolist())) > 1 and "" not in tops else None
    name = printable(path.name)
    return ImageFolder(images, labels, None, name, paths, report, notes, Path(path).absolute(), names, scales)
