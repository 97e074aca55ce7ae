"""Checkpoints: killed and resumed equals never interrupted; damaged, foreign and hostile ones are refused."""

import importlib.metadata
import os
import pickle
import signal
import time
from pathlib import Path

import kill_victim as victim
import numpy as np
import pytest
import torch
from prepared import start

from toolkit import nn
from toolkit._core import store
from toolkit.exceptions import CheckpointError, DivergenceError

PROGRAM = Path(victim.__file__)


class Stop(Exception):
    """Stands for a crash between two steps."""


@pytest.fixture
def crash(monkeypatch):
    """``crash(step)`` makes the training stop before its next step after ``step``; ``crash(None)`` heals it."""
    train_step = victim.Regression.train_step

    def at(step):
        def failing(self, batch):
            if self.step == step:
                raise Stop
            return train_step(self, batch)

        monkeypatch.setattr(victim.Regression, "train_step", train_step if step is None else failing)

    return at


@pytest.fixture(scope="module")
def uninterrupted():
    return victim.train(None)


@pytest.mark.parametrize("shuffle", [True, False])
def test_checkpoints_change_nothing(tmp_path, shuffle):
    assert victim.train(tmp_path, shuffle=shuffle) == victim.train(None, shuffle=shuffle)


# 13 steps an epoch: within, at the end and at the start of epochs, on a checkpoint and beside it.
@pytest.mark.parametrize("step", [0, 1, 3, 4, 12, 13, 14, 26, 39, 50])
def test_a_crash_at_any_step_leaves_no_trace(tmp_path, crash, uninterrupted, step):
    crash(step)
    with pytest.raises(Stop):
        victim.train(tmp_path)
    crash(None)
    assert victim.train(tmp_path) == uninterrupted


def test_several_crashes_of_one_training(tmp_path, crash, uninterrupted):
    for step in (5, 22, 23, 47):
        crash(step)
        with pytest.raises(Stop):
            victim.train(tmp_path, every=4)
    crash(None)
    assert victim.train(tmp_path, every=4) == uninterrupted
    assert victim.train(tmp_path, every=4) == uninterrupted  # a training that is done is done


def test_kill_minus_9_at_any_moment(tmp_path):
    """The real thing: another process, killed wherever it happens to be, saving included."""
    program = f"import runpy; runpy.run_path({str(PROGRAM)!r}, run_name='__main__')"
    for delay in (0.01, 0.05):
        process = start(program, tmp_path, 1, 4)
        latest = nn.Checkpoint(tmp_path).latest()
        deadline = time.monotonic() + 60
        while nn.Checkpoint(tmp_path).latest() == latest and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert nn.Checkpoint(tmp_path).latest() != latest
    for path in nn.Checkpoint(tmp_path).all():
        store.read_store(path, "checkpoint")
    # What is left of it is gone on with here, which is another process, too.
    assert victim.train(tmp_path, every=1, seed=4) == victim.train(None, seed=4)


def test_what_is_kept(tmp_path):
    victim.train(tmp_path / "two", every=3)
    assert len(nn.Checkpoint(tmp_path / "two").all()) == 2
    assert all(entry.startswith("step-") for entry in os.listdir(tmp_path / "two"))
    about, table = store.read_manifest(nn.Checkpoint(tmp_path / "two").latest(), "checkpoint")
    assert about["threads"] == 1
    assert about["device"] == "cpu"
    assert about["versions"]["torch"] == importlib.metadata.version("torch")
    assert set(table) == {"tree.json", "arrays.safetensors"}


def loop(model, **options):
    options = {"epochs": 3, "batch_size": 4, "generator": np.random.default_rng(0)} | options
    return nn.fit_loop(model, options.pop("rows", np.arange(12.0)), **options)


