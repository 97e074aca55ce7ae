"""Metrics against scikit-learn and by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from toolkit.comparison import METRICS, detection_metrics, per_kind_matrix


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=2, max_size=40).filter(
        lambda pairs: len({truth for truth, _ in pairs}) == 2
    )
)
def test_metrics_equal_scikit_learn_and_do_not_depend_on_row_order(pairs):
    truth, scores = (np.array(values) for values in zip(*pairs, strict=True))
    got = detection_metrics(truth, scores)
    assert got["auroc"] == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert got["average_precision"] == pytest.approx(metrics.average_precision_score(truth, scores))
    # Precision at n is the mean over all orders of the tied: compare with many random orders.
    rng, n_outliers = np.random.default_rng(0), truth.sum()
    found = []
    for _ in range(300):
        order = np.lexsort((rng.random(len(scores)), -scores))
        found.append(truth[order[:n_outliers]].mean())
    assert got["precision_at_n"] == pytest.approx(np.mean(found), abs=0.1)
    mixed = rng.permutation(len(truth))
    assert detection_metrics(truth[mixed], scores[mixed]) == pytest.approx(got)


def test_precision_at_n_by_hand():
    assert detection_metrics([1, 0, 1, 0], [4.0, 3.0, 2.0, 1.0])["precision_at_n"] == 0.5
    # Two places, one taken by an outlier, the other shared by an outlier and two inliers.
    assert detection_metrics([1, 1, 0, 0, 0], [4.0, 3.0, 3.0, 3.0, 1.0])["precision_at_n"] == pytest.approx(
        (1 + 1 / 3) / 2
    )


@pytest.mark.parametrize(
    ("truth", "scores", "message"),
    [
        ([1, 1], [0.0, 1.0], "outliers and inliers"),
        ([0, 1], [0.0, np.inf], "1 of 2 scores are not finite"),
        ([0, 1], [0.0], "one score for each of the 2 samples"),
    ],
)
def test_what_cannot_be_measured_is_an_error(truth, scores, message):
    with pytest.raises(ValueError, match=message):
        detection_metrics(truth, scores)


def test_per_kind_matrix_is_each_kind_against_the_clean():
    rng = np.random.default_rng(0)
    kinds = rng.choice(["clean", "invert", "rotate", "gaussian_noise", "zebra"], 500)
    scores = pd.DataFrame({"a": rng.normal(size=500).round(1), "b": rng.normal(size=500)})
    matrix = per_kind_matrix(scores, kinds)
    assert matrix.index.tolist() == ["gaussian_noise", "rotate", "invert", "zebra"]
    for method in scores:
        for kind in matrix.index:
            rows = (kinds == "clean") | (kinds == kind)
            expected = metrics.roc_auc_score(kinds[rows] == kind, scores[method][rows])
            assert matrix.at[kind, method] == pytest.approx(expected)


def test_per_kind_matrix_of_a_failed_method_and_of_one_array():
    matrix = per_kind_matrix({"ok": [0.0, 1.0], "failed": None}, ["clean", "rotate"])
    assert matrix.at["rotate", "ok"] == 1.0
    assert np.isnan(matrix.at["rotate", "failed"])
    assert per_kind_matrix([0.0, 1.0], ["clean", "rotate"]).columns.tolist() == ["scores"]
    with pytest.raises(ValueError, match="corrupted samples and clean ones"):
        per_kind_matrix([0.0, 1.0], ["rotate", "rotate"])


def test_every_metric_says_its_direction():
    assert all(isinstance(better, bool) for better in METRICS.values())
    assert METRICS["auroc"]
    assert not METRICS["fit_seconds"]
