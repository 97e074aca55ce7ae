"""Which way up: on views whose truth is made, against brute force, and within the verdicts of a set."""

import numpy as np
import pandas as pd
import pytest

from toolkit.audit import judge_everyday, judge_orientation
from toolkit.audit._orientation import _over_views
from toolkit.diagnostics import everyday_statistics


def views_of(n=120, n_turned=12, noise=1.0, seed=0):
    """Views whose four sides differ, some images turned: views, and by how many quarters."""
    generator = np.random.default_rng(seed)
    upright = generator.normal(0, noise, (n, 4, 12)) + 3 * np.eye(4, 12)
    turned = np.zeros(n, dtype=int)
    turned[generator.permutation(n)[:n_turned]] = generator.integers(1, 4, n_turned)
    return np.stack([np.roll(view, -turn, axis=0) for view, turn in zip(upright, turned)]), turned


def test_turned_ones_are_found_with_their_turn():
    views, turned = views_of()
    found = judge_orientation(views)
    undone = {0: "", 1: "rotate_270", 2: "rotate_180", 3: "rotate_90"}
    assert found.frame()["turn"].tolist() == [undone[turn] for turn in turned]
    assert found.confirmed(np.flatnonzero(turned)).all()
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)


def test_turning_an_image_turns_the_answer():
    views, _ = views_of(n_turned=0)
    views[5] = np.roll(views[5], -1, axis=0)
    assert judge_orientation(views).log_odds[5].argmax() == 1


def test_sum_over_views_is_that_of_a_loop():
    told = np.random.default_rng(0).normal(size=(3, 4, 4))
    slow = [[sum(row[view, (view + turn) % 4] for view in range(4)) for turn in range(4)] for row in told]
    np.testing.assert_allclose(_over_views(told), slow)


def test_nothing_is_claimed_where_sides_are_alike():
    views = np.random.default_rng(0).normal(size=(100, 4, 12))
    found = judge_orientation(views)
    assert found.auroc["quarter_turn"] < 0.75
    assert (found.log_odds[:, 1:].max(axis=1) < 3.5).all()
    statistics = pd.DataFrame([everyday_statistics(np.full((32, 32), place, np.uint8)) for place in range(100)])
    verdicts = judge_everyday(statistics, faults=["quarter_turn", "upside_down"], orientation=found)
    assert not verdicts.flagged.any(axis=None)
    assert not verdicts.competence["applicable"].any()


def test_verdicts_over_a_set():
    views, turned = views_of()
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (len(views), 24, 24, 3), dtype=np.uint8)
    statistics = pd.DataFrame([everyday_statistics(image) for image in images])
    found = judge_everyday(
        statistics, faults=["quarter_turn", "upside_down"], orientation=judge_orientation(views), false_alarms=0.01
    )
    np.testing.assert_array_equal(found.flagged["upside_down"], turned == 2)
    np.testing.assert_array_equal(found.flagged["quarter_turn"], turned % 2 == 1)
    with pytest.raises(ValueError, match="orientation is of 120 images"):
        judge_everyday(statistics[:50], orientation=judge_orientation(views))


@pytest.mark.parametrize(
    ("views", "message"),
    [
        (np.zeros((100, 3, 5)), "must be of shape"),
        (np.zeros((10, 4, 5)), "60 images"),
        (np.full((80, 8), np.nan), "finite"),
    ],
)
def test_bad_views(views, message):
    with pytest.raises(ValueError, match=message):
        judge_orientation(views)
