"""A first answer without learning, rounds that end when the verdict stands, and a rate that falls when they do."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from toolkit.corruption import MEASURED_KINDS, Corruptor
from toolkit.datasets import load_glyphs
from toolkit.diagnostics import CorruptionIdentifier
from toolkit.diagnostics.identifier import _ensemble, _rounds
from toolkit.diagnostics.identifier._folds import make_folds, unseen_folds


@pytest.fixture(scope="module")
def given():
    return Corruptor(MEASURED_KINDS, fraction=0.2, random_state=0).corrupt(
        load_glyphs(500, fonts="serif", classes="0123456789", random_state=5).images
    )


def test_without_rounds_nothing_is_learnt_and_much_is_known(given, monkeypatch):
    def learn(*args, **kwargs):
        raise AssertionError("no network may learn")

    monkeypatch.setattr(_ensemble, "fit_loop", learn)
    images, kinds = given
    identifier = CorruptionIdentifier(MEASURED_KINDS, epochs=0, random_state=0).fit(images)
    assert identifier.epochs_ == 0
    assert identifier.judgeable_
    assert roc_auc_score(kinds != "clean", -identifier.score_samples(images)) > 0.95
    found = identifier.identify(images)
    assert (found["kind"][kinds == "clean"] == "clean").mean() > 0.93
    # Measured on all images, since none was learnt from.
    assert identifier.competence_["n_sound"].min() > 350


@pytest.mark.parametrize("options", [{"epochs": 0}, {"epochs": 1, "images_per_epoch": 400}, {"max_samples": 330}])
def test_learning_and_judging_at_once_says_what_one_after_the_other_says(given, options):
    images = given[0][:360]
    # Of every sort one or two: symmetries, what is undone exactly, what is estimated, what hides a part.
    kinds = ["flip_horizontal", "rotate_180", "invert", "gaussian_noise", "gaussian_blur", "occlude"]
    options = {"epochs": 0, "random_state": 0} | options
    identifier = CorruptionIdentifier(kinds, n_jobs=2, **options)
    at_once = identifier.fit_assess(images)
    after = CorruptionIdentifier(kinds, n_jobs=1, **options).fit(images).assess(images)
    pd.testing.assert_frame_equal(at_once.findings, after.findings)
    for name in ("probabilities", "scores", "features", "statistics"):
        np.testing.assert_array_equal(getattr(at_once, name), getattr(after, name))


def test_without_networks_that_know_anything_statistics_and_neighbours_answer(given):
    images, kinds = given
    identifier = CorruptionIdentifier(MEASURED_KINDS, epochs=0, init="random", random_state=0).fit(images)
    assert identifier.init_ == "random"
    assert roc_auc_score(kinds != "clean", -identifier.score_samples(images)) > 0.9


class Rehearsed:
    """An ensemble whose rounds change the sides of so many rows each."""

    kinds = ("invert",)

    def __init__(self, changes):
        self.changes, self.rounds = list(changes), []
        self.members = [type("Member", (), {"is_pretrained": False})()]

    def train(self, images, trusted, folds, n_rounds, *, last):
        self.rounds.append(last)


@pytest.mark.parametrize(
    ("changes", "rounds"),
    [
        ([50, 50, 50], [False, False, False, True]),  # never stands: as many as were asked for
        ([50, 0, 50], [False, False, True]),  # stands after two: one more to settle
        ([0, 0, 0], [False, False, True]),  # not before two
    ],
)
def test_rounds_end_when_the_verdict_stands(changes, rounds, monkeypatch):
    trusted = np.ones(1000, dtype=bool)

    def verdict(ensemble, *args):
        nonlocal trusted
        trusted = trusted.copy()
        n = ensemble.changes.pop(0)
        trusted[:n] = ~trusted[:n]
        return trusted

    monkeypatch.setattr(_rounds, "_verdict", verdict)
    ensemble = Rehearsed(changes)
    folds = make_folds(1000, 2, np.random.default_rng(0))
    _, done = _rounds.learn_in_rounds(
        ensemble, np.zeros((1000, 2, 2)), trusted, folds, 4, generator=np.random.default_rng(0)
    )
    assert ensemble.rounds == rounds
    assert done == len(rounds)


def test_no_rounds_train_nothing():
    ensemble, usual = Rehearsed([]), np.arange(10) > 2
    trusted, done = _rounds.learn_in_rounds(
        ensemble, np.zeros((10, 2, 2)), usual, unseen_folds(10), 0, generator=np.random.default_rng(0)
    )
    assert (done, ensemble.rounds) == (0, [])
    np.testing.assert_array_equal(trusted, usual)


def test_the_rate_falls_to_nothing_when_training_is_cut_short():
    import torch

    from toolkit.diagnostics.identifier.network import KindModel, KindNetwork
    from toolkit.nn import build, torch_generator

    model = KindModel(build(lambda: KindNetwork((8, 8), 3), torch_generator(0)), n_steps=100, learning_rate=1e-3)
    unknown = torch.full((4,), float("nan"))
    batch = (torch.zeros(4, 8, 8, dtype=torch.uint8), torch.tensor([0, 1, 2, 0]), unknown, unknown)
    for _ in range(20):
        model.train_step(batch)
    before = model.optimiser.learning_rate
    model.cool_down(5)
    rates = []
    for _ in range(6):  # the sixth, if there were one, would change nothing
        model.train_step(batch)
        rates.append(model.optimiser.learning_rate)
    assert before > 9e-4
    assert np.all(np.diff(rates) < 0)
    assert rates[-1] == 0.0


def test_rounds_go_by_the_size_of_the_set():
    assert [_rounds.rounds_for(n) for n in (300, 4000, 4001, 7500, 10_000, 60_000)] == [4, 4, 5, 8, 10, 10]
