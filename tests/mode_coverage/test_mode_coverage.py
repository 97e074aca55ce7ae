"""ModeCoverage: right in known worlds, calibrated, and usable with anything that can be sampled."""

import json

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity

from toolkit.coverage import ModeCoverage, coverage_scorer, draw_samples, jensen_shannon, resemblance
from toolkit.coverage._quantise import assign_bins, connect_bins, group_bins
from toolkit.coverage._reference import calibrate_differing_bins, divergence_interval, reference_divergences
from toolkit.datasets import load_glyphs, load_grid, load_ring


@pytest.fixture(scope="module")
def digits():
    return load_glyphs(4000, classes="0123456789", random_state=0)


@pytest.fixture(scope="module")
def more_digits():
    return load_glyphs(3000, classes="0123456789", random_state=1)


@pytest.fixture(scope="module")
def coverage(digits):
    return ModeCoverage(random_state=0).fit(digits.images)


def test_a_removed_digit_is_found_and_shown(coverage, digits, more_digits):
    record = coverage.evaluate(more_digits.images[more_digits.labels != "4"])
    assert record.flagged
    images, shown = coverage.dropped_examples(record)
    assert len(shown) > 0
    assert (digits.labels[shown["row"]] == "4").mean() >= 0.9
    np.testing.assert_array_equal(images, digits.images[shown["row"]])
    for bin_, rows in record.missing_.items():
        assert (coverage.bins_[rows] == bin_).all()
        assert record.bins.loc[bin_, "status"] == "missing"
    assert sum(len(mode.bins) for mode in record.dropped_modes) == len(record.missing_)
    assert "bins are missing" in record.verdict


def test_fresh_images_pass(coverage, more_digits):
    record = coverage.evaluate(more_digits.images)
    assert not record.flagged
    assert record.dropped_modes == ()
    assert record.verdict.startswith("Nothing is missing")
    frame = record.frame().set_index("metric")
    for name in ("precision", "recall", "density", "coverage"):
        assert frame.loc[name, "value"] == pytest.approx(frame.loc[name, "expected"], abs=0.04)
        assert frame.loc[name, "low"] <= frame.loc[name, "value"] <= frame.loc[name, "high"]


def test_copies_are_told_from_fresh_images(coverage, digits, more_digits):
    assert coverage.evaluate(digits.images[:1000]).p_values["copied_share"] < 1e-6
    assert "copies" in coverage.evaluate(digits.images[:1000]).verdict
    assert coverage.evaluate(more_digits.images[:1000]).p_values["copied_share"] > 0.01


def test_few_repeated_images(coverage, more_digits):
    chosen = np.random.default_rng(0).integers(50, size=3000)
    record = coverage.evaluate(more_digits.images[chosen])
    assert record.coverage < 0.2
    assert record.p_values["coverage"] < 0.01
    assert record.precision > 0.8  # blind to collapse, as it must be
    assert len(record.dropped_modes) >= 1


def test_collapsed_is_told_from_never_learnt_to_draw(coverage, digits, more_digits):
    """Noise, a blob, few repeated images, one digit removed, and images half way to noise."""
    rng = np.random.default_rng(0)
    real = more_digits.images
    noise = rng.integers(0, 256, (2000, 28, 28)).astype(np.uint8)
    moved = rng.permuted(real[:2000].reshape(-1, 784), axis=1).reshape(-1, 28, 28)
    for samples in (noise, moved):  # the same ink, in the wrong places
        record = coverage.evaluate(samples)
        assert record.outcome == "undertrained"
        assert record.resembling < 0.02
        assert "has not learnt to draw" in record.verdict
        assert record.summary()["outcome"] == "undertrained"
    blob = coverage.evaluate(np.repeat(digits.images.mean(axis=0).astype(np.uint8)[None], 2000, axis=0))
    assert (blob.outcome, blob.resembling) == ("collapsed", 0.0)  # one and the same thing, and nothing of the data's
    assert "only one or two different" in blob.verdict
    few = coverage.evaluate(real[rng.integers(50, size=3000)])
    assert few.outcome == "collapsed"
    assert few.resembling > 0.7
    assert few.support == pytest.approx(50, rel=0.2)
    assert "not learnt" not in few.verdict
    without = coverage.evaluate(real[more_digits.labels != "0"])
    assert without.outcome == "partial"
    assert without.support > len(digits.images) / 4
    assert coverage.evaluate(real).outcome == "complete"
    shares = [
        coverage.evaluate(np.clip(real + level * rng.normal(size=real.shape), 0, 255).astype(np.uint8)).resembling
        for level in (0, 30, 120)
    ]
    assert shares[0] > shares[1] > shares[2]


