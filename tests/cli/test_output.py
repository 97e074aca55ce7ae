"""Output is asked for before the work: what cannot be written, and what another run is writing, is said at once."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from toolkit._core.locks import folder_lock, lock_beside, locked
from toolkit.cli import run
from toolkit.datasets import load_npz, save_npz

DIGITS = ["--dataset", "digits", "--n-images", "40"]
COMMANDS = {
    "audit": DIGITS,
    "study": DIGITS,
    "collapse": DIGITS,
    "compare-generators": DIGITS,
    "arithmetic": [],
    "coverage": ["REAL", "REAL"],
    "train gan": [*DIGITS, "--epochs", "1"],
    "train vae": [*DIGITS, "--epochs", "1"],
    "train cgan": [*DIGITS, "--epochs", "1"],
    "train autoencoder": [*DIGITS, "--epochs", "1"],
}
REPLACED = {"audit", "compare-generators", "arithmetic", "coverage"}


@pytest.fixture
def real(tmp_path):
    save_npz(tmp_path / "real.npz", np.random.default_rng(0).integers(0, 256, (40, 8, 8)).astype(np.uint8))
    return str(tmp_path / "real.npz")


@pytest.fixture(autouse=True)
def no_work(monkeypatch):
    """Any fit or study would be too late, and so would reading the images."""
    from toolkit.generators import GAN, Autoencoder, ConditionalGAN, VariationalAutoencoder

    def work(*arguments, **options):
        raise AssertionError("the work began before the output was asked for")

    for name in ("run_audit", "run_study", "run_collapse_study", "run_generator_comparison", "run_arithmetic"):
        monkeypatch.setattr(f"toolkit.studies.{name}", work)
    monkeypatch.setattr("toolkit.studies.run_coverage", work)
    for model in (GAN, ConditionalGAN, Autoencoder, VariationalAutoencoder):
        monkeypatch.setattr(model, "fit", work)
    monkeypatch.setattr("toolkit.cli._source.load_set", work)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("place", ["/proc/no/such/{}", "{tmp}/file/result", "{tmp}/" + "n" * 300])
def test_output_that_cannot_be_written_is_known_at_once(command, place, real, tmp_path, capsys):
    (tmp_path / "file").write_text("x")
    out = place.format("x", tmp=tmp_path)
    arguments = [real if word == "REAL" else word for word in COMMANDS[command]]
    assert run([*command.split(), *arguments, "--quiet", "--out", out]) == 1
    said = capsys.readouterr().err
    assert "cannot be written" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_a_second_run_into_one_folder_is_refused(command, real, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = [real if word == "REAL" else word for word in COMMANDS[command]]
    lock = locked(lock_beside(out), out) if command in REPLACED else folder_lock(out)
    with ThreadPoolExecutor(1) as first:  # flock tells threads apart as it does processes
        first.submit(lock.__enter__).result()
        assert run([*command.split(), *arguments, "--quiet", "--out", str(out)]) == 1
        assert "Another run is writing to" in capsys.readouterr().err
        first.submit(lock.__exit__, None, None, None).result()
    assert not out.exists()


def test_files_are_asked_for_as_well(real, tmp_path, capsys, monkeypatch):
    from toolkit.corruption import Corruptor

    monkeypatch.setattr(Corruptor, "corrupt", lambda *a, **k: pytest.fail("the work began"))
    for target in ("/proc/x.npz", str(tmp_path / "real.npz" / "x.npz")):
        assert run(["corrupt", real, target]) == 1
        assert "cannot be written" in capsys.readouterr().err
    (tmp_path / "model").mkdir()
    assert run(["sample", str(tmp_path / "model"), "--grid", "/proc/x.png"]) == 1
    assert "cannot be written" in capsys.readouterr().err
    (tmp_path / "folder.npz").mkdir()
    assert run(["corrupt", real, str(tmp_path / "folder.npz")]) == 1
    assert "is a folder" in capsys.readouterr().err
    assert len(load_npz(real)) == 40
