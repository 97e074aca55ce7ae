"""How well each detector would do on this set, predicted without labels from a surrogate with injected corruptions."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import as_stack, match_layout
from toolkit._core.jobs import Failed, run_jobs
from toolkit._core.layouts import as_array, plain_stack
from toolkit._core.parameters import check_int, is_int
from toolkit._core.pixel_scale import PixelScale
from toolkit._core.random import as_generator
from toolkit._core.types import ImageShape, RandomState
from toolkit.comparison._methods import fit_and_score, resolve_detectors
from toolkit.comparison._metrics import detection_metrics, per_kind_matrix
from toolkit.comparison.estimation._contamination_model import build_contamination_model
from toolkit.comparison.estimation._surrogate import make_surrogate

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.base import BaseEstimator

__all__ = ["estimate_detection"]


def _auroc_error(planted, scores):
    """Standard error of an AUROC by DeLong's structural components."""
    from scipy.stats import rankdata

    high, low = scores[planted], scores[~planted]
    if min(len(high), len(low)) < 2:
        return np.nan
    ranks = rankdata(np.concatenate([high, low]))
    above = (ranks[: len(high)] - rankdata(high)) / len(low)
    below = 1.0 - (ranks[len(high) :] - rankdata(low)) / len(high)
    return float(np.sqrt(above.var(ddof=1) / len(high) + below.var(ddof=1) / len(low)))


def _cell(estimator, images, kinds, seed):
    scores, fit_seconds, score_seconds = fit_and_score(estimator, images, seed)
    planted = kinds != "clean"
    figures = detection_metrics(planted, scores)
    return {
        "estimated_auroc": figures["auroc"],
        "standard_error": _auroc_error(planted, scores),
        "estimated_average_precision": figures["average_precision"],
        "estimate_seconds": fit_seconds + score_seconds,
    }, per_kind_matrix({"auroc": scores}, kinds)["auroc"]


@overload
def estimate_detection(
    detectors: "str | Sequence[str] | Mapping[str, str | BaseEstimator]",
    X: ArrayLike,
    *,
    kinds: str | Sequence[str] | None = ...,
    findings: "pd.DataFrame | None" = ...,
    clean_probability: ArrayLike | None = ...,
    kind_weights: dict[str, float] | None = ...,
    prevalence: float | None = ...,
    n_plants: int | None = ...,
    n_repeats: int = ...,
    max_samples: int | None = ...,
    image_shape: ImageShape = ...,
    random_state: RandomState = ...,
    n_jobs: int | None = ...,
    verbose: bool = ...,
    return_per_kind: Literal[False] = ...,
) -> "pd.DataFrame": ...


@overload
def estimate_detection(
    detectors: "str | Sequence[str] | Mapping[str, str | BaseEstimator]",
    X: ArrayLike,
    *,
    kinds: str | Sequence[str] | None = ...,
    findings: "pd.DataFrame | None" = ...,
    clean_probability: ArrayLike | None = ...,
    kind_weights: dict[str, float] | None = ...,
    prevalence: float | None = ...,
    n_plants: int | None = ...,
    n_repeats: int = ...,
    max_samples: int | None = ...,
    image_shape: ImageShape = ...,
    random_state: RandomState = ...,
    n_jobs: int | None = ...,
    verbose: bool = ...,
    return_per_kind: Literal[True],
) -> "tuple[pd.DataFrame, pd.DataFrame]": ...


