"""A survey of files: one guarded decode of each, what each is, and what is measured on its picture."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toolkit._core.parameters import check_positive_int, is_int
from toolkit._core.pictures import PictureError, decode_picture, pillow_is_quiet, readable_formats
from toolkit._core.printable import printable, printable_names
from toolkit._core.types import PathLike
from toolkit.datasets._folder_decode import common_scales
from toolkit.datasets._folder_files import Opened, list_files
from toolkit.datasets._folder_workers import run_in_processes

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FileSurvey", "Measure", "SurveyRow", "survey_folder"]

# From a uint8 picture of shape (height, width) or (height, width, 3) to a vector of one length, or to named numbers.
Measure = Callable[[NDArray], "NDArray | Mapping[str, float]"]

_CHUNK = 16  # files a task: photographs take tens of milliseconds each
_COLUMNS = (
    "path",
    "readable",
    "reason",
    "note",
    "format",
    "mode",
    "depth",
    "alpha",
    "height",
    "width",
    "frames",
    "orientation",
    "n_bytes",
    "link",
    "sha256",
    "pixels",
)


@dataclass
class SurveyRow:
    """What became known of one file: plain values, since they cross between processes."""

    reason: str = ""
    note: str = ""
    format: str = ""
    mode: str = ""
    depth: str = ""
    alpha: str = ""
    height: int = 0
    width: int = 0
    frames: int | None = None
    orientation: int = 0
    sha256: str = ""
    pixels: str = ""
    is_grey: bool = False
    values: tuple | None = None  # of more than 8 bits: family, least and greatest value
    scale: tuple | None = None
    measured: list | None = None  # a vector or a dict for each measure, None where it failed; None before it was asked
    known: bool = False  # what it holds was measured before, under this sha256


@dataclass(frozen=True, eq=False, repr=False)
class FileSurvey:
    """What is known of every file of a folder.

    Attributes
    ----------
    root : Path
        The folder or archive.
    files : DataFrame
        A row a file, in the order of their names: ``path`` (within the folder, made safe to show, no two alike),
        ``readable``, ``reason`` (why it is no picture that can be used), ``note`` (what was done beyond the ordinary),
        ``format``, ``mode``, ``depth`` (bits of a value), ``alpha`` (``"none"``, ``"opaque"`` or ``"transparent"``),
        ``height`` and ``width`` as it is shown, ``frames`` (missing where there are many), ``orientation`` (EXIF's
        number), ``n_bytes``, ``link``, ``sha256`` of the file, ``pixels`` (a digest of the picture as it is shown; of
        several frames, of which the first is looked at, a digest of all that the file holds).
    measures : dict of str to ndarray or DataFrame
        What was measured, a row a file: vectors as float32, named numbers as a frame; NaN where there is nothing.
    names : tuple of str
        ``path`` as the file system has it.
    n_reused : int
        Files that had not changed since an earlier survey, which were not decoded again.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from PIL import Image
    >>> from toolkit.datasets import survey_folder
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> Image.fromarray(np.full((4, 6), 200, dtype=np.uint8)).save(folder / "a.png")
    >>> _ = (folder / "b.jpg").write_text("no picture")
    >>> survey = survey_folder(folder)
    >>> survey, survey.files.loc[~survey.files["readable"], "path"].tolist()
    (<FileSurvey of 2 files, 1 of them pictures>, ['b.jpg'])
    """

    root: Path
    files: "pd.DataFrame"
    measures: dict[str, "NDArray | pd.DataFrame"]
    names: tuple[str, ...]
    n_reused: int = 0
    rows: list[SurveyRow] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.files)

    def __repr__(self) -> str:
        return f"<FileSurvey of {len(self):,} files, {int(self.files['readable'].sum()):,} of them pictures>"


def survey_folder(
    path: PathLike,
    measures: Mapping[str, Measure] | None = None,
    *,
    max_pixels: int = 2**26,
    max_bytes: int = 2**28,
    cache: bool | PathLike = False,
    n_jobs: int = 1,
    verbose: bool = False,
) -> FileSurvey:
    """Look at every file of a folder or zip archive once: what it is, and what is measured on its picture.

    Nothing is raised by a file, whatever it holds; a decoder that ends its process costs one file. Links that lead
    outside of the folder are read, links within it are listed; neither pipes nor devices are opened.

    Parameters
    ----------
    path : path-like
        Folder or zip archive.
    measures : dict of str to callable, optional
        Each takes a picture at its own size, uint8 of shape (height, width) of a grey one or (height, width, 3), and
        gives a vector of one length or a dict of named numbers. They run in other processes: functions of a module, no
        lambdas.
    max_pixels, max_bytes : int
        Larger pictures and files are refused, as by :func:`load_image_folder`.
    cache : bool or path-like, default=False
        Keep what was found in the cache folder (``TOOLKIT_DATA``, else the user's) or in the folder given, and decode
        the next time only what is new or has changed: by size and time of modification, and by sha256 where these
        differ.
    n_jobs : int, default=1
        Processes, as in joblib.
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    FileSurvey

    Raises
    ------
    FileNotFoundError
        There is no such folder or archive.
    DataFormatError
        It is neither.

    See Also
    --------
    load_image_folder : The pictures as one stack of images of one size.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from PIL import Image
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> Image.fromarray(np.full((40, 60), 200, dtype=np.uint8)).save(folder / "a.png")
    >>> _ = (folder / "b.jpg").write_text("no picture")
    >>> survey = survey_folder(folder, {"mean": np.mean})
    >>> survey.files[["path", "readable", "mode", "width", "height"]].values.tolist()
    [['a.png', True, 'L', 60, 40], ['b.jpg', False, '', 0, 0]]
    >>> survey.measures["mean"].tolist()
    [[200.0], [nan]]
    """
    from toolkit.datasets._survey_cache import read_known, survey_home, write_known

    for name, value in (("max_pixels", max_pixels), ("max_bytes", max_bytes)):
        check_positive_int(name, value)
    if not is_int(n_jobs) or n_jobs == 0:
        raise ValueError(f"n_jobs must be an int other than 0, got {n_jobs!r}.")
    measures, path = dict(measures or {}), Path(path)
    entries = [_without_inner_links(path, entry) for entry in list_files(path)]
    home = survey_home(path, measures, (int(max_pixels), int(max_bytes), readable_formats()), cache)
    known = {} if home is None else read_known(home, list(measures))
    options: dict[str, Any] = {"source": str(path), "measures": list(measures.values())}
    options |= {"max_pixels": int(max_pixels), "max_bytes": int(max_bytes)}
    rows: list[SurveyRow | None] = []
    for entry in entries:
        same = known.get(entry.name)
        same = same[2] if same is not None and same[:2] == (entry.n_bytes, entry.stamp) else None
        rows.append(SurveyRow(entry.reason) if entry.reason else same)
    n_reused = sum(row is not None and not entry.reason for row, entry in zip(rows, entries))
    # The same bytes under another name or time: found by their hash, which is cheaper than to decode them.
    by_hash: dict[str, SurveyRow] = {}
    by_length: dict[int, list[str]] = {}
    for n_bytes, _, row in known.values():
        if row.sha256 and row.measured is not None:
            by_hash[row.sha256] = row
            by_length.setdefault(n_bytes, []).append(row.sha256)
    _fill(rows, entries, options, by_hash, by_length, None, n_jobs, verbose)
    n_reused += sum(row.known for row in rows if row is not None)
    scales = common_scales([row for row in rows if row is not None])
    again = [row.values is not None and row.scale != scales[row.values[0]] for row in rows if row is not None]
    if any(again):
        rows = [None if needed else row for row, needed in zip(rows, again)]
        _fill(rows, entries, options, {}, {}, scales, n_jobs, verbose)
    done = [row for row in rows if row is not None]
    if home is not None:
        write_known(home, list(measures), entries, done)
    return _survey(path, entries, done, list(measures), n_reused)


def _without_inner_links(root, entry):
    """A link to a file of the same folder is not that file again."""
    if entry.link and not entry.reason:
        whole = root.resolve()
        try:
            inside = (root / entry.name).resolve().is_relative_to(whole)
        except (OSError, RuntimeError):
            inside = False
        if inside:
            return type(entry)(entry.name, 0, 0, "link to another file of this folder, not followed", True)
    return entry


def _fill(rows, entries, options, by_hash, by_length, scales, n_jobs, verbose):
    """Look at the files whose row is missing."""
    left = [place for place, row in enumerate(rows) if row is None]
    tasks = []
    for first in range(0, len(left), _CHUNK):
        part = left[first : first + _CHUNK]
        names = [entries[place].name for place in part]
        lengths = {entries[place].n_bytes for place in part}
        digests = frozenset(digest for length in lengths for digest in by_length.get(length, ()))
        tasks.append(options | {"names": names, "scales": scales, "digests": digests})
    with pillow_is_quiet():
        parts = run_in_processes(_look, tasks, n_jobs, split=_halves, lost=_lost, verbose=verbose, desc="files")
    for place, row in zip(left, (row for part in parts for row in part)):
        rows[place] = _recalled(row, by_hash) if row.known else row


def _recalled(row, by_hash):
    found = by_hash[row.sha256]
    return SurveyRow(**{**vars(found), "known": True})


def _halves(task):
    names = task["names"]
    if len(names) < 2:
        return None
    middle = len(names) // 2
    return task | {"names": names[:middle]}, task | {"names": names[middle:]}


def _lost(task):
    return [SurveyRow("the process that decoded it ended")]


def _look(source, names, measures, max_pixels, max_bytes, scales, digests):
    from threadpoolctl import threadpool_limits

    # A process a core is at work already.
    with Opened(source, max_bytes) as folder, pillow_is_quiet(), threadpool_limits(1):
        return [_look_at(folder, name, measures, max_pixels, scales, digests) for name in names]


def _look_at(folder, name, measures, max_pixels, scales, digests):
    try:
        content = folder.read(name)
    except PictureError as error:
        return SurveyRow(str(error), sha256=folder.digest(name))
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 in digests:
        return SurveyRow(sha256=sha256, known=True)
    try:
        picture = decode_picture(content, None, max_pixels=max_pixels, scales=scales)
    except PictureError as error:
        return SurveyRow(str(error), sha256=sha256)
    del content
    notes, measured = [picture.note] if picture.note else [], []
    for measure in measures:
        try:
            measured.append(_plain(measure(picture.pixels)))
        except Exception as error:  # what cannot be measured costs that figure, not the file
            measured.append(None)
            what = printable(f"{type(error).__name__}: {error}")[:200]
            notes.append(f"{getattr(measure, '__name__', 'a measure')} failed ({what})")
    return SurveyRow(
        note="; ".join(notes),
        format=picture.format,
        mode=picture.mode,
        depth=picture.depth,
        alpha=picture.alpha,
        height=picture.height,
        width=picture.width,
        frames=picture.frames,
        orientation=picture.orientation,
        sha256=sha256,
        pixels=picture.digest.hex() if picture.frames == 1 else sha256,
        is_grey=picture.is_grey,
        values=picture.values,
        scale=picture.scale,
        measured=measured,
    )


def _plain(value):
    if isinstance(value, Mapping):
        return {str(name): float(number) for name, number in value.items()}
    return np.atleast_1d(np.asarray(value, dtype=np.float32)).ravel()


def _survey(path, entries, rows, names, n_reused):
    import pandas as pd

    table = pd.DataFrame(
        [
            {
                "path": shown,
                "readable": not row.reason,
                "n_bytes": entry.n_bytes,
                "link": entry.link,
                **{name: getattr(row, name) for name in _COLUMNS if hasattr(row, name)},
            }
            for shown, entry, row in zip(printable_names([entry.name for entry in entries]), entries, rows)
        ],
        columns=list(_COLUMNS),
    )
    table["frames"] = table["frames"].astype("Int64")
    found = {
        name: _column([None if row.measured is None else row.measured[place] for row in rows])
        for place, name in enumerate(names)
    }
    return FileSurvey(Path(path).absolute(), table, found, tuple(entry.name for entry in entries), n_reused, rows)


def _column(values):
    """Vectors as one array, dicts as one frame, NaN where there is none."""
    import pandas as pd

    there = [value for value in values if value is not None]
    if there and isinstance(there[0], dict):
        return pd.DataFrame([{} if value is None else value for value in values], columns=list(there[0]), dtype=float)
    length = max((len(value) for value in there), default=0)
    stack = np.full((len(values), length), np.nan, dtype=np.float32)
    for row, value in enumerate(values):
        if value is not None:
            stack[row, : len(value)] = value
    return stack
