"""The parts of the identifier against closed forms: mixtures, temperature, views, novelty, planting."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from toolkit._core.geometry import dihedral
from toolkit.corruption import KINDS
from toolkit.corruption._kinds import SYMMETRIES
from toolkit.diagnostics.identifier._calibration import CalibratedMixture, initial_clean_mask, select_clean_rows
from toolkit.diagnostics.identifier._competence import _recall_at
from toolkit.diagnostics.identifier._injection import Injector
from toolkit.diagnostics.identifier._mixture import clean_interval, fit_temperature, mixture_shares, posterior
from toolkit.diagnostics.identifier._novelty import Novelty, kth_distance
from toolkit.diagnostics.identifier._novelty_score import NoveltyScore, StatisticsOutlierScore
from toolkit.diagnostics.identifier._test_time_augmentation import VIEWS, merge_augmentations, symmetry_codes


def overlapping(n, shares, seed=0):
    """Log-likelihoods of one number under unit normals at 0, 2, 4, and where it came from."""
    generator = np.random.default_rng(seed)
    kind = generator.choice(3, size=n, p=shares)
    values = generator.normal(2.0 * kind)
    return -0.5 * (values[:, None] - 2.0 * np.arange(3)) ** 2, kind


@pytest.mark.parametrize("shares", [(1.0, 0.0, 0.0), (0.8, 0.15, 0.05), (0.5, 0.2, 0.3)])
def test_shares_are_recovered_from_overlapping_likelihoods(shares):
    logs, _ = overlapping(20_000, shares)
    np.testing.assert_allclose(mixture_shares(logs), shares, atol=0.015)


def test_a_known_share_of_the_first_kind_is_kept_and_the_others_are_fitted_around_it():
    logs, _ = overlapping(20_000, (0.8, 0.15, 0.05))
    found = mixture_shares(logs, clean=0.8)
    np.testing.assert_allclose(found, (0.8, 0.15, 0.05), atol=0.015)
    assert found[0] == pytest.approx(0.8)
    assert found.sum() == pytest.approx(1)
    for clean in (0.3, 0.95):
        assert mixture_shares(logs, clean=clean)[0] == pytest.approx(clean)


def test_the_interval_of_the_prevalence_covers_the_truth():
    covered = 0
    for seed in range(40):
        logs, _ = overlapping(1500, (0.8, 0.15, 0.05), seed)
        low, high = clean_interval(logs, mixture_shares(logs))
        covered += low <= 0.2 <= high
    assert covered >= 34  # 95 % of 40 is 38; fewer than 34 would be a chance of 1 in 1,000


def test_posterior_is_bayes_rule():
    logs, _ = overlapping(10, (0.6, 0.3, 0.1))
    expected = np.exp(logs) * [0.6, 0.3, 0.1]
    np.testing.assert_allclose(posterior(logs, np.array([0.6, 0.3, 0.1])), expected / expected.sum(1, keepdims=True))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_was_applied_is_found(temperature):
    logs, kind = overlapping(30_000, (1 / 3, 1 / 3, 1 / 3))
    assert fit_temperature(logs * temperature, kind) == pytest.approx(temperature, rel=0.05)


def test_views_of_one_image_agree_on_what_it_is():
    """A perfect prediction on each view, led back, must be the perfect prediction on the image."""
    kinds = KINDS
    codes = symmetry_codes(kinds)
    pattern = np.random.default_rng(0).random((1, 5, 5))
    known = {name: dihedral(pattern, name) for name in codes}

    def perfect(image):
        logs = np.full((1, len(kinds) + 2), -9.0)
        for name, code in codes.items():
            if np.array_equal(known[name], image):
                logs[0, code] = 0.0
        return logs

    for name, code in codes.items():
        by_view = {view: perfect(dihedral(known[name], view)) for view in VIEWS}
        assert merge_augmentations(by_view, kinds)[0].argmax() == code, name


def test_merging_leaves_other_kinds_and_the_total_alone():
    kinds = ("invert", "flip_horizontal", "rotate_180")
    generator = np.random.default_rng(1)
    logs = {view: np.log(generator.dirichlet(np.ones(5), size=7)) for view in VIEWS}
    merged = merge_augmentations(logs, kinds)
    np.testing.assert_array_equal(merged[:, [1, 4]], logs["identity"][:, [1, 4]])
    np.testing.assert_allclose(np.exp(merged).sum(axis=1), 1.0)
    one_symmetry = merge_augmentations({view: logs[view] for view in VIEWS}, ("invert", "stripe", "occlude"))
    np.testing.assert_array_equal(one_symmetry, logs["identity"])


def test_novelty_is_the_mean_distance_to_the_nearest_neighbours():
    generator = np.random.default_rng(2)
    reference, rows = generator.normal(size=(300, 6)), generator.normal(size=(50, 6)) * 3
    novelty = Novelty(n_neighbors=4).fit(reference, generator)
    scaled = reference / reference.std(axis=0)
    distances, _ = NearestNeighbors(n_neighbors=5).fit(scaled).kneighbors(rows / reference.std(axis=0))
    np.testing.assert_allclose(novelty.score(rows), distances[:, 1:].mean(axis=1), rtol=1e-6)


def test_the_kth_distance_is_that_of_scikit_learn():
    generator = np.random.default_rng(9)
    reference, rows = generator.normal(size=(300, 6)), generator.normal(size=(50, 6))
    distances, _ = NearestNeighbors(n_neighbors=8).fit(reference).kneighbors(rows)
    np.testing.assert_allclose(kth_distance(rows, reference, 7), distances[:, 7], rtol=1e-6)


def smooth_images(n, generator):
    """Soft blobs of random place and size: statistics of any kind have a bulk."""
    y, x = np.mgrid[:16, :16]
    centre, width = generator.uniform(5, 10, (n, 2, 1, 1)), generator.uniform(2, 4, (n, 1, 1))
    blobs = np.exp(-((y - centre[:, 0]) ** 2 + (x - centre[:, 1]) ** 2) / (2 * width**2))
    return np.rint(255 * blobs).astype(np.uint8)


def test_odd_statistics_are_found_before_anything_is_learnt():
    generator = np.random.default_rng(5)
    images = smooth_images(600, generator)
    images[:60] = np.clip(images[:60] + generator.normal(0, 60, (60, 16, 16)), 0, 255)
    usual = StatisticsOutlierScore((16, 16)).fit(images, generator).usual_
    assert not usual[:60].any()
    assert usual[60:].mean() > 0.9


def test_a_class_that_looks_unlike_the_others_is_not_odd():
    generator = np.random.default_rng(8)
    images = smooth_images(1000, generator)
    images[:150] = 0
    images[np.arange(150), 3:13, generator.integers(6, 10, 150)] = generator.integers(150, 256, (150, 1))
    usual = StatisticsOutlierScore((16, 16)).fit(images, generator).usual_
    assert usual[:150].mean() > 0.8


def test_as_many_of_the_clean_are_strange_as_was_asked():
    generator = np.random.default_rng(6)
    images, features = smooth_images(3000, generator), generator.normal(size=(3000, 8))
    learnt, other = slice(0, 1500), slice(1500, 3000)
    held_back = np.arange(1500) % 2 == 0
    outlier_score = StatisticsOutlierScore((16, 16))
    statistics = outlier_score.fit_measure(images[learnt], generator)
    np.testing.assert_array_equal(statistics, outlier_score.measure(images[learnt]))
    novelty_score = NoveltyScore(outlier_score, share=0.02)
    novelty_score.fit(statistics, features[learnt], np.zeros(1500), np.ones(1500, bool), held_back, generator)
    measured = outlier_score.measure(images[other])
    beyond = novelty_score.score(features[other], measured) > novelty_score.limit_
    assert 0.005 < beyond.mean() < 0.05
    far = novelty_score.score(features[other] + 10, measured)
    assert (far > novelty_score.limit_).all()


def test_trust_keeps_a_majority_and_something_for_each_member():
    clean, kind = np.log([0.9, 0.1]), np.log([0.05, 0.95])
    logs, usual, fold = np.array([clean, clean, clean, kind]), np.ones(4, bool), np.array([0, 0, 1, 1])
    np.testing.assert_array_equal(select_clean_rows(logs, usual, fold), [True, True, True, False])
    usual[0] = False
    np.testing.assert_array_equal(select_clean_rows(logs, usual, fold), [True, True, True, False])
    logs[0] = np.log([0.6, 0.4])  # enough for a usual row, not for an odd one
    np.testing.assert_array_equal(select_clean_rows(logs, usual, fold), [False, True, True, False])
    np.testing.assert_array_equal(select_clean_rows(logs, np.ones(4, bool), np.array([0, 0, 0, 1])), [1, 1, 1, 1])
    assert select_clean_rows(np.array([clean, kind, kind, kind]), np.ones(4, bool), np.zeros(4, int)).sum() >= 2


def test_one_kind_alone_does_not_hide_among_twenty_that_are_not_there():
    """Networks that were shown a fifth of contamination as clean are not sure of it: four to one, say."""
    n_kinds, usual, fold = 20, np.ones(1000, bool), np.arange(1000) % 2
    spoilt = np.arange(1000) < 200
    logs = np.full((1000, n_kinds + 1), np.log(1e-3))
    logs[:, 0] = np.where(spoilt, np.log(0.2), np.log(0.98))
    logs[spoilt, 7] = np.log(0.8)
    np.testing.assert_array_equal(select_clean_rows(logs, usual, fold), ~spoilt)
    # One row of it, in a set without company, stays: it would be four in five at most.
    np.testing.assert_array_equal(select_clean_rows(logs[199:], usual[199:], fold[199:]), np.ones(801, bool))


def test_one_in_twenty_of_the_flagged_is_clean_where_kinds_can_be_told_apart():
    generator = np.random.default_rng(7)
    kind = generator.choice(3, size=40_000, p=(0.7, 0.15, 0.15))
    values = generator.normal(3.0 * kind)
    calibration = CalibratedMixture(1.0).fit(-0.5 * (values[:, None] - 3.0 * np.arange(3)) ** 2)
    flagged = calibration.codes(calibration.probabilities(-0.5 * (values[:, None] - 3.0 * np.arange(3)) ** 2)) > 0
    assert (kind[flagged] == 0).mean() == pytest.approx(0.05, abs=0.01)
    assert (kind[~flagged] > 0).mean() < 0.04
    assert calibration.prevalence_ == pytest.approx(0.3, abs=0.02)


def test_the_clean_are_the_majority_whatever_a_network_says():
    logs = np.log([[0.05, 0.95]] * 60 + [[0.04, 0.96]] * 40)
    calibration = CalibratedMixture(1.0, calibrated=False).fit(logs)
    assert calibration.prevalence_ == pytest.approx(0.5)
    assert (calibration.codes(calibration.probabilities(logs)) == 0).mean() >= 0.5


def test_planting_follows_the_shares_and_says_the_truth():
    injector = Injector(("invert", "rotate", "gaussian_noise"))
    images = np.random.default_rng(3).integers(0, 256, (3000, 12, 12), dtype=np.uint8)
    shares = injector.shares()
    assert shares.sum() == pytest.approx(1)
    generator = np.random.default_rng(4)
    planted = injector.plant(images, injector.draw(len(images), shares, generator), generator)
    np.testing.assert_array_equal(planted.images[planted.kind == 0], images[planted.kind == 0])
    np.testing.assert_array_equal(planted.images[planted.kind == 1], 255 - images[planted.kind == 1])
    assert np.isnan(planted.severity[planted.kind == 1]).all()
    assert (np.abs(np.rad2deg(planted.angle[planted.kind == 2])) >= 19.9).all()
    assert (planted.angle[planted.kind == 0] == 0).all()
    assert ((planted.severity[planted.kind == 3] >= 0) & (planted.severity[planted.kind == 3] <= 1)).all()
    counts = np.bincount(planted.kind + 1, minlength=6)[1:] / (planted.kind >= 0).sum()
    np.testing.assert_allclose(counts, shares / shares.sum(), atol=0.04)


def test_what_is_still_confused_is_planted_more_often():
    injector = Injector(("invert", "rotate"))
    shares = injector.shares(np.array([0.1, 0.1, 2.0, 0.5]))
    assert shares[2] > 1.5 * shares[1]
    assert shares[0] == pytest.approx(injector.shares()[0])


@pytest.mark.parametrize(
    ("kinds", "n_pairs"),
    [
        (("invert",), 0),
        (("invert", "rotate_90"), 2),
        (("rotate_90", "rotate_270", "flip_horizontal"), 0),
        (KINDS, None),
    ],
)
def test_a_pair_of_kinds_is_never_a_kind_or_nothing(kinds, n_pairs):
    # Twice inverted is as it came, a half turn and a mirror make the other mirror: neither may be taught as "unknown".
    injector = Injector(kinds)
    if n_pairs is not None:
        assert len(injector.pairs) == n_pairs
    for first, second in injector.pairs:
        assert first != second
        assert not {kinds[first], kinds[second]} <= set(SYMMETRIES)
    images = np.random.default_rng(0).integers(0, 256, (300, 12, 12), dtype=np.uint8)
    unknown = np.full(len(images), injector.n_outputs - 1)
    planted = injector.plant(images, unknown, np.random.default_rng(1))
    assert (planted.images != images).any(axis=(1, 2)).all()


@pytest.mark.parametrize("seed", range(20))
def test_chance_among_many_of_one_kind_is_not_held_against_it(seed):
    # A fifth of the set came with this kind, all told apart: how many of them stand above any one level is chance.
    rng = np.random.default_rng(seed)
    unplanted = np.concatenate([rng.normal(-20, 1, 240), rng.normal(8, 1, 60)])
    recall = _recall_at(unplanted, rng.normal(8, 1, 170), 0.4)
    assert recall > 0.6


@pytest.mark.parametrize("seed", range(20))
def test_a_kind_that_is_not_told_is_not_told_by_that_leeway_either(seed):
    rng = np.random.default_rng(seed)
    assert _recall_at(rng.normal(0, 1, 1600), rng.normal(1, 1, 200), 0.02) < 0.35


def test_networks_that_know_nothing_of_a_set_still_say_what_stands_apart():
    rng = np.random.default_rng(0)
    logs = rng.normal(0, 1, (500, 4)) + [-22, -14, -30, 0]  # all of it "unknown" to them
    logs[:100] += [-9, 9, 0, 0]  # a fifth far more like the first kind than the others
    trusted = initial_clean_mask(logs, np.ones(500, dtype=bool))
    assert not trusted[:100].any()
    assert trusted[100:].mean() > 0.95
