"""The check of repairs: evidence features of a repair, and the threshold of its classifier."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from scipy import stats

from toolkit.corruption import KINDS, SYMMETRIES, apply_corruption
from toolkit.datasets import load_glyphs
from toolkit.restoration._intensity import tone_curve
from toolkit.restoration._repair_evidence import RepairEvidence, best_told, fit_classifier, least_sensitivity


@pytest.fixture(scope="module")
def glyphs():
    return load_glyphs(400, random_state=0).images


@pytest.fixture(scope="module")
def evidence(glyphs):
    return RepairEvidence(glyphs.shape[1:]).fit(glyphs[:300], np.random.default_rng(0))


def _planted(images, kind):
    planted, _ = apply_corruption(images / np.float32(255), kind, generator=np.random.default_rng(1))
    return np.rint(planted * 255).astype(np.uint8)


def test_an_inverted_image_is_odd_and_its_repair_is_not(glyphs, evidence):
    fresh = glyphs[300:]
    undone = evidence.features(255 - fresh, fresh)
    done = evidence.features(fresh, 255 - fresh)
    assert (undone[:, 0] > undone[:, 1]).all()
    np.testing.assert_allclose(undone[:, 0], done[:, 1])
    # Edges that run the other way: the similarity gained by the one is what the other loses.
    np.testing.assert_allclose(undone[:, 2], -done[:, 2], atol=1e-6)


def test_what_an_occluder_covers_is_of_one_value(glyphs, evidence):
    fresh = glyphs[300:]
    covered = fresh.copy()
    covered[:, 8:18, 8:18] = 90
    smooth = evidence.features(covered, fresh)[:, 4]
    rough = evidence.features(fresh, covered)[:, 4]
    assert smooth.max() < 1e-3
    assert np.median(rough) > 0.2


def test_what_is_known_of_images_is_not_measured_again(glyphs, evidence, monkeypatch):
    fresh, given = glyphs[300:330], _planted(glyphs[300:330], "flip_horizontal")
    given[::3] = fresh[::3]  # some are the known ones
    known = fresh, evidence.resemblance(fresh)
    plain, measured = evidence.features(given, fresh), []
    score = RepairEvidence._outlier_score

    def watched(self, images):
        measured.append(len(images))
        return score(self, images)

    monkeypatch.setattr(RepairEvidence, "_outlier_score", watched)
    np.testing.assert_allclose(evidence.features(given, fresh, known), plain)
    assert measured == [np.any(given != fresh, axis=(1, 2)).sum()]


def test_no_images_have_no_evidence(evidence, glyphs):
    assert evidence.features(glyphs[:0], glyphs[:0]).shape == (0, 6)


def _normals(shift, n=4000, seed=0):
    generator = np.random.default_rng(seed)
    planted, sound = generator.normal(size=(n, 6)), generator.normal(size=(n, 6))
    planted[:, 0] += shift
    return planted, sound


EVERY = np.ones(4000, bool)


def test_of_two_normals_no_sound_image_passes_and_some_room_is_left():
    planted, sound = _normals(4.0)
    classifier = fit_classifier(planted, sound, EVERY)
    assert classifier.false_alarm_rate == 0
    # Beyond the highest of 4,000 normals by the spread of their scores: what passes lies beyond about 3.7 + 1.
    assert stats.norm.sf(5.2 - 4.0) < classifier.sensitivity < stats.norm.sf(3.4 - 4.0)
    # By the weights of all images it is what it was on held-out ones.
    assert classifier.accepts(planted).mean() == pytest.approx(classifier.sensitivity, abs=0.05)
    assert not classifier.accepts(sound).any()


def test_far_apart_the_threshold_is_between():
    planted, sound = _normals(12.0)
    classifier = fit_classifier(planted, sound, EVERY)
    assert classifier.sensitivity > 0.97
    assert classifier.false_alarm_rate == 0
    between = np.zeros((9, 6))
    between[:, 0] = np.linspace(2, 10, 9)
    assert 4 <= between[classifier.accepts(between), 0].min() <= 10


def test_one_image_unlike_all_others_does_not_forbid_a_kind():
    planted, sound = _normals(4.0, n=300)
    every = np.ones(len(sound), bool)
    before = fit_classifier(planted, sound, every).sensitivity
    # A blank image among letters: five times as odd as any, and no more like its neighbours once it is turned.
    sound[0, :2] = 50.0
    classifier = fit_classifier(planted, sound, every)
    assert classifier.sensitivity > before - 0.1 > 0.1
    assert not classifier.accepts(sound).any()


@pytest.mark.parametrize(
    ("kind", "spared"),
    [("gaussian_blur", True), ("rotate", True), ("stripe", False), ("translate", False), ("rotate_90", False)],
)
def test_one_image_that_may_be_damaged_itself_does_not_decide(kind, spared):
    planted, sound = _normals(5.0, n=300)
    every = np.ones(len(sound), bool)
    before = fit_classifier(planted, sound, every, kind).sensitivity
    sound[0] = np.sort(planted, axis=0)[270]  # as high as planted ones, and in no way odd
    classifier = fit_classifier(planted, sound, every, kind)
    assert classifier.accepts(sound).sum() == spared
    assert (classifier.sensitivity > before - 0.1) == spared
    # Of fewer than 200 none is spared.
    few = fit_classifier(planted[:150], sound[:150], every[:150], kind)
    assert not few.accepts(sound[:150]).any()


def test_none_is_spared_where_repairs_are_hardly_told_even_so():
    planted, sound = _normals(2.5, n=300)
    every = np.ones(len(sound), bool)
    assert fit_classifier(planted, sound, every, "speckle_noise").sensitivity < 0.75
    assert not fit_classifier(planted, sound, every, "speckle_noise").accepts(sound).any()


@pytest.mark.parametrize(("feature", "value"), [(0, 60.0), (1, 60.0), (2, -60.0), (3, -60.0)])
def test_a_repair_unlike_any_planted_one_is_not_accepted(feature, value):
    planted, sound = _normals(6.0)
    classifier = fit_classifier(planted, sound, EVERY)
    usual = np.array([[7.0, 0, 0, 0, 0, 0]])
    assert classifier.accepts(usual).all()
    usual[0, feature] = value
    assert not classifier.accepts(usual).any()


def test_a_feature_says_no_more_beyond_what_was_seen_of_it():
    planted, sound = _normals(4.0)
    classifier = fit_classifier(planted, sound, EVERY)
    # The size of a change has no bad side, so nothing is refused for it; it is no evidence without end either.
    weak = np.array([[3.0, 0, 0, 0, 0, 0]])
    for size in (-1e6, 1e6):
        weak[0, 5] = size
        assert not classifier.accepts(weak).any()


def test_classifiers_of_earlier_versions_have_no_bounds():
    planted, sound = _normals(4.0)
    fitted = fit_classifier(planted, sound, EVERY)
    earlier = dataclasses.replace(fitted, seen=None, usual=None)
    near = np.clip(planted, *fitted.seen)
    np.testing.assert_array_equal(earlier.accepts(near), fitted.accepts(near))


def test_features_without_information_accept_nothing():
    planted, sound = _normals(0.0)
    assert fit_classifier(planted, sound, EVERY).sensitivity < 0.01


def test_only_sound_images_that_would_change_can_be_harmed():
    planted, sound = _normals(1.0)
    classifier = fit_classifier(planted, sound, ~EVERY)
    assert classifier.false_alarm_rate == 0
    assert classifier.sensitivity >= 0.974


@given(
    hnp.arrays(np.uint8, (2, 6, 6)),
    hnp.arrays(np.float32, (2, 6, 6), elements=st.floats(0, 1, width=32)),
)
@settings(max_examples=60, deadline=None)
def test_a_tone_curve_maps_darker_to_darker_and_nothing_else(images, wanted):
    unit = images / np.float32(255)
    mapped = tone_curve(unit, wanted)
    for given_image, image in zip(images, mapped):
        order = np.argsort(given_image.ravel(), kind="stable")
        values, levels = image.ravel()[order], given_image.ravel()[order]
        assert (np.diff(values) >= -1e-6).all()
        assert all(np.ptp(values[levels == level]) < 1e-6 for level in np.unique(levels))
    # A map that is monotone already stays as it is.
    np.testing.assert_allclose(tone_curve(unit, mapped), mapped, atol=1e-5)
    assert tone_curve(unit[:0], wanted[:0]).shape == (0, 6, 6)


def test_a_tone_curve_finds_what_pillow_did_to_the_levels(glyphs):
    table = [int(255 * (level / 255) ** 0.6) for level in range(256)]
    changed = np.stack([np.asarray(Image.fromarray(image).point(table)) for image in glyphs[:10]])
    noisy = changed / 255 + np.random.default_rng(0).normal(0, 0.05, changed.shape)
    back = tone_curve(glyphs[:10] / np.float32(255), noisy.astype(np.float32))
    assert np.abs(back - changed / 255).mean() < 0.02


def test_more_is_asked_of_a_symmetry_than_of_what_leaves_a_trace():
    asked = {kind: least_sensitivity(kind) for kind in KINDS}
    others = {kind: least for kind, least in asked.items() if kind not in SYMMETRIES}
    assert 0 < max(others.values()) < min(asked[kind] for kind in SYMMETRIES)


def test_room_is_what_lies_between_the_highest_sound_score_and_the_line():
    planted, sound = _normals(4.0)
    fitted = fit_classifier(planted, sound, EVERY, "pixelate")
    assert fitted.room > 0.5
    # Of the sound images those alone pass without it that are spared, one in 200, and more planted ones do.
    assert (fitted.margin(sound) >= -fitted.room + 0.5).mean() <= 0.005
    assert (fitted.margin(planted) >= -fitted.room).mean() > fitted.sensitivity + 0.05
    # Where no sound image would change, none drew the line, and of what is shown by itself it is never given up.
    assert fit_classifier(planted, sound, ~EVERY, "pixelate").room == 0
    assert {fit_classifier(planted, sound, EVERY, kind).room for kind in ("shear", "occlude", "stripe")} == {0.0}


def test_a_repair_unlike_any_planted_one_has_no_margin_however_likely():
    planted, sound = _normals(6.0)
    fitted = fit_classifier(planted, sound, EVERY)
    assert fitted.margin(np.array([[60.0, 0, 0, 0, 0, 0]])).tolist() == [-np.inf]
    some = planted[:50]
    np.testing.assert_array_equal(fitted.accepts(some), fitted.margin(some) >= 0)


@pytest.mark.parametrize(("shift", "more"), [(4.0, True), (8.0, False)])
def test_where_stripes_are_hardly_told_from_cloth_the_line_lies_farther_off(shift, more):
    planted, sound = _normals(shift)
    other, stripes = (fit_classifier(planted, sound, EVERY, kind) for kind in ("translate", "stripe"))
    assert (other.sensitivity < 0.7) == more
    assert (stripes.threshold > other.threshold + 1) == more
    assert (stripes.sensitivity < other.sensitivity) == more


@pytest.mark.parametrize(
    ("sensitivities", "first", "n_asked"),
    [
        ({"a": 0.8, "b": 1.0}, "a", 1),  # well enough: no other is looked for
        ({"a": 0.1, "b": 0.7}, "b", 2),
        ({"a": 0.5, "b": 0.5}, "a", 2),  # it gains more
        ({"a": 0.0, "b": 0.0}, "a", 2),  # none is told: the best
    ],
)
def test_the_candidate_of_which_most_is_left_comes_first(sensitivities, first, n_asked):
    asked = []

    def judged(name):
        asked.append(name)
        return 0.3, SimpleNamespace(sensitivity=sensitivities[name])

    names, threshold, classifier = best_told(("a", "b"), {"a": 7.0, "b": 6.0}, judged)
    assert sorted(names) == ["a", "b"]
    assert names[0] == first
    assert (threshold, classifier.sensitivity) == (0.3, sensitivities[first])
    assert len(asked) == n_asked
