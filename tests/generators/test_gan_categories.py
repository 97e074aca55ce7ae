"""How a GAN with codes comes to its categories: several heads look for them, and one is gone on with."""

import copy

import numpy as np
import pytest
import torch

from toolkit.datasets import load_digits
from toolkit.generators import GAN
from toolkit.generators.adversarial import ARCHITECTURES, InformationTrainer, RecognitionNetwork

IMAGES = load_digits().images[:64]
ROWS = torch.rand(16, 12, 12, generator=torch.Generator().manual_seed(5))


def trainer(total_steps=8, n_heads=3, n_continuous=1, seed=0):
    """A small one; ``seed`` is that of the pair."""
    mlp, codes = ARCHITECTURES["mlp"], {"n_categories": 4, "n_continuous": n_continuous}
    torch.manual_seed(seed)
    pair = mlp.generator(2 + 4 + n_continuous, (1, 12, 12), widths=(8,)), mlp.discriminator((1, 12, 12), widths=(8,))
    torch.manual_seed(1)
    recognition = RecognitionNetwork((1, 12, 12), **codes, widths=(4, 8), n_heads=n_heads)
    random = torch.Generator().manual_seed(2)
    return InformationTrainer(
        *pair, recognition, **codes, information_weight=1.0, latent_dim=2, random=random, total_steps=total_steps
    )


def test_a_head_alone_answers_as_it_did_among_others():
    together = RecognitionNetwork((1, 12, 12), n_categories=4, n_continuous=1, widths=(4, 8), n_heads=3)
    together(ROWS[:, None])  # statistics of its own
    together.eval()
    state = torch.get_rng_state()
    for place in range(3):
        alone = together.with_head(place)
        answer = together(ROWS[:, None])
        expected = torch.cat([answer[:, 4 * place : 4 * place + 4], answer[:, 12:]], dim=1)
        torch.testing.assert_close(alone(ROWS[:, None]), expected)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_head_of_most_information_is_gone_on_with():
    found = trainer()
    for _ in range(2):
        assert "information_loss" not in found.train_step(ROWS)
    assert len(found.joint) == 3
    found.information = torch.tensor([0.1, 0.9, 0.5])
    expected = found.recognition.with_head(1).category.weight
    assert torch.equal(found.finished_recognition().category.weight, expected)
    assert len(found.joint) == 3
    assert "information_loss" in found.train_step(ROWS)  # a quarter is over
    assert len(found.joint) == 1
    assert (found.recognition.category.weight - expected).abs().max() < 0.01  # one step further


def test_without_a_known_end_a_head_is_chosen_after_some_steps(monkeypatch):
    monkeypatch.setattr("toolkit.generators.adversarial._information._CHOICE_STEPS", 3)
    found = trainer(total_steps=0)
    heads = []
    for _ in range(5):
        found.train_step(ROWS)
        heads.append(len(found.joint))
    assert heads == [3, 3, 3, 1, 1]


def test_a_copy_of_any_moment_goes_on_alike():
    straight = trainer()
    for step in range(4):
        state = copy.deepcopy(straight.state_dict())
        again = trainer(seed=7)
        again.load_state_dict(state)
        mine, theirs = straight.train_step(ROWS), again.train_step(ROWS)
        assert {name: float(value) for name, value in mine.items()} == {k: float(v) for k, v in theirs.items()}, step
        for one, other in zip(straight.recognition.parameters(), again.recognition.parameters(), strict=True):
            assert torch.equal(one, other)


def test_a_state_of_one_head_from_before_is_taken_over():
    one = trainer(n_heads=1)
    one.train_step(ROWS)
    state = one.state_dict()
    del state["information"]
    state["joint"] = state["joint"][0]
    later = trainer()
    later.load_state_dict(copy.deepcopy(state))
    assert "information_loss" in later.train_step(ROWS)
    one.train_step(ROWS)
    for mine, theirs in zip(one.recognition.parameters(), later.recognition.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_what_a_category_is_does_not_depend_on_what_is_drawn():
    """Else generator and reader would agree upon marks that mean nothing in real rows."""
    one, other = (trainer(seed=seed) for seed in (0, 1))
    for _ in range(5):
        one.train_step(ROWS)
        other.train_step(ROWS)
    assert len(one.joint) == 1
    mine, theirs = one.recognition.state_dict(), other.recognition.state_dict()
    differ = {name.partition(".")[0] for name, value in mine.items() if not torch.equal(value, theirs[name])}
    assert differ == {"continuous"}


@pytest.mark.parametrize("codes", [{"n_categories": 3, "n_continuous": 0}, {"n_categories": 0, "n_continuous": 2}])
def test_codes_of_one_kind_are_trained_and_resumed(codes, tmp_path):
    options = {"preset": "infogan", "max_steps": 6, "batch_size": 16, "random_state": 0, "snapshot_epochs": (), **codes}
    straight = GAN(**options).fit(IMAGES)

    class Killed(Exception):
        pass

    def kill(trainer, entry):
        raise Killed

    with pytest.raises(Killed):
        GAN(**options).fit(IMAGES, checkpoint=tmp_path, hooks=[kill])
    again = GAN(**options).fit(IMAGES, checkpoint=tmp_path, resume=True)
    np.testing.assert_array_equal(straight.sample(3, random_state=0), again.sample(3, random_state=0))
    for mine, theirs in zip(straight.predict_codes(IMAGES), again.predict_codes(IMAGES), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert "information_loss" in straight.history_[-1]
