"""Tuning without labels: the scorer's sign, its pairing, and that a search picks the better candidate."""

import pickle

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import RobustScaler

from toolkit.corruption import Corruptor
from toolkit.coverage import coverage_scorer
from toolkit.datasets import load_glyphs
from toolkit.detectors import OutlierDetector, planted_auc_scorer
from toolkit.diagnostics import CorruptionDiagnostics

KINDS = ("gaussian_noise", "invert", "low_contrast", "stripe")
FOLDS = KFold(2, shuffle=True, random_state=0)


@pytest.fixture(scope="module")
def images():
    glyphs = load_glyphs(n_samples=240, random_state=0).images
    return Corruptor(KINDS, fraction=0.1, random_state=1).corrupt(glyphs)[0]


class Oracle:
    """Scores by whether an image is one of the known ones."""

    def __init__(self, known, sign=1):
        self.known, self.sign = {image.tobytes() for image in known}, sign

    def score_samples(self, X):
        return self.sign * np.array([float(row.tobytes() in self.known) for row in X.reshape(len(X), 28, 28)])


def test_sign_and_range(images):
    scorer = planted_auc_scorer(KINDS)
    assert scorer(Oracle(images), images) == 1.0
    assert scorer(Oracle(images), images.reshape(240, -1)) == 1.0
    assert scorer(Oracle(images, sign=-1), images) == 0.0
    assert scorer(Oracle([]), images) == 0.5


def test_labels_are_ignored_and_plantings_repeat(images):
    detector = OutlierDetector("knn").fit(images)
    scorer = planted_auc_scorer(KINDS, random_state=3)
    before = images.copy()
    assert scorer(detector, images) == scorer(detector, images, np.zeros(240)) == scorer(detector, images)
    np.testing.assert_array_equal(images, before)
    assert planted_auc_scorer(KINDS, random_state=4)(detector, images) != scorer(detector, images)
    assert pickle.loads(pickle.dumps(scorer))(detector, images) == scorer(detector, images)


def test_a_search_picks_the_better_method(images):
    """HDBSCAN calls whatever is in no cluster an outlier alike, and these statistics form no clusters."""
    pipe = Pipeline(
        [("diagnose", CorruptionDiagnostics()), ("scale", RobustScaler()), ("detect", OutlierDetector(random_state=0))]
    )
    grid = {"detect__method": ["hdbscan", "knn"], "detect__params": [{"knn": {"n_neighbors": 3}}]}
    search = GridSearchCV(pipe, grid, scoring=planted_auc_scorer(KINDS), cv=FOLDS, refit=True).fit(images)
    scores = dict(zip(search.cv_results_["param_detect__method"], search.cv_results_["mean_test_score"]))
    assert scores["knn"] > scores["hdbscan"] + 0.02
    assert search.best_params_["detect__method"] == "knn"
    assert search.best_estimator_.predict(images).shape == (240,)


def test_it_ranks_as_labels_would(images):
    """The truth, for checking: plantings agree with labels about which of two methods is better."""
    dirty, kinds = Corruptor(KINDS, fraction=0.2, random_state=5).corrupt(images)
    pipe = Pipeline([("diagnose", CorruptionDiagnostics()), ("detect", OutlierDetector())])
    search = GridSearchCV(
        pipe.set_params(diagnose__statistics="noise"),
        {"detect__method": ["hdbscan", "knn", "kde"]},
        scoring={"planted": planted_auc_scorer(KINDS), "labels": "roc_auc"},
        cv=FOLDS,
        refit="planted",
    ).fit(dirty, kinds == "clean")
    results = search.cv_results_
    assert results["mean_test_planted"].argmax() == results["mean_test_labels"].argmax()


def test_errors(images):
    detector = OutlierDetector("knn").fit(images)
    with pytest.raises(ValueError, match="blurry"):
        planted_auc_scorer(["blurry"])(detector, images)
    with pytest.raises(ValueError, match="n_samples = 1"):
        planted_auc_scorer()(detector, images[:1])


def test_the_maker_of_scorers_in_the_scorers_place(images):
    """A search turns the errors of a scorer into NaN and picks a candidate all the same; this one it cannot."""
    search = GridSearchCV(
        OutlierDetector(random_state=0), {"method": ["hbos", "knn"]}, scoring=planted_auc_scorer, cv=FOLDS
    )
    with pytest.raises(TypeError, match=r"give scoring=planted_auc_scorer\(\), not scoring=planted_auc_scorer\."):
        search.fit(images)
    with pytest.raises(TypeError, match="makes a scorer"):
        cross_val_score(OutlierDetector("knn"), images, scoring=planted_auc_scorer, cv=FOLDS)
    with pytest.raises(TypeError, match="makes a scorer"):
        float(planted_auc_scorer(OutlierDetector("knn").fit(images), images))
    with pytest.raises(TypeError, match=r"coverage_scorer\(coverage\)"):
        GridSearchCV(GaussianMixture(), {"n_components": [1, 2]}, scoring=coverage_scorer, cv=2).fit(
            images.reshape(len(images), -1)[:, :3]
        )
    with pytest.raises(TypeError, match="kinds alone by position"):
        planted_auc_scorer(["invert"], 0.5)
