"""Fitted searches are saved with their tables and their best estimator."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV

import toolkit
from toolkit.coverage import ModeCoverage, coverage_scorer
from toolkit.datasets import load_digits
from toolkit.detectors import OutlierDetector, planted_auc_scorer

IMAGES = load_digits().images[:60]
POINTS = np.random.default_rng(0).normal(size=(60, 2))
DETECTOR = OutlierDetector(random_state=0)


def searches():
    folds = KFold(2, shuffle=True, random_state=0)
    yield (
        "grid",
        GridSearchCV(DETECTOR, {"method": ["pca", "knn"]}, scoring=planted_auc_scorer(["invert"]), cv=folds),
        IMAGES,
    )
    candidates = [{"method": ["knn"], "params": [{"n_neighbors": 3}, None]}, {"method": ["pca"]}]
    yield (
        "random",
        RandomizedSearchCV(DETECTOR, candidates, n_iter=3, random_state=0, scoring=planted_auc_scorer(), cv=folds),
        IMAGES,
    )
    mixtures = {"n_components": [1, 2]}
    scorer = coverage_scorer(ModeCoverage(n_bins=5, random_state=0).fit(POINTS), n_samples=50)
    yield "coverage", GridSearchCV(GaussianMixture(random_state=0), mixtures, scoring=scorer, cv=2), POINTS
    yield "scikit-learn's", GridSearchCV(GaussianMixture(random_state=0), mixtures, cv=2), POINTS


@pytest.mark.parametrize(("search", "X"), [pytest.param(*rest, id=name) for name, *rest in searches()])
def test_a_fitted_search_comes_back(search, X, tmp_path):
    search.fit(X)
    toolkit.save(search, tmp_path / "search")
    loaded = toolkit.load(tmp_path / "search")
    assert loaded.best_params_ == search.best_params_
    assert loaded.best_score_ == search.best_score_
    assert loaded.cv_results_.keys() == search.cv_results_.keys()
    for name, column in search.cv_results_.items():
        assert type(loaded.cv_results_[name]) is type(column)
        np.testing.assert_array_equal(np.ma.getmaskarray(loaded.cv_results_[name]), np.ma.getmaskarray(column))
        assert str(loaded.cv_results_[name]) == str(column)
    np.testing.assert_array_equal(loaded.best_estimator_.score_samples(X), search.best_estimator_.score_samples(X))
    assert repr(loaded.scoring) == repr(search.scoring)
    assert loaded.fit(X).best_params_ == search.best_params_


def test_what_cannot_be_saved_is_named(tmp_path):
    search = GridSearchCV(DETECTOR, {"method": ["pca"]}, scoring=lambda estimator, X, y=None: 1.0, cv=2).fit(IMAGES)
    with pytest.raises(TypeError, match="Cannot save scoring"):
        toolkit.save(search, tmp_path / "search")
