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
    images = corrupted[0][:320]
    estimator = CorruptionIdentifier(EASY, epochs=1, images_per_epoch=256, random_state=3)
    one, two = (clone(estimator).set_params(n_jobs=n).fit(images).kind_probabilities(images) for n in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_a_clean_set_stays_clean():
    images = load_digits().images[:700]
    identifier = CorruptionIdentifier(EASY, epochs=3, images_per_epoch=800, random_state=1).fit(images)
    assert (identifier.identify(images)["kind"] != "clean").mean() <= 0.02
    assert identifier.prevalence_ < 0.03


def test_a_large_set_is_sampled_and_all_of_it_identified(corrupted):
    images = corrupted[0]
    identifier = CorruptionIdentifier(EASY, epochs=1, images_per_epoch=400, max_samples=400, random_state=0).fit(images)
    assert len(identifier.learned_from_) == 400
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
        CorruptionIdentifier(epochs=-1).fit(np.zeros((5, 4, 4)))
    with pytest.raises(ValueError, match="at least 2 images|minimum of"):
        CorruptionIdentifier().fit(np.zeros((1, 4, 4)))


def test_what_can_be_told_is_measured_on_held_out_images(fitted):
    table = fitted.competence_.set_index("kind")
    assert list(table.index) == [*EASY, "unknown"]
    assert (table.loc[list(EASY), "status"] == "detected").all()
    assert (table.loc[list(EASY), "recall"] > 0.8).all()
    assert (table["recall_low"] <= table["recall"]).all()
    assert (table["recall"] <= table["recall_high"]).all()
    assert table["n_sound"].min() >= 240
    assert fitted.auroc_ > 0.95
    assert fitted.judgeable_
    assert fitted.reasons_ == ()
    assert fitted.confirmed_kinds_ == EASY


def test_what_is_measured_on_the_set_is_what_the_truth_says(fitted, corrupted):
    """Recall as estimated without labels, beside that on images which nobody has seen, of which all is known."""
    fresh = load_digits().images[1300:1700]
    from toolkit.corruption import apply_corruption

    sound = fitted.kind_probabilities(fresh)
    for kind in EASY:
        planted, _ = apply_corruption(fresh / np.float32(255), kind, generator=np.random.default_rng(0))
        planted = fitted.kind_probabilities(np.rint(planted * 255).astype(np.uint8))
        score, own = (np.log(frame[kind] + 1e-12) - np.log(frame["clean"] + 1e-12) for frame in (sound, planted))
        truth = (own > np.quantile(score, 0.99)).mean()
        estimate = fitted.competence_.set_index("kind").loc[kind, "recall"]
        assert estimate == pytest.approx(truth, abs=0.12), kind


def test_random_noise_cannot_be_judged():
    images = np.random.default_rng(0).integers(0, 256, (400, 16, 16), dtype=np.uint8)
    kinds = ("rotate_180", "flip_horizontal", "flip_vertical", "invert", "gaussian_noise")
    identifier = CorruptionIdentifier(kinds, epochs=2, random_state=0).fit(images)
    assert not identifier.judgeable_
    assert identifier.auroc_ < 0.95
    assert identifier.confirmed_kinds_ == ()
    flips = identifier.competence_.set_index("kind").loc[list(kinds[:3])]
    assert (flips["status"] == "not detected").all()
    # What cannot be told apart is never named.
    assert not set(identifier.identify(images)["kind"]) & set(kinds[:4])


def test_two_sorts_of_images_half_and_half_cannot_be_judged():
    digits = load_digits().images[:400]
    both = np.concatenate([digits[:200], 255 - digits[200:]])
    identifier = CorruptionIdentifier(["rotate_180", "gaussian_noise"], epochs=2, random_state=0).fit(both)
    assert any("two sorts of images (50% and 50%)" in reason for reason in identifier.reasons_)
    assert identifier.confirmed_kinds_ == ()


def test_few_images_are_not_measurable_and_then_two_networks_have_to_agree():
    from toolkit.datasets import load_glyphs

    glyphs = load_glyphs(200, random_state=3).images
    given, kinds = Corruptor(["invert"], fraction=0.1, random_state=0).corrupt(glyphs)
    identifier = CorruptionIdentifier(random_state=0).fit(given)
    assert set(identifier.competence_["status"]) == {"not measurable"}
    assert np.isnan(identifier.auroc_)
    assert identifier.confirmed_kinds_ == KINDS  # a network that knows other letters bears witness
    found = identifier.identify(given)
    assert (found["kind"][kinds == "invert"] == "invert").mean() > 0.8
    # Nothing bears witness for images that no network knows.
    colour = np.repeat(given[..., None], 3, axis=3)
    assert CorruptionIdentifier(epochs=1, random_state=0).fit(colour).confirmed_kinds_ == ()
