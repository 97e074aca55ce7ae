"""Clipped density and coverage, probabilistic precision and recall: by brute force, closed form, and on bad samples."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import cdist

from toolkit.coverage import (
    ModeCoverage,
    clipped_density_coverage,
    precision_recall_density_coverage,
    probabilistic_precision_recall,
)
from toolkit.coverage._neighbour_figures import neighbour_figures
from toolkit.coverage._neighbours import close_pairs
from toolkit.coverage._verdict import contradictions
from toolkit.datasets import load_glyphs


def naive_clipped(real, samples, k):
    """The definitions of the paper, with loops; the calibration of the coverage is drawn, not summed."""
    between, within = cdist(real, samples), cdist(real, real)
    np.fill_diagonal(within, np.inf)
    radii = np.sort(within, axis=1)[:, k - 1]
    small = np.minimum(radii, np.median(radii))
    density = np.mean([min((between[:, j] <= small).sum() / k, 1) for j in range(len(samples))])
    perfect = np.mean([min((within[:, j] <= small).sum() / k, 1) for j in range(len(real))])
    counts = np.mean([min((between[i] <= radii[i]).sum() / k, 1) for i in range(len(real))])
    return min(density / perfect, 1), counts


def naive_probabilistic(real, samples, k):
    reach = []
    for rows in (real, samples):
        within = cdist(rows, rows)
        reach.append(1.2 * np.mean(np.sort(within, axis=1)[:, k]))
    found = []
    for first, second, radius in ((samples, real, reach[0]), (real, samples, reach[1])):
        chances = [
            1 - np.prod([1 - (1 - d / radius if d < radius else 0) for d in cdist(row[None], second)[0]])
            for row in first
        ]
        found.append(np.mean(chances))
    return found


@pytest.mark.parametrize("shift", [0.0, 0.7])
@pytest.mark.parametrize("k", [1, 5])
def test_figures_are_those_of_the_definitions(k, shift):
    generator = np.random.default_rng(k)
    real, samples = generator.normal(size=(150, 4)), generator.normal(shift, 1.1, size=(120, 4))
    density, counts = naive_clipped(real, samples, k)
    found = clipped_density_coverage(real, samples, n_neighbours=k)
    assert found.clipped_density == pytest.approx(density)
    # Of that many good samples, drawn: the mass of a ball is a beta variable, what falls into it a binomial one.
    n_good = found.clipped_coverage * len(samples)
    mass = generator.beta(k, len(real) - k, size=200_000)
    drawn = [np.minimum(generator.binomial(int(n), mass) / k, 1).mean() for n in (np.floor(n_good), np.ceil(n_good))]
    assert drawn[0] - 0.01 <= counts <= drawn[1] + 0.01 or found.clipped_coverage == 1.0
    assert (
        probabilistic_precision_recall(real, samples, n_neighbours=k).p_precision,
        probabilistic_precision_recall(real, samples, n_neighbours=k).p_recall,
    ) == pytest.approx(naive_probabilistic(real, samples, k))


def test_bad_samples_lower_both_in_proportion():
    generator = np.random.default_rng(0)
    real, good = generator.normal(size=(2, 1500, 16))
    for share in (0.0, 0.25, 0.5, 0.75):
        samples = good.copy()
        samples[: int(share * len(good))] += 30.0
        found = clipped_density_coverage(real, samples)
        assert found.clipped_density == pytest.approx(1 - share, abs=0.06)
        assert found.clipped_coverage == pytest.approx(1 - share, abs=0.06)


def test_an_outlying_row_has_no_large_ball():
    """One row far out: precision takes whatever lies about it for real, the others do not."""
    generator = np.random.default_rng(0)
    real = np.concatenate([generator.normal(size=(300, 5)), [[40.0] * 5]])
    bad = 40.0 + generator.normal(0, 6, size=(300, 5))
    assert precision_recall_density_coverage(real, bad).precision == 1.0
    assert clipped_density_coverage(real, bad).clipped_density < 0.01
    assert probabilistic_precision_recall(real, bad).p_precision < 0.1


def test_close_pairs_are_those_of_the_matrix(monkeypatch):
    monkeypatch.setattr("toolkit.coverage._neighbours._TILE", 700)
    generator = np.random.default_rng(2)
    queries, rows = generator.integers(0, 4, (60, 3)).astype(float), generator.integers(0, 4, (70, 3)).astype(float)
    radii = generator.integers(0, 3, 60).astype(float)
    full = cdist(queries, rows)
    found = [np.concatenate(parts) for parts in zip(*close_pairs(queries, rows, radii))]
    i, j = np.nonzero(full <= radii[:, None])  # closed: many are at the radius itself
    np.testing.assert_array_equal(np.column_stack(found[:2]), np.column_stack([i, j]))
    np.testing.assert_allclose(found[2], full[i, j])


def test_all_at_once_are_the_single_ones():
    generator = np.random.default_rng(3)
    real, samples = generator.normal(size=(200, 6)), generator.normal(0.2, 1.1, size=(180, 6))
    found = neighbour_figures(real, samples, 5)
    single = (
        clipped_density_coverage(real, samples).as_dict()
        | probabilistic_precision_recall(real, samples).as_dict()
        | precision_recall_density_coverage(real, samples).as_dict()
    )
    assert found == pytest.approx(single)


@pytest.fixture(scope="module")
def world():
    real, fresh = (load_glyphs(1500, random_state=seed).images for seed in (0, 1))
    return ModeCoverage(n_draws=100, n_splits=3, random_state=0).fit(real), real, fresh


def bad_samples(name, real, fresh):
    generator = np.random.default_rng(0)
    if name == "noise":
        return generator.integers(0, 256, fresh.shape).astype(np.uint8)
    if name == "grey noise":
        return generator.normal(128, 12, fresh.shape).clip(0, 255).astype(np.uint8)
    if name == "inverted":
        return 255 - fresh
    if name == "blurred":
        return np.stack([gaussian_filter(image, 2.0) for image in fresh])
    if name == "one image":
        return np.repeat(fresh[:1], len(fresh), axis=0)
    grey = {"grey": 128, "dark grey": 30, "black": 0, "white": 255}
    return np.full_like(fresh, grey[name])


@pytest.mark.parametrize("name", ["noise", "grey noise", "grey", "white", "black", "inverted"])
def test_what_is_not_the_data_is_not_rewarded(world, name):
    coverage, real, fresh = world
    record = coverage.evaluate(bad_samples(name, real, fresh))
    assert record.clipped_density < 0.05
    assert record.clipped_coverage < 0.05
    assert record.resembling < 0.02
    assert record.precision < 0.05
    for figure in ("clipped_coverage", "clipped_density", "resembling"):
        assert record.p_values[figure] < 0.05, figure


@pytest.mark.parametrize("name", ["dark grey", "blurred"])
def test_a_record_that_contradicts_itself_says_so(world, name):
    """What lies in the middle of all images still pleases density and precision."""
    coverage, real, fresh = world
    record = coverage.evaluate(bad_samples(name, real, fresh))
    assert record.precision > 0.9
    assert record.resembling < 0.07
    assert "Hardly any sample resembles a real row" in record.contradictions[0]
    assert "do not read them as quality" in record.verdict
    assert record.summary()["contradictions"] == list(record.contradictions)


def test_one_image_repeated_is_good_and_reaches_nothing(world):
    coverage, real, fresh = world
    record = coverage.evaluate(bad_samples("one image", real, fresh))
    assert record.resembling == 1.0
    assert record.clipped_coverage < 0.02
    assert record.n_repeats == len(fresh) - 1
    assert "only one or two different" in record.verdict


def test_fresh_images_are_as_expected_and_free_of_contradiction(world):
    coverage, _, fresh = world
    record = coverage.evaluate(fresh)
    assert record.contradictions == ()
    frame = record.frame().set_index("metric")
    for name in ("clipped_density", "clipped_coverage", "p_precision", "p_recall"):
        assert frame.loc[name, "value"] == pytest.approx(frame.loc[name, "expected"], abs=0.08)
        assert frame.loc[name, "p_value"] > 0.01
    assert frame.index[:3].tolist() == ["clipped_density", "clipped_coverage", "resembling"]


@pytest.mark.parametrize("n_rows", [40, 100])
def test_fresh_images_resemble_a_small_set(n_rows):
    """As many components as rows would know them by heart, and find nothing else like them."""
    real, fresh = (load_glyphs(n, random_state=seed).images for n, seed in ((n_rows, 0), (200, 1)))
    record = ModeCoverage(n_draws=50, n_splits=2, random_state=0).fit(real).evaluate(fresh)
    assert record.resembling > 0.3
    assert record.contradictions == ()
    assert "copies" not in record.verdict


def test_contradictions_by_hand():
    expected = {"precision": 0.9, "coverage": 0.97, "resembling": 0.8, "copied_share": 0.01}
    good = {"precision": 0.9, "coverage": 0.97, "resembling": 0.7, "copied_share": 0.0}
    assert contradictions(good, expected, lost_share=0.0, copied=False) == ()
    found = contradictions(good, expected, lost_share=0.4, copied=False)
    assert found == ("40% of the data is hardly reached, whatever coverage 0.970 says: believe the bins.",)
    found = contradictions(good | {"copied_share": 0.9}, expected, lost_share=0.0, copied=True)
    assert found == ("Figures of quality are those of the copied rows, and say nothing of drawing new ones.",)
    nothing = dict.fromkeys(good, float("nan"))
    assert contradictions(nothing, nothing, lost_share=0.0, copied=False) == ()


@pytest.mark.parametrize("function", [clipped_density_coverage, probabilistic_precision_recall])
def test_bad_input_is_one_clear_error(function):
    rows = np.zeros((3, 2))
    with pytest.raises(ValueError, match="real needs more than n_neighbours=5 rows, got 3"):
        function(rows, rows, n_neighbours=5)
    with pytest.raises(ValueError, match="samples holds NaN"):
        function(rows, rows * np.nan, n_neighbours=1)
    with pytest.raises(ValueError, match="equally many features, got 2 and 3"):
        function(rows, np.zeros((9, 3)), n_neighbours=1)
    with pytest.raises(ValueError, match="n_neighbours must be an int"):
        function(rows, rows, n_neighbours=0)
