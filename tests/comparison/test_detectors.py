"""compare_detectors: every cell, every backend, failures that say so."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from toolkit.comparison import compare_detectors, melt_metrics
from toolkit.datasets import ImageSet

RNG = np.random.default_rng(0)
OUTLIER = np.arange(80) % 8 == 0
X = RNG.normal(size=(80, 16)) + 3.0 * OUTLIER[:, None]
seen = []  # what Norm.fit was given
FIGURES = ["auroc", "average_precision", "precision_at_n", "fit_seconds", "score_seconds"]


class Norm(BaseEstimator):
    """Distance from the mean, with a little noise that depends on the seed alone."""

    def __init__(self, random_state=None, noise=0.5):
        self.random_state = random_state
        self.noise = noise

    def fit(self, X, *args):
        seen.append((np.shape(X), args))
        self.mean_ = np.mean(X, axis=0)
        return self

    def score_samples(self, X):
        noise = np.random.default_rng(self.random_state).normal(size=len(X))
        return -np.linalg.norm(X - self.mean_, axis=1) - self.noise * noise


class Broken(BaseEstimator):
    def __init__(self, how="fit"):
        self.how = how

    def fit(self, X):
        if self.how == "fit":
            raise RuntimeError("no luck")
        return self

    def score_samples(self, X):
        return {"nan": np.full(len(X), np.nan), "short": np.zeros(3), "tie": np.zeros(len(X))}[self.how]


def cells(table):
    return table.drop(columns=["fit_seconds", "score_seconds"])


def test_one_row_per_method_data_and_seed_with_true_figures():
    data = {"all": (X, OUTLIER), "half": (X[:40], OUTLIER[:40])}
    table, scores = compare_detectors(
        detectors={"norm": Norm(), "quiet": Norm(noise=0.0)}, data=data, seeds=[0, 7], return_scores=True
    )
    assert len(table) == 8
    assert not table.duplicated(["method", "data", "seed"]).any()
    for row in table.itertuples():
        images, truth = data[row.data]
        detector = Norm(random_state=row.seed, noise=0.5 * (row.method == "norm"))
        anomaly = -detector.fit(images).score_samples(images)
        np.testing.assert_array_equal(scores[row.data, row.seed][row.method], anomaly)
        assert row.auroc == roc_auc_score(truth, anomaly)
        assert row.average_precision == average_precision_score(truth, anomaly)
        assert row.n_outliers == truth.sum()
    assert (table["status"] == "ok").all()
    assert (table["error"] == "").all()
    assert (table[["fit_seconds", "score_seconds"]] >= 0).all(axis=None)
    assert table.attrs["greater_is_better"] == dict(zip(FIGURES, [True] * 3 + [False] * 2, strict=True))


def test_detectors_never_see_the_truth():
    seen.clear()
    compare_detectors(detectors={"norm": Norm()}, data={"a": (X, OUTLIER)})
    assert seen == [(X.shape, ())]


def test_detectors_are_cloned():
    detector = Norm(random_state=5)
    compare_detectors(detectors={"norm": detector}, data={"a": (X, OUTLIER)}, seeds=[1])
    assert detector.random_state == 5
    assert not hasattr(detector, "mean_")


def test_seeds_reach_into_pipelines():
    pipeline = make_pipeline(StandardScaler(), Norm())
    table, scores = compare_detectors(
        detectors={"pipe": pipeline}, data={"a": (X, OUTLIER)}, seeds=[3], return_scores=True
    )
    expected = make_pipeline(StandardScaler(), Norm(random_state=3)).fit(X).score_samples(X)
    np.testing.assert_array_equal(scores["a", 3]["pipe"], -expected)
    assert table["status"].tolist() == ["ok"]


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("fit", "RuntimeError: no luck"),
        ("nan", "ValueError: 80 of 80 scores are not finite."),
        ("short", "ValueError: There must be one score for each of the 80 samples, got shape (3,)."),
    ],
)
def test_a_failed_cell_says_failed_and_why_and_holds_no_figure(how, error):
    table, scores = compare_detectors(
        detectors={"broken": Broken(how), "norm": Norm()}, data={"a": (X, OUTLIER)}, return_scores=True
    )
    broken, norm = table.iloc[0], table.iloc[1]
    assert broken["status"] == "failed"
    assert broken["error"] == error
    assert broken[FIGURES].isna().all()
    assert norm["status"] == "ok"
    assert norm[FIGURES].notna().all()
    assert scores["a", 0].columns.tolist() == ["norm"]
    long = melt_metrics(table)
    assert long[long["method"] == "broken"]["value"].isna().all()
    assert set(long[long["method"] == "broken"]["status"]) == {"failed"}


def test_constant_scores_are_chance_not_a_failure():
    table = compare_detectors(detectors={"tie": Broken("tie")}, data={"a": (X, OUTLIER)})
    assert table["auroc"].tolist() == [0.5]
    assert table["precision_at_n"].tolist() == [pytest.approx(OUTLIER.mean())]


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_every_backend_gives_the_same_table(backend):
    forest = make_pipeline(StandardScaler(), IsolationForest(n_estimators=10))
    settings = {
        "detectors": {"norm": Norm(), "forest": forest, "broken": Broken()},
        "data": {"a": (X, OUTLIER), "b": (X[::-1].copy(), OUTLIER[::-1])},
        "seeds": [0, 1],
    }
    alone = compare_detectors(**settings)
    with joblib.parallel_config(backend):
        together = compare_detectors(**settings, n_jobs=2)
    pd.testing.assert_frame_equal(cells(together), cells(alone))


def test_names_and_bare_detectors_go_through_the_adapter():
    table = compare_detectors(
        detectors={"by name": "hbos", "scikit-learn": IsolationForest(n_estimators=20)}, data={"a": (X, OUTLIER)}
    )
    assert (table["auroc"] > 0.9).all()
    assert compare_detectors(detectors=["hbos"], data={"a": (X, OUTLIER)})["method"].tolist() == ["hbos"]


def test_kinds_and_image_sets_are_truths_as_well():
    kinds = np.where(OUTLIER, "rotate", "clean")
    images = X.reshape(80, 4, 4)
    data = {"bool": (X, OUTLIER), "kinds": (X, kinds), "set": ImageSet(images, kinds=kinds)}
    table = compare_detectors(detectors=["hbos"], data=data)
    assert table["auroc"].nunique() == 1
    assert table["n_outliers"].tolist() == [10, 10, 10]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"detectors": ["hbso"]}, ValueError, "Unknown detector: 'hbso'. Did you mean 'hbos'"),
        ({"detectors": []}, ValueError, "At least one detector"),
        ({"detectors": ["hbos", "hbos"]}, ValueError, "twice"),
        ({"detectors": [Norm()]}, TypeError, "give objects in a dict"),
        ({"detectors": {"a": object()}}, TypeError, "'a' must have fit and score_samples"),
        ({"data": {}}, ValueError, "non-empty dict"),
        ({"data": {"a": X}}, ValueError, r"data\['a'\] must be"),
        ({"data": {"a": (X, OUTLIER[:3])}}, ValueError, "one boolean for each of the 80 samples"),
        ({"data": {"a": (X, np.zeros(80, bool))}}, ValueError, "0 of 80 are outliers"),
        ({"data": {"a": (X, np.arange(80))}}, ValueError, "one boolean"),
        ({"seeds": []}, ValueError, "different integers"),
        ({"seeds": [1, 1]}, ValueError, "different integers"),
    ],
)
def test_wrong_arguments_are_refused_before_the_work(change, error, message):
    settings = {"detectors": {"norm": Norm()}, "data": {"a": (X, OUTLIER)}, "seeds": [0], **change}
    seen.clear()
    with pytest.raises(error, match=message):
        compare_detectors(**settings)
    assert not seen
