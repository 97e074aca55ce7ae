"""A folder of pictures: look at its files, and make a cleaned copy where one is wanted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.printable import printable
from toolkit._core.types import PathLike
from toolkit.audit import EXACT_REPAIRS, FileAudit, apply_plan, audit_files, check_clean_target, plan_clean
from toolkit.studies.folder._outcome import FolderResult

__all__ = ["clean_folder", "run_folder"]


@usual_floating_point
def run_folder(
    folder: PathLike,
    *,
    against: PathLike | None = None,
    write_clean: PathLike | None = None,
    leave_out: Sequence[str] = (),
    repairs: Sequence[str] = EXACT_REPAIRS,
    strip_metadata: bool = False,
    dry_run: bool = False,
    false_alarms: float = 0.02,
    networks: bool = False,
    cache: bool | PathLike = True,
    n_jobs: int = -1,
    verbose: bool = False,
    name: str = "",
) -> FolderResult:
    """Find out which files of a folder of pictures are bad, and why, and write a cleaned copy of it.

    Nothing is trained: what files, simple statistics and neighbours can say. :func:`run_audit` says what networks can.

    Parameters
    ----------
    folder : path-like
        Folder, or zip archive, of pictures of any sizes.
    against : path-like, optional
        Another one, in which the same pictures are looked for.
    write_clean : path-like, optional
        New or empty folder for a cleaned copy, beside ``folder``.
    leave_out, repairs : sequence of str
        As in :func:`toolkit.audit.plan_clean`.
    strip_metadata, dry_run : bool, default=False
        As in :func:`toolkit.audit.apply_plan`.
    false_alarms : float, default=0.02
        As in :func:`toolkit.audit.judge_everyday`.
    networks : bool, default=False
        As in :func:`toolkit.audit.audit_files`.
    cache : bool or path-like, default=True
        As in :func:`toolkit.datasets.survey_folder`.
    n_jobs : int, default=-1
        Processes, as in joblib.
    verbose : bool, default=False
        Show progress.
    name : str, default=""
        What to call the folder in reports.

    Returns
    -------
    FolderResult

    Raises
    ------
    FileNotFoundError, DataFormatError
        There is no such folder or archive, or it holds no file.
    FileExistsError, ValueError, OSError
        ``write_clean`` as in :func:`toolkit.audit.apply_plan`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> from toolkit.datasets import load_image_folder
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for number, image in enumerate(load_image_folder().images[:12]):
    ...     Image.fromarray(image).save(folder / f"{number:02}.png")
    >>> result = run_folder(folder, cache=False, n_jobs=1)
    >>> len(result.per_file), len(result.findings()) > 0
    (12, True)
    """
    if write_clean is not None:
        check_clean_target(folder, write_clean)
    start = time.perf_counter()
    files = audit_files(
        folder,
        against=against,
        false_alarms=false_alarms,
        networks=networks,
        cache=cache,
        n_jobs=n_jobs,
        verbose=verbose,
    )
    timings = {"looking at files": round(time.perf_counter() - start, 3)}
    plan = plan_clean(files, leave_out=leave_out, repairs=repairs, strip_metadata=strip_metadata)
    applied = None
    if write_clean is not None:
        start = time.perf_counter()
        applied = apply_plan(
            plan,
            files.survey.root,
            write_clean,
            strip_metadata=strip_metadata,
            dry_run=dry_run,
            verbose=verbose,
        )
        timings["writing a copy"] = round(time.perf_counter() - start, 3)
    settings = {
        "name": printable(name or files.survey.root.name),
        "false_alarms": false_alarms,
        "cleaned": None if write_clean is None else printable(Path(write_clean).name),
        "dry_run": dry_run,
    }
    return FolderResult(files, applied, settings, timings, plan=plan)


def clean_folder(
    files: FileAudit,
    out: PathLike,
    *,
    leave_out: Sequence[str] = (),
    repairs: Sequence[str] = EXACT_REPAIRS,
    per_image: pd.DataFrame | None = None,
    strip_metadata: bool = False,
    dry_run: bool = False,
    verbose: bool = False,
) -> pd.DataFrame:
    """Decide what becomes of each file, and write the copy: :func:`plan_clean`, then :func:`apply_plan`.

    Parameters
    ----------
    files : FileAudit
    out : path-like
        New or empty folder.
    leave_out, repairs : sequence of str
    per_image : DataFrame, optional
        As in :func:`toolkit.audit.plan_clean`.
    strip_metadata, dry_run, verbose : bool, default=False

    Returns
    -------
    DataFrame
        As :func:`toolkit.audit.apply_plan` gives it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> from toolkit.audit import audit_files
    >>> from toolkit.datasets import load_digits
    >>> home = pathlib.Path(tempfile.mkdtemp())
    >>> (home / "in").mkdir()
    >>> for number, image in enumerate(load_digits().images[[0, 1, 2, 2]]):
    ...     Image.fromarray(image).save(home / "in" / f"{number}.png")
    >>> files = audit_files(home / "in", cache=False, n_jobs=1)
    >>> clean_folder(files, home / "out", leave_out=["exact_duplicates"])["done"].tolist()
    ['kept', 'kept', 'kept', 'left out']
    """
    plan = plan_clean(files, leave_out=leave_out, repairs=repairs, per_image=per_image, strip_metadata=strip_metadata)
    return apply_plan(plan, files.survey.root, out, strip_metadata=strip_metadata, dry_run=dry_run, verbose=verbose)
