"""The pure functions of coverage against closed forms, brute force, scipy, and naive formulas."""

import math

import numpy as np
import pytest
from scipy.spatial.distance import cdist, jensenshannon
from scipy.stats import false_discovery_control, norm

from toolkit.coverage import (
    adjust_p_values,
    birthday_support,
    different_bins,
    frechet_distance,
    jensen_shannon,
    kernel_distance,
    known_labels,
    known_modes,
    memorisation,
    precision_recall_density_coverage,
    vendi_score,
)
from toolkit.coverage._neighbours import count_within, nearest


def naive_prdc(real, fake, k):
    """The formulas of the `prdc` package on whole matrices of distances."""
    r, f, between = cdist(real, real), cdist(fake, fake), cdist(real, fake)
    r_radii, f_radii = (np.partition(d, k, axis=1)[:, k] for d in (r, f))
    return {
        "precision": (between < r_radii[:, None]).any(axis=0).mean(),
        "recall": (between < f_radii[None]).any(axis=1).mean(),
        "density": (between < r_radii[:, None]).sum(axis=0).mean() / k,
        "coverage": (between.min(axis=1) < r_radii).mean(),
    }


def make(kind, generator):
    if kind == "normal":
        return generator.normal(size=(301, 7)), generator.normal(0.3, 1.2, size=(257, 7))
    if kind == "far from the origin":  # where single precision alone is blind
        return 1e5 + generator.normal(size=(150, 3)), 1e5 + generator.normal(size=(200, 3))
    if kind == "huge":
        return 1e200 * generator.normal(size=(90, 4)), 1e200 * generator.normal(size=(80, 4))
    if kind == "tiny":
        return 1e-200 * generator.normal(size=(90, 4)), 1e-200 * generator.normal(size=(80, 4))
    if kind == "repeats":
        few = generator.normal(size=(5, 3))
        return generator.normal(size=(120, 3)), few[generator.integers(5, size=130)]
    if kind == "whole numbers":  # full of ties at the radius
        return generator.integers(0, 4, (150, 3)).astype(float), generator.integers(0, 4, (140, 3)).astype(float)
    return np.ones((40, 2)), np.ones((30, 2))


KINDS = ["normal", "far from the origin", "huge", "tiny", "repeats", "whole numbers", "constant"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [1, 5])
def test_neighbour_figures_are_those_of_the_naive_formulas(kind, k):
    real, samples = make(kind, np.random.default_rng(k))
    scale = 1e200 if kind == "tiny" else 1e-200 if kind == "huge" else 1.0  # cdist itself over- and underflows
    found = precision_recall_density_coverage(real, samples, n_neighbours=k)
    assert found.as_dict() == pytest.approx(naive_prdc(real * scale, samples * scale, k), abs=1e-12)


