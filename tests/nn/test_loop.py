"""The training loop, thread limits and scoped randomness of the engine room."""

import threading

import numpy as np
import pytest
import torch

from toolkit import nn
from toolkit.exceptions import DivergenceError
from toolkit.nn._batches import Batches


class Recorder:
    """A model that keeps what it was handed."""

    def __init__(self, losses=()):
        self.batches, self.losses = [], list(losses)

    def train_step(self, batch):
        self.batches.append(batch)
        return {"loss": self.losses[len(self.batches) - 1] if self.losses else 1.0}


def test_an_epoch_shows_every_row_once_in_its_own_dtype():
    model, rows = Recorder(), np.arange(10, dtype=np.uint8)
    history = nn.fit_loop(model, (rows, rows * 2), batch_size=4, epochs=2, generator=np.random.default_rng(0))
    first = torch.cat([batch[0] for batch in model.batches[:3]])
    assert sorted(first.tolist()) == list(range(10))
    assert first.dtype == torch.uint8
    assert all((b == 2 * a).all() for a, b in model.batches)
    assert [entry["step"] for entry in history] == [3, 6]


def test_steps_end_in_the_middle_of_an_epoch_and_losses_are_weighted_means():
    model = Recorder(losses=[1.0, 2.0, 6.0, 5.0])
    history = nn.fit_loop(model, np.zeros(5), batch_size=2, steps=4, generator=np.random.default_rng(0), shuffle=False)
    assert len(model.batches) == 4
    assert history[0]["loss"] == pytest.approx((2 * 1 + 2 * 2 + 1 * 6) / 5)
    assert history[1]["loss"] == 5.0


def test_a_hook_ends_training_and_a_batch_larger_than_the_data_is_clipped():
    model = Recorder()
    nn.fit_loop(
        model, np.zeros(3), batch_size=64, epochs=9, generator=np.random.default_rng(0), hooks=[lambda m, e: True]
    )
    assert len(model.batches) == 1


def test_a_hook_that_looks_after_each_step_ends_the_training_there():
    class Watch:
        def __init__(self):
            self.steps, self.entries = [], []

        def __call__(self, model, entry):
            self.entries.append(entry["step"])

        def after_step(self, model, step):
            self.steps.append((step, len(model.batches)))
            return step == 4

    watch, model = Watch(), Recorder()
    history = nn.fit_loop(
        model, np.zeros(5), batch_size=2, epochs=9, generator=np.random.default_rng(0), hooks=(watch,)
    )
    assert watch.steps == [(1, 1), (2, 2), (3, 3), (4, 4)]
    assert watch.entries == [3, 4]
    assert [entry["step"] for entry in history] == [3, 4]


def test_divergence_says_where():
    model = Recorder(losses=[1.0, float("nan")])
    with pytest.raises(DivergenceError, match="step 2: loss is nan"):
        nn.fit_loop(model, np.zeros(4), batch_size=2, epochs=1, generator=np.random.default_rng(0))


def test_wrong_arguments():
    with pytest.raises(ValueError, match="either epochs or steps"):
        nn.fit_loop(Recorder(), np.zeros(4), generator=np.random.default_rng(0))
    with pytest.raises(ValueError, match="equally long"):
        nn.fit_loop(Recorder(), (np.zeros(4), np.zeros(3)), epochs=1, generator=np.random.default_rng(0))
    with pytest.raises(ValueError, match="device must be"):
        nn.resolve_device("abacus")


def test_overlapping_thread_limits_leave_the_setting_as_found():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        inside, leave = threading.Event(), threading.Event()

        def other():
            with nn.limit_threads(1):
                inside.set()
                leave.wait(10)

        thread = threading.Thread(target=other)
        with nn.limit_threads(1):
            thread.start()
            assert inside.wait(10)
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2  # this thread's own, although the other fit still runs
        leave.set()
        thread.join()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_convolutions_repeat_while_any_fit_runs():
    assert not torch.backends.cudnn.deterministic
    with nn.limit_threads(1):
        with nn.limit_threads(1):
            assert torch.backends.cudnn.deterministic
        assert torch.backends.cudnn.deterministic
    assert not torch.backends.cudnn.deterministic


def test_views_in_reverse_are_moved_to_an_accelerator():
    # "meta" has no numbers, but takes the way of an accelerator on every machine.
    batch = Batches(np.arange(6, dtype=np.uint8).reshape(3, 2)[:, ::-1], device="meta")[np.array([2, 0])]
    assert batch.shape == (2, 2)
    assert batch.dtype == torch.uint8


def test_modules_are_built_without_the_global_generator():
    def factory():
        return torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2))

    state = torch.get_rng_state()
    first, second = (nn.build(factory, nn.torch_generator(5)) for _ in range(2))
    assert torch.equal(state, torch.get_rng_state())
    for a, b in zip(first.state_dict().values(), second.state_dict().values()):
        assert torch.equal(a, b)
    weight = first[0].weight
    # He-uniform: variance 2 / fan_in
    assert weight.var().item() == pytest.approx(2 / 9, rel=0.6)
    assert torch.equal(first[1].running_var, torch.ones(4))


def test_dropout_repeats_with_its_generator():
    x = torch.ones(200)
    layers = [nn.GeneratorDropout(0.3, nn.torch_generator(1)) for _ in range(2)]
    a, b = (layer(x) for layer in layers)
    assert torch.equal(a, b)
    assert a.mean().item() == pytest.approx(1, abs=0.15)
    assert torch.equal(layers[0].eval()(x), x)
