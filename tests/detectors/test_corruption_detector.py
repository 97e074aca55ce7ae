"""CorruptionDetector: with a stand-in for the identifier, and with the real one."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import BaseEstimator
from sklearn.metrics import roc_auc_score
from sklearn.utils.validation import check_is_fitted

from toolkit.corruption import Corruptor
from toolkit.datasets import load_glyphs
from toolkit.detectors import CorruptionDetector, OutlierDetector, ReconstructionDetector
from toolkit.diagnostics import CorruptionIdentifier


class BrightnessJudge(BaseEstimator):
    """A tiny identifier: knows nothing but how bright an image should be."""

    def __init__(self, blind=False):
        self.blind = blind

    def fit(self, X, y=None):
        self.level_, self.prevalence_ = np.median(X.reshape(len(X), -1).mean(axis=1)), 0.2
        self.n_fits_ = getattr(self, "n_fits_", 0) + 1
        return self

    def score_samples(self, X):
        check_is_fitted(self)
        X = np.asarray(X, dtype=float).reshape(len(X), -1)
        return np.zeros(len(X)) if self.blind else -np.abs(X.mean(axis=1) - self.level_)


@pytest.fixture(scope="module")
def corrupted():
    glyphs = load_glyphs(n_samples=500, random_state=0).images
    return Corruptor(["gaussian_noise", "stripe", "gaussian_blur", "invert"], fraction=0.2, random_state=0).corrupt(
        glyphs
    )


def auc(kinds, scores):
    return roc_auc_score(kinds == "clean", scores)


def test_together_they_know_more_than_the_identifier(corrupted):
    X, kinds = corrupted
    judge = BrightnessJudge().fit(X)
    detector = CorruptionDetector(judge, random_state=0).fit(X)
    alone = auc(kinds, judge.score_samples(X))
    assert auc(kinds, detector.training_scores_) > max(0.97, alone + 0.1)
    labels = detector.predict(X)
    assert (labels == -1).sum() == 100  # the prevalence that the identifier finds
    assert (labels[kinds == "clean"] == -1).mean() < 0.05
    assert (labels[kinds != "clean"] == -1).mean() > 0.8


class Oracle(BrightnessJudge):
    """Recognises the clean images, and thus whatever else is planted."""

    def __init__(self, clean=None):
        self.clean = clean

    def score_samples(self, X):
        known = {image.tobytes() for image in self.clean}
        return np.array([float(image.tobytes() in known) for image in X]) + 1e-3 * X.mean(axis=(1, 2))


def test_plantings_find_out_who_is_to_be_trusted(corrupted):
    X, kinds = corrupted
    good = CorruptionDetector(Oracle(X[kinds == "clean"]).fit(X), random_state=0).fit(X)
    poor = CorruptionDetector(BrightnessJudge(blind=True).fit(X), random_state=0).fit(X)
    assert good.planted_auroc_["identifier"] == 1.0
    assert poor.planted_auroc_["identifier"] == 0.5
    assert good.weights_["identifier"] == 1.0
    assert poor.weights_["identifier"] < 0.15
    assert poor.weights_["statistics"] == 1.0
    assert good.weights_["statistics"] == 0.5
    right, half = (1 - poor.planted_auroc_[name] for name in ("statistics", "reconstruction"))
    assert poor.weights_["reconstruction"] == pytest.approx((right / half) ** 2)


def test_a_blind_identifier_does_no_harm(corrupted):
    X, kinds = corrupted
    detector = CorruptionDetector(BrightnessJudge(blind=True), random_state=0).fit(X)
    assert auc(kinds, detector.training_scores_) > 0.95


def test_a_fitted_identifier_is_used_as_it_is(corrupted):
    X, _ = corrupted
    judge = BrightnessJudge().fit(X[:100])
    detector = CorruptionDetector(judge, random_state=0).fit(X)
    assert detector.identifier_ is judge
    assert judge.n_fits_ == 1
    fresh = BrightnessJudge()
    detector = CorruptionDetector(fresh, random_state=0).fit(X)
    assert detector.identifier_ is not fresh
    assert not hasattr(fresh, "level_")


def test_scores_in_closed_form(corrupted):
    """With the identifier alone: robust standard deviations of the rows it trusts, cut at -3 and slowed beyond 3."""
    X, _ = corrupted
    judge = BrightnessJudge().fit(X)
    detector = CorruptionDetector(judge, weights={"identifier": 2.0}).fit(X)
    anomaly = -judge.score_samples(X)
    trusted = anomaly[anomaly <= np.quantile(anomaly, 0.8)]
    centre = np.median(trusted)
    z = (anomaly - centre) / (1.4826 * np.median(np.abs(trusted - centre)))
    expected = [-2 * (max(value, -3) if value <= 3 else 3 + np.log(1 + value - 3)) for value in z]
    np.testing.assert_allclose(detector.training_scores_, expected)
    assert not hasattr(detector, "reconstruction_")
    assert not hasattr(detector, "diagnostics_")
    np.testing.assert_allclose(detector.components(X)["identifier"], z)


def test_components_say_where_a_score_comes_from(corrupted):
    X, kinds = corrupted
    detector = CorruptionDetector(BrightnessJudge(), random_state=0).fit(X)
    components = detector.components(X)
    assert list(components) == ["identifier", "statistics", "reconstruction"]
    with pytest.warns(FutureWarning, match="renamed to components"):
        pd.testing.assert_frame_equal(detector.opinions(X), components)
    # Brightness shows inversion, but not blur; the statistics show both.
    assert components.loc[kinds == "invert", "identifier"].median() > 5
    assert components.loc[kinds == "gaussian_blur", "identifier"].median() < 3
    assert components.loc[kinds == "gaussian_blur", "statistics"].median() > 3


def test_layouts_chunks_and_batches(corrupted):
    X, _ = corrupted
    detector = CorruptionDetector(BrightnessJudge(), random_state=0).fit(X)
    np.testing.assert_allclose(detector.score_samples(X), detector.training_scores_, rtol=1e-6)
    np.testing.assert_allclose(detector.score_samples(X[5:6]), detector.training_scores_[5:6], rtol=1e-6)
    flat = X.reshape(len(X), -1)
    np.testing.assert_allclose(detector.score_samples(flat), detector.training_scores_, rtol=1e-6)
    labels = detector.predict(X)
    np.testing.assert_array_equal(labels, np.where(detector.training_scores_ < detector.offset_, -1, 1))


def test_repeatable_without_traces(corrupted):
    X, _ = corrupted
    X = X[:200]
    state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    first, second = (CorruptionDetector(BrightnessJudge(), random_state=1).fit(X).training_scores_ for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)


def test_own_parts_are_taken(corrupted):
    X, _ = corrupted
    detector = CorruptionDetector(BrightnessJudge(), reconstruction=ReconstructionDetector(epochs=1, random_state=0))
    assert detector.fit(X[:100]).reconstruction_.history_[-1]["epoch"] == 1
    by_neighbours = CorruptionDetector(BrightnessJudge(), reconstruction=OutlierDetector("knn")).fit(X[:100])
    assert by_neighbours.reconstruction_.method_ == "knn"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weights": {"colour": 1.0}}, "weights must be a dict with keys among identifier, statistics"),
        ({"weights": {"identifier": -1.0}}, "weights must be positive and finite"),
        ({"weights": {"identifier": 0.0}}, "weights must be positive and finite"),
        ({"identifier": object()}, "identifier must have fit and score_samples"),
        ({"contamination": 2}, "contamination must be"),
    ],
)
def test_errors_say_what_was_expected(arguments, message, corrupted):
    with pytest.raises(ValueError, match=message):
        CorruptionDetector(**arguments).fit(corrupted[0][:50])


def test_with_the_real_identifier(corrupted):
    X, kinds = corrupted
    identifier = CorruptionIdentifier(epochs=1, images_per_epoch=1000, random_state=0).fit(X)
    detector = CorruptionDetector(identifier, random_state=0).fit(X)
    assert detector.identifier_ is identifier
    raw = OutlierDetector("iforest", random_state=0).fit(X)
    assert auc(kinds, detector.training_scores_) > max(0.93, auc(kinds, raw.training_scores_))
    np.testing.assert_allclose(detector.score_samples(X[:40]), detector.training_scores_[:40], rtol=1e-3, atol=1e-3)
