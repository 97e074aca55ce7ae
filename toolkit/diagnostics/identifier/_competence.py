"""What can be told on this very set? Measured on rows that a network never saw, before anything is claimed.

Every member of the ensemble has rows that it never sees. What it says of them as they came, and of the same rows with
one kind planted in them, is what it would say of new images of this sort: how many planted ones are found, at how many
false alarms. A kind that is not found is not claimed; where hardly anything is, the set cannot be judged at all.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from toolkit.diagnostics.identifier._mixture import posterior

__all__ = [
    "COMPETENCE_COLUMNS",
    "DETECTED",
    "LEAST_AUROC",
    "NOT_DETECTED",
    "NOT_MEASURABLE",
    "Unseen",
    "measure_competence",
    "why_not",
]

DETECTED, NOT_DETECTED, NOT_MEASURABLE = "detected", "not detected", "not measurable"
COMPETENCE_COLUMNS = (
    "kind",
    "n_sound",
    "n_planted",
    "recall",
    "recall_low",
    "recall_high",
    "auroc",
    "calibration_gap",
    "status",
)
# Share of false alarms at which recall is measured, and the recall from which a kind counts as detected.
_FALSE_ALARMS, _LEAST_RECALL = 0.01, 0.5
# A kind may be this many times as frequent as is estimated, and its count so many deviations off.
_LEEWAY, _DEVIATIONS = 2.0, 1.0
# Sound rows below which nothing is measured.
_LEAST_SOUND = 240
# A set can be judged if planted images of all kinds are told from the others at least so well (.9 is the aim; where
# false alarms look like damage, the estimate errs upwards: of cats it said .89 where .84 was true), ...
LEAST_AUROC = 0.92
# ... if at least this share of the kinds is detected, ...
_LEAST_DETECTED = 0.5
# ... if what is flagged and what is estimated do not differ by more than this share of the set, ...
_CONTRADICTION = 0.08
# ... if the estimated share, where its interval reaches a half, lies below this, ...
_NEAR_HALF = 0.35
# ... and if it does not fall into two halves: share of links across the best balanced cut.
_TWO_SORTS = 0.015


def _undoubted(unplanted, planted, share):
    """Rows among the unplanted that must have come corrupted: more score like planted ones than may by chance.

    Of those that came corrupted as many stand above a level as of the planted, so what stands above it, divided by the
    share of the planted that does, is no less than their number, but for chance; the level that says least is believed.
    They are no more than ``share`` of the rows: where nothing is detected, the sound score like the planted, too.
    """
    levels = np.quantile(planted, np.linspace(0, 0.5, 26))
    recall = np.mean(planted[:, None] >= levels, axis=0)
    above = np.sum(unplanted[:, None] >= levels, axis=0) - _FALSE_ALARMS / 4 * len(unplanted)
    most = np.maximum(above, 0.0) / recall
    chance = np.sqrt(most * (1 - recall) / recall * (1 + most / len(planted)))
    return float(min((most + chance).min(), min(share, 0.5) * len(unplanted)))


def _recall_at(unplanted, planted, share):
    """Share of the planted that score above all but ``_FALSE_ALARMS`` of the sound among the unplanted."""
    corrupted = _undoubted(unplanted, planted, share)
    allowed = _FALSE_ALARMS * (len(unplanted) - corrupted)
    levels = np.unique(np.concatenate([unplanted, planted]))
    alarms = len(unplanted) - np.searchsorted(np.sort(unplanted), levels)
    recall = 1 - np.searchsorted(np.sort(planted), levels) / len(planted)
    # How many of those that came corrupted stand above a level is a matter of chance, and so is the recall itself.
    smooth = (recall * len(planted) + 1) / (len(planted) + 2)
    chance = np.sqrt(smooth * (1 - smooth) * corrupted * (1 + corrupted / len(planted)))
    fine = alarms - corrupted * recall <= allowed + _DEVIATIONS * chance
    return float(recall[fine].max(initial=0.0))


def _auroc(unplanted, planted, share):
    """Area under the ROC curve of planted against sound rows; what must have come corrupted counts as a half."""
    from scipy.stats import rankdata

    n, m = len(unplanted), len(planted)
    ranks = rankdata(np.concatenate([unplanted, planted]))
    area = (ranks[n:].sum() - m * (m + 1) / 2) / (n * m)
    corrupted = _undoubted(unplanted, planted, share) / n
    return float(np.clip((area - corrupted / 2) / (1 - corrupted), 0, 1))


def _wilson(share, n, z=1.96):
    """95 % interval of a share of n (Wilson, 1927)."""
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # Rounding must not push the interval past the share itself.
    return max(0.0, min(middle - half, share)), min(1.0, max(middle + half, share))


def _calibration_gap(unplanted, planted, code, shares):
    """Confidence less precision of what would be named this kind, at the set's own shares; NaN if nothing would be."""
    confidences, weights, right = [], [], []
    for logs, weight, is_right in ((unplanted, shares[0], False), (planted, max(shares[code], 1e-3), True)):
        probabilities = posterior(logs, shares)
        named = probabilities.argmax(axis=1) == code
        confidences.append(probabilities[named, code])
        weights.append(np.full(named.sum(), weight / len(logs)))
        right.append(np.full(named.sum(), is_right))
    confidences, weights, right = (np.concatenate(parts) for parts in (confidences, weights, right))
    return float(weights @ (confidences - right) / weights.sum()) if len(weights) else np.nan


