"""Values are asked before numpy makes one type of them: by the helpers, and at every door that takes labels."""

import numpy as np
import pandas as pd
import pytest

from toolkit import plots
from toolkit._core.labels import check_labels, check_numbers, check_strings, check_truth
from toolkit.comparison import answer_accuracy, compare_detectors, count_carries, detection_metrics, per_kind_matrix
from toolkit.coverage import adjust_p_values, frechet_distance, kernel_distance, vendi_score
from toolkit.generators import ConditionalGAN
from toolkit.sequence import ArithmeticSeq2Seq
from toolkit.studies import run_audit

NAN = float("nan")
MISSING = [
    ["a", None],
    ["a", NAN],
    [1, None],
    [1.0, NAN],
    np.array(["a", None], dtype=object),
    np.array(["a", NAN], dtype=object),
    np.array([0.0, NAN]),
    pd.Series(["a", None]),
    pd.Series(["a", pd.NA], dtype="string"),
    pd.Series([1, pd.NA], dtype="Int64"),
    pd.Categorical(["a", None]),
]
MIXED = [["a", 1], [1, "a"], [True, "a"], np.array([1, "a"], dtype=object), ["a", b"b"]]


@pytest.mark.parametrize("values", MISSING, ids=repr)
def test_missing_labels_are_no_class(values):
    for check in (check_labels, check_strings):
        with pytest.raises(ValueError, match="y must hold no missing labels, got .* in place 1"):
            check("y", values)


@pytest.mark.parametrize("values", MIXED, ids=repr)
def test_mixed_labels_are_not_made_alike(values):
    with pytest.raises(ValueError, match="y must hold numbers or strings only, got"):
        check_labels("y", values)


@pytest.mark.parametrize(
    "values",
    [
        ["a", "nan", "None"],  # these are names
        [1, 2, 3],
        [1, 2.5, 3],
        (True, False, True),
        np.array(["a", "b", "c"]),
        np.array(["a", "b", "c"], dtype=object),
        pd.Series(["a", "b", "c"]),
        pd.Categorical(["a", "b", "a"]),
        range(3),
        [np.str_("a"), "b", "c"],
        [np.int64(1), 2, 3.0],
    ],
    ids=repr,
)
def test_good_labels_stay_what_they_are(values):
    assert check_labels("y", values).tolist() == list(values)
    assert check_labels("y", values).dtype.kind in "biufU"


@pytest.mark.parametrize("values", [[1 + 2j, 3], [["a"], ["b"]], "ab", [object(), object()], [np.datetime64("2020")]])
def test_what_is_no_label(values):
    with pytest.raises(ValueError, match="y must"):
        check_labels("y", values)


def test_truth_and_numbers():
    assert check_truth("truth", np.array([True, False], dtype=object), 2).tolist() == [True, False]
    for wrong in (["no", "yes"], [0, 2], [0.0, NAN], [True, None], [True]):
        with pytest.raises(ValueError, match="truth must be one boolean"):
            check_truth("truth", wrong, 2)
    assert check_numbers("x", [[1, 2], [3, 4.5]]).tolist() == [[1, 2], [3, 4.5]]
    assert np.isnan(check_numbers("x", [1.0, None])[1])
    for wrong in (["1", "2"], [1, "2"], [1 + 2j], [np.datetime64("2020")], [[1], [2, 3]], np.array([1, "2"], object)):
        with pytest.raises(ValueError, match="x must be numbers"):
            check_numbers("x", wrong)


IMAGES = np.random.default_rng(0).random((4, 6, 6))
ROWS = IMAGES.reshape(4, -1)
WORDS = [[f"{value:.3f}" for value in row] for row in ROWS]
DOORS = "gan latent histogram confusion gallery pairs page attention detectors kinds answers carries sequence audit"
DOORS = DOORS.split()