@usual_floating_point
def estimate_detection(
    detectors: "str | Sequence[str] | Mapping[str, str | BaseEstimator]",
    X: ArrayLike,
    *,
    kinds: str | Sequence[str] | None = None,
    findings: "pd.DataFrame | None" = None,
    clean_probability: ArrayLike | None = None,
    kind_weights: dict[str, float] | None = None,
    prevalence: float | None = None,
    n_plants: int | None = None,
    n_repeats: int = 1,
    max_samples: int | None = 4000,
    image_shape: ImageShape = None,
    random_state: RandomState = None,
    n_jobs: int | None = 1,
    verbose: bool = False,
    return_per_kind: bool = False,
) -> "pd.DataFrame | tuple[pd.DataFrame, pd.DataFrame]":
    """Predict each detector's AUROC on X without its truth.

    A surrogate of the set is made, whose ground truth is known: rows that look clean are kept, and corruptions are
    injected into a share of them, of the kinds and at the prevalence that a contamination model estimates for the set.
    Each detector is fitted on the surrogate, unlabelled, and scored by how well it ranks the injected rows. Rows that
    look corrupted are left out of the surrogate: counted as inliers they would depress every figure, and together
    with the injected rows there would be more outliers than in the set.

    Parameters
    ----------
    detectors : list of str, or dict of str to str or estimator
        As in :func:`compare_detectors`.
    X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        Images, an unknown part of them corrupted.
    kinds : list of str, default=None
        Kinds that may have been at work; all of ``toolkit.corruption.KINDS`` when None.
    findings : DataFrame, default=None
        What ``CorruptionIdentifier.identify`` says of X (columns kind and clean_probability): stands for
        ``clean_probability``, ``kind_weights`` and ``prevalence``. The most accurate contamination model there is:
        pass it where an identifier has been fitted anyway.
    clean_probability : array-like of shape (n_samples,), default=None
        Probability that each row is clean. None estimates it by linear discriminant analysis of image statistics.
    kind_weights : dict of str to float, default=None
        Shares of the kinds among the corrupted rows; ``"unknown"`` for outliers of no particular kind. None takes
        the estimate by LDA.
    prevalence : float, default=None
        Share of corrupted rows; None takes the mean of ``1 - clean_probability``.
    n_plants : int, default=None
        Rows to plant in; None matches the prevalence, at least 30.
    n_repeats : int, default=1
        Surrogate sets to average over.
    max_samples : int or None, default=4000
        A random part of a larger X serves.
    image_shape : tuple of int, default=None
        Of flat rows that are not square.
    random_state : int, RandomState, Generator or None, default=None
    n_jobs : int or None, default=1
        Detectors at a time, as in joblib.
    verbose : bool, default=False
    return_per_kind : bool, default=False
        Return the AUROC of each planted kind as well.

    Returns
    -------
    table : DataFrame
        One row per detector, in the order given: method, estimated_auroc, standard_error (of sampling, not of a
        wrong contamination model), estimated_average_precision, n_plants, assumed_prevalence, estimate_seconds,
        estimate_status (``"ok"`` or ``"failed"``), estimate_error.
    per_kind : DataFrame of shape (n_kinds, n_methods)
        With ``return_per_kind``.

    See Also
    --------
    compare_detectors : With the truth.
    toolkit.detectors.planted_auc_scorer : Planted outliers as a scorer for a search.

    References
    ----------
    E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, "Comparing the areas under two or more correlated receiver
    operating characteristic curves: a nonparametric approach", Biometrics 44, 1988.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> X = load_digits().images[:600]
    >>> table = estimate_detection(["iforest", "hbos"], X, kinds=["gaussian_noise"], random_state=0)
    >>> table["method"].tolist(), bool(table["estimated_auroc"].min() > 0.8)
    (['iforest', 'hbos'], True)
    """
    import pandas as pd

    estimators = resolve_detectors(detectors)
    generator = as_generator(random_state)
    X = plain_stack(as_array(X))
    stack = as_stack(X, image_shape)
    if len(stack) < 20:
        raise ValueError(f"X must hold at least 20 images to plant in, got {len(stack)}.")
    if not is_int(n_repeats) or n_repeats < 1:
        raise ValueError(f"n_repeats must be at least 1, got {n_repeats!r}.")
    check_int("n_plants", n_plants, optional=True)
    check_int("max_samples", max_samples, optional=True)
    rows = np.arange(len(stack))
    if max_samples is not None and len(stack) > max_samples:
        rows = np.sort(generator.choice(len(stack), max(int(max_samples), 20), replace=False))
    scale = PixelScale.learn(stack)
    part = np.array(stack[rows])
    contamination = build_contamination_model(
        part,
        scale,
        rows=rows,
        n_samples=len(stack),
        kinds=kinds,
        findings=findings,
        clean_probability=clean_probability,
        kind_weights=kind_weights,
        prevalence=prevalence,
        generator=generator,
    )
    tasks, surrogates = [], []
    for _ in range(n_repeats):
        surrogate = make_surrogate(part, scale, contamination, n_plants, generator)
        seed = int(generator.integers(2**31 - 1))
        surrogates.append(surrogate)
        tasks += [
            {"estimator": e, "images": match_layout(surrogate.images, X), "kinds": surrogate.kinds, "seed": seed}
            for e in estimators.values()
        ]
    results = run_jobs(_cell, tasks, n_jobs=n_jobs, verbose=verbose, desc="estimating", on_error="record")
    records, columns = [], {}
    for place, method in enumerate(estimators):
        own = results[place :: len(estimators)]
        failed = [result for result in own if isinstance(result, Failed)]
        figures = {} if failed else pd.DataFrame([result[0] for result in own]).mean().to_dict()
        if figures:
            figures["standard_error"] /= np.sqrt(n_repeats)
            columns[method] = pd.concat([result[1] for result in own], axis=1).mean(axis=1)
        records.append(
            {
                "method": method,
                "estimated_auroc": figures.get("estimated_auroc", np.nan),
                "standard_error": figures.get("standard_error", np.nan),
                "estimated_average_precision": figures.get("estimated_average_precision", np.nan),
                "n_plants": int((surrogates[0].kinds != "clean").sum()),
                "assumed_prevalence": contamination.prevalence,
                "estimate_seconds": figures.get("estimate_seconds", np.nan),
                "estimate_status": "failed" if failed else "ok",
                "estimate_error": failed[0].error if failed else "",
            }
        )
    table = pd.DataFrame(records)
    if not return_per_kind:
        return table
    return table, pd.DataFrame(columns).rename_axis(index="kind", columns="method")
