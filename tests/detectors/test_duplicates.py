"""Rows that occur many times make no outliers of what lies beside them, and are no outliers themselves."""

import numpy as np
import pytest
from pyod.models.cof import COF
from pyod.models.lof import LOF
from scipy.spatial.distance import cdist
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor

import toolkit
from toolkit.detectors import OutlierDetector
from toolkit.detectors._repeats import count_repeats, most_normal

FAR = np.array([[50.0], [60.0], [75.0], [82.0]])
BESIDE = np.r_[np.full((30, 1), 0.2), np.linspace(0.2, 0.4, 60)[:, None], FAR]
NORMAL = np.random.default_rng(0).normal(size=(150, 4))
IN_A_CLOUD = np.r_[np.repeat(NORMAL[:1], 40, axis=0), NORMAL, np.random.default_rng(1).normal(size=(5, 4)) + 10]
MOSTLY_EQUAL = np.r_[np.zeros((95, 4)), np.random.default_rng(2).normal(size=(5, 4)) * 3]
EACH_FIVE_TIMES = np.r_[np.repeat(NORMAL[:60], 5, axis=0), np.random.default_rng(3).normal(size=(5, 4)) + 10]
SETS = {
    "beside": (BESIDE, 4),
    "in a cloud": (IN_A_CLOUD, 5),
    "mostly equal": (MOSTLY_EQUAL, 5),
    "each five times": (EACH_FIVE_TIMES, 5),
}
METHODS = {
    "lof": "lof",
    "abod": "abod",
    "knn": "knn",
    "inne": "inne",
    "lscp": "lscp",
    "given LOF": LOF(n_neighbors=7),
    "scikit-learn's LOF": LocalOutlierFactor(),
    "given COF": COF(),
}
# Five outliers side by side are each other's five neighbours, duplicates or not: ABOD sees them less well.
WEAK = {("abod", "each five times"): 0.7, ("abod", "in a cloud"): 0.9}


def fit(method, X, **more):
    return OutlierDetector(method, random_state=0, **more).fit(X)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("kind", SETS)
@pytest.mark.filterwarnings("ignore:OutlierDetector. contamination='auto' cannot flag")
def test_true_outliers_come_first(name, kind):
    X, n_outliers = SETS[kind]
    normal = np.arange(len(X)) < len(X) - n_outliers
    detector = fit(METHODS[name], X)
    for scores in (detector.training_scores_, detector.score_samples(X)):
        assert roc_auc_score(normal, scores) >= WEAK.get((name, kind), 0.98)
    # Nothing is as normal as what is there a hundred times.
    if kind == "mostly equal":
        assert detector.training_scores_.argmax() < 95


def test_what_lies_beside_duplicates_is_harmless():
    detector = fit("lof", BESIDE, contamination=4 / len(BESIDE))
    np.testing.assert_array_equal(BESIDE[detector.predict(BESIDE) < 0], FAR)
    harmless = detector.score_samples(BESIDE[:-4])
    assert harmless.min() > -2
    assert detector.score_samples([[0.21001], [0.2]]).min() > -2  # rows that were not fitted on, and one that was
    assert detector.n_duplicates_ == 30
    assert detector.n_reference_ == len(BESIDE) - 30


def test_the_local_outlier_factor_of_distinct_rows_by_hand():
    """Breunig et al. (2000): reachability, local density and their ratio, over distinct rows."""
    k, distinct = 5, np.unique(IN_A_CLOUD, axis=0)
    distances = cdist(distinct, distinct)
    np.fill_diagonal(distances, np.inf)
    order = np.argsort(distances, axis=1)[:, :k]
    k_distance = np.sort(distances, axis=1)[:, k - 1]
    reach = np.maximum(k_distance[order], np.take_along_axis(distances, order, axis=1))
    density = 1 / reach.mean(axis=1)
    expected = density[order].mean(axis=1) / density
    detector = fit("lof", IN_A_CLOUD, params={"n_neighbors": k})
    once = ~(distinct == NORMAL[0]).all(axis=1)
    np.testing.assert_allclose(-detector.score_samples(distinct[once]), expected[once], rtol=1e-6)
    assert detector.score_samples(NORMAL[:1])[0] > -expected.min()


def test_without_duplicates_nothing_changes():
    expected = -LOF().fit(NORMAL).decision_scores_
    detector = fit("lof", NORMAL)
    np.testing.assert_allclose(detector.training_scores_, expected, rtol=1e-9)
    assert detector.n_duplicates_ == 0


def test_few_distinct_rows_leave_the_method_as_it_is():
    """Of three distinct rows none has twenty distinct neighbours; the rare one is the outlier."""
    X = np.repeat([[0.0, 0.0], [1.0, 0.0], [5.0, 5.0]], [60, 39, 1], axis=0)
    assert fit("lof", X).score_samples(X).argmin() == 99


def test_duplicates_in_a_saved_detector(tmp_path):
    detector = fit("lof", IN_A_CLOUD)
    toolkit.save(detector, tmp_path / "detector")
    np.testing.assert_array_equal(
        toolkit.load(tmp_path / "detector").score_samples(IN_A_CLOUD), detector.score_samples(IN_A_CLOUD)
    )


def test_pieces():
    rows = np.array([[1.0, 2.0], [0.0, 1.0], [1.0, 2.0], [-0.0, 1.0], [1.0, 2.0]])
    first, counts = count_repeats(rows)
    distinct, index, number = np.unique(rows + 0.0, axis=0, return_index=True, return_counts=True)
    assert sorted(zip(first, counts)) == sorted(zip(index, number))
    assert len(distinct) == 2
    assert most_normal(np.array([3.0, 3.0])) < 3
    assert np.isnan(most_normal(np.array([np.nan])))
