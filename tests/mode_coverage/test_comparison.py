"""Two sets against each other: exact tests, either way round, and parts that are what was planted."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import fisher_exact, kstest

from toolkit._core.pixel_scale import PixelScale
from toolkit.coverage import compare_coverage
from toolkit.coverage._look_comparison import compare_looks
from toolkit.datasets import load_digits, load_glyphs, load_ring

DIGITS = load_digits()


def test_bins_are_tested_as_by_fisher():
    found = compare_coverage(DIGITS.images[:400], DIGITS.images[400:1000], n_bins=12, random_state=0)
    table = found.bins
    assert table["a"].sum() == 400
    assert table["b"].sum() == 600
    for row in table.itertuples():
        each = [
            fisher_exact([[row.a, 400 - row.a], [row.b, 600 - row.b]], alternative=way).pvalue
            for way in ("less", "greater")
        ]
        assert row.p_value == pytest.approx(min(1.0, 2 * min(each)), rel=1e-6)


def test_divisions_at_random_have_uniform_p_values():
    """The test is exact, so that p is uniform: forty divisions of one set."""
    rows = np.random.default_rng(0).normal(size=(40, 240, 3))
    p_values = [
        compare_coverage(part[:100], part[100:], n_bins=8, n_draws=200, random_state=seed).p_value
        for seed, part in enumerate(rows)
    ]
    assert kstest(p_values, "uniform").pvalue > 0.001
    assert sum(p_value <= 0.05 for p_value in p_values) <= 7


def test_what_was_planted_is_found_and_turns_round():
    a, b = load_ring(1000, random_state=0), load_ring(1000, random_state=1)
    keep_a, keep_b = a.labels != 5, b.labels != 2
    found = compare_coverage(a.points[keep_a], b.points[keep_b], random_state=0, names=("old", "new"))
    assert found.flagged
    assert len(found.more_in_a) == 1
    assert len(found.more_in_b) == 1
    assert set(a.labels[keep_a][found.more_in_a[0].a_rows]) == {2}
    assert set(b.labels[keep_b][found.more_in_b[0].b_rows]) == {5}
    assert found.more_in_a[0].b_share < 0.01
    assert found.more_in_a[0].a_share == pytest.approx(1 / 7, abs=0.03)
    assert "old has more in one part" in found.verdict
    assert "new has more in one part" in found.verdict
    assert found.frame()["more_in"].tolist() == ["old", "new"]
    back = compare_coverage(b.points[keep_b], a.points[keep_a], random_state=0)
    assert set(b.labels[keep_b][back.more_in_a[0].a_rows]) == {5}


def test_nothing_differs_between_halves_of_one_set():
    order = np.random.default_rng(3).permutation(len(DIGITS.images))
    found = compare_coverage(DIGITS.images[order[:800]], DIGITS.images[order[800:1600]], random_state=0)
    assert not found.flagged
    assert found.more_in_a == ()
    assert found.more_in_b == ()
    assert "no more than chance" in found.verdict
    assert found.frame().empty


def test_generators_are_drawn_from():
    class Draws:
        def sample(self, n_samples, random_state=None):
            rows = np.random.default_rng(0).integers(len(DIGITS.images), size=n_samples)
            return DIGITS.images[rows]

    assert compare_coverage(Draws(), DIGITS.images, n_samples=300, random_state=0).n_a == 300


@pytest.mark.parametrize(
    ("options", "message"), [({"n_bins": 0}, "n_bins"), ({"alpha": 0.0}, "alpha"), ({"n_draws": -1}, "n_draws")]
)
def test_bad_parameters_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        compare_coverage(DIGITS.images[:50], DIGITS.images[50:100], **options)


def test_too_few_or_other_images_are_refused():
    with pytest.raises(ValueError, match="at least 2 images"):
        compare_coverage(DIGITS.images[:50], DIGITS.images[:1])
    with pytest.raises(ValueError, match="scale"):
        compare_coverage(DIGITS.images[:50], DIGITS.images[50:100] / 255.0)


def test_a_class_that_no_bin_shows_is_found_by_looks():
    """Of twenty-six letters two are in the first set alone and one in the second alone."""
    found = load_glyphs(5200, classes="ABCDEFGHIJKLMNOPQRSTUVWXYZ", random_state=5)
    halves = np.split(np.arange(5200), 2)
    a, b = (SimpleNamespace(images=found.images[half], labels=found.labels[half]) for half in halves)
    in_a, in_b = a.labels != "X", ~np.isin(b.labels, ["K", "Q"])
    compared = compare_coverage(a.images[in_a], b.images[in_b], n_draws=200, random_state=0)
    assert compared.looks_p_value < 0.01
    assert compared.flagged
    assert np.isin(a.labels[in_a][compared.more_like_a], ["K", "Q"]).mean() > 0.7
    assert (b.labels[in_b][compared.more_like_b] == "X").mean() > 0.7
    assert "have fewer like them in" in compared.verdict
    whole = compare_coverage(a.images, b.images, n_draws=200, random_state=0)
    assert not whole.flagged
    assert "like them" not in whole.verdict
    assert whole.joint_p_value == min(1.0, 2 * min(whole.p_value, whole.looks_p_value))


def test_looks_of_divisions_of_one_set_differ_no_oftener_than_chance():
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(3, 4, 4))[generator.choice(3, size=260, p=[0.6, 0.3, 0.1])]
    rows = rows + 0.5 * generator.normal(size=rows.shape)
    scale, alarms = PixelScale.learn(rows), 0
    for seed in range(60):
        order = np.random.default_rng(seed).permutation(260)
        alarms += compare_looks(rows[order], 100, scale, 59, np.random.default_rng(seed)).p_value <= 0.2
    assert 3 <= alarms <= 22  # 12 are due; outside once in five hundred times


def test_looks_of_few_images_are_not_compared():
    found = compare_coverage(np.eye(60).reshape(60, 6, 10)[:30], np.eye(60).reshape(60, 6, 10)[30:], n_draws=20)
    assert np.isnan(found.looks_p_value)
    assert found.joint_p_value == found.p_value
    assert not len(found.more_like_a)
