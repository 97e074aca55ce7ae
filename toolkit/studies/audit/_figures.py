"""The figures of an audit, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit._core.showing import only_shows
from toolkit.plots import (
    CorruptionGalleryDisplay,
    KindConfusionDisplay,
    PrecisionRecallDisplay,
    RepairPairsDisplay,
    RocDisplay,
    ScoreHistogramDisplay,
)
from toolkit.studies.audit._findings import GUESS
from toolkit.studies.audit._truth import truth_names
from toolkit.studies.folder._figures import file_displays

if TYPE_CHECKING:
    from toolkit.studies.audit._outcome import AuditResult

__all__ = ["audit_figures"]

_OWN_SCORE = "this audit"
_EXTREMES = ["most anomalous", "least anomalous"]


def audit_figures(result: AuditResult) -> dict:
    """Draw the figures that the result has something to show in.

    Parameters
    ----------
    result : AuditResult

    Returns
    -------
    dict of str to matplotlib Figure
        ``gallery`` and ``scores``, then ``repairs`` if anything was repaired, ``doubtful`` if some images were named
        with little confidence, and ``confusion``, ``roc``, ``precision_recall`` where the truth is known.
    """
    rows = result.per_image
    kinds, confidence = rows["kind"].to_numpy(), rows["confidence"].to_numpy()
    scores = rows["anomaly_score"].to_numpy()
    if not result.judgeable:
        # Nothing is named, so the most anomalous are shown, and beside them the least.
        kinds, confidence = _by_anomaly(scores), np.abs(scores - np.median(scores))
    displays = {
        "gallery": CorruptionGalleryDisplay.from_predictions(
            result.images, kinds, confidence=confidence, order=None if result.judgeable else _EXTREMES
        ),
        "scores": ScoreHistogramDisplay.from_predictions(scores, _coarse(rows["kind"].to_numpy())),
    }
    if rows["repaired"].any():
        displays["repairs"] = RepairPairsDisplay.from_predictions(
            result.images, result.repaired, kinds, clean=result.clean, n_pairs=24, n_columns=12
        )
    if result.files is not None:
        displays |= file_displays(result.files)
    doubtful = np.flatnonzero(result.flagged.to_numpy() & (confidence < GUESS))
    if len(doubtful):
        displays["doubtful"] = CorruptionGalleryDisplay.from_predictions(
            result.images[doubtful], kinds[doubtful], confidence=-confidence[doubtful]
        )
    if result.kinds_truth is not None:
        if result.judgeable:
            displays["confusion"] = KindConfusionDisplay.from_predictions(truth_names(result.kinds_truth), kinds)
        corrupted = result.kinds_truth != "clean"
        if corrupted.any() and not corrupted.all():
            rows, by_method = _all_scores(result, scores)
            displays["roc"] = RocDisplay.from_predictions(corrupted[rows], by_method)
            displays["precision_recall"] = PrecisionRecallDisplay.from_predictions(corrupted[rows], by_method)
    figures = {}
    for name, display in displays.items():
        with only_shows(f"{name}.png"):
            figures[name] = display.plot().figure_
    return figures


def _all_scores(result, scores):
    """The audit's own scores beside those of the detectors, on the rows that these were compared on."""
    others = result.detector_scores
    rows = np.arange(len(scores)) if others is None else others.index.to_numpy()
    columns = {} if others is None else {name: others[name].to_numpy() for name in others.columns}
    return rows, {_OWN_SCORE: scores[rows], **columns}


def _by_anomaly(scores):
    """The most and the least anomalous tenth of the images (ten at least), and the rest."""
    order, n = np.argsort(scores, kind="stable"), max(min(10, len(scores) // 2), len(scores) // 10)
    names = np.full(len(scores), "in between", dtype=object)
    names[order[:n]], names[order[len(order) - n :]] = _EXTREMES[1], _EXTREMES[0]
    return names


def _coarse(kinds):
    """Clean, unknown, or a named kind: as many groups as a histogram can show."""
    return np.where(np.isin(kinds, ["clean", "unknown", "unjudged"]), kinds, "named kind")