def test_few_samples_show_a_collapse_too(coverage, more_digits):
    """Three samples a bin: no bin can be called missing, but most are empty."""
    images, labels = more_digits.images, more_digits.labels
    few = coverage.evaluate(images[np.isin(labels, ["1", "7"])][:300])
    assert (few.bins["status"] == "missing").sum() < 10
    assert few.outcome == "collapsed"
    assert few.lost_share > 0.5
    rng = np.random.default_rng(0)
    for _ in range(5):
        fresh = coverage.evaluate(images[rng.permutation(len(images))[:300]])
        assert fresh.lost_share == 0.0
        assert (fresh.outcome == "complete") == all(part.passed for part in fresh.parts)


def test_resemblance_is_that_of_a_loop(digits):
    """Brute force, row by row."""
    rows = digits.images.reshape(-1, 784) / 255.0
    real, samples = rows[:300], np.concatenate([rows[300:400], 0.5 * rows[400:450]])
    middle = real.mean(axis=0)
    least = np.quantile([np.linalg.norm(row - middle) for row in real], 0.005)
    count = 0
    for sample in samples:
        distances = [np.linalg.norm(sample - row) for row in real]
        nearest = int(np.argmin(distances))
        radius = sorted(np.linalg.norm(real[nearest] - row) for row in real)[5]
        count += distances[nearest] <= radius and np.linalg.norm(sample - middle) >= least
    assert resemblance(real, samples) == count / len(samples)
    assert 0 < count < len(samples)


def test_figures_are_those_of_the_counts(coverage, more_digits):
    record = coverage.evaluate(more_digits.images)
    counts = np.bincount(coverage.predict(more_digits.images), minlength=coverage.n_bins_)
    np.testing.assert_array_equal(record.bins["samples"], counts)
    assert record.js == jensen_shannon(coverage.counts_, counts) == -coverage.score(more_digits.images)
    assert record.intervals["js"][0] <= record.js <= record.intervals["js"][1]
    assert record.frame().notna().all(axis=None)
    json.dumps(record.summary(), allow_nan=False)


def test_false_alarms_keep_to_their_level():
    """Sixty fits on normal rows: 3 are flagged on average, more than 8 once in 250 times."""
    alarms = 0
    for seed in range(60):
        rows = np.random.default_rng(seed).normal(size=(600, 3))
        coverage = ModeCoverage(n_bins=20, n_neighbour_rows=10, n_splits=2, n_draws=200, random_state=seed)
        alarms += coverage.fit(rows[:400]).evaluate(rows[400:]).flagged
    assert alarms <= 8


def test_the_reference_divergence_is_the_chi_square_approximation():
    generator = np.random.default_rng(0)
    shares = generator.dirichlet(np.full(50, 30.0))
    reference = reference_divergences(shares, 20_000, 10_000, 1.0, 2000, generator)
    assert reference.mean() == pytest.approx(49 / 8 * (1 / 20_000 + 1 / 10_000), rel=0.03)
    assert (np.diff(reference) >= 0).all()


def test_interval_holds_the_divergence_of_other_samples():
    generator = np.random.default_rng(0)
    real_shares, sample_shares = generator.dirichlet(np.full(40, 5.0)), generator.dirichlet(np.full(40, 5.0))
    real, samples = generator.multinomial(5000, real_shares), generator.multinomial(3000, sample_shares)
    low, high = divergence_interval(real, samples, 1000, generator)
    others = [
        jensen_shannon(generator.multinomial(5000, real_shares), generator.multinomial(3000, sample_shares))
        for _ in range(200)
    ]
    assert high - low == pytest.approx(3.92 * np.std(others), rel=0.2)


def test_bins_that_differ_are_held_against_chance():
    generator = np.random.default_rng(0)
    shares = generator.dirichlet(np.full(100, 30.0))
    real, fresh = generator.multinomial(20_000, shares), generator.multinomial(10_000, shares)
    expected, (low, high), p_value = calibrate_differing_bins(real, fresh, 1.0, 0.05, 1000, generator)
    assert expected == pytest.approx(5.0, abs=0.3)
    assert p_value > 0.01
    shares[:20] = 0
    expected, (low, high), p_value = calibrate_differing_bins(
        real, generator.multinomial(10_000, shares / shares.sum()), 1.0, 0.05, 1000, generator
    )
    assert low >= 20
    assert high <= 100
    assert p_value < 0.002


