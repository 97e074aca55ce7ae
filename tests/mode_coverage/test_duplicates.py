"""Real images that occur more than once: exact copies are told from near ones, and nothing ends at a distance of 0."""

import numpy as np
import pytest

from toolkit.coverage import ModeCoverage, memorisation, resemblance
from toolkit.coverage._duplicates import distinct_rows, image_digests, recurring_share
from toolkit.datasets import load_digits

QUICK = {"n_draws": 50, "n_splits": 2, "random_state": 0}


def pictures(n, seed=1):
    return np.random.default_rng(seed).integers(0, 255, (n, 8, 8), dtype=np.uint8)


@pytest.fixture(scope="module")
def digits():
    images = np.random.default_rng(0).permutation(load_digits().images)
    return images[:900], images[900:]


@pytest.mark.parametrize("copies", [1, 2, 3, 10])
def test_a_copyist_is_found_however_often_the_data_repeats(copies):
    real = pictures(200)
    record = ModeCoverage(**QUICK).fit(np.repeat(real, copies, axis=0)).evaluate(real)
    assert (record.copied_share, record.exact_share) == (1.0, 1.0)
    assert record.p_values["copied_share"] < 1e-6
    assert record.n_duplicates == 200 * (copies - 1)
    assert "100.0% of them all are exact copies" in record.verdict
    assert ("real rows repeat another one exactly" in record.verdict) == (copies > 1)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_some_duplicates_do_not_end_copy_detection(digits, share):
    """Near copies have to be found, too: one grey level in one pixel."""
    real, fresh = digits
    data = np.concatenate([real, real[: int(share * len(real))]])
    coverage = ModeCoverage(**QUICK).fit(data)
    assert coverage.n_duplicates_ == int(share * len(real))
    near = real[:600].copy()
    near[:, 3, 3] ^= 1
    record = coverage.evaluate(near)
    assert record.exact_share == 0.0
    assert record.copied_share > 0.95
    assert "all but copies" in record.verdict
    assert coverage.evaluate(real[:600]).exact_share == 1.0
    honest = coverage.evaluate(fresh)
    assert honest.p_values["copied_share"] > 0.01
    assert "copies" not in honest.verdict
    assert f"{int(share * len(real)):,} of {len(data):,} real rows repeat" in honest.verdict


def test_a_perfect_sampler_of_few_pictures_is_one():
    """More equal rows than neighbours: balls without width, which are closed."""
    few = pictures(40)
    draw = np.random.default_rng(0)
    coverage = ModeCoverage(**QUICK).fit(few[draw.integers(40, size=800)])
    record = coverage.evaluate(few[draw.integers(40, size=800)])
    for name in ("precision", "recall", "coverage", "clipped_density", "clipped_coverage", "p_precision", "p_recall"):
        assert getattr(record, name) > 0.95, name
    assert record.density > 0.95
    assert record.resembling > 0.9
    assert record.exact_share == 1.0
    assert record.p_values["copied_share"] > 0.01  # whoever draws from forty pictures repeats them
    other = coverage.evaluate(pictures(800, seed=9))
    assert other.resembling == other.exact_share == 0.0


def test_blank_pages_recur_by_chance(digits):
    """One picture that occurs often is no sign of copying; equal copies of the others are."""
    real, fresh = digits
    blank = np.zeros((300, *real.shape[1:]), np.uint8)
    coverage = ModeCoverage(**QUICK).fit(np.concatenate([real, blank]))
    honest = coverage.evaluate(np.concatenate([fresh, blank]))
    assert honest.p_values["copied_share"] > 0.01
    assert honest.expected["exact_share"] == pytest.approx(0.25, abs=0.01)
    assert coverage.evaluate(np.concatenate([real, blank])).p_values["copied_share"] < 1e-6


def test_all_rows_alike():
    record = ModeCoverage(**QUICK).fit(np.full((60, 4, 4), 7, np.uint8)).evaluate(np.full((60, 4, 4), 7, np.uint8))
    assert record.exact_share == 1.0
    assert record.n_duplicates == record.n_repeats == 59
    assert "59 of 60 real rows repeat" in record.verdict


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_digests_are_equal_for_equal_values_in_any_dtype(dtype):
    coverage = ModeCoverage(**QUICK).fit(pictures(60))
    stack = pictures(60)
    expected = image_digests(stack, coverage.pixel_scale_)
    np.testing.assert_array_equal(image_digests(stack.astype(dtype), coverage.pixel_scale_), expected)
    assert len(np.unique(expected)) == 60
    stack[0, 0, 0] ^= 1
    assert (image_digests(stack, coverage.pixel_scale_) != expected).tolist() == [True] + 59 * [False]
    assert distinct_rows(np.concatenate([expected, expected])).tolist() == list(range(60))


@pytest.mark.parametrize("n_things", [300, 1000, 5000])
def test_what_chance_repeats_is_estimated(n_things):
    """Against the truth: the mass of the things that were seen."""
    generator = np.random.default_rng(n_things)
    drawn = generator.integers(n_things, size=1000)
    assert recurring_share(drawn) == pytest.approx(len(np.unique(drawn)) / n_things, abs=0.06)


@pytest.mark.parametrize(
    "times", [np.full(500, 2), np.full(300, 3), np.full(50, 20), np.r_[np.full(500, 1), np.full(500, 2)]]
)
def test_what_was_copied_is_no_chance(times):
    assert recurring_share(np.repeat(np.arange(len(times)), times)) == 0.0


def test_memorisation_of_rows_that_occur_twice():
    generator = np.random.default_rng(0)
    rows, fresh = generator.normal(size=(500, 8)), generator.normal(size=(500, 8))
    for train in (rows, np.repeat(rows, 2, axis=0), np.concatenate([rows, rows[:5]])):
        found = memorisation(rows, train)
        assert (found.copied_share, found.exact_share, found.clean) == (1.0, 1.0, False)
        assert found.n_duplicates == len(train) - 500
        assert found.threshold > 0
        near = memorisation(rows + 1e-3, train)
        assert (near.exact_share, near.clean) == (0.0, False)
        assert near.copied_share > 0.95
        assert memorisation(fresh, train).clean
    # Held-out rows of which some are training rows, too.
    leaked = memorisation(rows + 1e-3, rows, held_out=np.concatenate([generator.normal(size=(300, 8)), rows[:6]]))
    assert not leaked.clean
    assert leaked.threshold > 0


def test_resemblance_where_rows_repeat():
    rows = np.repeat(np.random.default_rng(0).normal(size=(30, 6)), 10, axis=0)
    assert resemblance(rows, rows) > 0.9
    assert resemblance(rows, rows + 0.01) == 0.0
