"""The audit: what is wrong with these images, which ones, and can it be undone? Answered without labels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
import numpy as np
import pandas as pd

from toolkit._core.estimators import is_fitted
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import as_stack, validate_images
from toolkit._core.jobs import run_jobs
from toolkit._core.labels import check_strings
from toolkit._core.printable import printable
from toolkit._core.progress import Stages
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.versions import versions
from toolkit.audit import UNJUDGED, Auditor
from toolkit.report import Report
from toolkit.studies._result import StudyOutcome
from toolkit.studies.audit._truth import check_against_truth, check_repairs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["AuditResult", "check_detectors", "run_audit"]

# Detectors are compared on at most this many images: their table says how well they do on this set, and neighbour
# methods cost more than linear time.
N_COMPARED = 10_000

# Stages, and the share of the time that each takes of 10,000 images, all on one core.
_CHECKING = "checking detectors"
_SHARES = {
    "learning what is wrong": 0.6,
    "scoring and repairing": 0.33,
    "judging detectors": 0.05,
    _CHECKING: 0.02,
}


@dataclass(frozen=True, repr=False)
class AuditResult(StudyOutcome):
    """What an audit found and did.

    Parameters
    ----------
    images, repaired : ndarray of shape (n_samples, height, width) or (n_samples, height, width, 3)
        As given, and after repair: the same order, dtype and range.
    per_image : DataFrame
        One row for each image: ``path`` (of images that come from files), ``index``,
        ``kind``, ``confidence`` (0 to 1), ``anomaly_score`` (higher is more
        anomalous), ``repaired`` (1 exactly where pixels changed), ``restorer`` (empty where nothing was done),
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
    """

    images: np.ndarray
    repaired: np.ndarray
    per_image: pd.DataFrame
    detectors: pd.DataFrame
    prevalence: float
    prevalence_interval: tuple
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

    def __len__(self) -> int:
        return len(self.images)

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


@usual_floating_point
def run_audit(
    images: np.ndarray,
    *,
    kinds_truth: np.ndarray | None = None,
    clean: np.ndarray | None = None,
    detectors: Sequence = ("iforest", "lof", "autoencoder"),
    random_state: int = 0,
    n_jobs: int | None = None,
    verbose: bool = False,
    name: str = "",
    auditor: Auditor | None = None,
    paths: Sequence | None = None,
    left_out: pd.DataFrame | None = None,
    notes: Sequence = (),
) -> AuditResult:
    """Audit an image set: name what is wrong with each image, score it, repair what can be repaired, check the repairs.

    Nothing but the images is used. Where the truth is handed over, it checks the answers and never helps to find them.
    An audit takes the clean images to be the majority. It first measures, on held-out images of the set, what it can
    tell there; of a set that it cannot judge it claims nothing, and changes no image.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width), (n_samples, height, width, 3) or (n_samples, n_features)
    kinds_truth : array-like of str of shape (n_samples,), optional
        True kinds, ``"clean"`` where nothing was done, for checking only.
    clean : ndarray of the shape of ``images``, optional
        Clean originals, for checking the repairs only. Needs ``kinds_truth``.
    detectors : sequence of str, default=("iforest", "lof", "autoencoder")
        Names known to :func:`toolkit.detectors.available_detectors`, compared with one another on this set; none, and
        nothing is compared.
    random_state : int, default=0
    n_jobs : int, default=None
        Fits at the same time, as in joblib; None is one for each processor. The figures do not depend on it.
    verbose : bool, default=False
        Show progress.
    name : str, default=""
        What to call the images in reports.
    auditor : Auditor, optional
        Fitted, to other images of the same kind: these are judged by what it learned, and nothing is learned from them.
    paths : sequence of str of shape (n_samples,), optional
        The file of each image, to name it by: :attr:`toolkit.datasets.ImageFolder.paths`.
    left_out : DataFrame, optional
        Files that are no images of the set: :attr:`toolkit.datasets.ImageFolder.skipped`.
    notes : sequence of str, default=()
        What was done to the images before: :attr:`toolkit.datasets.ImageFolder.notes`.

    Returns
    -------
    AuditResult

    See Also
    --------
    write_audit : The same as files.

    Examples
    --------
    >>> from toolkit.datasets import load_glyphs
    >>> from toolkit.corruption import Corruptor
    >>> from toolkit.studies import run_audit
    >>> glyphs = load_glyphs(n_samples=60, random_state=0).images
    >>> images, kinds = Corruptor(["invert"], random_state=0).corrupt(glyphs)
    >>> result = run_audit(images, kinds_truth=kinds, detectors=["iforest"])
    >>> len(result.per_image), result.repaired.dtype.name
    (60, 'uint8')
    """
    n_jobs = joblib.cpu_count() if n_jobs is None else n_jobs
    images, clean = as_stack(images), None if clean is None else as_stack(clean)
    if len(images) < (2 if auditor is None else 1):
        raise ValueError("An audit compares images with one another: at least 2 are needed, got 1.")
    kinds_truth = _check_truth(kinds_truth, clean, images)
    detectors = check_detectors(detectors)
    paths = _check_paths(paths, images)
    seeds = spawn_seeds(random_state, 4)

    compared = _rows_compared(images, kinds_truth, seeds[3])
    shares = {name: share for name, share in _SHARES.items() if compared.truth is not None or name != _CHECKING}
    with Stages(shares, verbose=verbose) as stages:
        with stages("learning what is wrong"):
            if auditor is None:
                auditor, assessment = _learn(images, seeds[0], random_state, n_jobs, verbose)
            else:
                assessment = auditor.identifier_.assess(validate_images(auditor, images, reset=False))

        def judge():
            with stages("scoring and repairing"):
                if is_fitted(auditor):
                    return auditor.audit(images, assessment=assessment)
                return auditor.fit_audit(images, assessment=assessment)

        def estimate():
            with stages("judging detectors"):
                return _estimate(images[compared.rows], assessment.take(compared.rows).findings, detectors, seeds[3])

        def check():
            if compared.truth is None or not detectors:
                return None
            with stages(_CHECKING):
                return _check(images[compared.rows], compared.truth, detectors, seeds[3])

        # All three need the identifier and none needs another. Threads: the work is numpy's and torch's, and a process
        # would spend longer on importing these than most detectors on fitting.
        steps = [{"step": step} for step in (judge, estimate, check)]
        with joblib.parallel_config(backend="threading"):
            audit, table, checked = run_jobs(_take, steps, n_jobs=n_jobs)

    detector_scores = None
    if checked is not None:
        figures, scores = checked
        table = table.merge(figures, on="method", how="left", validate="one_to_one")
        detector_scores = scores.set_axis(compared.rows, axis="index")
    per_image = audit.per_image
    if paths is not None:
        per_image.insert(0, "path", paths)
    truth = per_kind = repairs_per_kind = None
    if kinds_truth is not None:
        truth, per_kind = check_against_truth(
            kinds_truth, per_image["kind"], per_image["confidence"], per_image["anomaly_score"]
        )
        if clean is not None:
            repairs_per_kind = check_repairs(clean, images, audit.repaired, kinds_truth)
    facts = audit.facts
    return AuditResult(
        images=images,
        repaired=audit.repaired,
        per_image=per_image,
        detectors=table,
        prevalence=facts.prevalence,
        prevalence_interval=facts.prevalence_interval,
        settings={"name": printable(name), "seed": random_state, "detectors": list(detectors), "notes": list(notes)},
        timings={name: round(seconds, 3) for name, seconds in stages.seconds.items()},
        competence=facts.competence,
        reasons=facts.reasons,
        held_out_auroc=facts.held_out_auroc,
        auditor=auditor,
        kinds_truth=kinds_truth,
        clean=clean,
        truth=truth,
        truth_per_kind=per_kind,
        repairs_per_kind=repairs_per_kind,
        detector_scores=detector_scores,
        left_out=left_out,
    )


def _learn(images, seed, random_state, n_jobs, verbose):
    """An auditor with a fitted identifier, whose other judges are not fitted yet, and the assessment of the images."""
    from toolkit.diagnostics import CorruptionIdentifier

    identifier = CorruptionIdentifier(random_state=seed, n_jobs=n_jobs, verbose=verbose).fit(images)
    auditor = Auditor(identifier, n_jobs=n_jobs, random_state=random_state, verbose=verbose)
    return auditor, identifier.assess(images)


def _check_truth(kinds_truth, clean, images):
    """The true kinds as an array of str, if there are any; each must say something about one image."""
    if clean is not None and kinds_truth is None:
        raise ValueError("clean originals check the repairs by true kind: kinds_truth is needed with clean.")
    if clean is not None and clean.shape != images.shape:
        raise ValueError(f"clean has shape {clean.shape}, but images has shape {images.shape}.")
    if kinds_truth is None:
        return None
    kinds_truth = check_strings("kinds_truth", kinds_truth)
    if kinds_truth.shape != (len(images),):
        raise ValueError(f"kinds_truth must have shape ({len(images)},), one kind an image, got {kinds_truth.shape}.")
    return kinds_truth


def _check_paths(paths, images):
    """The names of the files, one an image, as they can be shown."""
    if paths is None:
        return None
    paths = [printable(path) for path in paths]
    if len(paths) != len(images):
        raise ValueError(f"paths must name {len(images)} files, one an image, got {len(paths)}.")
    return paths


def check_detectors(detectors):
    """Detector names, each known, none twice, or none at all: found out before the long work, not after it."""
    from toolkit._core.names import check_names
    from toolkit.detectors import available_detectors

    if not isinstance(detectors, str) and not len(detectors):
        return ()
    return tuple(dict.fromkeys(check_names(detectors, tuple(available_detectors()["name"]), "detector")))


@dataclass(frozen=True)
class _Compared:
    """The rows that detectors are compared on, and whether each is corrupted, if that is known."""

    rows: np.ndarray
    truth: np.ndarray | None


def _rows_compared(images, kinds_truth, seed):
    """All rows, or a sample of a large set; no truth where it would not part anything."""
    rows = np.arange(len(images))
    if len(rows) > N_COMPARED:
        rows = np.sort(as_generator(seed).choice(len(rows), N_COMPARED, replace=False))
    corrupted = None if kinds_truth is None else kinds_truth[rows] != "clean"
    parts = corrupted is not None and corrupted.any() and not corrupted.all()
    return _Compared(rows, corrupted if parts else None)


def _take(step):
    return step()


def _estimate(images, findings, detectors, seed):
    """How well each detector does on this set, without the truth."""
    from toolkit.comparison import estimate_detection

    if not detectors:
        return pd.DataFrame({"method": [], "estimated_auroc": []})
    try:
        return estimate_detection(list(detectors), images, findings=findings, random_state=seed)
    except ValueError as error:  # a set too small to plant in, or nothing clean in it, has no estimate; the rest stands
        unknown = {"estimated_auroc": np.nan, "estimate_status": "failed", "estimate_error": str(error)}
        return pd.DataFrame({"method": list(detectors), **unknown})


def _check(images, corrupted, detectors, seed):
    """How well each detector truly does: figures and scores."""
    from toolkit.comparison import compare_detectors

    table, scores = compare_detectors(
        detectors=list(detectors), data={"audit": (images, corrupted)}, seeds=(seed,), return_scores=True
    )
    return table.drop(columns=["data", "seed"]), scores["audit", seed]
