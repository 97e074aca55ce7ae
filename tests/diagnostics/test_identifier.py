"""CorruptionIdentifier on embedded digits: what it finds, what it leaves alone, what it refuses."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from toolkit.corruption import KINDS, Corruptor
from toolkit.datasets import load_digits
from toolkit.diagnostics import CorruptionIdentifier

EASY = ("invert", "gaussian_noise", "low_contrast", "rotate")


@pytest.fixture(scope="module")
def corrupted():
    """Images, kinds, and one row of true parameters an image."""
    images, kinds, parameters = Corruptor(EASY, fraction=0.2, random_state=0).corrupt(
        load_digits().images[:1300], return_parameters=True
    )
    return images, kinds, parameters.set_index("index").reindex(range(len(images)))


@pytest.fixture(scope="module")
def fitted(corrupted):
    return CorruptionIdentifier(EASY, epochs=8, images_per_epoch=2600, random_state=0).fit(corrupted[0])


@pytest.fixture(scope="module")
def found(fitted, corrupted):
    return fitted.identify(corrupted[0])


def test_kinds_are_named(found, corrupted):
    kinds = corrupted[1]
    for kind in ("clean", *EASY):
        assert (found["kind"][kinds == kind] == kind).mean() > 0.8, kind


def test_probabilities_are_honest(found, corrupted):
    right = found["kind"].to_numpy() == corrupted[1]
    assert abs(found["probability"].mean() - right.mean()) < 0.06
    assert found["probability"].between(0, 1).all()
    assert roc_auc_score(corrupted[1] != "clean", -found["clean_probability"]) > 0.97


def test_prevalence_and_its_interval(fitted):
    low, high = fitted.prevalence_interval_
    assert fitted.prevalence_ == pytest.approx(0.2, abs=0.03)
    assert low < fitted.prevalence_ < high
    assert fitted.shares_.sum() == pytest.approx(1)


def test_angles_point_the_right_way(found, corrupted):
    named = (corrupted[1] == "rotate") & (found["kind"] == "rotate").to_numpy()
    truth = corrupted[2]["angle"].to_numpy(dtype=float)[named]
    error = np.abs((found["angle"].to_numpy()[named] - truth + 180) % 360 - 180)
    assert np.median(error) < 6
    assert (found["angle"][found["kind"] == "clean"] == 0).all()
    assert found["angle"].between(-180, 180).all()


def test_severity_goes_with_strength(found, corrupted):
    named = (corrupted[1] == "gaussian_noise") & (found["kind"] == "gaussian_noise").to_numpy()
    truth = corrupted[2]["severity"].to_numpy(dtype=float)[named]
    assert np.corrcoef(found["severity"][named], truth)[0, 1] > 0.5
    assert (found["severity"][found["kind"] == "invert"] == 1).all()


def test_scores_codes_and_probabilities_tell_one_story(fitted, found, corrupted):
    images, kinds, _ = corrupted
    np.testing.assert_array_equal(fitted.kinds_[fitted.predict(images)], found["kind"])
    probabilities = fitted.kind_probabilities(images)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    named = probabilities.to_numpy()[np.arange(len(images)), fitted.predict(images)]
    np.testing.assert_allclose(named, found["probability"], atol=1e-6)
    assert roc_auc_score(kinds == "clean", fitted.score_samples(images)) > 0.97


def test_the_threads_do_not_change_the_result(corrupted):
    images = corrupted[0][:500]
    estimator = CorruptionIdentifier(EASY, epochs=1, images_per_epoch=256, random_state=3)
    one, two = (clone(estimator).set_params(n_jobs=n).fit(images).kind_probabilities(images) for n in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_a_clean_set_stays_clean():
    images = load_digits().images[:1300]
    identifier = CorruptionIdentifier(EASY, epochs=4, images_per_epoch=1500, random_state=1).fit(images)
    assert (identifier.identify(images)["kind"] != "clean").mean() <= 0.02
    assert identifier.prevalence_ < 0.03


def test_a_large_set_is_sampled_and_all_of_it_identified(corrupted):
    images = corrupted[0]
    identifier = CorruptionIdentifier(EASY, epochs=1, images_per_epoch=700, max_samples=700, random_state=0).fit(images)
    assert len(identifier.learned_from_) == 700
    assert len(identifier.identify(images)) == len(images)


def test_colour_and_other_sizes(corrupted):
    colour = np.repeat(corrupted[0][:120, :20, :24, None], 3, axis=3)
    identifier = CorruptionIdentifier(epochs=1, random_state=0).fit(colour.astype(float) / 7)
    assert list(identifier.kinds_) == ["clean", *KINDS, "unknown"]
    assert len(identifier.identify(colour.astype(float) / 7)) == 120


def test_bad_input():
    with pytest.raises(ValueError, match="Unknown kind: 'rain'"):
        CorruptionIdentifier(["rain"]).fit(np.zeros((5, 4, 4)))
    with pytest.raises(ValueError, match="epochs"):
        CorruptionIdentifier(epochs=0).fit(np.zeros((5, 4, 4)))
    with pytest.raises(ValueError, match="at least 2 images|minimum of"):
        CorruptionIdentifier().fit(np.zeros((1, 4, 4)))
