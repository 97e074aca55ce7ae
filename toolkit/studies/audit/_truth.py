"""How right an audit was, where the truth is known. The truth checks an answer; it never helps to find one."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from toolkit._core.labels import check_strings
from toolkit.corruption import KINDS

__all__ = ["calibration_error", "check_against_truth", "check_repairs", "truth_names"]

# A perfect repair has infinite PSNR; capped, it can be averaged.
PSNR_CAP = 60.0
_QUARTILES = ("gain_lower", "gain_median", "gain_upper")


def truth_names(kinds: ArrayLike) -> NDArray:
    """True kinds as the identifier would name them: several corruptions at once are ``unknown``.

    Examples
    --------
    >>> truth_names(["clean", "rotate+invert"]).tolist()
    ['clean', 'unknown']
    """
    kinds = check_strings("kinds", kinds)
    return np.where(np.char.find(kinds, "+") >= 0, "unknown", kinds)


def _in_order(kinds):
    """Different kinds: clean, then as the toolkit lists them, then others."""
    places = {kind: place for place, kind in enumerate(("clean", *KINDS))}
    return sorted(set(kinds.tolist()), key=lambda kind: (places.get(kind, len(places)), kind))


def calibration_error(confidence: NDArray, correct: NDArray, n_bins: int = 15) -> float:
    """Expected calibration error: the mean gap between confidence and accuracy over equally wide bins.

    Parameters
    ----------
    confidence : ndarray of shape (n_samples,)
        In 0 to 1.
    correct : ndarray of bool, of shape (n_samples,)
    n_bins : int, default=15

    References
    ----------
    Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks. ICML 2017.

    Examples
    --------
    >>> import numpy as np
    >>> calibration_error(np.array([0.75, 0.75, 0.75, 0.75]), np.array([1, 1, 1, 0]))
    0.0
    """
    confidence, correct = np.asarray(confidence, float), np.asarray(correct, float)
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = np.bincount(bins, weights=confidence - correct, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(confidence))


def check_against_truth(
    kinds_true: ArrayLike, kinds_named: ArrayLike, confidence: ArrayLike, anomaly_score: ArrayLike
) -> tuple[dict, pd.DataFrame]:
    """Compare the audit's answers with the true kinds.

    Parameters
    ----------
    kinds_true : array-like of str, of shape (n_samples,)
        ``"clean"`` or the kind of corruption; several at once joined by ``+``.
    kinds_named : array-like of str, of shape (n_samples,)
    confidence, anomaly_score : array-like of float, of shape (n_samples,)

    Returns
    -------
    measures : dict
        ``auroc``, ``average_precision`` (of the anomaly score against clean or not; None where only one of the two is
        there), ``balanced_accuracy``, ``accuracy``, ``calibration_error``, ``false_alarm_rate``, ``miss_rate``.
    per_kind : DataFrame
        One row for each true kind: ``kind``, ``n``, ``named_right``, ``flagged``, ``most_often_named``.
    """
    true, named = truth_names(kinds_true), check_strings("kinds_named", kinds_named)
    corrupted, flagged, right = true != "clean", ~np.isin(named, ["clean", "unjudged"]), true == named
    both = 0 < corrupted.sum() < len(true)
    measures = {
        "auroc": float(roc_auc_score(corrupted, anomaly_score)) if both else None,
        "average_precision": float(average_precision_score(corrupted, anomaly_score)) if both else None,
        # Recall averaged over the true kinds; scikit-learn warns of named kinds that are not true anywhere.
        "balanced_accuracy": float(np.mean([right[true == kind].mean() for kind in np.unique(true)])),
        "accuracy": float(right.mean()),
        "calibration_error": calibration_error(np.asarray(confidence, float), right),
        "false_alarm_rate": float(flagged[~corrupted].mean()) if not corrupted.all() else None,
        "miss_rate": float(1 - flagged[corrupted].mean()) if corrupted.any() else None,
    }
    rows = []
    for kind in _in_order(true):
        rows_of_kind = true == kind
        names, counts = np.unique(named[rows_of_kind], return_counts=True)
        rows.append(
            {
                "kind": kind,
                "n": int(rows_of_kind.sum()),
                "named_right": float(right[rows_of_kind].mean()),
                "flagged": float(flagged[rows_of_kind].mean()),
                "most_often_named": str(names[counts.argmax()]),
            }
        )
    return measures, pd.DataFrame(rows)


def check_repairs(clean: NDArray, images: NDArray, repaired: NDArray, kinds_true: ArrayLike) -> pd.DataFrame:
    """What repair gained, in dB against the clean originals; images left alone count as a gain of 0.

    Parameters
    ----------
    clean, images, repaired : ndarray of shape (n_samples, height, width[, 3])
        Originals, what was audited, what came out; the same range of values.
    kinds_true : array-like of str, of shape (n_samples,)

    Returns
    -------
    DataFrame
        One row for each true kind but ``clean``: ``kind``, ``n``, ``repaired`` (share of rows changed), ``worsened``
        (share of rows that end further from the original, by more than 1 dB), and quartiles over the images of what
        each of them gained in dB: ``gain_lower``, ``gain_median``, ``gain_upper`` (PSNR capped at 60).
    """
    from toolkit.restoration import psnr

    true = truth_names(kinds_true)
    changed = (images != repaired).reshape(len(images), -1).any(axis=1)
    data_range = float(np.ptp(clean)) or 1.0 if clean.dtype != np.uint8 else 255.0
    before = np.minimum(psnr(clean, images, data_range=data_range), PSNR_CAP)
    after = np.minimum(psnr(clean, repaired, data_range=data_range), PSNR_CAP)
    rows = []
    for kind in _in_order(true[true != "clean"]):
        rows_of_kind = true == kind
        rows.append(
            {
                "kind": kind,
                "n": int(rows_of_kind.sum()),
                "repaired": float(changed[rows_of_kind].mean()),
                "worsened": float(((after - before)[rows_of_kind] < -1).mean()),
                # Differences of each image, all three: a difference of medians is another thing, and would not add up.
                **dict(zip(_QUARTILES, np.quantile((after - before)[rows_of_kind], [0.25, 0.5, 0.75]).tolist())),
            }
        )
    return pd.DataFrame(rows, columns=["kind", "n", "repaired", "worsened", *_QUARTILES])
