"""Audit and collapse study of one data set: what is wrong, can it be undone, would a generator learn all of it?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import as_stack
from toolkit._core.progress import Stages
from toolkit.report import Report
from toolkit.studies._result import StudyOutcome
from toolkit.studies.audit._outcome import AuditResult
from toolkit.studies.audit._run import run_audit
from toolkit.studies.collapse._study import CollapseStudy, run_collapse_study
from toolkit.studies.collapse._write import RUNS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["AUDIT", "COLLAPSE", "StudyResult", "run_study"]

AUDIT, COLLAPSE = "audit", "collapse"
_ENOUGH = 100  # images to learn from


@dataclass(repr=False)
class StudyResult(StudyOutcome):
    """An audit, and the collapse study of what it left.

    Attributes
    ----------
    audit : AuditResult
    collapse : CollapseStudy or None
        None where the audit left too few images.
    n_left : int
        Images that the audit took for clean or repaired, and the generators learnt from.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_study
    >>> result = run_study(load_digits().images[:4])  # too few to train generators on
    >>> len(result.audit), result.n_left, result.collapse is None
    (4, 4, True)
    >>> sorted(result.tables())[:2]
    ['audit_by_kind', 'audit_by_restorer']
    """

    audit: AuditResult
    collapse: CollapseStudy | None
    n_left: int

    def findings(self) -> list[str]:
        """What was found, in sentences, the most important first."""
        from toolkit.studies.study._answer import study_findings

        return study_findings(self)

    def figures(self) -> dict[str, Figure]:
        """Matplotlib figures by name, each with the name of its part before it."""
        return {f"{part}_{name}": figure for part, result in self._parts() for name, figure in result.figures().items()}

    def tables(self) -> dict[str, pd.DataFrame]:
        """Frames by name: those of both parts, each with the name of its part before it."""
        return {f"{part}_{name}": table for part, result in self._parts() for name, table in result.tables().items()}

    def report(self) -> Report:
        """The study as one page."""
        from toolkit.studies.study._report import build_study_report

        return build_study_report(self, {part: result.figures() for part, result in self._parts()})

    def write(self, out: str | os.PathLike) -> Path:
        """Write the study as a folder of files: :func:`write_study`."""
        from toolkit.studies.study._write import write_study

        return write_study(self, out)

    def _parts(self):
        parts = ((AUDIT, self.audit), (COLLAPSE, self.collapse))
        return [(name, result) for name, result in parts if result is not None]


@usual_floating_point
def run_study(
    images: ArrayLike,
    *,
    kinds_truth: ArrayLike | None = None,
    clean: ArrayLike | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    folder: str | os.PathLike | None = None,
    verbose: bool = False,
    name: str = "images",
    paths: Sequence[str] | None = None,
    left_out: pd.DataFrame | None = None,
    notes: Sequence[str] = (),
) -> StudyResult:
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

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_study
    >>> result = run_study(load_digits().images[:4])
    >>> result.findings()[-1]  # of a hundred or more, a collapse study: that takes minutes
    'Would a generator learn all of it? Not tried: 4 images that are clean or repaired are too few.'
    """
    images = as_stack(images)
    kinds_truth = None if kinds_truth is None else np.asarray(kinds_truth)
    clean = None if clean is None else as_stack(clean)
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
                folder=None if folder is None else Path(folder) / COLLAPSE / RUNS,
                n_jobs=joblib.cpu_count() if n_jobs is None else n_jobs,
                verbose=verbose,
                name=f"{name}, clean or repaired",
            )
    return StudyResult(audit, study, len(left))
