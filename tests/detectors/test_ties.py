"""Scores that tie: a tie with the threshold is an inlier, and what that leaves unfound is said."""

import warnings

import numpy as np
import pytest

from toolkit.datasets import load_digits
from toolkit.detectors import CorruptionDetector, OutlierDetector, ReconstructionDetector

SPREAD = np.random.default_rng(0).normal(size=(50, 3)) * 1e5  # no row within a bandwidth of another


def test_a_share_that_ties_leave_unmet_is_said():
    detector = OutlierDetector("kde", contamination=0.2)
    with pytest.warns(UserWarning, match=r"contamination=0\.2 asks for 10 of 50 rows, but 50 rows tie .* only 0 are"):
        flagged = detector.fit_predict(SPREAD)
    assert (flagged == 1).all()


def test_a_share_that_ties_leave_partly_unmet():
    X = np.r_[np.zeros((40, 1)), np.full((9, 1), 5.0), [[100.0]]]
    detector = OutlierDetector("knn", contamination=0.1, params={"n_neighbors": 20})
    with pytest.warns(UserWarning, match="asks for 5 of 50 rows, but 9 rows tie at the threshold, so that only 1 are"):
        assert (detector.fit_predict(X) < 0).nonzero()[0].tolist() == [49]


def test_most_rows_at_the_bottom_under_auto():
    with pytest.warns(UserWarning, match="50 of 50 rows share the lowest score, so that contamination='auto' flags"):
        OutlierDetector("kde").fit(SPREAD)


@pytest.mark.parametrize(("method", "bound"), [("inne", "-1"), ("abod", "0")])
def test_an_automatic_cut_that_no_score_can_reach(method, bound):
    X = SPREAD
    with pytest.warns(UserWarning, match=f"cannot flag any row, since it cuts at .* is below {bound}\\. Give a share"):
        detector = OutlierDetector(method, random_state=0).fit(X)
    assert (detector.predict(X) == 1).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        detector.set_threshold(contamination=0.1)
    assert (detector.predict(X) < 0).sum() == 5


def test_a_moved_threshold_warns_too():
    detector = OutlierDetector("knn").fit(np.r_[np.zeros((40, 2)), np.ones((2, 2)), [[9.0, 9.0]]])
    with pytest.warns(UserWarning, match=r"contamination=0\.5 asks for 21 of 43 rows"):
        detector.set_threshold(contamination=0.5)


@pytest.mark.parametrize("contamination", ["auto", 0.01, 0.1, 0.25, 0.29, 1 / 3, 0.5])
@pytest.mark.parametrize("n_samples", [2, 3, 10, 29, 50, 100])
def test_scores_that_differ_never_warn(contamination, n_samples):
    X = np.random.default_rng(n_samples).normal(size=(n_samples, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        OutlierDetector("gmm", contamination=contamination, random_state=0).fit(X)


def test_equal_rows_have_no_outliers_to_find():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        OutlierDetector("knn").fit(np.ones((30, 3)))
    with pytest.warns(UserWarning, match="asks for 3 of 30 rows"):
        OutlierDetector("knn", contamination=0.1).fit(np.ones((30, 3)))


def test_detectors_of_images_warn_alike():
    same = np.repeat(load_digits().images[:1], 20, axis=0)
    with pytest.warns(UserWarning, match="ReconstructionDetector: contamination=0.2 asks for 4 of 20 rows"):
        ReconstructionDetector(epochs=1, contamination=0.2, random_state=0).fit(same)
    identifier = ReconstructionDetector(epochs=1, random_state=0)  # anything that scores
    with pytest.warns(UserWarning, match="CorruptionDetector: contamination=0.2 asks for 4 of 20 rows"):
        CorruptionDetector(identifier, weights={"identifier": 1.0}, contamination=0.2, random_state=0).fit(same)
