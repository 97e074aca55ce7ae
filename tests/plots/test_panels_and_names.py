"""Panels of their own for what has no axis in common, and names in a scatter that can be read."""

import string

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from toolkit import plots
from toolkit.corruption import KINDS

TRAINING = [
    {
        "epoch": epoch,
        "step": 8 * epoch,
        "seconds": 0.1,
        "generator_loss": 0.5 + 1 / epoch,
        "discriminator_loss": 1.2,
        "real_accuracy": 0.5 + 0.01 * epoch,
        "fake_accuracy": 0.9,
        "generator_gradient_norm": 500 / epoch**2,
        "discriminator_gradient_norm": 3.0,
    }
    for epoch in range(1, 21)
]


def drawn_names(panel):
    return [line.get_label().split(":")[0] for line in panel.lines]


def test_losses_accuracies_and_norms_have_a_panel_each():
    display = plots.LossCurveDisplay.from_history(TRAINING, title="gan").plot()
    assert [panel.get_ylabel() for panel in display.axes_] == ["loss", "accuracy", "gradient norm"]
    assert [drawn_names(panel) for panel in display.axes_] == [
        ["generator loss", "discriminator loss"],
        ["real accuracy", "fake accuracy"],
        ["generator gradient norm", "discriminator gradient norm"],
    ]
    assert display.ax_ is display.axes_[0]
    assert display.ax_.get_title(loc="left") == "gan"
    assert [panel.get_yscale() for panel in display.axes_] == ["linear", "linear", "log"]
    assert [panel.get_xlabel() for panel in display.axes_] == ["", "", "epoch"]
    FigureCanvasAgg(display.figure_).draw()
    boxes = [panel.get_window_extent() for panel in display.axes_]
    assert boxes[0].y0 > boxes[1].y1 > boxes[1].y0 > boxes[2].y1


def test_panels_share_the_place_of_axes_that_are_given():
    figure = Figure(layout="constrained")
    left, right = figure.subplots(1, 2)
    display = plots.LossCurveDisplay.from_history(TRAINING).plot(left)
    FigureCanvasAgg(figure).draw()
    assert display.ax_ is left
    assert len(display.axes_) == 3
    boxes = [panel.get_window_extent() for panel in display.axes_]
    assert boxes[0].y0 > boxes[1].y1 > boxes[1].y0 > boxes[2].y1
    assert max(box.x1 for box in boxes) < right.get_window_extent().x0
    assert min(box.y0 for box in boxes) > 0


@pytest.mark.parametrize(
    ("names", "label"), [(["generator_loss"], "loss"), (["fake_accuracy"], "accuracy"), (None, "nats")]
)
def test_one_kind_has_one_panel(names, label):
    history = (
        [{"epoch": 1, "loss": 3.0, "kl": 1.0}, {"epoch": 2, "loss": 2.0, "kl": 1.5}] if names is None else TRAINING
    )
    display = plots.LossCurveDisplay.from_history(history, names, ylabel="nats" if names is None else "loss").plot()
    assert [panel.get_ylabel() for panel in display.axes_] == [label]
    assert len(display.figure_.axes) == 1


@pytest.mark.parametrize("names", [list(KINDS)[:22], list(string.ascii_letters + string.digits)], ids=["kinds", "62"])
@pytest.mark.parametrize("spread", [0.0, 0.4, 3.0])
def test_names_in_latent_space_do_not_cover_each_other(names, spread):
    """All groups nearly in one place is the worst case; by the boxes of the letters that are drawn."""
    generator = np.random.default_rng(0)
    labels = np.resize(names, 40 * len(names))
    centres = (
        dict(zip(names, generator.normal(0, spread, (len(names), 2)))) if spread else dict.fromkeys(names, np.zeros(2))
    )
    points = np.array([centres[label] for label in labels]) + generator.normal(size=(len(labels), 2))
    display = plots.LatentDisplay.from_predictions(points, labels).plot()
    canvas = FigureCanvasAgg(display.figure_)
    canvas.draw()
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in display.ax_.texts]
    assert sorted(text.get_text() for text in display.ax_.texts) == sorted(names)
    # Seen by their letters, not by the line that each could fill.
    corners = np.array([[box.x0, box.y0 + 0.15 * box.height, box.x1, box.y1 - 0.15 * box.height] for box in boxes])
    over = (
        (corners[:, None, 0] < corners[None, :, 2])
        & (corners[None, :, 0] < corners[:, None, 2])
        & (corners[:, None, 1] < corners[None, :, 3])
        & (corners[None, :, 1] < corners[:, None, 3])
    )
    assert over.sum() == len(names)  # each with itself
    outer = display.ax_.get_window_extent()
    assert all(outer.x0 - 5 <= box.x0 and box.x1 <= outer.x1 + 5 for box in boxes)


@pytest.mark.parametrize("log", [False, True])
def test_no_curve_runs_behind_a_legend(log):
    display = plots.LossCurveDisplay.from_history(TRAINING, log=log).plot()
    display.figure_.canvas.draw()
    for panel in display.axes_:
        legend = panel.get_legend().get_window_extent()
        highest = max(panel.transData.transform(line.get_xydata())[:, 1].max() for line in panel.get_lines())
        assert highest < legend.y0, panel.get_ylabel()


def test_places_of_an_attention_map_that_hold_nothing_are_marked():
    display = plots.AttentionDisplay.from_predictions(np.full((1, 3, 4), 0.25), [" 9+3"], ["12"]).plot()
    assert [text.get_text() for text in display.ax_.texts] == ["␣", "9", "+", "3", "␣", "1", "2"]
