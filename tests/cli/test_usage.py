"""The command line used wrongly: one clear line, and the exit code that belongs to it."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

from toolkit import __version__, cli


@pytest.fixture
def images_npz(tmp_path):
    path = tmp_path / "images.npz"
    np.savez(path, images=np.random.default_rng(0).integers(0, 256, (12, 8, 8), dtype=np.uint8))
    return path


def run(capsys, *arguments):
    code = cli.run([str(argument) for argument in arguments])
    output = capsys.readouterr()
    return code, output.out, output.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["audit", "--nonsense"], "No such option: --nonsense"),
        (["audit", "--n-images", "many"], "'--n-images'"),
        (["audit", "--n-images", "0"], "'--n-images'"),
        (["audit", "--corrupt", "1.5"], "'--corrupt'"),
        (["audit", "--corrupt", "nan"], "'--corrupt'"),
        (["audit", "--jobs", "0"], "--jobs.*0 jobs"),
        (["audit", "--seed", "-1"], "'--seed'"),
        (["audit", "--detectors", "iforst"], "Unknown detector: 'iforst'.*Did you mean 'iforest'"),
        (["audit", "--detectors", ","], "At least one detector"),
        (["audit", "--data", "a.npz", "--dataset", "glyphs"], "exclude one another"),
        (["audit", "--dataset", "nonsense"], "Unknown data set: 'nonsense'.*glyphs"),
        (["audit", "--data", "picture.png"], "neither a .npz nor a .npy"),
        (["audit", "--data", "no_folder", "--no-networks"], "--data: no_folder: no such folder"),
        (["audit", "--data", "no_folder", "--write-clean", "out"], "--data: no_folder: no such folder"),
        (["corrupt", "in.npz"], "Missing argument 'OUT'"),
        (["corrupt", "in.npz", "out.csv"], r"must end in \.npz"),
        (["corrupt", "in.npz", "out.npz", "--kinds", "rotat"], "Unknown kind: 'rotat'.*Did you mean 'rotate'"),
        (["audit", "--dataset", "mnist/half"], "Unknown part of a data set: 'half'.*test, train"),
        (["data", "info", "nonsense"], "Unknown data set: 'nonsense'"),
        (["data", "fetch", "nonsense"], "Unknown data set: 'nonsense'"),
        (["data", "fetch", "MNIST"], "Did you mean 'mnist'"),
        (["data", "info", "README.md"], "README.md is neither a .npz nor a .npy file"),
        (["audit", "--detectors", "LOF"], "Did you mean 'lof'"),
        (["audit", "--detectors", "isolation_forest"], "Did you mean 'iforest'"),
        (["train", "gan", "--architecture", "DCGAN", "--n-images", "2"], "Did you mean 'dcgan'"),
        (["train", "gan", "--objective", "wgan", "--n-images", "2"], "Did you mean 'wasserstein'"),
        (["train", "gan", "--objective", "WGAN-GP", "--n-images", "2"], "Did you mean 'wasserstein_gp'"),
        (["train", "vae", "--loss", "BCE", "--n-images", "2"], "Did you mean 'bce'"),
    ],
)
def test_wrong_use_is_code_2_and_one_line(capsys, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert re.match(rf"toolkit: error: .*{message}", err), err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["data"]])
def test_no_command_shows_the_help(capsys, arguments):
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert err.startswith("Usage: toolkit")


def test_a_stack_that_is_none_is_called_by_its_own_name(capsys, tmp_path):
    (tmp_path / "text.npy").write_text("these are no images")
    _, _, err = run(capsys, "data", "info", tmp_path / "text.npy")
    assert "not a readable .npy file" in err
    assert ".npz" not in err


def test_shells_can_complete(capsys, monkeypatch):
    monkeypatch.setenv("_TOOLKIT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "toolkit tr")
    monkeypatch.setenv("COMP_CWORD", "1")
    code, out, _ = run(capsys)
    assert (code, out.split()) == (0, ["train"])


def test_version_and_help(capsys):
    assert run(capsys, "--version") == (0, f"toolkit {__version__}\n", "")
    code, out, _ = run(capsys, "audit", "-h")
    assert code == 0
    for option in ("data", "dataset", "n-images", "corrupt", "detectors", "seed", "jobs", "out"):
        assert f"--{option}" in out


def write_bad_files(folder):
    (folder / "empty.npz").write_bytes(b"")
    (folder / "text.npz").write_text("these are no images")
    (folder / "text.npy").write_text("these are no images")
    np.savez(folder / "other.npz", pictures=np.zeros((3, 8, 8)))
    np.savez(folder / "none.npz", images=np.zeros((0, 8, 8), np.uint8))
    np.savez(folder / "nan.npz", images=np.full((3, 8, 8), np.nan))
    np.savez(folder / "flat.npz", images=np.zeros((3, 64), np.uint8))
    np.savez(folder / "words.npz", images=np.full((3, 8, 8), "a"))
    np.savez(folder / "kinds.npz", images=np.zeros((3, 8, 8), np.uint8), kinds=np.array(["clean"]))
    np.save(folder / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    (folder / "folder.npz").mkdir()
    return sorted(path.name for path in folder.iterdir())


def test_bad_files_are_code_1_and_one_line_that_names_the_file(capsys, tmp_path):
    bad = write_bad_files(tmp_path)
    for name in [*bad, "missing.npz"]:
        for command in (
            ["audit", "--data", tmp_path / name, "--out", tmp_path / "audit"],
            ["data", "info", tmp_path / name],
        ):
            code, out, err = run(capsys, *command)
            assert (code, out) == (1, ""), (name, out, err)
            assert err.startswith("toolkit: error: "), (name, err)
            assert err.count("\n") == 1, (name, err)
            assert name in err, (name, err)
    assert sorted(path.name for path in tmp_path.iterdir()) == bad


def test_a_folder_with_other_work_in_it_is_refused_before_the_audit_starts(capsys, tmp_path, images_npz):
    code, _, err = run(capsys, "audit", "--data", images_npz, "--out", tmp_path)
    assert code == 1
    assert "images.npz" in err
    assert "would be lost" in err
    assert images_npz.exists()


def test_known_truth_is_not_corrupted_again(capsys, tmp_path):
    path = tmp_path / "known.npz"
    np.savez(path, images=np.zeros((2, 8, 8), np.uint8), kinds=np.array(["clean", "invert"]))
    code, _, err = run(capsys, "audit", "--data", path, "--corrupt", 0.5, "--out", tmp_path / "audit")
    assert (code, "true kinds already" in err) == (2, True)
    code, _, err = run(capsys, "corrupt", path, tmp_path / "twice.npz")
    assert (code, "corrupted images already" in err) == (2, True)
    assert not (tmp_path / "twice.npz").exists()


def test_a_reader_that_leaves_is_no_error_of_ours():
    command = f"{sys.executable} -m toolkit --help | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.stderr == ""


def test_traceback_on_request(tmp_path, capsys):
    asked = ["data", "info", str(tmp_path / "missing.npz")]
    code, _, said = run(capsys, *asked)
    assert code == 1
    assert "Traceback" not in said
    command = [sys.executable, "-m", "toolkit", *asked]
    full = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "TOOLKIT_TRACEBACK": "1"})
    assert "Traceback" in full.stderr
