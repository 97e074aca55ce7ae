"""What can be told on a set: recall at a false alarm rate, with some of the set corrupted by the same kind."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from toolkit.diagnostics.identifier._competence import (
    COMPETENCE_COLUMNS,
    DETECTED,
    NOT_DETECTED,
    NOT_MEASURABLE,
    Unseen,
    _auroc,
    _recall_at,
    _wilson,
    measure_competence,
    why_not,
)

SHIFT = 4.0


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def test_recall_of_two_normals_is_what_their_quantiles_say(generator):
    sound, planted = generator.normal(size=100_000), SHIFT + generator.normal(size=100_000)
    expected = stats.norm.sf(stats.norm.isf(0.01) - SHIFT)
    assert _recall_at(sound, planted, 0.0) == pytest.approx(expected, abs=0.005)
    assert _auroc(sound, planted, 0.0) == pytest.approx(stats.norm.cdf(SHIFT / np.sqrt(2)), abs=0.001)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, 0.4])
def test_what_came_corrupted_by_the_kind_does_not_count_as_false_alarms(generator, share):
    n = 20_000
    corrupted = round(share * n)
    unplanted = np.r_[generator.normal(size=n - corrupted), SHIFT + generator.normal(size=corrupted)]
    planted = SHIFT + generator.normal(size=n)
    expected = stats.norm.sf(stats.norm.isf(0.01) - SHIFT)
    # Cautious: how many came corrupted is estimated low, so alarms are fewer than one in a hundred, and never more.
    assert 0.5 < _recall_at(unplanted, planted, 1.5 * share) < expected + 0.03
    assert _auroc(unplanted, planted, share) == pytest.approx(stats.norm.cdf(SHIFT / np.sqrt(2)), abs=0.01)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.1])
def test_where_nothing_is_told_apart_recall_is_chance(generator, share):
    """Half of the sound score above the planted median, too: that must not pass for corruption."""
    scores = generator.normal(size=4000)
    assert _recall_at(scores, generator.normal(size=400), share) < 0.01 + 2 * share
    assert _recall_at(np.zeros(500), np.zeros(100), 0.1) == 0.0  # all alike, to the last digit


def test_wilson_interval_agrees_with_statsmodels():
    for count, n in ((0, 20), (7, 20), (200, 200), (101, 170)):
        expected = proportion_confint(count, n, method="wilson")
        np.testing.assert_allclose(_wilson(count / n, n), expected, atol=2e-3)


def _measure(strength, n=400, odd=0, unseen=None):
    """Two kinds: the first is told with that strength, the second not at all."""
    generator = np.random.default_rng(0)

    def judge(values):
        logs = np.zeros((len(values), 4))
        logs[:, 1] = values - 6
        logs[:, 2] = generator.normal(size=len(values)) - 6
        logs[:, 3] = -9
        return logs

    values = generator.normal(size=n)
    values[:odd] = 20.0
    rows, kind = np.tile(np.arange(n), 3), np.repeat([1, 2, 3], n)
    said = Unseen(
        judge(values),
        judge(values[rows] + strength * (kind == 1)),
        kind,
        rows,
        np.ones(n, dtype=bool) if unseen is None else unseen,
    )
    return measure_competence(["a", "b", "unknown"], said, np.array([0.97, 0.01, 0.01, 0.01]))


def test_a_kind_that_is_found_is_told_apart_and_one_that_is_not_is_not():
    table, _ = _measure(12.0)
    assert table["status"].tolist() == [DETECTED, NOT_DETECTED, NOT_DETECTED]
    assert table.loc[0, "recall"] == 1.0
    assert 0.97 < table.loc[0, "recall_low"] < 1
    assert tuple(table.columns) == COMPETENCE_COLUMNS
    # Planted images of all kinds together: a third is always found, the others at random.
    assert _measure(12.0)[1] == pytest.approx(1 / 3 + 1 / 3, abs=0.06)


def test_few_sound_rows_are_not_measurable():
    table, auroc = _measure(12.0, odd=161)
    assert set(table["status"]) == {NOT_MEASURABLE}
    assert table["recall"].isna().all()
    assert np.isnan(auroc)


def test_only_rows_that_were_never_seen_count():
    unseen = np.arange(1000) % 2 == 0
    table, _ = _measure(12.0, n=1000, unseen=unseen)
    assert (table["n_sound"] <= 500).all()
    assert (table["n_planted"] <= 500).all()
    assert table.loc[0, "recall"] == 1.0


def test_a_kind_of_which_nothing_was_planted_is_not_measurable():
    generator = np.random.default_rng(0)
    logs = np.zeros((400, 3))
    logs[:, 1] = generator.normal(size=400) - 6
    logs[:, 2] = -9
    nothing = Unseen(logs, logs[:50], np.full(50, 2), np.arange(50), np.ones(400, dtype=bool))
    table, _ = measure_competence(["a", "unknown"], nothing, np.array([0.9, 0.05, 0.05]))
    assert table["status"].tolist() == [NOT_MEASURABLE, NOT_DETECTED]


def _table(n_told, n=10):
    return pd.DataFrame({"kind": range(n), "status": [DETECTED] * n_told + [NOT_DETECTED] * (n - n_told)})


def _reasons(table, *, auroc=0.98, flagged=0.2, prevalence=0.2, interval=(0.18, 0.22), crossing=0.05, smaller=0.4):
    calibration = SimpleNamespace(
        prevalence_=prevalence,
        interval_=interval,
        probabilities=lambda logs: logs,
        codes=lambda logs: np.arange(1000) < 1000 * flagged,
    )
    return why_not(table, auroc, calibration, None, crossing, smaller)


def test_a_set_that_is_told_apart_can_be_judged():
    assert _reasons(_table(9)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"auroc": 0.89}, "AUROC 0.89"),
        ({"prevalence": 0.46, "interval": (0.41, 0.51), "flagged": 0.42}, "majority"),
        ({"flagged": 0.266, "prevalence": 0.5, "interval": (0.427, 0.573)}, "27% of the images would be flagged"),
        ({"flagged": 0.4}, "40% of the images would be flagged where 18% to 22%"),
        ({"crossing": 0.003, "smaller": 0.48}, "two sorts of images (52% and 48%)"),
    ],
)
def test_each_reason_against_judging_is_given_in_words(change, words):
    assert any(words in reason for reason in _reasons(_table(9), **change))


def test_too_few_kinds_told_apart_is_a_reason_unless_nothing_was_measured():
    assert "only 4 of 10 kinds" in _reasons(_table(4))[0]
    blank = pd.DataFrame({"kind": range(10), "status": [NOT_MEASURABLE] * 10})
    assert _reasons(blank, auroc=np.nan) == []
