"""What loggers hand on is the history of the training, once each, over interruptions; the training is not affected."""

import csv

import numpy as np
import pandas as pd
import pytest

from toolkit.callbacks import CSVLogger, TensorBoardLogger, TrackerLogger, TrainingLogger
from toolkit.coverage import CoverageMonitor, ModeCoverage
from toolkit.datasets import load_digits
from toolkit.generators import GAN, Autoencoder, ConditionalGAN, VariationalAutoencoder
from toolkit.nn import Checkpoint
from toolkit.plots import LiveSamples
from toolkit.sequence import ArithmeticSeq2Seq

X, Y = load_digits().images[:64], load_digits().labels[:64]


class Rows(TrainingLogger):
    """A logger that keeps what it is given."""

    def __init__(self, **options):
        super().__init__(**options)
        self.rows, self.pictures = [], []

    def write(self, step, values):
        self.rows.append({"step": step, **values})

    def write_images(self, step, name, images):
        self.pictures.append((step, images))


def fit(model, hooks, **options):
    if isinstance(model, ArithmeticSeq2Seq):
        return model.fit(["1+2", "2+3", "4+4", "5+1"], ["3", "5", "8", "6"], hooks=hooks, **options)
    return model.fit(X, Y, hooks=hooks, **options)


MODELS = [
    GAN(max_steps=6, batch_size=32, random_state=0),
    ConditionalGAN(max_steps=6, batch_size=32, random_state=0),
    Autoencoder(epochs=3, random_state=0),
    VariationalAutoencoder(epochs=3, random_state=0),
    ArithmeticSeq2Seq(steps=3, random_state=0),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_every_model_hands_on_its_history(model, tmp_path):
    rows, sent = Rows(), []
    fit(model, [rows, CSVLogger(tmp_path / "log.csv"), TrackerLogger(sent.append)])
    expected = [{name: float(value) for name, value in entry.items()} for entry in model.history_]
    assert rows.rows == expected == sent
    found = pd.read_csv(tmp_path / "log.csv")
    assert found.columns[0] == "step"
    assert np.allclose(found[list(expected[0])], pd.DataFrame(expected))


def test_with_a_logger_its_files_are_closed_whatever_happens():
    closed = []

    class Opened(Rows):
        def close(self):
            closed.append(len(self.rows))

    with Opened() as log:
        fit(Autoencoder(epochs=2, random_state=0), [log])
    assert closed == [2]
    with pytest.raises(KeyboardInterrupt), Opened() as log:
        raise KeyboardInterrupt
    assert closed == [2, 0]


def test_the_training_is_not_affected(tmp_path):
    plain = GAN(max_steps=6, batch_size=32, random_state=0).fit(X)
    watched = GAN(max_steps=6, batch_size=32, random_state=0).fit(X, hooks=[CSVLogger(tmp_path / "log.csv")])
    assert np.array_equal(plain.sample(5, random_state=1), watched.sample(5, random_state=1))


def test_what_other_hooks_found(tmp_path):
    monitor = CoverageMonitor(ModeCoverage(n_bins=4, random_state=0).fit(X), every=2, n_samples=50, patience=None)
    live = LiveSamples(every=0, n_samples=3)
    rows = Rows(watch=[monitor, live])
    path = tmp_path / "log.csv"
    GAN(max_steps=6, batch_size=32, random_state=0).fit(
        X, hooks=[monitor, live, rows, CSVLogger(path, watch=[monitor])]
    )
    seen = [row for row in rows.rows if "js" in row]
    assert [row["step"] for row in seen] == [2, 4, 6]
    assert [row["js"] for row in seen] == monitor.frame()["js"].tolist()
    assert [step for step, _ in rows.pictures] == [1, 2, 3, 4, 5, 6]
    assert all(np.array_equal(mine, theirs) for (_, mine), (_, theirs) in zip(rows.pictures, live.frames))
    found = pd.read_csv(path)
    assert found["js"].dropna().tolist() == pytest.approx(monitor.frame()["js"].tolist())
    assert found["epoch"].dropna().tolist() == [1, 2, 3]


class Interrupt(Exception):
    pass


def test_a_resumed_training_has_each_step_once(tmp_path):
    path, folder = tmp_path / "log.csv", tmp_path / "checkpoints"

    def stop(trainer, entry):
        if entry["epoch"] == 5:
            raise Interrupt

    options = {"checkpoint": Checkpoint(folder, every=2)}
    with pytest.raises(Interrupt):
        fit(Autoencoder(epochs=8, random_state=0), [CSVLogger(path), stop], **options)
    with open(path, "a") as file:  # a crash cuts the last line off
        file.write("99,")
    model = Autoencoder(epochs=8, random_state=0)
    fit(model, [CSVLogger(path, resume=True), lambda trainer, entry: None], resume=True, **options)
    assert pd.read_csv(path)["epoch"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert np.allclose(pd.read_csv(path)["loss"], [entry["loss"] for entry in model.history_])


def test_resumed_without_a_checkpoint_begins_anew(tmp_path):
    path = tmp_path / "log.csv"
    for _ in range(2):
        fit(Autoencoder(epochs=2, random_state=0), [CSVLogger(path, resume=True)])
    assert pd.read_csv(path)["epoch"].tolist() == [1, 2]


def test_a_file_that_is_there_is_not_written_over(tmp_path):
    (tmp_path / "log.csv").write_text("mine")
    with pytest.raises(FileExistsError, match="resume=True"):
        CSVLogger(tmp_path / "log.csv")
    assert (tmp_path / "log.csv").read_text() == "mine"


def test_a_column_that_comes_later(tmp_path):
    log = CSVLogger(tmp_path / "log.csv")
    log.write(1, {"loss": 1.0})
    log.write(2, {"loss": 0.5, "a,b": 3.0})
    with open(tmp_path / "log.csv", newline="") as file:
        assert list(csv.DictReader(file)) == [
            {"step": "1", "loss": "1.0", "a,b": ""},
            {"step": "2", "loss": "0.5", "a,b": "3.0"},
        ]


def test_a_tracker_that_fails_costs_no_training():
    def log(values):
        raise ConnectionError("gone")

    with pytest.warns(UserWarning, match="gone"):
        model = fit(Autoencoder(epochs=2, random_state=0), [TrackerLogger(log)])
    assert len(model.history_) == 2


class Run:
    """As wandb.Run and trackio.Run have it: steps must not go back."""

    def __init__(self):
        self.logged, self.step = [], 0

    def log(self, data, step=None):
        assert step >= self.step
        self.step = step
        self.logged.append((step, data))


def test_a_run_that_takes_steps():
    run = Run()
    model = fit(Autoencoder(epochs=2, random_state=0), [TrackerLogger(run, prefix="train/")])
    assert [step for step, _ in run.logged] == [entry["step"] for entry in model.history_]
    assert [data["train/loss"] for _, data in run.logged] == [entry["loss"] for entry in model.history_]


@pytest.mark.parametrize("make", [lambda: TrackerLogger(3), lambda: Rows(watch=[print])])
def test_refused(make):
    with pytest.raises(TypeError, match=r"log\(dict\)|frame\(\) or frames"):
        make()


def test_tensorboard_reads_what_was_written(tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard reads its own files")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    live = LiveSamples(every=0, n_samples=3)
    log = TensorBoardLogger(tmp_path / "run", watch=[live])
    model = fit(GAN(max_steps=4, batch_size=32, random_state=0), [live, log])
    log.close()
    found = EventAccumulator(str(tmp_path / "run")).Reload()
    for name in ("generator_loss", "discriminator_loss"):
        assert name in model.history_[0]
        events = found.Scalars(name)
        assert [event.step for event in events] == [entry["step"] for entry in model.history_]
        assert np.allclose([event.value for event in events], [entry[name] for entry in model.history_])
    image = found.Images("samples")[-1]  # three, side by side
    assert (image.width, image.height) == (3 * 28, 28)