@pytest.mark.parametrize(("load", "n_modes"), [(load_ring, 8), (load_grid, 25)])
def test_modes_of_known_worlds_are_counted_without_reference(load, n_modes):
    world = load(2500, random_state=3)
    fitted = ModeCoverage(random_state=0).fit(world.points)
    assert fitted.n_modes_ == n_modes
    assert fitted.modes_separate_
    frame = fitted.modes()
    assert frame["n_rows"].sum() == 2500
    assert frame.attrs["effective_modes"] == pytest.approx(n_modes, rel=0.02)
    # Each group is one true mode, and the other way round.
    group = fitted.mode_of_bin_[fitted.bins_]
    assert len(set(zip(group.tolist(), world.labels.tolist()))) == n_modes


def test_a_dropped_mode_of_the_grid_is_one_dropped_mode():
    world, fresh = load_grid(2500, random_state=0), load_grid(2500, random_state=1)
    record = ModeCoverage(random_state=0).fit(world.points).evaluate(fresh.points[~np.isin(fresh.labels, [3, 20])])
    found = sorted({int(label) for label in world.labels[mode.rows]} for mode in record.dropped_modes)
    assert found == [{3}, {20}] or found == [{20}, {3}]
    assert len(record.dropped_modes) == 2
    assert [mode.sample_share for mode in record.dropped_modes] == [0.0, 0.0]


def test_even_data_form_no_separate_modes():
    rows = np.random.default_rng(0).random((2000, 2))
    assert not ModeCoverage(random_state=0).fit(rows).modes_separate_


@pytest.mark.parametrize(
    "make",
    [
        lambda X: GaussianMixture(8, random_state=0).fit(X),
        lambda X: KernelDensity(bandwidth=0.01).fit(X),
        lambda X: load_ring(3000, random_state=5).points,
        lambda X: load_ring(3000, random_state=5).points.tolist(),
    ],
    ids=["mixture", "kernels", "array", "list"],
)
def test_anything_that_samples_will_do(make):
    points = load_ring(2000, random_state=0).points
    fitted = ModeCoverage(random_state=0).fit(points)
    record = fitted.evaluate(make(points), n_samples=3000, random_state=1)
    assert record.n_samples == 3000
    assert record.dropped_modes == ()


def test_draws_differ_and_leave_the_model_alone():
    model = GaussianMixture(2, random_state=0).fit(load_ring(100, random_state=0).points)
    first, second = draw_samples(model, 4, 1), draw_samples(model, 4, 2)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(first, draw_samples(model, 4, 1))
    assert model.random_state == 0
    state = np.random.get_state()[1].copy()
    draw_samples(model.set_params(random_state=None), 4)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_a_search_over_generators_needs_no_labels():
    points = load_ring(1500, random_state=0).points
    scorer = coverage_scorer(ModeCoverage(n_bins=50, random_state=0).fit(points), n_samples=1500)
    search = GridSearchCV(KernelDensity(), {"bandwidth": [0.01, 0.5]}, scoring=scorer, cv=2, n_jobs=1).fit(points)
    assert search.best_params_ == {"bandwidth": 0.01}


@pytest.mark.parametrize("embedding", ["pca", "autoencoder", PCA(5), FrozenEstimator(PCA(5))])
def test_embeddings(embedding, digits, more_digits):
    X = digits.images[:500]
    if isinstance(embedding, FrozenEstimator):
        embedding.estimator.fit(X.reshape(len(X), -1) / 255)
    fitted = ModeCoverage(embedding, n_components=8, random_state=0).fit(X)
    assert fitted.transform(X).shape == (500, fitted.n_components_)
    without = more_digits.subset(np.flatnonzero(np.isin(more_digits.labels, list("01234"))))
    assert fitted.evaluate(without.images).flagged
    assert fitted.score(more_digits.images[:800]) > fitted.score(without.images[:800])


def test_evaluation_is_the_same_each_time_and_for_a_second_fit(digits, more_digits):
    first, second = (ModeCoverage(random_state=4).fit(digits.images[:500]) for _ in range(2))
    found = [fitted.evaluate(more_digits.images[:400]).summary() for fitted in (first, first, second)]
    assert found[0] == found[1] == found[2]


