"""What an audit found and did."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit._core.versions import versions
from toolkit.audit import UNJUDGED, Auditor, FileAudit
from toolkit.report import Report
from toolkit.studies._result import StudyOutcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["AuditResult"]


@dataclass(frozen=True, repr=False)
class AuditResult(StudyOutcome):
    """What an audit found and did.

    Parameters
    ----------
    images, repaired : ndarray of shape (n_samples, height, width) or (n_samples, height, width, 3)
        As given, and after repair: the same order, dtype and range.
    per_image : DataFrame
        One row for each image, labelled by its position (the axis is named ``image``): ``path`` (of images that come
        from files), ``index`` (the position again, for files, which keep no labels), ``kind``, ``confidence`` (0 to
        1), ``anomaly_score`` (higher is more anomalous), ``repaired`` (1 exactly where pixels changed), ``restorer``
        (empty where nothing was done),
        ``angle`` (degrees, counter-clockwise as displayed, in (-180, 180]), ``severity``. In a set that cannot be
        judged every ``kind`` is ``"unjudged"`` and every ``confidence`` 0; the anomaly scores stand.
    detectors : DataFrame
        One row for each detector: its estimated AUROC on this set, and where the truth is known its true figures.
    prevalence : float
        Estimated share of corrupted images.
    prevalence_interval : tuple of float
        Its lower and upper end.
    settings : dict
        What the audit was asked for: name of the data, seed, detectors.
    timings : dict of str to float
        Wall-clock seconds of each stage.
    competence : DataFrame or None
        What can be told and undone on this set, one row a kind: :attr:`ImageRestorer.competence_`.
    reasons : tuple of str
        Why the set cannot be judged; none if it can.
    held_out_auroc : float or None
        Of damage planted in held-out images of the set against images as they came; None where it is not measurable.
    versions : dict of str to str
    auditor : Auditor or None
        Fitted: it judges further images of that kind, and can be saved.
    kinds_truth : ndarray of str of shape (n_samples,), or None
    clean : ndarray of the shape of ``images``, or None
    truth : dict or None
        How right the answers were (see :func:`run_audit`), where the truth is known.
    truth_per_kind, repairs_per_kind : DataFrame or None
        The same for each true kind; the repairs need clean originals.
    detector_scores : DataFrame or None
        Anomaly scores of the detectors, a column each, where the truth is known; the index holds the rows compared.
    left_out : DataFrame or None
        Files that are no images of the set, and why, as :attr:`toolkit.datasets.ImageFolder.skipped` has them.
    files : FileAudit or None
        What was found of the files, of a folder: :func:`toolkit.audit.audit_files`.
    applied : DataFrame or None
        What became of each file in a cleaned copy: :func:`toolkit.audit.apply_plan`.
    plan : DataFrame or None
        What becomes of each file or image unless somebody decides otherwise; by default as the audit proposes.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_audit
    >>> result = run_audit(load_digits().images[:12], quick=True)
    >>> len(result), result.repaired.shape, list(result.per_image)[1:4]
    (12, (12, 28, 28), ['kind', 'confidence', 'anomaly_score'])
    >>> int(result[3]["index"]), int(result.counts.sum()), len(result.flagged)
    (3, 12, 12)
    """

    images: np.ndarray
    repaired: np.ndarray
    per_image: pd.DataFrame
    detectors: pd.DataFrame
    prevalence: float
    prevalence_interval: tuple[float, float]
    settings: dict
    timings: dict
    competence: pd.DataFrame | None = None
    reasons: tuple = ()
    held_out_auroc: float | None = None
    versions: dict = field(default_factory=versions)
    auditor: Auditor | None = None
    kinds_truth: np.ndarray | None = None
    clean: np.ndarray | None = None
    truth: dict | None = None
    truth_per_kind: pd.DataFrame | None = None
    repairs_per_kind: pd.DataFrame | None = None
    detector_scores: pd.DataFrame | None = None
    left_out: pd.DataFrame | None = None
    files: FileAudit | None = None
    applied: pd.DataFrame | None = None
    plan: pd.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, name: object) -> pd.Series:
        """What is said of one image: its row of ``per_image``, by its path, or by its position.

        Raises
        ------
        KeyError
            No image is called that.
        """
        column = "path" if isinstance(name, str) and "path" in self.per_image else "index"
        rows = self.per_image[self.per_image[column] == name]
        if not len(rows):
            raise KeyError(f"no image is called {name!r}; the column {column!r} of per_image has all names")
        return rows.iloc[0]

    def findings(self) -> list[str]:
        """What was found, in sentences, the most important first."""
        from toolkit.studies.audit._findings import plain_findings

        return plain_findings(self)

    def figures(self) -> dict[str, Figure]:
        """Matplotlib figures by name."""
        from toolkit.studies.audit._figures import audit_figures

        return audit_figures(self)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Frames by name; those on the truth only where it is known."""
        tables = {
            "per_image": self.per_image,
            "by_kind": self.by_kind,
            "by_restorer": self.by_restorer,
            "competence": self.competence,
            "detectors": self.detectors,
            "truth_per_kind": self.truth_per_kind,
            "repairs_per_kind": self.repairs_per_kind,
        }
        if self.files is not None:
            from toolkit.studies.folder._write import per_file_table

            tables |= self.files.tables()
            tables |= {"per_file": per_file_table(self.files, self.per_image, self.applied), "applied": self.applied}
        return {name: table for name, table in tables.items() if table is not None}

    def report(self) -> Report:
        """The audit as one page."""
        from toolkit.studies.audit._report import build_report

        return build_report(self, self.figures())

    def write(self, out: str | os.PathLike) -> Path:
        """Write the audit as a folder of files: :func:`write_audit`."""
        from toolkit.studies.audit._write import write_audit

        return write_audit(self, out)

    @property
    def auditor_given(self) -> bool:
        """Whether the auditor came fitted to other images; prevalence and competence are then of its training set."""
        return bool(self.settings.get("auditor_given"))

    @property
    def judgeable(self) -> bool:
        """Whether anything is claimed of the set: its audit gave no reason against it."""
        return not self.reasons

    @property
    def flagged(self) -> pd.Series:
        """Which images are flagged: a boolean Series."""
        return ~self.per_image["kind"].isin(["clean", UNJUDGED])

    @property
    def counts(self) -> pd.Series:
        """Images of each kind found, clean first, then by number: a Series."""
        counts = self.per_image["kind"].value_counts()
        order = sorted(counts.index, key=lambda kind: (kind != "clean", -counts[kind], kind))
        return counts.loc[order].rename("n")

    @property
    def by_kind(self) -> pd.DataFrame:
        """For each kind found: how many, how sure, how many repaired, and how severe; a DataFrame."""
        groups = self.per_image.groupby("kind")
        table = pd.DataFrame(
            {
                "n": groups.size(),
                "share": groups.size() / len(self),
                "mean_confidence": groups["confidence"].mean(),
                "repaired": groups["repaired"].sum(),
                "left_alone": groups.size() - groups["repaired"].sum(),
                "mean_severity": groups["severity"].mean(),
            }
        )
        return table.loc[self.counts.index].reset_index()

    @property
    def by_restorer(self) -> pd.DataFrame:
        """Repairs by restorer: a DataFrame with ``restorer`` and ``n``."""
        counts = self.per_image.loc[self.per_image["repaired"] == 1, "restorer"].value_counts()
        return counts.rename("n").rename_axis("restorer").reset_index()
