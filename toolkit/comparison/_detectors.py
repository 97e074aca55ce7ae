"""Detectors against known outliers: every method on every set with every seed."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.labels import check_labels
from toolkit._core.layouts import as_array, plain_stack
from toolkit._core.random import check_seeds
from toolkit.comparison._cells import run_cells
from toolkit.comparison._methods import fit_and_score, resolve_detectors
from toolkit.comparison._metrics import DETECTION_METRICS, detection_metrics

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.base import BaseEstimator

    from toolkit.datasets import ImageSet

__all__ = ["compare_detectors", "data_id"]

_MEASURED = (*DETECTION_METRICS, "fit_seconds", "score_seconds")


def data_id(*arrays):
    """A short hash of the content, so that tables show whether two sets of one name are one set."""
    digest = hashlib.sha256()
    for array in arrays:
        array = np.asarray(array)
        if array.dtype.kind in "OU":
            array = array.astype(str).astype("S")
        digest.update(f"{array.shape}{array.dtype}".encode())
        # By pieces: a memory map is not read into memory as a whole.
        for start in range(0, len(array), 4096):
            digest.update(np.ascontiguousarray(array[start : start + 4096]))
    return digest.hexdigest()[:12]


def _check_data(data):
    """Each set as images and truth; what cannot be judged is refused before anything is fitted."""
    if not isinstance(data, dict) or not data:
        raise ValueError("data must be a non-empty dict of name to (X, is_outlier).")
    sets = {}
    for name, given in data.items():
        if hasattr(given, "images") and hasattr(given, "kinds"):
            given = (given.images, given.kinds)
        try:
            X, truth = given
        except (TypeError, ValueError):
            raise ValueError(f"data[{name!r}] must be (X, is_outlier), got {type(given).__name__}.") from None
        name_of_X = f"data[{name!r}]: X"
        X = plain_stack(as_array(X, name_of_X), name_of_X)
        if np.ndim(truth) == 1:
            truth = check_labels(f"data[{name!r}]: is_outlier", truth)
        truth = np.asarray(truth)
        if truth.dtype.kind in "OUS" and truth.ndim == 1:
            truth = truth.astype(str) != "clean"
        if truth.shape != (len(X),) or truth.dtype.kind not in "bui" or not np.isin(truth, (0, 1)).all():
            raise ValueError(
                f"data[{name!r}]: is_outlier must be one boolean for each of the {len(X)} samples (or their kinds), "
                f"got {truth.dtype} of shape {truth.shape}."
            )
        truth = truth.astype(bool)
        if truth.all() or not truth.any():
            raise ValueError(f"data[{name!r}] must hold outliers and inliers; {truth.sum()} of {len(X)} are outliers.")
        sets[str(name)] = (X, truth)
    return sets


def _cell(estimator, X, truth, seed):
    scores, fit_seconds, score_seconds = fit_and_score(estimator, X, seed)
    return {
        **detection_metrics(truth, scores),
        "fit_seconds": fit_seconds,
        "score_seconds": score_seconds,
    }, scores


@overload
def compare_detectors(
    *,
    detectors: "str | Sequence[str] | Mapping[str, str | BaseEstimator]",
    data: "Mapping[str, tuple[ArrayLike, ArrayLike] | ImageSet]",
    seeds: Iterable[int] = ...,
    n_jobs: int | None = ...,
    verbose: bool = ...,
    return_scores: Literal[False] = ...,
) -> "pd.DataFrame": ...


@overload
def compare_detectors(
    *,
    detectors: "str | Sequence[str] | Mapping[str, str | BaseEstimator]",
    data: "Mapping[str, tuple[ArrayLike, ArrayLike] | ImageSet]",
    seeds: Iterable[int] = ...,
    n_jobs: int | None = ...,
    verbose: bool = ...,
    return_scores: Literal[True],
) -> "tuple[pd.DataFrame, dict[tuple[str, int], pd.DataFrame]]": ...


@usual_floating_point
def compare_detectors(
    *,
    detectors: "str | Sequence[str] | Mapping[str, str | BaseEstimator]",
    data: "Mapping[str, tuple[ArrayLike, ArrayLike] | ImageSet]",
    seeds: Iterable[int] = (0,),
    n_jobs: int | None = 1,
    verbose: bool = False,
    return_scores: bool = False,
) -> "pd.DataFrame | tuple[pd.DataFrame, dict[tuple[str, int], pd.DataFrame]]":
    """Fit every detector on every set with every seed, without labels, and compare its scores with the truth.

    Parameters
    ----------
    detectors : list of str, or dict of str to str or estimator
        Names as in ``toolkit.detectors.available_detectors`` (and ``"corruption"``, ``"reconstruction"``), or objects
        with ``fit`` and ``score_samples`` (higher = more normal), pipelines included. They are cloned, never changed.
    data : dict of str to (X, is_outlier)
        X as the detectors take it; is_outlier a boolean a sample, or its kind (``"clean"`` for inliers). An
        ``ImageSet`` with kinds serves, too.
    seeds : iterable of int, default=(0,)
        Each is set as every ``random_state`` of a detector.
    n_jobs : int or None, default=1
        Cells at a time, as in joblib, on whichever backend is active. Seconds are wall time: compare them at
        ``n_jobs=1``.
    verbose : bool, default=False
        Show a progress bar.
    return_scores : bool, default=False
        Return the anomaly scores as well.

    Returns
    -------
    table : DataFrame
        One row per method x data x seed: method, data, seed, auroc, average_precision, precision_at_n, fit_seconds,
        score_seconds, status (``"ok"`` or ``"failed"``), error (why), n_outliers, data_id (hash of the set). A cell
        that failed holds NaN, never a number.
    scores : dict of (data, seed) to DataFrame of shape (n_samples, n_methods)
        With ``return_scores``; higher = more anomalous; a failed method has no column.

    Raises
    ------
    ValueError
        Unknown names, no data, a set without outliers or without inliers.

    See Also
    --------
    melt_metrics : The table in long form, with ``greater_is_better``.
    pivot_table, rank_methods, significance : What to make of the table.
    estimate_detection : Without the truth.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import IsolationForest
    >>> X = np.random.default_rng(0).normal(size=(200, 16)); X[:10] += 4
    >>> table = compare_detectors(detectors={"forest": IsolationForest()}, data={"blob": (X, np.arange(200) < 10)})
    >>> table[["method", "data", "seed", "status"]].values.tolist(), bool(table["auroc"][0] > 0.99)
    ([['forest', 'blob', 0, 'ok']], True)
    """
    estimators, sets, seeds = resolve_detectors(detectors), _check_data(data), check_seeds(seeds)
    table, scores = run_cells(
        _cell,
        estimators,
        sets,
        seeds,
        arguments=lambda estimator, pair: {"estimator": estimator, "X": pair[0], "truth": pair[1]},
        measured=_MEASURED,
        known={name: {"n_outliers": int(pair[1].sum()), "data_id": data_id(*pair)} for name, pair in sets.items()},
        n_jobs=n_jobs,
        verbose=verbose,
        desc="comparing",
    )
    return (table, scores) if return_scores else table