@dataclass(frozen=True)
class Unseen:
    """What is said of images by witnesses that never saw them.

    Attributes
    ----------
    logs : ndarray of shape (n, n_outputs)
        Calibrated log-likelihoods of the images as they came.
    planted_logs : ndarray of shape (n_planted, n_outputs)
        The same with a kind planted.
    kind : ndarray of int of shape (n_planted,)
        Which; 1 and above.
    rows : ndarray of int of shape (n_planted,)
        In which of the images.
    unseen : ndarray of bool of shape (n,)
        Of which images this is so: neither as they came nor with anything planted.
    """

    logs: np.ndarray
    planted_logs: np.ndarray
    kind: np.ndarray
    rows: np.ndarray
    unseen: np.ndarray


def measure_competence(kinds, unseen, shares):
    """Recall, ranking and calibration of each kind on rows that nothing was learnt from.

    Parameters
    ----------
    kinds : sequence of str
        Named kinds and ``"unknown"``, in the order of the outputs after clean.
    unseen : Unseen
    shares : ndarray of shape (n_outputs,)
        Of the kinds in the set.

    Returns
    -------
    table : DataFrame
        One row a kind, with ``COMPETENCE_COLUMNS``.
    auroc : float
        Of images planted with any kind against images as they came; NaN where too few rows are there.
    """
    clean = (posterior(unseen.logs, shares)[:, 0] > 0.5) & unseen.unseen
    logs = unseen.logs[unseen.unseen]
    base = np.flatnonzero(clean)
    if len(base) < _LEAST_SOUND:
        blank = dict.fromkeys(COMPETENCE_COLUMNS[3:-1], np.nan)
        rows = [
            {"kind": kind, "n_sound": len(base), "n_planted": 0, **blank, "status": NOT_MEASURABLE} for kind in kinds
        ]
        return pd.DataFrame(rows, columns=COMPETENCE_COLUMNS), np.nan
    records, doubts = [], []
    for code, kind in enumerate(kinds, start=1):
        planted_logs = unseen.planted_logs[(unseen.kind == code) & clean[unseen.rows]]
        if not len(planted_logs):
            records.append({"kind": kind, "n_sound": len(base), "n_planted": 0, "status": NOT_MEASURABLE})
            continue
        doubts.append(_doubt(planted_logs))
        score, planted_score = logs[:, code] - logs[:, 0], planted_logs[:, code] - planted_logs[:, 0]
        share = _LEEWAY * shares[code] + _FALSE_ALARMS / 2
        # What is rather another kind is no alarm of this one.
        rivals = np.delete(logs, [0, code], axis=1).max(axis=1, initial=-np.inf) - logs[:, 0]
        own = rivals <= np.maximum(score + 1.0, 0.0)
        score = score[own] if own.any() else score
        recall = _recall_at(score, planted_score, share)
        low, high = _wilson(recall, len(planted_score))
        records.append(
            {
                "kind": kind,
                "n_sound": len(base),
                "n_planted": len(planted_score),
                "recall": recall,
                "recall_low": low,
                "recall_high": high,
                "auroc": _auroc(score, planted_score, share),
                "calibration_gap": _calibration_gap(unseen.logs[base], planted_logs, code, shares),
                "status": DETECTED if recall >= _LEAST_RECALL else NOT_DETECTED,
            }
        )
    if not doubts:
        return pd.DataFrame(records, columns=COMPETENCE_COLUMNS), np.nan
    auroc = _auroc(_doubt(logs), np.concatenate(doubts), 1 - shares[0])
    return pd.DataFrame(records, columns=COMPETENCE_COLUMNS), auroc


def _doubt(logs):
    """Log-odds of not being clean, the kinds alike."""
    return np.logaddexp.reduce(logs[:, 1:], axis=1) - logs[:, 0]


def why_not(table, auroc, calibration, logs, crossing, smaller):
    """Reasons for which the set cannot be judged, in words; none if it can.

    Parameters
    ----------
    table : DataFrame
        Of :func:`measure_competence`.
    auroc : float
        The same; NaN where it was not measured.
    calibration : CalibratedMixture
        Fitted: the estimated share of corrupted images, its interval, and what would be flagged.
    logs : ndarray of shape (n, n_outputs)
        Log-likelihoods of the whole set.
    crossing, smaller : float
        Of :func:`toolkit.diagnostics.identifier._two_sorts.balanced_cut`.

    Returns
    -------
    list of str
    """
    low, high = calibration.interval_
    flagged = float((calibration.codes(calibration.probabilities(logs)) > 0).mean())
    reasons = []
    if auroc < LEAST_AUROC:
        reasons.append(
            f"damage planted in its own images is not told from images as they came (AUROC {auroc:.2f}; "
            f"{LEAST_AUROC} is needed)"
        )
    measured = table["status"] != NOT_MEASURABLE
    detected = int((table["status"] == DETECTED).sum())
    if measured.any() and detected < _LEAST_DETECTED * len(table):
        reasons.append(f"only {detected} of {len(table)} kinds of damage can be told apart on held-out images")
    if high >= 0.5 and calibration.prevalence_ >= _NEAR_HALF:
        reasons.append(
            f"as many as {high:.0%} of the images may be corrupted, so the sound ones cannot be shown to be the "
            "majority"
        )
    if max(low - flagged, flagged - high) > _CONTRADICTION:
        reasons.append(
            f"{flagged:.0%} of the images would be flagged where {low:.0%} to {high:.0%} are estimated to be corrupted"
        )
    if crossing < _TWO_SORTS:
        reasons.append(
            f"it consists of two sorts of images ({1 - smaller:.0%} and {smaller:.0%}) with nothing between them, so "
            "neither is the usual one: judge them one by one"
        )
    return reasons
