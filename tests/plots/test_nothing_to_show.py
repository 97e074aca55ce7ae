"""Displays of nothing, or of the least there can be: what is not there is said, and no picture is blank."""

import warnings

import numpy as np
import pandas as pd
import pytest

from toolkit import plots

IMAGES = np.random.default_rng(0).random((3, 8, 8))
NO_IMAGE = np.zeros((0, 8, 8))
NO_MODE = pd.DataFrame({"dropped_mode": [], "bin": [], "row": []})
NO_POINT = pd.DataFrame({name: [] for name in ("x", "y", "source", "mode")})
NO_BIN = pd.DataFrame({name: [] for name in ("mode", "x", "y", "real", "generated", "ratio")})
SHARES = pd.DataFrame({"model": ["a"], "train_share": [0.5], "exact_match_unseen": [np.nan]})


def texts(display):
    return [text.get_text() for text in display.ax_.texts]


@pytest.mark.parametrize(
    ("make", "said", "title"),
    [
        (
            lambda title: plots.DroppedModesDisplay.from_predictions(NO_IMAGE, NO_MODE, [], title=title),
            "None is missing: no part of the data was dropped.",
            "Which? None.",
        ),
        (
            lambda title: plots.FileGalleryDisplay.from_predictions(NO_IMAGE, [], [], title=title),
            "no file",
            "Which? None.",
        ),
        (lambda title: plots.CorruptionGalleryDisplay.from_predictions(NO_IMAGE, [], title=title), "no image", None),
        (
            lambda title: plots.CorruptionGalleryDisplay.from_predictions(
                IMAGES, ["clean"] * 3, order=["invert"], title=title
            ),
            "no image",
            "Which? None.",
        ),
        (
            lambda title: plots.RepairPairsDisplay.from_predictions(IMAGES, IMAGES, ["clean"] * 3, title=title),
            "nothing was changed",
            "Which? None.",
        ),
        (
            lambda title: plots.RepairPairsDisplay.from_predictions(
                NO_IMAGE, NO_IMAGE, [], clean=NO_IMAGE, title=title
            ),
            "nothing was changed",
            "Which? None.",
        ),
        (
            lambda title: plots.AccuracyByShareDisplay.from_predictions(SHARES, title=title),
            "no model has a value of exact match unseen",
            "Which?",
        ),
    ],
)
def test_nothing_is_said(make, said, title, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        display = make("Which?").plot()
        assert texts(display) == [said]
        assert len(display.frame()) == 0
        display.save(tmp_path / "nothing.png")
    assert display.ax_.get_title(loc="left") == (title or "Which? None.")
    assert make("").plot().ax_.get_title(loc="left") == ""


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: plots.SampleGridDisplay.from_predictions(NO_IMAGE),
            r"at least one image, got an array of shape \(0, 8",
        ),
        (lambda: plots.SampleRowsDisplay.from_predictions({"a": NO_IMAGE}), "at least one image"),
        (lambda: plots.AnimationDisplay.from_predictions(NO_IMAGE), "at least one image"),
        (lambda: plots.KindConfusionDisplay.from_predictions([], []), r"not be empty, got shapes \(0,\) and \(0,\)"),
        (lambda: plots.KindHeatmapDisplay.from_predictions(pd.DataFrame()), "at least one kind and one method"),
        (lambda: plots.RocDisplay.from_predictions([0, 1], {}), "scores of at least one method"),
        (lambda: plots.PrecisionRecallDisplay.from_predictions([0, 1], {}), "scores of at least one method"),
        (lambda: plots.LossCurveDisplay.from_history([{"epoch": 1, "step": 8}]), "no losses, but epoch, step"),
        (lambda: plots.ScoreHistogramDisplay.from_predictions([]), "anomaly_scores must be finite"),
        (lambda: plots.LatentDisplay.from_predictions(np.zeros((0, 2))), "latent must be finite"),
        (lambda: plots.ReconstructionDisplay.from_predictions(NO_IMAGE, NO_IMAGE), "must not be empty"),
        (lambda: plots.StatisticsPairDisplay.from_predictions(pd.DataFrame()), "a row for each image"),
        (lambda: plots.QueryPageDisplay.from_predictions([], [], []), "not empty"),
        (lambda: plots.CoverageMapDisplay.from_predictions(NO_POINT, NO_BIN), "points must hold at least one row"),
    ],
)
def test_what_cannot_be_empty_says_so(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: plots.KindHeatmapDisplay.from_predictions(pd.DataFrame({"lof": [np.nan]}, index=["invert"])),
        lambda: plots.KindHeatmapDisplay.from_predictions(pd.DataFrame({"lof": [0.9]}, index=["invert"])),
        lambda: plots.KindConfusionDisplay.from_predictions(["clean"], ["clean"]),
        lambda: plots.ScoreHistogramDisplay.from_predictions([0.5]),
        lambda: plots.ScoreHistogramDisplay.from_predictions([0.5] * 9, ["clean"] * 9, threshold=0.5),
        lambda: plots.LatentDisplay.from_predictions(np.zeros((1, 2)), ["a"]),
        lambda: plots.LossCurveDisplay.from_history([{"epoch": 1, "loss": 0.5}]),
        lambda: plots.SampleGridDisplay.from_predictions(IMAGES[:1]),
        lambda: plots.AnimationDisplay.from_predictions(IMAGES[:1]),
        lambda: plots.RepairPairsDisplay.from_predictions(IMAGES[:1], 1 - IMAGES[:1]),
        lambda: plots.StatisticsPairDisplay.from_predictions({"noise": [0.5]}, ["clean"]),
        lambda: plots.QueryPageDisplay.from_predictions(["1+1"], ["2"], ["2"]),
    ],
)
def test_a_single_row_is_drawn_in_silence(make, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        display = make().save(tmp_path / "one.png")
    assert len(display.frame()) >= 1


def test_a_row_without_images_is_named_as_such():
    display = plots.SampleRowsDisplay.from_predictions({"real": IMAGES, "drawn": NO_IMAGE}).plot()
    assert texts(display) == ["real", "drawn", "none"]


@pytest.mark.parametrize("name", ["n_per_mode", "max_modes"])
def test_dropped_modes_are_not_hidden_by_a_number(name):
    with pytest.raises(ValueError, match=f"{name} must be"):
        plots.DroppedModesDisplay.from_estimator(None, None, **{name: 0})
