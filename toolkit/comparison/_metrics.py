"""What is measured: the literal table of metrics, and the pure functions behind them.

To add a metric of detection, write a function ``(truth, scores) -> float`` (booleans, and finite scores of which higher
means more anomalous) and its line in the table: every comparison then measures, ranks and tabulates it.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.labels import check_numbers, check_strings, check_truth
from toolkit._core.metric import Metric, metric_table
from toolkit.coverage import COVERAGE_METRICS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DETECTION_METRICS", "METRICS", "check_scores", "detection_metrics", "per_kind_matrix"]


def check_scores(scores, n_samples):
    """Scores as float64, one finite number a sample; anything else is an error, not a figure.

    Examples
    --------
    >>> check_scores([0.1, float("nan")], 2)
    Traceback (most recent call last):
        ...
    ValueError: 1 of 2 scores are not finite.
    """
    scores = check_numbers("scores", scores)
    if scores.shape != (n_samples,):
        raise ValueError(f"There must be one score for each of the {n_samples} samples, got shape {scores.shape}.")
    wrong = int((~np.isfinite(scores)).sum())
    if wrong:
        raise ValueError(f"{wrong} of {n_samples} scores are not finite.")
    return scores


def _auroc(truth, scores):
    from sklearn.metrics import roc_auc_score

    return roc_auc_score(truth, scores)


def _average_precision(truth, scores):
    from sklearn.metrics import average_precision_score

    return average_precision_score(truth, scores)


def _precision_at_n(truth, scores):
    n_outliers = int(truth.sum())
    cut = np.partition(scores, -n_outliers)[-n_outliers]
    above, tied = scores > cut, scores == cut
    places = n_outliers - above.sum()
    return (truth[above].sum() + places * truth[tied].mean()) / n_outliers


_TABLE = (
    Metric("auroc", "AUROC", "higher", _auroc),
    Metric("average_precision", "average precision", "higher", _average_precision),
    Metric("precision_at_n", "precision at n", "higher", _precision_at_n),
    Metric("fit_seconds", "seconds to fit", "lower"),
    Metric("score_seconds", "seconds to score", "lower"),
    Metric("psnr_gain", "median gain of PSNR", "higher"),
    Metric("psnr_gain_mean", "mean gain of PSNR", "higher"),
    Metric("ssim_gain", "median gain of SSIM", "higher"),
    Metric("improved", "share improved", "higher", is_share=True),
    Metric("worsened", "share worsened", "lower", is_share=True),
    Metric("clean_changed", "share of clean images changed", "lower", is_share=True),
    Metric("restore_seconds", "seconds to restore", "lower"),
    Metric("missing_share", "share of the data that is missing", "lower", is_share=True),
)

# Those of coverage are measured by toolkit.coverage, and ranked and tabulated here.
_METRICS = metric_table((*_TABLE, *COVERAGE_METRICS.values()))
# metric: is greater better? Every table, rank and pivot asks here.
METRICS: dict[str, bool] = {name: metric.greater_is_better for name, metric in _METRICS.items()}
DETECTION_METRICS = {metric.name: metric.compute for metric in _TABLE if metric.compute is not None}


@usual_floating_point
def detection_metrics(is_outlier: ArrayLike, anomaly_scores: ArrayLike) -> dict[str, float]:
    """How well scores put outliers ahead.

    Parameters
    ----------
    is_outlier : array-like of bool of shape (n_samples,)
        The truth; with both outliers and inliers.
    anomaly_scores : array-like of shape (n_samples,)
        Higher = more anomalous.

    Returns
    -------
    dict of str to float
        ``auroc``; ``average_precision``; ``precision_at_n``, the share of outliers among the n highest scores, where n
        is the number of outliers. Where a tie crosses the n-th place, its samples count by their mean, so that the
        order of the rows does not matter.

    References
    ----------
    G. O. Campos et al., "On the evaluation of unsupervised outlier detection: measures, datasets, and an empirical
    study", Data Mining and Knowledge Discovery 30, 2016.

    Examples
    --------
    >>> detection_metrics([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])["auroc"]
    0.75
    """
    truth = check_truth("is_outlier", is_outlier)
    scores = check_scores(anomaly_scores, len(truth))
    if truth.all() or not truth.any():
        raise ValueError("is_outlier must hold outliers and inliers; one group alone has no AUROC.")
    return {name: float(function(truth, scores)) for name, function in DETECTION_METRICS.items()}


def per_kind_matrix(
    scores: "Mapping[str, ArrayLike | None] | pd.DataFrame | ArrayLike", kinds: ArrayLike
) -> "pd.DataFrame":
    """AUROC of each kind of corruption against the clean, by method.

    Parameters
    ----------
    scores : dict of str to array-like of shape (n_samples,), DataFrame of shape (n_samples, n_methods), or array-like
        Anomaly scores of each method, higher = more anomalous. A method whose scores are None (a failed cell) gets NaN.
    kinds : array-like of str of shape (n_samples,)
        True kind of each sample; ``"clean"`` for none.

    Returns
    -------
    DataFrame of shape (n_kinds, n_methods)
        Kinds in the toolkit's order, then others by name.

    Examples
    --------
    >>> per_kind_matrix({"lof": [0.0, 0.1, 0.9, 0.05]}, ["clean", "clean", "invert", "rotate"])["lof"].to_dict()
    {'rotate': 0.5, 'invert': 1.0}
    """
    import pandas as pd
    from scipy.stats import rankdata

    from toolkit.corruption import KINDS

    kinds = check_strings("kinds", kinds)
    if isinstance(scores, pd.DataFrame):
        scores = {method: scores[method].to_numpy() for method in scores.columns}
    elif not isinstance(scores, dict):
        scores = {"scores": scores}
    clean = kinds == "clean"
    if not clean.any() or clean.all():
        raise ValueError("kinds must name corrupted samples and clean ones (as 'clean').")
    places = {kind: place for place, kind in enumerate(KINDS)}
    order = sorted(set(kinds[~clean].tolist()), key=lambda kind: (places.get(kind, len(KINDS)), kind))
    matrix = pd.DataFrame(
        np.nan,
        index=pd.Index(order, name="kind"),
        columns=pd.Index(list(scores), name="method"),
        dtype=float,
    )
    for method, values in scores.items():
        if values is None:
            continue
        values = check_scores(values, len(kinds))
        for kind in order:
            own = values[kinds == kind]
            # Mann and Whitney's U from the ranks of the pooled scores; ties count half.
            ranks = rankdata(np.concatenate([own, values[clean]]))[: len(own)]
            matrix.at[kind, method] = (ranks.sum() - len(own) * (len(own) + 1) / 2) / (len(own) * clean.sum())
    return matrix
