"""Sets that fall into two halves, and sets that do not."""

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from toolkit.diagnostics.identifier._two_sorts import balanced_cut


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def _blobs(sizes, centers, seed=0):
    rows, _ = make_blobs(sizes, centers=np.asarray(centers, dtype=float), random_state=seed)
    return rows


def test_two_halves_far_apart_are_not_linked(generator):
    crossing, share = balanced_cut([_blobs([300, 280], [[0, 0, 0], [30, 0, 0]])], generator)
    assert crossing == 0
    assert share == pytest.approx(280 / 580)


def test_two_halves_that_touch_are_cut_where_few_links_cross(generator):
    crossing, share = balanced_cut([_blobs([300, 300], [[0] * 4, [6, 0, 0, 0]])], generator)
    assert crossing < 0.01
    assert share == pytest.approx(0.5, abs=0.05)


def test_one_cloud_has_no_such_cut(generator):
    rows = np.random.default_rng(1).normal(size=(800, 8))
    assert balanced_cut([rows], generator)[0] > 0.2


def test_a_small_part_apart_is_no_half(generator):
    """A fifth of the set that is all alike is contamination, or a class of its own."""
    rows = _blobs([800, 200], [[0] * 8, [40] + [0] * 7])
    assert balanced_cut([rows], generator)[0] > 0.1


def test_ten_classes_apart_from_each_other_are_not_two(generator):
    centres = 9 * np.eye(10)
    rows = _blobs([100] * 10, centres) * np.random.default_rng(2).uniform(0.7, 1.3, 10)
    assert balanced_cut([rows], generator) == (1.0, 0.5)


def test_each_view_counts_as_much(generator):
    """One view alone would see two halves; the other, a thousand times larger in its numbers, does not drown it."""
    noise = 1000 * np.random.default_rng(3).normal(size=(600, 3))
    halves = _blobs([300, 300], [[0, 0, 0], [60, 0, 0]])
    assert balanced_cut([halves, noise], generator)[0] < balanced_cut([noise, noise], generator)[0] / 4


def test_too_few_rows_say_nothing(generator):
    assert balanced_cut([_blobs([40, 40], [[0, 0], [50, 0]])], generator) == (1.0, 0.5)