@pytest.mark.parametrize("kind", KINDS[:2] + KINDS[4:])
@pytest.mark.parametrize("tile", [2**22, 700])
def test_nearest_and_counts_are_exact(kind, tile, monkeypatch):
    monkeypatch.setattr("toolkit.coverage._neighbours._TILE", tile)
    monkeypatch.setattr("toolkit.coverage._neighbours._PIECE", 300)
    real, samples = make(kind, np.random.default_rng(3))
    full = cdist(samples, real)
    distances, indices = nearest(samples, real, 3)
    np.testing.assert_allclose(distances, np.sort(full, axis=1)[:, :3], rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(np.take_along_axis(full, indices, axis=1), distances, rtol=1e-12)
    assert all(len(set(row)) == 3 for row in indices.tolist())
    radii, row_radii = np.full(len(samples), 1.1), np.full(len(real), 0.9)
    found = count_within(samples, real, query_radii=radii, row_radii=row_radii)
    np.testing.assert_array_equal(found["rows_in_query"], (full < 1.1).sum(axis=1))
    np.testing.assert_array_equal(found["queries_of_row"], (full < 1.1).sum(axis=0))
    np.testing.assert_array_equal(found["rows_about_query"], (full < 0.9).sum(axis=1))
    np.testing.assert_array_equal(found["queries_in_row"], (full < 0.9).sum(axis=0))


def test_many_rows_take_the_quick_way_and_stay_exact():
    rows = np.random.default_rng(0).normal(size=(1500, 6))
    full = cdist(rows, rows)
    np.fill_diagonal(full, np.inf)
    distances, indices = nearest(rows, rows, 5)
    np.testing.assert_array_equal(indices, np.argsort(full, axis=1)[:, :5])
    np.testing.assert_allclose(distances, np.sort(full, axis=1)[:, :5], rtol=1e-12)


def test_a_duplicate_is_a_neighbour_though_a_row_itself_is_not():
    rows = np.array([[0.0], [0.0], [3.0]])
    distances, indices = nearest(rows, rows, 1)
    assert distances.ravel().tolist() == [0.0, 0.0, 3.0]
    assert indices.ravel().tolist() == [1, 0, 0]


def test_coverage_of_a_perfect_sampler():
    """In expectation 1 - prod (n - i) / (2 n - i) for equal sizes (Naeem et al., lemma 2)."""
    n, k = 2000, 5
    found = precision_recall_density_coverage(*np.random.default_rng(0).normal(size=(2, n, 3)), n_neighbours=k)
    expected = 1 - math.prod((n - i) / (2 * n - i) for i in range(1, k + 1))
    assert found.coverage == pytest.approx(expected, abs=0.015)
    assert found.density == pytest.approx(1.0, abs=0.05)


def test_bins_are_tested_by_the_textbook():
    real, samples = np.array([120, 80, 0, 300]), np.array([40, 60, 0, 100])
    found = different_bins(real, samples)
    n, m = 500, 200
    for i in range(4):
        pooled = (real[i] + samples[i]) / (n + m)
        if pooled == 0:
            assert found.z[i] == 0
            assert found.p_values[i] == 1
            continue
        z = (samples[i] / m - real[i] / n) / math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
        assert found.z[i] == pytest.approx(z)
        assert found.p_values[i] == pytest.approx(2 * norm.sf(abs(z)))
    assert found.ndb == int((found.p_values < 0.05).sum()) > 0
    # Two bins: the square of z is Pearson's chi-square of the table.
    from scipy.stats import chi2_contingency

    z = different_bins([30, 70], [45, 55]).z
    assert z[0] ** 2 == pytest.approx(chi2_contingency([[30, 70], [45, 55]], correction=False).statistic)


def test_few_bins_differ_by_chance():
    generator = np.random.default_rng(0)
    shares = generator.dirichlet(np.full(100, 20.0))
    found = [
        different_bins(generator.multinomial(20_000, shares), generator.multinomial(10_000, shares)).ndb
        for _ in range(200)
    ]
    assert np.mean(found) == pytest.approx(5.0, abs=0.6)


def test_jensen_shannon_is_scipys_squared():
    generator = np.random.default_rng(0)
    for _ in range(20):
        real, samples = generator.multinomial(50, np.full(30, 1 / 30)), generator.multinomial(90, np.full(30, 1 / 30))
        assert jensen_shannon(real, samples) == pytest.approx(jensenshannon(real, samples) ** 2, rel=1e-9)
    assert jensen_shannon([5, 0], [0, 3]) == pytest.approx(math.log(2))


def test_adjusted_p_values_are_scipys():
    p = np.random.default_rng(0).random(50) ** 3
    np.testing.assert_allclose(adjust_p_values(p), false_discovery_control(p))


def test_frechet_distance_of_normals_is_the_closed_form():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(4000, 1)), 2 + 3 * generator.normal(size=(4000, 1))
    expected = (first.mean() - second.mean()) ** 2 + (first.std(ddof=1) - second.std(ddof=1)) ** 2
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-9)


def test_kernel_distance_is_the_double_sum():
    generator = np.random.default_rng(0)
    first, second = generator.normal(size=(12, 3)), generator.normal(0.5, 1, size=(9, 3))

    def kernel(x, y):
        return (x @ y / 3 + 1) ** 3

    within = [
        np.mean([kernel(a[i], a[j]) for i in range(len(a)) for j in range(len(a)) if i != j]) for a in (first, second)
    ]
    between = np.mean([kernel(x, y) for x in first for y in second])
    assert kernel_distance(first, second) == pytest.approx(sum(within) - 2 * between)


def test_kernel_distance_is_unbiased():
    generator = np.random.default_rng(0)
    found = [kernel_distance(*generator.normal(size=(2, 40, 2))) for _ in range(300)]
    assert abs(np.mean(found)) < 3 * np.std(found) / math.sqrt(300)


@pytest.mark.parametrize("shape", [(40, 7), (7, 40)])
def test_vendi_score_is_the_entropy_of_the_similarities(shape):
    rows = np.random.default_rng(0).normal(size=shape)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    values = np.linalg.eigvalsh(unit @ unit.T / len(rows)).clip(min=1e-300)
    assert vendi_score(rows) == pytest.approx(np.exp(-(values * np.log(values)).sum()))
    assert vendi_score(rows * 1e200) == pytest.approx(vendi_score(rows))
    assert vendi_score(np.ones((9, 3))) == pytest.approx(1.0)
    assert vendi_score(np.zeros((9, 3))) == pytest.approx(1.0)


@pytest.mark.parametrize("n_things", [100, 2000])
def test_birthday_support_counts_things(n_things):
    generator = np.random.default_rng(n_things)
    things = generator.normal(size=(n_things, 4))
    found = birthday_support(things[generator.integers(n_things, size=1500)])
    assert found.low < n_things < found.high
    assert found.support == pytest.approx(n_things, rel=0.25)
    pairs = np.random.default_rng(0).normal(size=(1500, 4))
    assert math.isinf(birthday_support(pairs).support)


