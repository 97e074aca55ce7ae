"""The audit: what is wrong with these images, which ones, and can it be undone? Answered without labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import joblib
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from toolkit._core.estimators import is_fitted
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import as_stack, validate_images
from toolkit._core.jobs import run_steps
from toolkit._core.labels import check_strings
from toolkit._core.printable import printable
from toolkit._core.progress import Stages
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.watching import watched
from toolkit.audit import Auditor, FileAudit
from toolkit.datasets import ImageSource, is_source
from toolkit.studies.audit._given import images_and_names
from toolkit.studies.audit._outcome import AuditResult
from toolkit.studies.audit._truth import check_against_truth, check_repairs

__all__ = ["check_detectors", "run_audit"]

# Detectors are compared on at most this many images: their table says how well they do on this set, and neighbour
# methods cost more than linear time.
N_COMPARED = 10_000

_DETECTORS = ("iforest", "lof", "autoencoder")

# Stages, and the share of the time that each takes of 10,000 images, all on one core.
_CHECKING = "checking detectors"
_SHARES = {
    "learning what is wrong": 0.6,
    "scoring and repairing": 0.33,
    "judging detectors": 0.05,
    _CHECKING: 0.02,
}


@usual_floating_point
def run_audit(
    images: ArrayLike | ImageSource,
    *,
    kinds_truth: np.ndarray | None = None,
    clean: np.ndarray | None = None,
    detectors: Sequence | None = None,
    quick: bool = False,
    random_state: int = 0,
    n_jobs: int | None = None,
    verbose: bool = False,
    name: str = "",
    auditor: Auditor | None = None,
    paths: Sequence | None = None,
    left_out: pd.DataFrame | None = None,
    notes: Sequence = (),
    files: FileAudit | None = None,
    progress: Callable[[str, float], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> AuditResult:
    """Audit an image set: name what is wrong with each image, score it, repair what can be repaired, check the repairs.

    Nothing but the images is used. Where the truth is handed over, it checks the answers and never helps to find them.
    An audit takes the clean images to be the majority. It first measures, on held-out images of the set, what it can
    tell there; of a set that it cannot judge it claims nothing, and changes no image.

    Parameters
    ----------
    images : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features), or ImageSource
        An ImageSet, a folder (:func:`toolkit.datasets.load_image_folder`) or a torch ``Dataset`` is taken as it is:
        ``name``, ``paths``, ``left_out`` and ``notes`` are then its own, unless given.
    kinds_truth : array-like of str of shape (n_samples,), optional
        True kinds, ``"clean"`` where nothing was done, for checking only.
    clean : ndarray of the shape of ``images``, optional
        Clean originals, for checking the repairs only. Needs ``kinds_truth``.
    detectors : sequence of str, optional
        Names known to :func:`toolkit.detectors.available_detectors`, compared with one another on this set: none, and
        nothing is compared; by default ``"iforest"``, ``"lof"`` and ``"autoencoder"``, and none if ``quick``.
    quick : bool, default=False
        A first answer in seconds: no network learns from the set (``CorruptionIdentifier(epochs=0)``), and what has a
        closed form is repaired, nothing else (``ImageRestorer(epochs=0)``).
    random_state : int, default=0
    n_jobs : int, default=None
        Fits at the same time, as in joblib; None is one for each processor. The figures do not depend on it.
    verbose : bool, default=False
        Show progress.
    name : str, default=""
        What to call the images in reports.
    auditor : Auditor, optional
        Fitted to other images of the same kind and shape: these are judged by what it learned, and nothing is learned
        from them. ``prevalence`` and ``competence`` are then those of its training set.
    paths : sequence of str of shape (n_samples,), optional
        The file of each image, to name it by: :attr:`toolkit.datasets.ImageFolder.paths`.
    left_out : DataFrame, optional
        Files that are no images of the set: :attr:`toolkit.datasets.ImageFolder.skipped`.
    notes : sequence of str, default=()
        What was done to the images before: :attr:`toolkit.datasets.ImageFolder.notes`.
    files : FileAudit, optional
        What :func:`toolkit.audit.audit_files` found of the files; it leads findings and report.
    progress : callable, optional
        ``progress(stage, share)`` is told what is being done, and how much of the whole is done.
    should_stop : callable, optional
        ``should_stop()`` is asked time and again; when it returns True the work ends by :class:`StoppedError`.

    Returns
    -------
    AuditResult

    Raises
    ------
    ValueError
        Images of another shape than ``auditor`` was fitted to, a single image without one, an unknown detector.
    sklearn.exceptions.NotFittedError
        ``auditor`` is not fitted.
    StoppedError
        ``should_stop`` said so.

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
    given = auditor is not None
    if given:
        _check_auditor(auditor)
    n_jobs = joblib.cpu_count() if n_jobs is None else n_jobs
    if is_source(images):
        images, known = images_and_names(images)
        name, paths = name or known["name"], known.get("paths") if paths is None else paths
        left_out, notes = known.get("left_out") if left_out is None else left_out, notes or known.get("notes", ())
    images = as_stack(images, name="images")
    clean = None if clean is None else as_stack(clean, name="clean")
    if len(images) < 2 and not given:
        raise ValueError("An audit compares images with one another: at least 2 are needed, got 1.")
    if given:
        validate_images(auditor, images, reset=False)
    kinds_truth = _check_truth(kinds_truth, clean, images)
    detectors = check_detectors((() if quick else _DETECTORS) if detectors is None else detectors)
    paths = _check_paths(paths, images)
    seeds = spawn_seeds(random_state, 4)

    compared = _rows_compared(images, kinds_truth, seeds[3])
    shares = {name: share for name, share in _SHARES.items() if compared.truth is not None or name != _CHECKING}
    with (
        watched(progress, should_stop) as told,
        Stages(shares, verbose=verbose or told) as stages,
    ):
        verbose = verbose or told
        with stages("learning what is wrong"):
            if auditor is None:
                auditor, assessment = _learn(images, seeds[0], random_state, n_jobs, verbose, quick)
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

        # All three need the identifier and none needs another.
        audit, table, checked = run_steps(judge, estimate, check, n_jobs=n_jobs)

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
        settings={
            "name": printable(name),
            "seed": random_state,
            "detectors": list(detectors),
            "notes": list(notes),
            "auditor_given": given,
            "quick": quick,
        },
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
        files=files,
    )


