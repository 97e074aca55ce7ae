"""A metric of coverage is one object: records, reference distributions, comparisons and curves follow the table."""

import copy
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.exceptions import NotFittedError

import toolkit
from toolkit._core.metric import Calibration, Metric, metric_table
from toolkit._persistence._migrations import migrate
from toolkit.comparison import METRICS, pivot_table
from toolkit.coverage import (
    COVERAGE_METRICS,
    ModeCoverage,
    clipped_density_coverage,
    frechet_distance,
    probabilistic_precision_recall,
)
from toolkit.coverage._row_pair import RowPair
from toolkit.datasets import load_ring

SAVED_0_1 = Path(__file__).parent.parent / "persistence" / "saved_0_1" / "ModeCoverage.zip"


@pytest.fixture(scope="module")
def fitted():
    return ModeCoverage(n_bins=20, n_draws=100, random_state=0).fit(load_ring(300, random_state=0).points)


@pytest.fixture(scope="module")
def points():
    return load_ring(200, random_state=1).points


@pytest.fixture(scope="module")
def record(fitted, points):
    return fitted.evaluate(points)


def test_a_record_has_every_metric_in_the_order_of_the_table(record):
    frame = record.frame()
    assert frame["metric"].tolist() == list(COVERAGE_METRICS) == list(record.figures)
    assert frame["value"].tolist() == [getattr(record, name) for name in COVERAGE_METRICS]
    assert frame["greater_is_better"].tolist() == [metric.direction == "higher" for metric in COVERAGE_METRICS.values()]
    for kept in (record.expected, record.intervals, record.p_values):
        assert kept.keys() == COVERAGE_METRICS.keys()
    assert set(COVERAGE_METRICS) <= set(dir(record))


def test_a_record_can_be_copied_and_says_what_it_has_not(record):
    for other in (copy.deepcopy(record), pickle.loads(pickle.dumps(record))):
        assert (other.js, other.coverage) == (record.js, record.coverage)
        pd.testing.assert_frame_equal(other.frame(), record.frame())
    with pytest.raises(AttributeError, match="'CoverageRecord' object has no attribute 'nonsense'"):
        _ = record.nonsense


def test_metrics_of_rows_are_the_functions_of_their_names():
    """The one pass over close pairs, against each public function by itself."""
    rng = np.random.default_rng(0)
    rows = [np.column_stack([rng.normal(size=(80, 3)) + shift, np.zeros(80)]) for shift in (0.0, 0.4)]
    pair = RowPair(*rows, 5)
    expected = clipped_density_coverage(*rows, n_neighbours=5).as_dict() | {
        "frechet": frechet_distance(rows[0][:, :3], rows[1][:, :3])
    }
    expected |= probabilistic_precision_recall(*rows).as_dict()
    for name, value in expected.items():
        assert COVERAGE_METRICS[name].measure(pair) == pytest.approx(value, rel=1e-12), name


def test_a_new_line_reaches_the_record_and_is_calibrated(fitted, points, record, monkeypatch):
    """One held against splits, which that estimator was fitted without, and one with a calibration of its own."""

    def near_the_middle(evaluation):
        return float((np.linalg.norm(evaluation.samples.features, axis=1) < 1.0).mean())

    def calibrate(evaluation, value):
        n = len(evaluation.samples)
        return Calibration(0.0, (0.0, 1.0), float(binomtest(round(value * n), n, 0.01, alternative="greater").pvalue))

    shift = Metric("shift", "shift", "lower", lambda pair: float(abs(pair.real.mean() - pair.samples.mean())))
    own = Metric("middle", "share in the middle", "lower", near_the_middle, calibrate)
    for metric in (shift, own):
        monkeypatch.setitem(COVERAGE_METRICS, metric.name, metric)
    found = fitted.evaluate(points + 0.8)
    row = found.frame().set_index("metric").loc["shift"]
    assert found.shift == row["value"] > 5 * row["expected"] > 0
    assert row["p_value"] < 0.01
    assert "shift" not in fitted._reference_figures
    share = float((np.linalg.norm(fitted.transform(points + 0.8), axis=1) < 1.0).mean())
    assert found.middle == share > 0.1
    assert found.p_values["middle"] < 1e-6
    # The others are what they were without.
    before = record.frame().set_index("metric")
    after = fitted.evaluate(points).frame().set_index("metric").loc[before.index]
    pd.testing.assert_frame_equal(before, after, check_exact=True)


def test_functions_take_no_notice_of_numpys_settings():
    """The chance to belong to none of many balls vanishes, whatever numpy has been told to do about it."""
    rng = np.random.default_rng(0)
    rows, samples = rng.normal(size=(2, 300, 2)) * 1e-6
    rows[:20] += 1e3 * rng.normal(size=(20, 2))
    usual = probabilistic_precision_recall(rows, samples)
    with np.errstate(all="raise"):
        assert probabilistic_precision_recall(rows, samples) == usual
    assert usual.p_precision == 1.0


def test_comparisons_know_every_metric_of_coverage():
    assert {name: METRICS[name] for name in COVERAGE_METRICS} == {
        name: metric.greater_is_better for name, metric in COVERAGE_METRICS.items()
    }
    table = pd.DataFrame({"method": ["a", "b"], "data": "x", "seed": 0, "exact_share": [0.2, 0.1]})
    assert pivot_table(table, "exact_share").index.tolist() == ["b", "a"]


def test_a_table_refuses_what_is_wrong():
    with pytest.raises(ValueError, match="two metrics of the name 'js'"):
        metric_table([Metric("js", "one", "lower"), Metric("js", "another", "lower")])
    with pytest.raises(ValueError, match="direction of metric 'js' must be 'higher' or 'lower', got True"):
        Metric("js", "divergence", True)
    with pytest.raises(TypeError, match="'fit_seconds' is measured where it arises"):
        Metric("fit_seconds", "seconds", "lower").measure(1)


def test_references_of_earlier_versions_are_read_by_name():
    figures = np.arange(27.0).reshape(3, 9)
    state = migrate("mode-coverage", {"_null_figures": figures, "alpha": 0.05}, 0)
    assert state.keys() == {"_reference_figures", "alpha"}
    assert list(state["_reference_figures"]) == [
        *("clipped_density", "clipped_coverage", "p_precision", "p_recall"),
        *("precision", "recall", "density", "coverage", "frechet"),
    ]
    np.testing.assert_array_equal(list(state["_reference_figures"].values()), figures.T)
    assert migrate("mode-coverage", {"_null_figures": None}, 0) == {"_reference_figures": None}
    assert migrate("mode-coverage", {"alpha": 0.05}, 0) == {"alpha": 0.05}


@pytest.mark.filterwarnings("ignore:.*was saved under other versions")
def test_what_version_0_1_fitted_says_that_it_cannot_evaluate(tmp_path):
    with zipfile.ZipFile(SAVED_0_1) as archive:
        archive.extractall(tmp_path)
    coverage = toolkit.load(tmp_path / "saved")
    with pytest.raises(NotFittedError, match=r"fitted by version 0\.1 of the toolkit.* fit it again"):
        coverage.evaluate(coverage.examples_)
