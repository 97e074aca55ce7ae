"""The commands train and sample: what they write, how they go on, and what they refuse."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from prepared import start

import toolkit
from toolkit.cli import run
from toolkit.datasets import load_glyphs, load_npz
from toolkit.detectors import OutlierDetector
from toolkit.generators import FLOW_PRESETS, GAN, GAN_PRESETS, Autoencoder, FlowMatching, VariationalAutoencoder
from toolkit.generators.flow import SOLVERS

SHORT = ["--epochs", "4", "--save-interval", "2", "--n-images", "60"]
PICTURES = {"samples.png", "reconstructions.png", "latent.png", "manifold.png", "losses.png"}


@pytest.fixture(scope="module")
def vae_folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("train") / "vae"
    assert run(["train", "vae", *SHORT, "--seed", "3", "--out", str(out), "--quiet"]) == 0
    return out


def test_a_training_folder_holds_model_pictures_and_summary(vae_folder):
    names = {entry.name for entry in vae_folder.iterdir()}
    assert names == PICTURES | {"training.json", "checkpoints", "model", "history.csv", "summary.json"}
    for picture in PICTURES:
        assert (vae_folder / picture).read_bytes().startswith(b"\x89PNG")
    summary = json.loads((vae_folder / "summary.json").read_text())
    assert summary["final"]["epoch"] == 4
    assert summary["parameters"]["random_state"] == 3
    assert summary["n_images"] == 60
    assert set(summary["files"]) <= names
    assert len((vae_folder / "history.csv").read_text().splitlines()) == 5


def test_the_model_is_the_one_that_python_would_fit(vae_folder):
    images = load_glyphs(60, random_state=3).images
    expected = VariationalAutoencoder(epochs=4, random_state=3).fit(images)
    model = toolkit.load(vae_folder / "model")
    np.testing.assert_array_equal(model.sample(5, random_state=0), expected.sample(5, random_state=0))


def test_sample_writes_a_picture_and_an_archive(vae_folder, tmp_path, capsys):
    grid, npz = tmp_path / "samples.png", tmp_path / "samples.npz"
    command = ["sample", str(vae_folder), "--count", "7", "--grid", str(grid), "--npz", str(npz), "--seed", "5"]
    assert run(command) == 0
    assert "7 samples" in capsys.readouterr().out
    assert grid.read_bytes().startswith(b"\x89PNG")
    model = toolkit.load(vae_folder / "model")
    np.testing.assert_array_equal(load_npz(npz).images, model.sample(7, random_state=5))
    # The folder of the model itself will do as well, and so will flat rows: they become images.
    rows = Autoencoder(epochs=1, image_shape=(4, 9), random_state=0).fit(np.random.default_rng(0).random((30, 36)))
    toolkit.save(rows, tmp_path / "rows")
    assert run(["sample", str(tmp_path / "rows"), "--npz", str(npz), "--count", "3"]) == 0
    assert load_npz(npz).images.shape == (3, 4, 9)


def test_a_flow_is_drawn_from_noise_as_wide_as_asked_for(vae_folder, tmp_path, capsys):
    flow = FlowMatching(max_steps=2, widths=(4, 4), n_clusters=0, random_state=0).fit(load_glyphs(40).images)
    toolkit.save(flow, tmp_path / "flow")
    npz = tmp_path / "samples.npz"
    command = ["sample", str(tmp_path / "flow"), "--count", "3", "--npz", str(npz), "--seed", "5"]
    assert run([*command, "--noise-scale", "1.5"]) == 0
    np.testing.assert_array_equal(load_npz(npz).images, flow.sample(3, noise_scale=1.5, random_state=5))
    capsys.readouterr()
    for folder, scale, said in ((tmp_path / "flow", "0", "not above 0"), (vae_folder, "1.5", "is for a flow")):
        assert run(["sample", str(folder), "--noise-scale", scale, "--npz", str(npz)]) == 2
        assert said in capsys.readouterr().err


def test_the_help_of_a_command_names_all_that_may_be_asked_for(capsys):
    for command, names in (("flow", [*SOLVERS, *FLOW_PRESETS]), ("gan", GAN_PRESETS)):
        assert run(["train", command, "--help"]) == 0
        said = re.sub(r"\s+", " ", capsys.readouterr().out)
        assert [name for name in names if not re.search(rf"\b{name}\b", said)] == []


def test_train_reads_a_file_and_a_latent_space_of_any_size(tmp_path, capsys):
    data = tmp_path / "colour.npz"
    np.savez(data, images=np.random.default_rng(0).integers(0, 256, (40, 12, 9, 3), dtype=np.uint8))
    out = tmp_path / "out"
    command = ["train", "autoencoder", "--data", str(data), "--architecture", "convolutional", "--latent-dim", "5"]
    assert run([*command, "--noise", "0.1", "--epochs", "1", "--out", str(out)]) == 0
    assert "autoencoder: loss" in capsys.readouterr().out
    assert toolkit.load(out / "model").sample(2, random_state=0).shape == (2, 12, 9, 3)
    assert not (out / "manifold.png").exists()  # only two dimensions can be shown


# However late who waits for the first checkpoint comes, the training is met at work: it does not get beyond epoch 35.
NEVER_ENDS = """
import time
from toolkit.cli import main
from toolkit.studies.training import _run

