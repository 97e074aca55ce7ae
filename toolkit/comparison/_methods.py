"""Which detectors are compared: names and objects become estimators; one is fitted and scored without labels."""

import warnings
from time import perf_counter

import numpy as np

from toolkit._core.names import lookup
from toolkit.comparison._metrics import check_scores

__all__ = ["fit_and_score", "resolve_detectors", "seeded"]


# The toolkit's own detectors, by the names they have in comparisons.
_OWN = {"corruption": "CorruptionDetector", "reconstruction": "ReconstructionDetector"}


def _from_name(name):
    from toolkit import detectors

    lookup({**dict.fromkeys(detectors.available_detectors()["name"]), **_OWN}, name, "detector")
    return getattr(detectors, _OWN[name])() if name in _OWN else detectors.OutlierDetector(method=name)


def _from_object(name, estimator):
    if isinstance(estimator, str):
        return _from_name(estimator)
    # Bare PyOD and scikit-learn detectors have signs and input shapes of their own, which the adapter knows.
    module = type(estimator).__module__.partition(".")[0]
    if module == "pyod" or (module == "sklearn" and not hasattr(estimator, "steps")):
        from toolkit.detectors import OutlierDetector

        return OutlierDetector(method=estimator)
    if not hasattr(estimator, "fit") or not hasattr(estimator, "score_samples"):
        raise TypeError(f"Detector {name!r} must have fit and score_samples, got {type(estimator).__name__}.")
    return estimator


def resolve_detectors(detectors):
    """Estimators by method name.

    Parameters
    ----------
    detectors : list of str, or dict of str to str or estimator
        Names as in ``available_detectors``, and ``"corruption"`` and ``"reconstruction"`` for the toolkit's own.

    Returns
    -------
    dict of str to estimator
    """
    if isinstance(detectors, str):
        detectors = [detectors]
    if not isinstance(detectors, dict):
        names = list(detectors)
        wrong = [name for name in names if not isinstance(name, str)]
        if wrong:
            raise TypeError(f"A list of detectors holds names; give objects in a dict, by name. Got {wrong[0]!r}.")
        if len(set(names)) < len(names):
            raise ValueError(f"detectors names a method twice: {names}.")
        detectors = {name: name for name in names}
    if not detectors:
        raise ValueError("At least one detector is needed, got none.")
    return {str(name): _from_object(name, estimator) for name, estimator in detectors.items()}


def seeded(estimator, seed):
    """An unfitted copy in which every ``random_state``, however deep, is ``seed``."""
    from sklearn.base import clone

    estimator = clone(estimator)
    names = [n for n in estimator.get_params(deep=True) if n == "random_state" or n.endswith("__random_state")]
    return estimator.set_params(**dict.fromkeys(names, seed)) if names else estimator


def fit_and_score(estimator, X, seed):
    """Fit a copy on X without labels and score X itself.

    Returns
    -------
    anomaly_scores : ndarray of shape (n_samples,)
        Higher = more anomalous.
    fit_seconds, score_seconds : float
        Wall time.
    """
    estimator = seeded(estimator, seed)
    start = perf_counter()
    with warnings.catch_warnings():
        # Scores are compared here, and no row is flagged: what thresholds do with ties is nobody's concern.
        warnings.filterwarnings("ignore", message=r"\w+: .*contamination=")
        estimator.fit(X)
    fitted = perf_counter()
    scores = estimator.score_samples(X)
    scored = perf_counter()
    return -check_scores(np.asarray(scores), len(X)), fitted - start, scored - fitted