def _learn(images, seed, random_state, n_jobs, verbose, quick):
    """An auditor with a fitted identifier, whose other judges are not fitted yet, and the assessment of the images."""
    from toolkit.detectors import CorruptionDetector
    from toolkit.diagnostics import CorruptionIdentifier
    from toolkit.restoration import ImageRestorer

    rounds = {"epochs": 0} if quick else {}
    identifier = CorruptionIdentifier(random_state=seed, n_jobs=n_jobs, verbose=verbose, **rounds)
    assessment = identifier.fit_assess(images)
    restorer = ImageRestorer(n_jobs=n_jobs, verbose=verbose, **rounds) if quick else None
    # Statistics are among its witnesses already, and an autoencoder knows nothing beside them.
    detector = CorruptionDetector(weights={"identifier": 1.0}) if quick else None
    auditor = Auditor(
        identifier, detector=detector, restorer=restorer, n_jobs=n_jobs, random_state=random_state, verbose=verbose
    )
    return auditor, assessment


def _check_auditor(auditor):
    """An auditor that is handed over judges by what it has learned, so it must have."""
    if not isinstance(auditor, Auditor):
        raise TypeError(f"auditor must be a toolkit.audit.Auditor, got {type(auditor).__name__}.")
    check_is_fitted(auditor)


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


def check_detectors(detectors: Sequence[str]) -> tuple[str, ...]:
    """Detector names, each known, none twice, or none at all: found out before the long work, not after it.

    Parameters
    ----------
    detectors : sequence of str

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> from toolkit.studies import check_detectors
    >>> check_detectors(["lof", "iforest", "lof"]), check_detectors([])
    (('lof', 'iforest'), ())
    >>> check_detectors(["ifores"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: Unknown detector: 'ifores'. Did you mean 'iforest'? ...
    """
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
