"""Figures against the truth, by hand and against loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, recall_score

from toolkit.restoration import psnr
from toolkit.studies.audit._truth import calibration_error, check_against_truth, check_repairs, truth_names


def calibration_error_by_loop(confidence, correct, n_bins):
    total = 0.0
    for b in range(n_bins):
        low, high = b / n_bins, (b + 1) / n_bins
        rows = [i for i, c in enumerate(confidence) if low <= c < high or (b == n_bins - 1 and c == 1.0)]
        if rows:
            gap = abs(np.mean([confidence[i] for i in rows]) - np.mean([correct[i] for i in rows]))
            total += len(rows) / len(confidence) * gap
    return total


@given(st.lists(st.tuples(st.integers(0, 160), st.booleans()), min_size=1, max_size=50))
def test_calibration_error_equals_the_loop(pairs):
    # Multiples of 1/160 with ten bins: on and between the edges, exactly.
    confidence = np.array([c / 160 for c, _ in pairs])
    correct = np.array([r for _, r in pairs])
    expected = calibration_error_by_loop(confidence, correct, 8)
    assert calibration_error(confidence, correct, n_bins=8) == pytest.approx(expected, abs=1e-12)


def test_measures_equal_scikit_learns():
    rng = np.random.default_rng(0)
    true = rng.choice(["clean", "invert", "rotate"], 300, p=[0.6, 0.2, 0.2])
    named = np.where(rng.random(300) < 0.8, true, rng.choice(["clean", "invert", "unknown"], 300))
    measures, per_kind = check_against_truth(true, named, rng.random(300), rng.random(300) + (true != "clean"))
    with pytest.warns(UserWarning, match="y_pred contains classes not in y_true"):
        assert measures["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(true, named))
    recalls = recall_score(true, named, labels=per_kind["kind"], average=None)
    assert per_kind["named_right"].tolist() == pytest.approx(recalls.tolist())
    assert per_kind["kind"].tolist() == ["clean", "rotate", "invert"]  # in the toolkit's order
    assert per_kind["n"].sum() == 300
    assert measures["auroc"] == 1.0
    assert measures["miss_rate"] == pytest.approx((named[true != "clean"] == "clean").mean())
    assert measures["false_alarm_rate"] == pytest.approx((named[true == "clean"] != "clean").mean())


def test_a_set_of_one_sort_has_no_auroc():
    for sort, missing in (("clean", "miss_rate"), ("invert", "false_alarm_rate")):
        measures, _ = check_against_truth([sort] * 3, [sort] * 3, np.ones(3), np.zeros(3))
        assert measures["auroc"] is None
        assert measures["average_precision"] is None
        assert measures[missing] is None
        assert measures["accuracy"] == 1.0


def test_several_corruptions_at_once_are_unknown():
    assert truth_names(np.array(["clean", "a+b", "a"])).tolist() == ["clean", "unknown", "a"]
    measures, _ = check_against_truth(["clean", "a+b"], ["clean", "unknown"], [1.0, 1.0], [0.0, 1.0])
    assert measures["balanced_accuracy"] == 1.0


def test_what_was_not_judged_is_neither_a_false_alarm_nor_a_hit():
    measures, _ = check_against_truth(["clean", "invert"], ["unjudged"] * 2, [0.0, 0.0], [0.0, 1.0])
    assert measures["false_alarm_rate"] == 0
    assert measures["miss_rate"] == 1
    assert measures["auroc"] == 1


def test_quartiles_of_repairs_are_of_each_images_own_gain():
    """A difference of medians is another thing: half of the images gain much, the other half lose much."""
    rng = np.random.default_rng(0)
    clean = rng.integers(0, 256, (8, 6, 6), dtype=np.uint8)
    worse = np.clip(clean.astype(int) + rng.integers(-40, 41, clean.shape), 0, 255).astype(np.uint8)
    given, repaired = clean.copy(), clean.copy()
    given[:5], repaired[5:] = worse[:5], worse[5:]
    (row,) = check_repairs(clean, given, repaired, ["invert"] * 8).to_dict("records")
    gain = np.minimum(psnr(clean, repaired), 60) - np.minimum(psnr(clean, given), 60)
    expected = np.quantile(gain, [0.25, 0.5, 0.75])
    np.testing.assert_allclose([row["gain_lower"], row["gain_median"], row["gain_upper"]], expected)
    assert row["worsened"] == 3 / 8
    assert row["repaired"] == 1
