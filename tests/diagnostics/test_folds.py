"""Which network may see which row."""

import numpy as np
import pytest

from toolkit.diagnostics.identifier._folds import make_folds


@pytest.mark.parametrize(("n_samples", "n_members"), [(300, 2), (450, 2), (700, 2), (4000, 2), (20_000, 2), (1000, 5)])
def test_a_member_is_never_shown_what_is_held_out_from_it(n_samples, n_members):
    folds = make_folds(n_samples, n_members, np.random.default_rng(0))
    assert not (folds.shown & folds.held_out).any()
    # Every row that is not held back is shown to one member, and judged by another.
    assert ((folds.shown.sum(axis=0) == 1) != folds.held_back).all()
    assert folds.judges.any(axis=0).all()
    assert not (folds.judges & folds.shown).any()
    assert folds.held_out[:, folds.held_back].all()


@pytest.mark.parametrize(
    ("n_samples", "measured", "held_back"), [(300, 300, 0), (499, 499, 0), (600, 600, 60), (4000, 1600, 400)]
)
def test_as_many_rows_are_measured_as_there_are_to_spare(n_samples, measured, held_back):
    folds = make_folds(n_samples, 2, np.random.default_rng(0))
    assert folds.measured.sum() == measured
    assert folds.held_back.sum() == held_back
    # No member loses all of what it could plant in.
    assert (~folds.held_out).any(axis=1).all()


def test_a_member_alone_judges_everything_and_measures_nothing():
    folds = make_folds(120, 1, np.random.default_rng(0))
    assert folds.judges.all()
    assert folds.shown.all()
    assert not folds.measured.any()
