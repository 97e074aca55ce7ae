"""Tune a detector without labels: plant corruptions, and ask how well they are found."""

from collections.abc import Callable, Sequence

from sklearn.metrics import roc_auc_score

from toolkit._core.layouts import as_array
from toolkit._core.parameters import check_share
from toolkit._core.scorers import NotAScore, looks_like_scoring
from toolkit._core.types import ImageShape, RandomState
from toolkit.corruption import Corruptor

__all__ = ["planted_auc_scorer"]


class _PlantedAUC:
    """The callable behind :func:`planted_auc_scorer`; a class, so that it can be sent to other processes."""

    def __init__(self, **parameters):
        self.parameters = parameters

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"planted_auc_scorer({given})"

    def __call__(self, estimator, X, y=None):
        X = as_array(X)
        if len(X) < 2:
            raise ValueError(f"planted_auc_scorer needs at least 2 images, got n_samples = {len(X)}.")
        planted, kinds = Corruptor(**self.parameters).corrupt(X)
        return float(roc_auc_score(kinds == "clean", estimator.score_samples(planted)))


def planted_auc_scorer(
    kinds: str | Sequence[str] | None = None,
    *data: object,
    fraction: float = 0.5,
    random_state: RandomState = 0,
    image_shape: ImageShape = None,
) -> Callable[..., float]:
    """A scorer for searches that needs no labels: how well a fitted detector finds corruptions planted for the purpose.

    It corrupts a copy of half of the images it is given, scores all of them, and returns the AUROC: the probability
    that an image left alone scores as more normal than a corrupted one. Higher is better, 0.5 is chance.

    Parameters
    ----------
    kinds : sequence of str, optional
        Corruptions to plant, from ``toolkit.corruption.KINDS``; all of them by default.
    fraction : float, default=0.5
        Share of the images to corrupt.
    random_state : int, RandomState instance or None, default=0
        An int plants the same corruptions for every candidate, which makes their comparison paired.
    image_shape : tuple of int, optional
        Shape of an image in flat rows, where it is not a square.
    *data
        Nothing: a search that is given this function itself in place of ``planted_auc_scorer()`` gets an error that
        says so.

    Returns
    -------
    callable
        ``scorer(estimator, X, y=None) -> float``, for ``scoring=`` of ``GridSearchCV`` and its kin. ``y`` is ignored.

    Notes
    -----
    ``X`` must be images (stacks or flat rows), so the estimator is a detector of images or a pipeline that begins with
    one of features, such as ``CorruptionDiagnostics``. The images are contaminated already, hence the AUROC is a little
    pessimistic, for every candidate alike.

    Scorers with labels are for checking only, and have a sign: ``scoring="roc_auc"`` is right for labels that are 1 for
    *normal* rows (or +1 and -1), because higher scores are more normal here. With labels that are 1 for outliers it
    makes a search pick the worst candidate; the scorer made here cannot.

    Data sorted by class break folds that are not shuffled: use ``cv=KFold(3, shuffle=True, random_state=0)``.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV, KFold
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.detectors import OutlierDetector, planted_auc_scorer
    >>> search = GridSearchCV(
    ...     OutlierDetector(random_state=0),
    ...     {"method": ["hbos", "knn"]},
    ...     scoring=planted_auc_scorer(["gaussian_noise", "invert"]),
    ...     cv=KFold(2, shuffle=True, random_state=0),
    ... )
    >>> search.fit(load_digits().images[:200]).best_params_
    {'method': 'knn'}
    """
    if looks_like_scoring(kinds, data):
        return NotAScore("planted_auc_scorer", "planted_auc_scorer()")
    if data:
        raise TypeError(f"planted_auc_scorer takes kinds alone by position, got {len(data)} further arguments.")
    # Here, since a search would make a score of NaN of it.
    check_share("fraction", fraction)
    return _PlantedAUC(kinds=kinds, fraction=fraction, random_state=random_state, image_shape=image_shape)