watch = _run._LossWatcher.__call__

def waits(self, trainer, entry):
    watch(self, trainer, entry)
    if entry["epoch"] == 35:
        time.sleep(600)

_run._LossWatcher.__call__ = waits
main()
"""


def test_killed_and_resumed_equals_uninterrupted(tmp_path):
    """Ended by force after the first checkpoint, and gone on with."""
    out = tmp_path / "vae"
    long = ["--epochs", "40", "--save-interval", "10", "--n-images", "60"]
    training = ["train", "vae", *long, "--seed", "3", "--quiet", "--out", str(out)]
    process = start(NEVER_ENDS, *training)
    deadline = time.monotonic() + 300  # a busy machine is slow to start it
    while not list(out.glob("checkpoints/step-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (out / "model").exists()
    assert list(out.glob("checkpoints/step-*"))
    (out / ".history-0a1b2c3d.csv").write_text("half a li")  # what a file leaves that was being written just then
    # Other options are another training.
    assert run(["train", "vae", *SHORT, "--seed", "3", "--quiet", "--out", str(out), "--resume"]) == 2
    assert run([*training, "--resume"]) == 0  # in this process, which is another than the one that was ended
    summary = json.loads((out / "summary.json").read_text())
    assert summary["resumed"]
    straight = VariationalAutoencoder(epochs=40, random_state=3).fit(load_glyphs(60, random_state=3).images)
    resumed = toolkit.load(out / "model")
    np.testing.assert_array_equal(resumed.sample(5, random_state=0), straight.sample(5, random_state=0))
    assert [entry["loss"] for entry in resumed.history_] == [entry["loss"] for entry in straight.history_]
    assert len((out / "history.csv").read_text().splitlines()) == 41
    assert not list(out.rglob(".*"))


def test_interrupted_says_how_to_go_on(tmp_path):
    out = tmp_path / "vae"
    command = [sys.executable, "-m", "toolkit", "train", "vae", "--epochs", "100000", "--n-images", "60"]
    process = subprocess.Popen(
        [*command, "--save-interval", "5", "--out", str(out)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TQDM_DISABLE": "1"},
    )
    deadline = time.monotonic() + 300  # a busy machine is slow to start it
    while not list(out.glob("checkpoints/step-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume goes on from the last checkpoint" in error
    assert "nothing was left half-written" in error
    assert not list(out.rglob(".*"))  # no temporary files or folders
    assert run(["sample", str(out), "--grid", str(tmp_path / "a.png")]) == 1


def test_a_new_training_takes_the_place_of_an_earlier_one_only(vae_folder, tmp_path, capsys):
    foreign = tmp_path / "thesis"
    foreign.mkdir()
    (foreign / "chapter.txt").write_text("years of work")
    (foreign / ".chapter-0a1b2c3d.txt").write_text("and its draft")
    assert run(["train", "vae", *SHORT, "--quiet", "--out", str(foreign)]) == 1
    assert (foreign / ".chapter-0a1b2c3d.txt").exists()
    assert "chapter" in capsys.readouterr().err
    assert (foreign / "chapter.txt").read_text() == "years of work"
    out = tmp_path / "autoencoder"
    command = ["train", "autoencoder", *SHORT, "--quiet", "--out", str(out)]
    assert run([*command, "--seed", "0"]) == 0
    before = (out / "summary.json").read_bytes()
    capsys.readouterr()
    assert run([*command, "--seed", "1"]) == 2  # not without a word
    assert re.search("holds a finished model.*--resume.*--overwrite", capsys.readouterr().err)
    assert (out / "summary.json").read_bytes() == before
    assert run([*command, "--seed", "1", "--overwrite"]) == 0
    assert json.loads((out / "training.json").read_text())["parameters"]["random_state"] == 1
    assert [entry["epoch"] for entry in toolkit.load(out / "model").history_] == [1, 2, 3, 4]


def test_a_finished_training_is_made_longer_never_shorter(tmp_path, capsys):
    out = tmp_path / "gan"
    command = ["train", "gan", "--preset", "plain", "--n-images", "60", "--save-interval", "1"]
    command += ["--seed", "3", "--quiet", "--out", str(out)]
    assert run([*command, "--epochs", "2"]) == 0
    assert capsys.readouterr().err == ""
    assert run([*command, "--epochs", "4", "--resume"]) == 0
    assert capsys.readouterr().err == ""
    # The rate is constant, so four epochs in two goes are four epochs.
    straight = GAN(preset="plain", epochs=4, random_state=3).fit(load_glyphs(60, random_state=3).images)
    longer = toolkit.load(out / "model")
    assert [entry["epoch"] for entry in longer.history_] == [1, 2, 3, 4]
    for name in ("generator_loss", "discriminator_loss"):
        assert [entry[name] for entry in longer.history_] == [entry[name] for entry in straight.history_]
    assert json.loads((out / "training.json").read_text())["parameters"]["epochs"] == 4
    assert len((out / "history.csv").read_text().splitlines()) == 5
    assert run([*command, "--epochs", "3", "--resume"]) == 2
    assert "a training with epochs = 4, not 3" in capsys.readouterr().err
    assert run([*command, "--epochs", "6", "--batch-size", "30", "--resume"]) == 2
    assert "batch_size" in capsys.readouterr().err


def test_a_training_that_has_not_ended_is_not_lost_to_the_same_command(tmp_path, capsys, monkeypatch):
    out = tmp_path / "vae"
    command = ["train", "vae", *SHORT, "--quiet", "--out", str(out)]
    monkeypatch.setattr(toolkit, "save", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
    assert run(command) == 130
    monkeypatch.undo()
    assert run(command) == 2
    assert "has not ended: --resume goes on with it" in capsys.readouterr().err
    assert run([*command, "--resume"]) == 0
    assert (out / "model").is_dir()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "vea"], "No such command 'vea'"),
        (["train", "vae", "--data", "a.npz", "--dataset", "glyphs"], "exclude one another"),
        (["train", "vae", "--dataset", "nonsense"], "Unknown data set: 'nonsense'"),
        (["train", "vae", "--architecture", "mpl"], "Unknown architecture: 'mpl'.*Did you mean 'mlp'"),
        (["train", "vae", "--learning-rate", "0"], "learning_rate must be a number above 0"),
        (["train", "vae", "--beta", "-1"], "'--beta'"),
        (["train", "autoencoder", "--loss", "mae"], "loss must be one of"),
        (["train", "autoencoder", "--epochs", "0"], "'--epochs'"),
        (["sample", "folder", "--grid", "a.txt"], r"must end in \.png"),
        (["sample", "folder", "--npz", "a.npy"], r"must end in \.npz"),
    ],
)
def test_wrong_use_is_code_2_one_line_and_no_file(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.search(message, error), error
    assert list(tmp_path.iterdir()) == []


def test_sample_refuses_what_cannot_sample(tmp_path, capsys):
    assert run(["sample", str(tmp_path / "missing"), "--grid", str(tmp_path / "a.png")]) == 1
    assert "missing is no folder" in capsys.readouterr().err
    detector = OutlierDetector("iforest", random_state=0).fit(np.random.default_rng(0).random((30, 4)))
    toolkit.save(detector, tmp_path / "detector")
    assert run(["sample", str(tmp_path / "detector"), "--grid", str(tmp_path / "a.png")]) == 2
    assert "OutlierDetector, which cannot sample" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert run(["sample", str(tmp_path / "empty"), "--grid", str(tmp_path / "a.png")]) == 1
    assert not (tmp_path / "a.png").exists()


def test_a_gan_has_presets_lengths_and_growing_pictures(tmp_path, capsys):
    out = tmp_path / "gan"
    command = ["train", "gan", "--n-images", "60", "--quiet", "--out", str(out)]
    assert run([*command, "--preset", "wgan_gp", "--steps", "3", "--momentum", "0.4"]) == 0
    model = toolkit.load(out / "model")
    assert model.settings_["objective"] == "wasserstein_gp"
    assert model.settings_["betas"] == (0.4, 0.9)  # the second is the preset's
    assert model.history_[-1]["step"] == 3
    assert (out / "growth.png").stat().st_size > 1000
    assert run([*command, "--preset", "wgan_gp", "--steps", "5", "--momentum", "0.4", "--resume"]) == 0
    assert toolkit.load(out / "model").history_[-1]["step"] == 5
    assert run([*command, "--seconds", "0.5", "--beta2", "0.9", "--overwrite"]) == 0
    model = toolkit.load(out / "model")
    assert model.settings_["epochs"] is None
    assert model.settings_["max_seconds"] == 0.5
    assert model.history_[-1]["step"] >= 1  # how many depends on what else the machine does
    capsys.readouterr()
    assert run([*command, "--preset", "best", "--overwrite"]) == 2
    assert "modern" in capsys.readouterr().err
    assert run([*command, "--preset", "best", "--momentum", "0.1", "--overwrite"]) == 2


def test_a_conditional_gan_has_presets_too(tmp_path):
    out = tmp_path / "cgan"
    command = ["train", "cgan", "--n-images", "60", "--quiet", "--out", str(out), "--preset", "lsgan", "--steps", "2"]
    assert run(command) == 0
    assert toolkit.load(out / "model").settings_["objective"] == "least_squares"
