"""improve_coverage: what is lacking comes back, what cannot be shown to help is reverted."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from toolkit.coverage import ModeCoverage, ReweightedGenerator, improve_coverage, name_outcome
from toolkit.datasets import load_ring


class Uneven(BaseEstimator):
    """Draws a ring whose modes have these weights; a pass over rows makes it draw them as often as they come."""

    def __init__(self, weights, spread=0.01):
        self.weights, self.spread = weights, spread

    def fit(self, X=None, y=None):
        self.weights_ = np.asarray(self.weights, dtype=float)
        return self

    def sample(self, n_samples=1, *, random_state=None):
        rng = np.random.default_rng(random_state)
        mode = rng.choice(8, n_samples, p=self.weights_ / self.weights_.sum())
        angle = mode * np.pi / 4
        return np.column_stack([np.cos(angle), np.sin(angle)]) + self.spread * rng.normal(size=(n_samples, 2))


class Learning(Uneven):
    def partial_fit(self, X, y=None):
        place = np.rint(np.arctan2(X[:, 1], X[:, 0]) / (np.pi / 4)).astype(int) % 8
        self.weights_ = 0.5 * self.weights_ / self.weights_.sum() + 0.5 * np.bincount(place, minlength=8) / len(X)
        return self


RING = load_ring(1500, random_state=0)
COVERAGE = ModeCoverage(random_state=0, n_bins=40, n_draws=200, n_splits=2)


def shares(model):
    drawn = model.sample(4000, random_state=9)
    place = np.rint(np.arctan2(drawn[:, 1], drawn[:, 0]) / (np.pi / 4)).astype(int) % 8
    return np.bincount(place, minlength=8) / len(drawn)


def test_rare_modes_are_drawn_as_often_as_they_should_by_leaving_others_out():
    model = Uneven([1, 1, 1, 1, 1, 1, 0.2, 0.2]).fit()
    found = improve_coverage(model, COVERAGE, RING.points, n_samples=1500)
    assert found.kept
    assert found.actions == ("reweight",)
    assert shares(model)[6:].max() < 0.05
    np.testing.assert_allclose(shares(found.model), 1 / 8, atol=0.03)
    assert found.after.js < found.before.js
    assert found.sentence.startswith("Kept (reweight)")
    assert found.frame().set_index("figure").loc["js", "after"] == found.after.js


def test_lost_modes_are_learnt_again():
    model = Learning([1, 1, 1, 1, 1, 1, 0, 0]).fit()
    found = improve_coverage(model, COVERAGE, RING.points, n_rounds=4, n_samples=1500)
    assert found.kept
    assert found.actions[0] == "resume"
    assert shares(model)[6:].max() == 0  # what was given is as it was
    assert shares(found.model)[6:].min() > 0.06
    assert found.before.lost_share > 0.2
    assert found.after.lost_share < 0.05


def test_a_good_generator_is_left_as_it_is():
    model = Uneven([1] * 8).fit()
    found = improve_coverage(model, COVERAGE, RING.points, n_samples=1500)
    assert not found.kept
    assert found.model is model
    assert found.steps["chosen"].sum() == 1


class Spoiling(Learning):
    """Learns the shares, and draws farther from the data each time."""

    def partial_fit(self, X, y=None):
        self.spread = 0.3
        return super().partial_fit(X)


def test_what_draws_worse_samples_is_not_taken():
    model = Spoiling([1, 1, 1, 1, 1, 1, 0, 0]).fit()
    found = improve_coverage(model, COVERAGE, RING.points, actions=("resume",), n_rounds=3, n_samples=1500)
    assert not found.kept
    assert found.model is model


def test_errors_and_seeds():
    model = Uneven([1] * 8).fit()
    with pytest.raises(ValueError, match="actions"):
        improve_coverage(model, None, RING.points, actions=("pray",))
    with pytest.raises(ValueError, match="at least 40 rows"):
        improve_coverage(model, None, RING.points[:60])
    coverage = COVERAGE.fit(RING.points)
    thinned = ReweightedGenerator.of(Uneven([3, 1, 1, 1, 1, 1, 1, 1]).fit(), coverage, 1000)
    np.testing.assert_array_equal(thinned.sample(5, random_state=1), thinned.sample(5, random_state=1))
    nothing = ReweightedGenerator(model, coverage, np.zeros(coverage.n_bins_))
    with pytest.raises(ValueError, match="were kept"):
        nothing.sample(3, random_state=0)


def test_the_outcome_rests_on_all_parts():
    assert name_outcome(0.0, failed=["coverage"]) == "partial"
    copied = COVERAGE.fit(RING.points).evaluate(RING.points[:700])
    assert copied.outcome == "copied"
    assert copied.verdict.startswith("The samples do not pass for the data: ")
    assert "originality" in copied.verdict
