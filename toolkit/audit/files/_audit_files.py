"""audit_files: what is wrong with the files of a folder, by one look at each and nothing that has to be trained."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit._core.printable import printable
from toolkit._core.types import PathLike
from toolkit.audit._colour_order import judge_colours
from toolkit.audit._duplicates_find import find_duplicates
from toolkit.audit._duplicates_signature import SIGNATURE_LENGTH, image_signature, with_digests
from toolkit.audit._everyday import judge_everyday
from toolkit.audit._orientation import judge_orientation
from toolkit.audit._picture_views import FEWEST_TURNED
from toolkit.audit.files._file_audit import FileAudit
from toolkit.audit.files._planted import not_told_apart
from toolkit.datasets import FileSurvey, survey_folder
from toolkit.diagnostics import damage_scores, everyday_statistics
from toolkit.embeddings import photograph_appearances, photographs_can_be_read
from toolkit.exceptions import DataFormatError

__all__ = ["audit_files"]

_MEASURES: dict[str, Any] = {"everyday": everyday_statistics, "signature": image_signature}


def audit_files(
    folder: PathLike,
    *,
    against: PathLike | None = None,
    faults: Any = None,
    false_alarms: float = 0.02,
    networks: bool = False,
    cache: bool | PathLike = True,
    n_jobs: int = 1,
    verbose: bool = False,
) -> FileAudit:
    """Find out what is wrong with the files of a folder of pictures: which cannot be read, which are odd, which twice.

    Each file is opened once, and decoded at its own size. Everyday faults are judged by what is usual in the folder;
    duplicates are found whether they are equal, changed a little, turned or mirrored. Nothing is trained.

    Parameters
    ----------
    folder : path-like
        Folder, or zip archive, of pictures of any sizes.
    against : path-like, optional
        Another one: pictures that are in both are a leak, where one is for training and the other for testing.
    faults : str or sequence of str, optional
        As in :func:`judge_everyday`.
    false_alarms : float, default=0.02
        As in :func:`judge_everyday`: the share of sound pictures that may be flagged as damaged, and once more for a
        property.
    networks : bool, default=False
        Let networks look, too, that have learnt before: one tells how patches of a picture were damaged, and a fault
        is claimed where it agrees, and where pictures of the set that are damaged on purpose are told; with the extra
        ``toolkit[photos]``, another one tells which way up a picture is, and whether its colours are in order. About
        .03 s a picture, and .14 with the latter. Without them nothing loads torch.
    cache : bool or path-like, default=True
        As in :func:`toolkit.datasets.survey_folder`: of a folder that has grown, only what is new is decoded.
    n_jobs : int, default=1
        Processes, as in joblib.
    verbose : bool, default=False
        Show progress.

    Returns
    -------
    FileAudit

    Raises
    ------
    FileNotFoundError
        There is no such folder or archive.
    DataFormatError
        It is neither, or holds no file.

    See Also
    --------
    plan_clean : What to do about it.
    toolkit.studies.run_folder : The same with a report.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from PIL import Image
    >>> from toolkit.datasets import load_image_folder
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for number, image in enumerate(load_image_folder().images[:12]):
    ...     Image.fromarray(image).save(folder / f"{number:02}.png")
    >>> Image.fromarray(image).save(folder / "copy.bmp")
    >>> _ = (folder / "broken.jpg").write_text("no picture")
    >>> found = audit_files(folder, cache=False)
    >>> found["broken.jpg"]["reason"], found["11.png"]["relation"] or found["copy.bmp"]["relation"]
    ('not a picture: no known format', 'exact')
    """
    measures = dict(_MEASURES)
    if networks:
        measures["damage"] = damage_scores
        if photographs_can_be_read():
            measures["appearances"] = photograph_appearances
    survey = survey_folder(folder, measures, cache=cache, n_jobs=n_jobs, verbose=verbose)
    if not len(survey):
        raise DataFormatError(f"{printable(folder)} holds no file.")
    readable = survey.files["readable"].to_numpy()
    files = survey.files[readable]
    statistics = _rows(survey.measures["everyday"], readable).set_axis(files["path"], axis=0)
    if networks and isinstance(survey.measures["damage"], pd.DataFrame):
        damage = survey.measures["damage"][readable].set_axis(files["path"], axis=0)
        statistics = pd.concat([statistics, damage], axis=1)
    orientation = colours = None
    if "appearances" in measures:
        seen = _features(survey.measures["appearances"], readable, 6)
        if seen is not None:  # upright, turned three times, red and blue exchanged, inverted
            orientation, colours = judge_orientation(seen[:, :4]), judge_colours(seen[:, [0, 4, 5]])
    everyday = None
    if len(files):
        everyday = judge_everyday(
            statistics,
            sizes=files[["height", "width"]],
            faults=faults,
            false_alarms=false_alarms,
            orientation=orientation,
            colours=colours,
        )
        if networks:
            everyday = everyday.without(not_told_apart(survey, readable, everyday))
    signatures, ids = _signatures(survey, readable), files["path"].tolist()
    duplicates = find_duplicates(
        signatures, digests=files["sha256"].tolist(), ids=ids, n_bytes=files["n_bytes"].tolist(), n_jobs=n_jobs
    )
    leaks = other = None
    if against is not None:
        other = survey_folder(against, {"signature": image_signature}, cache=cache, n_jobs=n_jobs, verbose=verbose)
        theirs = other.files["readable"].to_numpy()
        leaks = find_duplicates(
            signatures,
            digests=files["sha256"].tolist(),
            ids=ids,
            against=_signatures(other, theirs),
            against_digests=other.files["sha256"][theirs].tolist(),
            against_ids=other.files["path"][theirs].tolist(),
            n_jobs=n_jobs,
        )
    return FileAudit(survey, everyday, duplicates, leaks, other, orientation)


def _features(views: Any, readable: NDArray, n_views: int) -> NDArray | None:
    """Features of the pictures; None where there are too few, or a picture could not be looked at."""
    found = np.asarray(views)[readable]
    if len(found) < FEWEST_TURNED or found.ndim != 2 or found.shape[1] % n_views or not np.isfinite(found).all():
        return None
    return found.reshape(len(found), n_views, -1)


def _rows(frame: Any, rows: NDArray) -> pd.DataFrame:
    """Rows of a frame of measures; one without columns where nothing could be measured."""
    if isinstance(frame, pd.DataFrame):
        return frame[rows]
    return pd.DataFrame([everyday_statistics(np.zeros((2, 2), np.uint8))] * int(rows.sum())) * np.nan


def _signatures(survey: FileSurvey, rows: NDArray) -> NDArray:
    """Signatures of the pictures, by what the files hold: a page of a document, or 8 of 16 bits, are not all of it."""
    found: Any = survey.measures["signature"]
    found = found[rows]
    if found.shape[1:] != (SIGNATURE_LENGTH,):
        return np.full((int(rows.sum()), SIGNATURE_LENGTH), np.nan, dtype=np.float32)
    return with_digests(found, survey.files["pixels"][rows].tolist())
