"""The same pictures get the same answer in whatever type they come; the columns of a table are left alone."""

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.metrics import roc_auc_score
from sklearn.svm import OneClassSVM

from toolkit.corruption import Corruptor
from toolkit.datasets import load_digits
from toolkit.detectors import OutlierDetector

IMAGES, KINDS = Corruptor(["invert", "gaussian_noise", "rotate_90"], fraction=0.2, random_state=0).corrupt(
    load_digits().images[:150]
)
SAME = {
    "floats to 255": lambda X: X.astype(np.float32),
    "doubles to 1": lambda X: X / 255,
    "tanh": lambda X: X / 127.5 - 1,
    "uint16": lambda X: X.astype(np.uint16) * 257,
    "signed": lambda X: X.astype(np.int16) - 128,
    "rows": lambda X: X.reshape(len(X), -1).astype(np.float64),
    "colours": lambda X: np.repeat(X[..., None], 3, axis=3).astype(np.float32),
}


def scores(method, X, **more):
    return OutlierDetector(method, random_state=0, **more).fit(X).score_samples(X)


@pytest.mark.parametrize("method", ["ocsvm", "kde"])
@pytest.mark.parametrize("kind", SAME)
def test_one_answer_for_one_set_of_pictures(method, kind):
    expected, found = scores(method, IMAGES), scores(method, SAME[kind](IMAGES))
    wanted = roc_auc_score(KINDS == "clean", expected)
    assert wanted > 0.85
    assert roc_auc_score(KINDS == "clean", found) == pytest.approx(wanted, abs=0.03)
    if kind != "colours":
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("method", ["knn", "lof", "iforest", "pca", "gmm", "ecod", "mcd", "inne", "loda"])
def test_every_kind_of_detector_ranks_alike(method):
    small = IMAGES[:, ::4, ::4].reshape(len(IMAGES), -1)  # quick, and for mcd more rows than columns
    first, second = (roc_auc_score(KINDS == "clean", scores(method, X)) for X in (small, small.astype(np.float64)))
    assert second == pytest.approx(first, abs=0.02)


def test_rows_that_are_no_squares_are_images_where_it_is_said():
    X = IMAGES[:, :20].astype(np.float64)  # 20 x 28
    flat = X.reshape(len(X), -1)
    np.testing.assert_allclose(scores("kde", flat, image_shape=(20, 28)), scores("kde", X))
    assert len(np.unique(scores("kde", IMAGES[:, :20].reshape(len(X), -1)))) > 100  # uint8 says it by itself
    with pytest.raises(ValueError, match="image_shape"):
        OutlierDetector(image_shape=(3, 3)).fit(flat)


def test_columns_of_a_table_are_taken_as_they_are():
    """A bandwidth of one is one of the owner's units: by the formula, and by scikit-learn."""
    X = np.random.default_rng(0).normal(size=(60, 5)) * [1, 2, 3, 4, 50]
    squares = ((X[:, None] - X[None]) ** 2).sum(axis=2)
    expected = logsumexp(-squares / 2, axis=1) - np.log(60) - 2.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(scores("kde", X), expected, rtol=1e-6)
    model = OneClassSVM(gamma="auto").fit(X)
    np.testing.assert_allclose(scores("ocsvm", X), model.decision_function(X), atol=1e-9)


@pytest.mark.parametrize("factor", [1e-200, 1e-30, 1e30, 1e200])
def test_tables_of_any_magnitude(factor):
    X = np.random.default_rng(0).normal(size=(60, 3))
    X[-3:] += 9
    for method in ("knn", "lof", "gmm", "pca"):
        assert set(scores(method, X * factor).argsort()[:3]) == {57, 58, 59}
