"""The verdict in three parts: stratified tests against others' and by hand, levels kept, each fault in its part."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import mannwhitneyu, norm
from scipy.stats.contingency import odds_ratio

from toolkit._core.pixel_scale import PixelScale
from toolkit.coverage import ModeCoverage, compare_coverage, jensen_shannon
from toolkit.coverage._bin_metrics import group_p_value
from toolkit.coverage._fidelity import FidelityJudge, stratified_rank_test, stratified_tail_test
from toolkit.coverage._parts import _WEIGHTS, judge_parts
from toolkit.coverage._reference import reference_divergences
from toolkit.datasets import load_glyphs


@pytest.fixture(scope="module")
def glyphs():
    found = load_glyphs(3000, classes="0123456789", random_state=0)
    others = load_glyphs(1500, classes="0123456789", random_state=1)
    return ModeCoverage(random_state=0).fit(found.images), found, others


def parts(record):
    return {part.name: part.passed for part in record.parts}


def test_one_stratum_is_wilcoxons_test():
    generator = np.random.default_rng(0)
    real, samples = generator.normal(size=60), generator.normal(0.4, size=45)
    one = np.zeros(60, int), np.zeros(45, int)
    known = mannwhitneyu(real, samples, method="asymptotic", use_continuity=False).pvalue
    assert stratified_rank_test(real, one[0], samples, one[1]) == pytest.approx(known, rel=1e-9)
    rounded = np.round(real), np.round(samples)  # with ties
    known = mannwhitneyu(*rounded, method="asymptotic", use_continuity=False).pvalue
    assert stratified_rank_test(rounded[0], one[0], rounded[1], one[1]) == pytest.approx(known, rel=1e-9)


def test_strata_that_are_reached_differently_are_no_difference():
    """Two strata of other levels, drawn in other shares: only Wilcoxon's plain test finds them."""
    generator = np.random.default_rng(1)
    strata = [generator.choice(2, 400, p=shares) for shares in ((0.5, 0.5), (0.9, 0.1))]
    real, samples = (generator.normal(3.0 * which) for which in strata)
    assert mannwhitneyu(real, samples).pvalue < 1e-6
    assert stratified_rank_test(real, strata[0], samples, strata[1]) > 0.01


def test_tails_are_tested_as_by_mantel_and_haenszel():
    """By hand: the sum over strata of what is beyond, its mean and variance with all margins fixed."""
    generator = np.random.default_rng(2)
    real, samples = generator.normal(size=500), generator.normal(0.3, 1.2, size=400)
    strata = generator.integers(3, size=500), generator.integers(3, size=400)
    threshold, mean, variance = np.quantile(real, 0.95), 0.0, 0.0
    for stratum in range(3):
        a, b = samples[strata[1] == stratum], real[strata[0] == stratum]
        out, n = (a > threshold).sum() + (b > threshold).sum(), len(a) + len(b)
        mean += len(a) * out / n
        variance += len(a) * len(b) * out * (n - out) / (n**2 * (n - 1))
    found = (samples > threshold).sum()
    p_value, share, expected = stratified_tail_test(real, strata[0], samples, strata[1], 0.95)
    assert p_value == pytest.approx(norm.sf((found - mean - 0.5) / np.sqrt(variance)))
    assert share == pytest.approx(found / 400)
    assert expected == pytest.approx(0.05, abs=0.01)
    table = [[found, 400 - found], [(real > threshold).sum(), (real <= threshold).sum()]]
    assert odds_ratio(table).statistic > 1
    assert p_value < 0.01


def test_p_values_of_the_judge_are_uniform_or_larger():
    """Forty sets of fresh rows: how often each test is at most .2."""
    alarms = {"far": 0, "texture": 0, "detail": 0}
    for seed in range(40):
        rows = np.random.default_rng(seed).normal(size=(360, 6, 6)) * np.linspace(0.2, 2, 36).reshape(6, 6)
        scale = PixelScale.learn(rows)
        judge = FidelityJudge.learn(rows[:240], scale, np.random.default_rng(seed))
        for name, p_value in judge.judge(rows[240:], scale)[0].items():
            alarms[name] += p_value <= 0.2
    assert all(count <= 16 for count in alarms.values()), alarms  # 8 are due; more than 16 once in a thousand times


def test_weights_add_up_to_the_level():
    assert sum(weight for weights in _WEIGHTS.values() for weight in weights.values()) == pytest.approx(1.0)
    every = {test: 0.0499 * weight for weights in _WEIGHTS.values() for test, weight in weights.items()}
    assert not any(part.passed for part in judge_parts(every, {}, {}, 0.05))
    above = {test: p_value * 1.01 for test, p_value in every.items()}
    assert all(part.passed for part in judge_parts(above, {}, {}, 0.05))


def test_nothing_measured_speaks_against_nothing():
    for part in judge_parts({}, {}, {}, 0.05):
        assert part.passed
        assert np.isnan(part.p_value)


def test_fresh_images_pass_all_parts(glyphs):
    coverage, _, others = glyphs
    record = coverage.evaluate(others.images)
    assert parts(record) == {"fidelity": True, "coverage": True, "originality": True}
    assert not record.flagged