def test_birthday_support_with_near_duplicates_against_real_rows():
    generator = np.random.default_rng(1)
    real = generator.normal(size=(1000, 10))
    few = generator.normal(size=(50, 10))[generator.integers(50, size=1000)]
    found = birthday_support(few + 1e-3 * generator.normal(size=few.shape), real)
    assert found.support == pytest.approx(50, rel=0.15)
    assert birthday_support(generator.normal(size=(1000, 10)), real).high > 100_000


def test_memorisation_finds_copies_and_clears_fresh_rows():
    generator = np.random.default_rng(0)
    train = generator.normal(size=(1500, 8))
    alarms = [not memorisation(generator.normal(size=(1000, 8)), train).clean for _ in range(40)]
    assert sum(alarms) <= 2
    fresh = generator.normal(size=(1000, 8))
    fresh[:60] = train[:60] + 1e-3
    found = memorisation(fresh, train)
    assert not found.clean
    assert found.copied_share == pytest.approx(0.07, abs=0.015)
    assert found.nearest_rows[:60].tolist() == list(range(60))
    blurred = memorisation(0.3 * generator.normal(size=(1000, 8)), train, held_out=generator.normal(size=(500, 8)))
    assert blurred.closeness > 0.9
    assert blurred.closeness_p_value < 1e-6


def test_memorisation_of_rows_that_repeat_anyway_raises_no_alarm():
    generator = np.random.default_rng(0)
    train = generator.integers(0, 3, (500, 3)).astype(float)
    assert memorisation(generator.integers(0, 3, (500, 3)).astype(float), train).clean


def test_known_modes_by_hand():
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    samples = np.array([[0.0, 0.0], [0.29, 0.0], [0.31, 0.0], [10.0, 0.1], [5.0, 5.0]])
    found = known_modes(samples, centres, 0.1)
    assert (found.n_found, found.n_modes, found.high_quality) == (2, 3, 0.6)
    assert found.counts.tolist() == [2, 1, 0]
    assert found.kl == pytest.approx(2 / 3 * math.log(2) + 1 / 3 * math.log(1))
    nothing = known_modes([[50.0, 50.0]], centres, 0.1)
    assert (nothing.n_found, nothing.high_quality) == (0, 0.0)
    assert math.isnan(nothing.kl)


def test_known_labels_of_a_perfect_sampler():
    """About (modes - 1) / (2 n): .019 at 26,000 samples; .024 is what the sampling itself adds in the papers."""
    labels = np.random.default_rng(0).integers(1000, size=26_000)
    found = known_labels(labels, 1000)
    assert found.n_found == 1000
    assert found.kl == pytest.approx(999 / 52_000, rel=0.15)


TWO = np.zeros((3, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: precision_recall_density_coverage(TWO, TWO), "real needs more than n_neighbours=5 rows, got 3"),
        (
            lambda: precision_recall_density_coverage(TWO, np.zeros((9, 3)), n_neighbours=1),
            "real and samples .* 2 and 3",
        ),
        (lambda: precision_recall_density_coverage(TWO, TWO, n_neighbours=0), "n_neighbours must be an int .* got 0"),
        (lambda: precision_recall_density_coverage(TWO * np.nan, TWO), "real holds NaN"),
        (lambda: different_bins([1, 2], [1]), "real_counts and sample_counts .* 2 and 1"),
        (lambda: different_bins([1, -2], [1, 1]), "real_counts must be whole numbers"),
        (lambda: different_bins([1, 2], [1, 1], alpha=2), "alpha must be .* got 2"),
        (lambda: jensen_shannon([0, 0], [1, 1]), "real_counts .* do not sum to 0"),
        (lambda: adjust_p_values([2.0]), "p_values must be"),
        (lambda: frechet_distance(TWO[:1], TWO), "at least 2 rows"),
        (lambda: kernel_distance(TWO[:1], TWO), "first needs at least 2 rows, got 1"),
        (lambda: kernel_distance(TWO, TWO, degree=0), "degree must be .* got 0"),
        (lambda: vendi_score([1.0, 2.0]), r"rows must be rows .* got an array of shape \(2,\)"),
        (lambda: vendi_score([["a"]]), "rows must be numbers"),
        (lambda: birthday_support(TWO, threshold=-1), "threshold must be .* got -1"),
        (lambda: memorisation(TWO, TWO, level=0), "level must be .* got 0"),
        (lambda: known_modes(TWO, TWO, 0.0), "scale must be a positive number, got 0.0"),
        (lambda: known_labels([0, 5], 3), "labels must be from 0 to 2, got 0 to 5"),
        (lambda: known_labels([0.5], 3), "labels must be ints"),
    ],
)
def test_bad_input_is_one_clear_error(call, message):
    with pytest.raises(ValueError, match=message):
        call()