@pytest.mark.parametrize(
    "door",
    [
        lambda labels: ConditionalGAN(max_steps=1).fit(IMAGES, labels),
        lambda labels: plots.LatentDisplay.from_predictions(ROWS, labels),
        lambda labels: plots.ScoreHistogramDisplay.from_predictions([1, 2, 3, 4], labels),
        lambda labels: plots.KindConfusionDisplay.from_predictions(labels, labels),
        lambda labels: plots.CorruptionGalleryDisplay.from_predictions(IMAGES, labels),
        lambda labels: plots.RepairPairsDisplay.from_predictions(IMAGES, IMAGES + 1, labels),
        lambda labels: plots.QueryPageDisplay.from_predictions(labels, labels, labels),
        lambda labels: plots.AttentionDisplay.from_predictions(np.ones((4, 2, 2)), labels, labels),
        lambda labels: compare_detectors(detectors=["iforest"], data={"set": (ROWS, labels)}, seeds=[0]),
        lambda labels: per_kind_matrix([0.1, 0.2, 0.3, 0.4], labels),
        lambda labels: answer_accuracy(labels, labels),
        lambda labels: count_carries(labels),
        lambda labels: ArithmeticSeq2Seq(steps=1).fit(labels, labels),
        lambda labels: run_audit(IMAGES, kinds_truth=labels),
    ],
    ids=DOORS,
)
@pytest.mark.parametrize("labels", [["1+1", "clean", None, "1+1"], ["1+1", "clean", NAN, "1+1"]], ids=["None", "nan"])
def test_no_door_makes_a_class_of_what_is_missing(door, labels):
    with pytest.raises(ValueError, match="missing|among them|numbers or strings"):
        door(labels)


@pytest.mark.parametrize("function", [frechet_distance, kernel_distance, lambda x, _: vendi_score(x)])
def test_no_door_reads_words_as_numbers(function):
    with pytest.raises(ValueError, match="must be numbers, got dtype <U5"):
        function(WORDS, WORDS)
    with pytest.raises(ValueError, match="holds NaN or infinity|must be numbers"):
        function([[1.0, None], [2.0, 3.0]], [[1.0, None], [2.0, 3.0]])


def test_further_doors():
    with pytest.raises(ValueError, match="p_values must be numbers"):
        adjust_p_values(["0.1"])
    with pytest.raises(ValueError, match="is_outlier must be one boolean"):
        detection_metrics(["no", "yes"], [0.1, 0.2])
    with pytest.raises(ValueError, match="scores must be numbers"):
        detection_metrics([0, 1], ["0.1", "0.2"])
    for seeds in ([1.5], ["1"], [True]):
        with pytest.raises(ValueError, match="seeds must be different integers"):
            compare_detectors(detectors=["iforest"], data={"set": (ROWS, [0, 1, 0, 0])}, seeds=seeds)


@pytest.mark.parametrize("shape", [(40, 4, 4), (40, 2, 2, 3)])
def test_frechet_distance_takes_stacks_and_refuses_what_its_sisters_refuse(shape):
    first, second = np.random.default_rng(0).normal(size=(2, *shape))
    assert frechet_distance(first, second) == pytest.approx(
        frechet_distance(first.reshape(40, -1), second.reshape(40, -1))
    )
    for wrong, message in (
        (first * NAN, "first holds NaN or infinity"),
        (np.zeros((5, 0)), r"first must be rows .* \(5, 0\)"),
        (first[:1], "first needs at least 2 rows, got 1"),
        (first[:, :1], "equally many features"),
    ):
        for distance in (frechet_distance, kernel_distance):
            with pytest.raises(ValueError, match=message):
                distance(wrong, second)


def test_distances_of_huge_values_are_no_nan():
    first, second = np.random.default_rng(0).normal(size=(2, 30, 3))
    assert frechet_distance(first * 1e200, first * 1e200) == 0.0
    assert frechet_distance(first * 1e200, second * 1e200) == np.inf
    assert frechet_distance(first * 1e100, second * 1e100) == pytest.approx(1e200 * frechet_distance(first, second))
    with pytest.raises(ValueError, match="values of up to .*e\\+200, for which the kernel overflows"):
        kernel_distance(first * 1e200, second * 1e200)
