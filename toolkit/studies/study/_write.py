"""A study as a folder: its report on top, and a folder of each part."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit._core.files import write_json
from toolkit._core.floating_point import usual_floating_point
from toolkit.studies._folder import check_target, reserved_folder
from toolkit.studies.audit._write import check_audit_target, fill_audit_folder
from toolkit.studies.collapse._write import check_collapse_target, fill_collapse_folder
from toolkit.studies.study._answer import study_answer, study_findings
from toolkit.studies.study._report import build_study_report
from toolkit.studies.study._run import AUDIT, COLLAPSE

if TYPE_CHECKING:
    from toolkit.studies.study._run import StudyResult

__all__ = ["STUDY_FILES", "check_study_target", "write_study"]

STUDY_FILES = frozenset({AUDIT, COLLAPSE, "report.html", "summary.json"})


def check_study_target(out: str | os.PathLike) -> None:
    """Refuse a folder that holds anything but a study: worth knowing before the long work.

    Parameters
    ----------
    out : path-like

    Raises
    ------
    FileExistsError

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from toolkit.studies import check_study_target
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> (folder / "audit").mkdir()
    >>> check_study_target(folder)
    >>> (folder / "audit" / "holiday.jpg").touch()
    >>> check_study_target(folder)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    FileExistsError: ...audit holds 'holiday.jpg', which is no part of such a result, and would be lost: ...
    """
    check_target(out, STUDY_FILES, grows=True)
    check_audit_target(Path(out) / AUDIT)
    check_collapse_target(Path(out) / COLLAPSE)


@usual_floating_point
def write_study(result: StudyResult, out: str | os.PathLike) -> Path:
    """Write a study: one report on top, and in ``audit`` and ``collapse`` what each part writes.

    Parameters
    ----------
    result : StudyResult
    out : path-like

    Returns
    -------
    Path
        The report.

    Raises
    ------
    FileExistsError
        If the folder holds something that no study wrote.

    Examples
    --------
    >>> import os, tempfile
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import StudyResult, run_audit, write_study
    >>> audit = run_audit(load_digits().images[:4], quick=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = write_study(StudyResult(audit, None, n_left=4), f"{folder}/study")
    ...     print(sorted(os.listdir(report.parent)), (report.parent / "audit" / "report.html").exists())
    ['audit', 'report.html', 'summary.json'] True
    """
    out = Path(out)
    check_study_target(out)
    with reserved_folder(out, STUDY_FILES, grows=True):
        _fill(result, out)
    return out / "report.html"


def _fill(result, out):
    audit, collapse = result.audit, result.collapse
    # What a part has drawn for its own page is on the study's as well.
    shown = {AUDIT: fill_audit_folder(audit, out / AUDIT), COLLAPSE: {}}
    if collapse is not None:
        shown[COLLAPSE] = fill_collapse_folder(collapse, out / COLLAPSE)
    build_study_report(result, shown).write(out / "report.html")
    timings = {AUDIT: audit.timings, COLLAPSE: None if collapse is None else collapse.timings}
    summary = {
        "answer": study_answer(result),
        "findings": study_findings(result),
        "n_images": len(audit),
        "n_left": result.n_left,
        "timings": timings,
        "parts": {AUDIT: "audit/summary.json", COLLAPSE: None if collapse is None else "collapse/summary.json"},
    }
    write_json(out / "summary.json", summary)