def test_colour_and_floats(digits):
    colour = np.repeat(digits.images[:300, ..., None], 3, axis=3)
    record = ModeCoverage(random_state=0).fit(colour).evaluate(colour[:200])
    assert record.n_samples == 200
    huge = np.random.default_rng(0).normal(size=(200, 6)) * 1e200
    assert np.isfinite(ModeCoverage(random_state=0).fit(huge).evaluate(huge[:100]).js)


def test_one_sample_and_two_rows_are_not_too_few(digits):
    record = ModeCoverage(random_state=0).fit(digits.images[:300]).evaluate(digits.images[:1])
    assert np.isnan(record.coverage)
    assert record.n_neighbour_rows == 0
    tiny = ModeCoverage(random_state=0).fit(digits.images[:2]).evaluate(digits.images[:2])
    assert "single bin" in tiny.verdict


@pytest.mark.slow
def test_view_maps_both_and_counts_modes(coverage, more_digits):
    view = coverage.view(more_digits.images[:300], n_rows=300, n_modes=10)
    points = view.frame()
    assert points["source"].value_counts().to_dict() == {"real": 300, "generated": 300}
    assert view.modes["real"].sum() == view.modes["generated"].sum() == 300
    assert np.isfinite(points[["x", "y"]].to_numpy()).all()
    for mode, group in points.groupby("mode"):
        assert (group["source"] == "real").sum() == view.modes.loc[mode, "real"]


def test_view_without_samples_finds_the_ring():
    points = load_ring(600, random_state=0).points
    view = ModeCoverage(random_state=0).fit(points).view(None)
    assert len(view.modes) == 8
    assert view.modes["generated"].sum() == 0


def test_bins_are_the_nearest_centres_and_groups_hang_together():
    generator = np.random.default_rng(0)
    rows, centres = generator.normal(size=(300, 4)), generator.normal(size=(20, 4))
    distance = ((rows[:, None] - centres[None]) ** 2).sum(axis=2)
    np.testing.assert_array_equal(assign_bins(rows, centres), distance.argmin(axis=1))
    neighbours = np.array([[1, -1], [0, 2], [1, -1], [4, -1], [3, -1]])
    assert [group.tolist() for group in connect_bins([0, 1, 2, 4], neighbours)] == [[0, 1, 2], [4]]
    assert [group.tolist() for group in connect_bins([0, 4], neighbours, np.zeros(5, int))] == [[0, 4]]
    assert connect_bins([], neighbours) == []
    labels, separate = group_bins(np.array([[0.0], [0.1], [5.0], [5.1], [5.2]]), "auto")
    assert separate
    assert len(set(labels[:2])) == len(set(labels[2:])) == 1
    assert group_bins(centres, 4)[0].max() == 3


ROWS = np.random.default_rng(0).normal(size=(30, 4))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"embedding": "umap"}, "embedding must be 'pca', 'autoencoder' or an object with transform, got 'umap'"),
        ({"n_bins": 0}, "n_bins must be an int of at least 1, got 0"),
        ({"n_splits": 1}, "n_splits must be an int of at least 2, got 1"),
        ({"n_modes": "many"}, "n_modes must be an int of at least 1, got 'many'"),
        ({"alpha": 1.5}, "alpha must be a number between 0 and 1, got 1.5"),
        ({"missing_ratio": "a"}, "missing_ratio must be a number between 0 and 1, got 'a'"),
        ({"image_shape": (3, 3)}, "image_shape"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        ModeCoverage(**params).fit(ROWS)


def test_bad_samples_are_named(coverage, more_digits):
    with pytest.raises(ValueError, match=r"\(28, 28\).*\(14, 14\)"):
        coverage.evaluate(more_digits.images[:20, ::2, ::2])
    with pytest.raises(ValueError, match="samples are floats from 0 to 1, .* uint8"):
        coverage.evaluate(more_digits.images[:20] / 255.0)
    with pytest.raises(ValueError, match="samples must be rows or a fitted generator, got the class KernelDensity"):
        coverage.evaluate(KernelDensity)
    with pytest.raises(ValueError, match="n_samples must be an int"):
        coverage.evaluate(KernelDensity().fit(ROWS), n_samples=0)
    with pytest.raises(ValueError, match="coverage must be a fitted ModeCoverage"):
        coverage_scorer("coverage")