def test_each_fault_is_found_in_its_part(glyphs):
    coverage, known, others = glyphs
    images = others.images
    blurred = np.rint([gaussian_filter(image.astype(float), 1.0) for image in images]).astype(np.uint8)
    record = coverage.evaluate(blurred)
    assert not parts(record)["fidelity"]
    assert record.flagged
    assert "smoother" in record.verdict
    noise = np.random.default_rng(0).normal(0, 25, images.shape)
    assert not parts(coverage.evaluate(np.clip(images + noise, 0, 255).astype(np.uint8)))["fidelity"]
    without = coverage.evaluate(images[others.labels != "4"])
    assert parts(without) == {"fidelity": True, "coverage": False, "originality": True}
    copies = coverage.evaluate(known.images[:1500])
    assert parts(copies)["coverage"]
    assert not parts(copies)["originality"]
    assert copies.flagged
    assert "copies" in copies.verdict
    # Real images pass for real, though they lie nearer to what was learnt from than new ones do.
    for n in (500, 3000):
        assert parts(coverage.evaluate(known.images[:n])) == {
            "fidelity": True, "coverage": True, "originality": False
        }  # fmt: skip
    some = images.copy()
    some[:300] = known.images[:300]
    assert not parts(coverage.evaluate(some))["originality"]


def test_a_few_foreign_images_are_found(glyphs):
    coverage, _, others = glyphs
    mixed = others.images.copy()
    mixed[:75] = np.repeat(
        np.repeat(others.images[:75, 7:21, 7:21], 2, axis=1), 2, axis=2
    )  # one in twenty, far too near
    record = coverage.evaluate(mixed)
    assert not parts(record)["fidelity"]
    assert "lie farther from the data" in record.verdict


def test_evidence_is_a_table_and_goes_into_the_summary(glyphs):
    coverage, _, others = glyphs
    record = coverage.evaluate(others.images[others.labels != "4"])
    table = record.evidence().set_index("test")
    assert table.loc["js", "p_value"] == record.p_values["js"]
    least = min(record.parts[1].evidence[test] / weight for test, weight in _WEIGHTS["coverage"].items())
    assert table.loc["js", "part_p_value"] == pytest.approx(min(1.0, least))
    assert record.summary()["parts"]["coverage"]["passed"] is False


def test_few_images_are_judged_by_what_there_is():
    rows = np.random.default_rng(0).integers(255, size=(30, 4, 4)).astype(np.uint8)
    record = ModeCoverage(random_state=0).fit(rows).evaluate(rows[:10])
    assert np.isnan(record.evidence().set_index("test").loc["far", "p_value"])


def thinned_grid(thinned, seed, n_real=5000, n_samples=2000):
    """A hundred bins on a plane, of equal shares; in a third of them side by side, ``thinned`` of the samples lack."""
    x, y = np.meshgrid(np.arange(10.0), np.arange(10.0))
    centres = np.column_stack([x.ravel(), y.ravel()])
    shares = np.where(centres[:, 0] < 3, 1.0 - thinned, 1.0)
    generator = np.random.default_rng(seed)
    return SimpleNamespace(
        coverage=SimpleNamespace(n_bins_=100, centres_=centres, dispersion_=1.0, n_draws=500, _seed=seed),
        real_counts=generator.multinomial(n_real, np.full(100, 0.01)),
        sample_counts=generator.multinomial(n_samples, shares / shares.sum()),
    )


def bin_p_value(evaluation):
    real, samples = evaluation.real_counts, evaluation.sample_counts
    generator = np.random.default_rng(0)
    reference = reference_divergences(real / real.sum(), real.sum(), samples.sum(), 1.0, 500, generator)
    return (1 + (reference >= jensen_shannon(real, samples)).sum()) / 501


def test_groups_see_a_mode_that_shares_its_bins_where_bins_do_not():
    seen = [(group_p_value(each), bin_p_value(each)) for each in (thinned_grid(0.3, seed) for seed in range(40))]
    by_groups, by_bins = np.mean(np.array(seen) <= 0.02, axis=0)
    assert by_groups > by_bins + 0.2


def test_groups_of_real_rows_are_told_apart_no_oftener_than_chance():
    p_values = np.array([group_p_value(thinned_grid(0.0, seed)) for seed in range(200)])
    assert 0.02 < (p_values <= 0.1).mean() < 0.18


def test_too_few_bins_make_no_groups():
    few = SimpleNamespace(coverage=SimpleNamespace(n_bins_=19))
    assert np.isnan(group_p_value(few))


def test_a_record_shows_what_was_found(glyphs):
    record = glyphs[0].evaluate(glyphs[2].images)
    assert repr(record) == f"<CoverageRecord: 1,500 samples against 3,000 real rows. {record.verdict}>"
    found = compare_coverage(glyphs[1].images[:300], glyphs[2].images[:200], n_draws=99, random_state=0)
    assert repr(found) == f"<CoverageComparison: 300 against 200 rows. {found.verdict}>"


@pytest.mark.filterwarnings("error")
def test_real_images_that_are_all_equal_are_judged_without_a_warning(glyphs):
    record = ModeCoverage(random_state=0).fit(np.zeros_like(glyphs[1].images[:100])).evaluate(glyphs[2].images[:50])
    assert "single bin" in record.verdict
