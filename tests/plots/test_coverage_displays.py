"""Displays of coverage: what they hold is what the evaluation found, and it is drawn."""

import numpy as np
import pandas as pd
import pytest

from toolkit.coverage import ModeCoverage
from toolkit.datasets import load_glyphs, load_ring
from toolkit.plots import CoverageMapDisplay, DroppedModesDisplay


@pytest.fixture(scope="module")
def digits():
    return load_glyphs(1500, classes="01234", random_state=0)


@pytest.fixture(scope="module")
def coverage(digits):
    return ModeCoverage(random_state=0).fit(digits.images)


def test_map_rings_the_modes_that_are_lost():
    fitted = ModeCoverage(random_state=0).fit(load_ring(800, random_state=0).points)
    fresh = load_ring(800, random_state=1)
    display = CoverageMapDisplay.from_estimator(fitted, fresh.points[fresh.labels > 1], title="Ring").plot()
    frame = display.frame()
    assert len(frame) == 8
    assert (frame["ratio"] == 0).sum() == 2
    texts = [text.get_text() for text in display.ax_.texts]
    assert texts.count("×0.0") == 2
    assert len(display.ax_.collections) == 2 + 2  # two kinds of points, two rings
    alone = CoverageMapDisplay.from_estimator(fitted).plot()
    assert sum(int(text.get_text()) for text in alone.ax_.texts) == 800


def test_map_needs_its_columns():
    with pytest.raises(ValueError, match="points must have the columns x, y, source, mode; it lacks source, mode"):
        CoverageMapDisplay.from_predictions(pd.DataFrame({"x": [0], "y": [0]}), pd.DataFrame())


def test_dropped_modes_are_shown_row_by_row(coverage, digits, tmp_path):
    record = coverage.evaluate(digits.images[digits.labels != "2"])
    display = DroppedModesDisplay.from_estimator(coverage, record, n_per_mode=5).plot()
    frame = display.frame()
    assert set(digits.labels[frame["row"]]) == {"2"}
    assert frame.groupby("dropped_mode").size().max() <= 5
    assert len(display.ax_.images) == len(frame)
    assert f"{record.dropped_modes[0].real_share:.1%} of the data" in [t.get_text() for t in display.ax_.texts]
    drawn = display.ax_.images[0].get_array()
    np.testing.assert_allclose(drawn, digits.images[frame["row"][0]] / 255, atol=1e-6)
    display.save(tmp_path / "dropped.png")
    assert (tmp_path / "dropped.png").stat().st_size > 1000


def test_what_covers_nothing_is_not_said_to_have_dropped_no_part(coverage, digits):
    same = np.zeros_like(digits.images[:100])
    record = coverage.evaluate(same)
    assert record.dropped_modes == [] or len(record.dropped_modes) == 0
    display = DroppedModesDisplay.from_estimator(coverage, record, title="Which?").plot()
    said = [text.get_text() for text in display.ax_.texts]
    assert said == ["No single part can be named, and yet the data is not covered: see the verdict."]


def test_nothing_dropped_is_said(coverage, digits):
    record = coverage.evaluate(digits.images)
    display = DroppedModesDisplay.from_estimator(coverage, record).plot()
    assert [text.get_text() for text in display.ax_.texts] == ["None is missing: no part of the data was dropped."]
    with pytest.raises(ValueError, match="shown has 0 rows, but there are 2 images"):
        DroppedModesDisplay.from_predictions(digits.images[:2], display.frame(), [])
