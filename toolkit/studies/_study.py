"""Audit and collapse study of one data set: what is wrong, can it be undone, would a generator learn all of it?"""

from dataclasses import dataclass
from pathlib import Path

import joblib
import numpy as np

from toolkit._core.files import write_json
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import as_stack
from toolkit._core.progress import Stages
from toolkit.report import Report
from toolkit.studies._folder import check_target, reserved_folder
from toolkit.studies._study_answer import study_answer
from toolkit.studies.audit._figures import audit_figures
from toolkit.studies.audit._findings import plain_findings
from toolkit.studies.audit._report import add_audit_sections
from toolkit.studies.audit._run import AuditResult, run_audit
from toolkit.studies.audit._write import check_audit_target, write_audit
from toolkit.studies.collapse._figures import collapse_figures
from toolkit.studies.collapse._findings import collapse_findings
from toolkit.studies.collapse._study import CollapseStudy, run_collapse_study
from toolkit.studies.collapse._write import RUNS, add_collapse_sections, check_collapse_target, write_collapse_study

__all__ = ["StudyResult", "check_study_target", "run_study", "study_findings", "write_study"]

_AUDIT, _COLLAPSE = "audit", "collapse"
_FILES = frozenset({_AUDIT, _COLLAPSE, "report.html", "summary.json"})
_ENOUGH = 100  # images to learn from


@dataclass
class StudyResult:
    """An audit, and the collapse study of what it left.

    Attributes
    ----------
    audit : AuditResult
    collapse : CollapseStudy or None
        None where the audit left too few images.
    n_left : int
        Images that the audit took for clean or repaired, and the generators learnt from.
    """

    audit: AuditResult
    collapse: CollapseStudy | None
    n_left: int


@usual_floating_point
def run_study(
    images,
    *,
    kinds_truth=None,
    clean=None,
    random_state=0,
    n_jobs=None,
    folder=None,
    verbose=False,
    name="images",
    paths=None,
    left_out=None,
    notes=(),
):
    """Audit images, then train GANs on those that are clean or repaired, and see which modes they reach.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
    kinds_truth, clean : array-like, optional
        For checking the audit only, see :func:`run_audit`.
    random_state : int, default=0
        Seed of the audit, and the first of the two seeds of each setting.
    n_jobs : int, optional
        Fits at a time; None is one for each processor.
    folder : path-like, optional
        Where finished trainings are kept, as by :func:`run_collapse_study`.
    verbose : bool, default=False
    name : str, default="images"
    paths, left_out, notes : optional
        Of images that come from files, see :func:`run_audit`.

    Returns
    -------
    StudyResult
    """
    images = as_stack(images)
    with Stages({"audit": 0.5, "collapse": 0.5}, verbose=verbose) as stages:
        with stages("audit"):
            audit = run_audit(
                images,
                kinds_truth=kinds_truth,
                clean=clean,
                random_state=random_state,
                n_jobs=n_jobs,
                verbose=verbose,
                name=name,
                paths=paths,
                left_out=left_out,
                notes=notes,
            )
        rows = audit.per_image
        # Of a set that cannot be judged nothing is left out.
        left = np.flatnonzero(~audit.flagged | (rows["repaired"] == 1))
        if len(left) < _ENOUGH:
            return StudyResult(audit, None, len(left))
        with stages("collapse"):
            study = run_collapse_study(
                audit.repaired[left],
                "collapse",
                seeds=(random_state, random_state + 1),
                quick=True,
                folder=None if folder is None else Path(folder) / _COLLAPSE / RUNS,
                n_jobs=joblib.cpu_count() if n_jobs is None else n_jobs,
                verbose=verbose,
                name=f"{name}, clean or repaired",
            )
    return StudyResult(audit, study, len(left))


def study_findings(result):
    """Findings of the audit, then of the collapse study, in plain sentences.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    list of str
    """
    return [*plain_findings(result.audit), *_learnt(result)]


def _learnt(result):
    n = f"{result.n_left:,} images that are clean or repaired"
    if result.collapse is None:
        return [f"Would a generator learn all of it? Not tried: {n} are too few."]
    return [f"Would a generator learn all of the {n}? It depends on its settings.", *collapse_findings(result.collapse)]


def check_study_target(out):
    """Refuse a folder that holds anything but a study: worth knowing before the long work.

    Raises
    ------
    FileExistsError
    """
    check_target(out, _FILES, grows=True)
    check_audit_target(Path(out) / _AUDIT)
    check_collapse_target(Path(out) / _COLLAPSE)


@usual_floating_point
def write_study(result, out) -> Path:
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
    """
    out = Path(out)
    check_study_target(out)
    with reserved_folder(out, _FILES, grows=True):
        _fill(result, out)
    return out / "report.html"


def _fill(result, out):
    write_audit(result.audit, out / _AUDIT)
    audit, collapse = result.audit, result.collapse
    figures = {} if collapse is None else collapse_figures(collapse)
    if collapse is not None:
        write_collapse_study(collapse, out / _COLLAPSE, figures=figures)
    report = Report(
        "Study of an image set",
        f"{audit.settings['name'] or 'images'}: {len(audit):,} images, audited, repaired, and learnt by generators; "
        "without labels",
        footer=", ".join(f"{package} {version}" for package, version in audit.versions.items() if version) + ".",
    )
    report.findings(study_answer(result))
    report.section("Findings in full").items(study_findings(result))
    add_audit_sections(report, audit, audit_figures(audit))
    if collapse is not None:
        add_collapse_sections(report, collapse, figures)
    report.write(out / "report.html")
    timings = {_AUDIT: audit.timings, _COLLAPSE: None if collapse is None else collapse.timings}
    summary = {
        "answer": study_answer(result),
        "findings": study_findings(result),
        "n_images": len(audit),
        "n_left": result.n_left,
        "timings": timings,
        "parts": {_AUDIT: "audit/summary.json", _COLLAPSE: None if collapse is None else "collapse/summary.json"},
    }
    write_json(out / "summary.json", summary)