class Sum(nn.StateMixin):
    _state = ("total",)

    def __init__(self, total=0.0):
        self.total = total

    def train_step(self, batch):
        self.total = self.total + batch.sum()
        return {"loss": self.total}


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    checkpoint = nn.Checkpoint(tmp_path)
    loop(Sum(torch.zeros(())), checkpoint=checkpoint)
    for other, message in (
        ({"rows": np.arange(12.0) + 1}, "its data"),
        ({"batch_size": 5}, "its batch_size"),
        ({"shuffle": False}, "its shuffle"),
    ):
        with pytest.raises(CheckpointError, match=f"of another training: {message}"):
            loop(Sum(torch.zeros(())), checkpoint=checkpoint, resume=True, **other)
    with pytest.raises(CheckpointError, match="its model"):
        loop(victim.Regression(), checkpoint=checkpoint, resume=True)
    hooks = (nn.EarlyStopping(),)
    with pytest.raises(CheckpointError, match="does not fit this training"):
        loop(Sum(torch.zeros(())), checkpoint=checkpoint, resume=True, hooks=hooks)


def test_other_circumstances_bring_a_warning(tmp_path):
    checkpoint = nn.Checkpoint(tmp_path, parameters={"rate": 1})
    loop(Sum(torch.zeros(())), checkpoint=checkpoint)
    path = checkpoint.latest()
    about, files = store.read_store(path, "checkpoint")
    about["threads"] += 1
    about["versions"]["torch"] = "0.1"
    store.write_store(path, "checkpoint", files, about)
    with pytest.warns(UserWarning, match=r"rate 1 -> 2; threads .*torch 0\.1 -> "):
        loop(Sum(torch.zeros(())), checkpoint=nn.Checkpoint(tmp_path, parameters={"rate": 2}), resume=True)


def test_resuming_from_a_named_checkpoint(tmp_path):
    checkpoint, first, second = nn.Checkpoint(tmp_path, keep=None), Sum(torch.zeros(())), Sum(torch.zeros(()))
    expected = loop(first, checkpoint=checkpoint)
    history = loop(second, resume=checkpoint.all()[0])  # and nothing more is written
    assert [entry["loss"] for entry in history] == [entry["loss"] for entry in expected]
    assert second.total == first.total
    assert len(checkpoint.all()) == 3


def test_a_folder_holds_one_training(tmp_path):
    """A forgotten resume=True costs nobody a training, and an old checkpoint never passes for a new one."""
    checkpoint = nn.Checkpoint(tmp_path, keep=None)
    loop(Sum(torch.zeros(())), checkpoint=checkpoint)
    for resume in (False, checkpoint.all()[1]):
        with pytest.raises(FileExistsError, match="step-00000009 was left there by an earlier training"):
            loop(Sum(torch.zeros(())), checkpoint=checkpoint, resume=resume)
    assert len(checkpoint.all()) == 3
    store.remove_store(checkpoint.latest())
    loop(Sum(torch.zeros(())), checkpoint=checkpoint, resume=checkpoint.all()[1])
    assert checkpoint.latest().name == "step-00000009"


def test_divergence_names_the_last_good_checkpoint(tmp_path):
    class Explodes(Sum):
        def train_step(self, batch):
            self.total = self.total + 1
            return {"loss": self.total if self.total < 6 else self.total * float("nan")}

    checkpoint = nn.Checkpoint(tmp_path)
    with pytest.raises(DivergenceError, match="step 6: loss is nan") as caught:
        loop(Explodes(torch.zeros(())), checkpoint=checkpoint)
    assert caught.value.step == 6
    assert caught.value.checkpoint == checkpoint.latest() == tmp_path / "step-00000003"
    assert [entry["epoch"] for entry in caught.value.history] == [1]
    again = pickle.loads(pickle.dumps(caught.value))  # as joblib hands it from one process to another
    assert (again.step, again.checkpoint, again.history) == (6, caught.value.checkpoint, caught.value.history)


def test_weights_that_are_not_finite_are_never_a_checkpoint(tmp_path):
    class Silent(Sum):
        def train_step(self, batch):
            self.total = self.total / 0
            return {"loss": 1.0}

    with pytest.raises(DivergenceError, match="weights are not finite"):
        loop(Silent(torch.zeros(())), checkpoint=nn.Checkpoint(tmp_path))
    assert nn.Checkpoint(tmp_path).latest() is None


