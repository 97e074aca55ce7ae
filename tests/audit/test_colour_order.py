"""Red for blue and light for dark: on views whose truth is made, and within the verdicts of a set."""

import numpy as np
import pandas as pd
import pytest

from toolkit.audit import judge_colours, judge_everyday
from toolkit.audit._everyday_symmetries import joined_odds, layout_cells, symmetry_odds
from toolkit.diagnostics import everyday_statistics

N = 150


def views_of(change, rows, noise=1.0, seed=0):
    """Views of which the first is as sound images are, those of some rows exchanged with the view of a change."""
    views = np.random.default_rng(seed).normal(0, noise, (N, 3, 12)) + 3 * np.eye(3, 12)
    views[rows] = views[rows][:, [1, 0, 2] if change == 1 else [2, 1, 0]]
    return views


@pytest.mark.parametrize(("change", "fault"), [(1, "swapped_channels"), (2, "inverted")])
def test_changed_ones_are_found(change, fault):
    rows = np.arange(0, N, 10)
    found = judge_colours(views_of(change, rows))
    assert set(np.argsort(found.evidence(fault))[-len(rows) :]) == set(rows)
    assert found.auroc[fault] > 0.85  # the changed ones among those that came count as what they are not
    # What is stated of those changed on purpose holds of those that came so: it is no more than what is found of them.
    assert 0.5 < found.recall[fault] <= (found.evidence(fault)[rows] >= np.log(100)).mean() + 0.15


def test_without_an_order_nothing_is_known():
    found = judge_colours(np.random.default_rng(1).normal(0, 1, (N, 3, 12)))
    assert all(value < 0.75 for value in found.auroc.values())
    assert all(value < 0.5 for value in found.recall.values())


def test_a_set_is_judged_by_them_and_says_how_well():
    generator = np.random.default_rng(2)
    images = generator.integers(0, 256, (N, 24, 24, 3), dtype=np.uint8)
    statistics = pd.DataFrame([everyday_statistics(image) for image in images])
    rows = np.arange(0, N, 50)
    found = judge_everyday(statistics, colours=judge_colours(views_of(1, rows, noise=0.5)))
    assert set(np.flatnonzero(found.flagged["swapped_channels"])) == set(rows)
    assert found.competence.loc["swapped_channels", "recall"] > 0.9
    # Where half of what was changed on purpose is not found, nothing is flagged: images are ranked.
    weak = judge_everyday(statistics, colours=judge_colours(views_of(1, rows, noise=3.0)))
    row = weak.competence.loc["swapped_channels"]
    assert row["recall"] < 0.5
    assert row["applicable"]
    assert "only ranks" in row["why_not"]
    assert not weak.flagged["swapped_channels"].any()
    assert weak.scores["swapped_channels"].max() < 0.5
    assert weak.scores["swapped_channels"].nunique() > N // 2
    assert any("only ranks" in sentence for sentence in weak.findings())


def test_the_better_judge_of_the_set_decides():
    """Pictures that are dark below and bright above: their layout tells inverted ones, features of noise do not."""
    generator = np.random.default_rng(3)
    images = np.clip(np.linspace(230, 20, 24)[:, None] + generator.normal(0, 15, (N, 24, 24)), 0, 255).astype(np.uint8)
    rows = np.arange(0, N, 30)
    images[rows] = 255 - images[rows]
    statistics = pd.DataFrame([everyday_statistics(image) for image in images])
    blind = judge_colours(generator.normal(0, 1, (N, 3, 12)))
    found, alone = judge_everyday(statistics, colours=blind), judge_everyday(statistics)
    assert set(np.flatnonzero(found.flagged["inverted"])) == set(rows)
    pd.testing.assert_series_equal(found.scores["inverted"], alone.scores["inverted"])


def test_two_judges_that_err_on_different_pictures_say_more_together():
    """Faint order in the layout, faint order in the features: both are calibrated, and their log odds add up."""
    generator = np.random.default_rng(4)
    slopes = generator.normal(1.0, 1.0, N)  # of some pictures the light comes from below
    ramp = np.linspace(1, -1, 24)[:, None]
    noise = generator.normal(0, 15, (N, 24, 24))
    images = np.clip(127 + 40 * slopes[:, None, None] * ramp + noise, 0, 255).astype(np.uint8)
    rows = np.arange(0, N, 15)
    images[rows] = 255 - images[rows]
    statistics = pd.DataFrame([everyday_statistics(image) for image in images])
    judge = judge_colours(views_of(2, rows, noise=2.5, seed=5))
    layout = symmetry_odds(layout_cells(statistics), "inverted")
    both = joined_odds(layout, judge.evidence("inverted"))
    assert min(layout.auroc, judge.auroc["inverted"]) > 0.7
    assert both.auroc > max(layout.auroc, judge.auroc["inverted"]) + 0.02
    assert both.recall >= max(layout.recall, judge.recall["inverted"])
    # Never surer than both are, since nothing says that they are independent.
    assert (np.abs(both.as_came) <= np.abs(layout.as_came + judge.evidence("inverted")) + 1e-12).all()


@pytest.mark.parametrize(
    ("views", "named"),
    [
        (np.zeros((80, 4, 6)), "shape"),
        (np.zeros((20, 3, 6)), "60 images"),
        (np.full((80, 3, 6), np.nan), "finite"),
    ],
)
def test_bad_views_are_named(views, named):
    with pytest.raises(ValueError, match=named):
        judge_colours(views)


def test_judges_of_other_images_are_refused():
    statistics = pd.DataFrame([everyday_statistics(np.zeros((8, 8), np.uint8))] * 3)
    with pytest.raises(ValueError, match="colours is of 150 images"):
        judge_everyday(statistics, colours=judge_colours(views_of(1, [0])))
