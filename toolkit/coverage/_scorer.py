"""Tuning generators without labels: a scorer for scikit-learn's searches."""

from collections.abc import Callable
from typing import Any

from toolkit._core.random import as_generator
from toolkit._core.scorers import NotAScore, looks_like_scoring
from toolkit._core.types import RandomState
from toolkit.coverage._drawing import draw_samples
from toolkit.coverage._rows import check_positive_int

__all__ = ["coverage_scorer"]


def coverage_scorer(
    coverage: Any, *data: Any, n_samples: int = 5000, random_state: RandomState = 0
) -> Callable[..., float] | NotAScore:
    """A scorer of generators: minus the divergence of their samples from the data that ``coverage`` was fitted on.

    Parameters
    ----------
    coverage : ModeCoverage
        Fitted.
    n_samples : int, default=5000
        To draw from each generator.
    random_state : int, RandomState instance or None, default=0
        Of the draws; an int draws from each candidate with the same seed.
    *data
        Nothing: a search that is given this function itself in place of ``coverage_scorer(coverage)`` is told so.

    Returns
    -------
    callable
        ``scorer(generator, X=None, y=None)``; ``X`` and ``y`` are not looked at.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.mixture import GaussianMixture
    >>> from sklearn.model_selection import GridSearchCV
    >>> from toolkit.coverage import ModeCoverage, coverage_scorer
    >>> from toolkit.datasets import load_ring
    >>> points = load_ring(1000, random_state=0).points
    >>> coverage = ModeCoverage(n_bins=40, random_state=0).fit(points)
    >>> search = GridSearchCV(
    ...     GaussianMixture(random_state=0, n_init=3), {"n_components": [1, 8]}, scoring=coverage_scorer(coverage), cv=2
    ... )
    >>> search.fit(points).best_params_
    {'n_components': 8}
    """
    if looks_like_scoring(coverage, data):
        return NotAScore("coverage_scorer", "coverage_scorer(coverage)")
    if data:
        raise TypeError(f"coverage_scorer takes coverage alone by position, got {len(data)} further arguments.")
    if not hasattr(coverage, "score") or isinstance(coverage, type):
        raise ValueError(f"coverage must be a fitted ModeCoverage, got {coverage!r}.")
    return _CoverageScorer(coverage, check_positive_int("n_samples", n_samples), random_state)


class _CoverageScorer:
    """Callable and picklable, so that searches can run in processes."""

    def __init__(self, coverage: Any, n_samples: int, random_state: RandomState) -> None:
        self.coverage = coverage
        self.n_samples = n_samples
        self.random_state = random_state

    def __call__(self, estimator: Any, X: Any = None, y: Any = None) -> float:
        drawn = draw_samples(estimator, self.n_samples, as_generator(self.random_state))
        return self.coverage.score(drawn)

    def __repr__(self) -> str:
        return f"coverage_scorer({self.coverage!r}, n_samples={self.n_samples})"