def test_wrong_arguments(tmp_path):
    with pytest.raises(ValueError, match="unit must be"):
        nn.Checkpoint(tmp_path, unit="hours")
    for wrong in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="every must be a positive int"):
            nn.Checkpoint(tmp_path, every=wrong)
        with pytest.raises(ValueError, match="keep must be a positive int"):
            nn.Checkpoint(tmp_path, keep=wrong)
    with pytest.raises(ValueError, match="resume=True needs a checkpoint"):
        loop(Sum(), resume=True)
    with pytest.raises(TypeError, match="no state_dict"):
        loop(object(), checkpoint=nn.Checkpoint(tmp_path))
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        loop(Sum(), resume=tmp_path / "nowhere")


def test_damaged_and_hostile_checkpoints(tmp_path):
    checkpoint = nn.Checkpoint(tmp_path / "run")
    loop(Sum(torch.zeros(())), checkpoint=checkpoint)
    path, generator = checkpoint.latest(), np.random.default_rng(0)

    class Bomb:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'boom'}",)

    for file in sorted(path.iterdir()):
        whole = file.read_bytes()
        variants = [pickle.dumps(Bomb()), b"", whole[:-1], whole + b"\n"]
        for place in generator.integers(len(whole), size=30):
            variants.append(whole[:place] + bytes([whole[place] ^ (1 << generator.integers(8))]) + whole[place + 1 :])
        for content in variants:
            file.write_bytes(content)
            model = Sum(torch.zeros(()))
            with pytest.raises(CheckpointError):
                loop(model, checkpoint=checkpoint, resume=True)
            assert model.total == 0
        file.write_bytes(whole)
    about, files = store.read_store(path, "checkpoint")
    for name in files:
        store.write_store(path, "checkpoint", {**files, name: pickle.dumps(Bomb())}, about)
        with pytest.raises(CheckpointError, match="run"):
            loop(Sum(torch.zeros(())), checkpoint=checkpoint, resume=True)
    assert not (tmp_path / "boom").exists()


# Every trainer of the toolkit.


def test_every_trainer_goes_on_as_if_nothing_had_happened(tmp_path):
    from toolkit.detectors._trimmed_autoencoder import MLPAutoencoder
    from toolkit.diagnostics.identifier.network import KindModel, KindNetwork
    from toolkit.restoration._denoiser import Denoiser, DenoiserTrainer
    from toolkit.restoration._pose_network import PoseNetwork, PoseTrainer

    generator = np.random.default_rng(0)
    images, kinds = generator.integers(0, 256, (40, 12, 12), dtype=np.uint8), generator.integers(0, 3, 40)
    angle = np.where(kinds == 1, 0.5, np.nan).astype(np.float32)
    trainers = {
        "rows": (
            lambda: MLPAutoencoder(144, (8, 4), generator=nn.torch_generator(0), total_steps=9, learning_rate=0.01),
            images.reshape(40, -1).astype(np.float32),
        ),
        "kinds": (
            lambda: KindModel(nn.build(lambda: KindNetwork((12, 12), 3), nn.torch_generator(0)), n_steps=9),
            (images, kinds, angle, angle),
        ),
        "denoiser": (
            lambda: DenoiserTrainer(nn.build(lambda: Denoiser((12, 12), 3), nn.torch_generator(0)), 3, 9),
            (images[:, None], images[:, None], kinds, kinds > 0),
        ),
        "pose": (
            lambda: PoseTrainer(nn.build(lambda: PoseNetwork((12, 12), 3), nn.torch_generator(0)), 3, 9),
            (images, kinds, np.tile(angle[:, None], 6)),
        ),
    }
    for name, (make, arrays) in trainers.items():
        options = {"rows": arrays, "batch_size": 16, "steps": 9, "epochs": None}
        whole, model = make(), make()
        with nn.limit_threads(1):
            loop(whole, **options)
            checkpoint = nn.Checkpoint(tmp_path / name, every=2, unit="steps", keep=None)
            loop(model, **options, checkpoint=checkpoint)
            resumed = make()
            history = loop(resumed, **options, resume=tmp_path / name / "step-00000004")
        assert history[-1]["step"] == 9
        state = whole.network.state_dict()
        assert all(torch.equal(value, state[key]) for key, value in resumed.network.state_dict().items()), name
        strides = {key: value.stride() for key, value in state.items()}
        assert strides == {key: value.stride() for key, value in resumed.network.state_dict().items()}
