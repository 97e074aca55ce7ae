"""Commands in poor surroundings: what only shows may fail, what was computed is there."""

import json
import os
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest

import toolkit
from toolkit.cli import run
from toolkit.plots import LossCurveDisplay, SampleGridDisplay
from toolkit.report import Report

TINY = ["--n-images", "40", "--epochs", "1"]


def test_a_training_survives_closed_streams_a_foreign_backend_and_a_plain_console(tmp_path):
    np.savez(tmp_path / "бild.npz", images=np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8))
    env = {**os.environ, "MPLBACKEND": "nonsense", "PYTHONIOENCODING": "ascii"}
    train = f"{sys.executable} -m toolkit train autoencoder --data бild.npz --epochs 1 --out aё >&- 2>&-"
    look = f"{sys.executable} -m toolkit data info бild.npz"
    assert subprocess.run(["bash", "-c", train], cwd=tmp_path, env=env).returncode == 0
    names = {path.name for path in (tmp_path / "aё").iterdir()}
    assert {"model", "summary.json", "losses.png", "samples.png"} <= names
    found = subprocess.run(["bash", "-c", look], cwd=tmp_path, env=env, capture_output=True)
    assert found.returncode == 0
    assert b"name    \\u0431ild.npz" in found.stdout


def test_output_that_cannot_be_written_is_a_failure_without_a_traceback():
    command = f"{sys.executable} -m toolkit data list > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_pictures_that_cannot_be_drawn_cost_no_model(tmp_path, monkeypatch, capsys):
    def broken(self, *given, **named):
        raise RuntimeError("no ink")

    monkeypatch.setattr(LossCurveDisplay, "save", broken)
    monkeypatch.setattr(SampleGridDisplay, "save", broken)
    out = tmp_path / "out"
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert run(["train", "autoencoder", *TINY, "--out", str(out), "--quiet"]) == 0
    assert {"losses.png could not be drawn", "samples.png could not be drawn"} <= {
        str(warning.message).partition(" (")[0] for warning in said
    }
    assert toolkit.load(out / "model").sample(2, random_state=0).shape == (2, 28, 28)
    summary = json.loads((out / "summary.json").read_text())
    assert "samples.png" not in summary["files"]
    assert (out / "reconstructions.png").exists()


def test_a_report_has_a_note_in_the_place_of_a_figure_that_cannot_be_drawn(tmp_path):
    class Broken:
        def plot(self):
            raise RuntimeError("no ink")

    report = Report("Title")
    with pytest.warns(UserWarning, match="'Samples.' could not be drawn .RuntimeError: no ink"):
        report.figure(Broken(), "Samples.")
    assert "A figure could not be drawn: Samples." in report.text("The rest.").html()


def test_a_command_runs_in_a_thread_that_is_not_the_main_one(capsys):
    codes = []
    before = warnings.formatwarning
    thread = threading.Thread(target=lambda: codes.append(run(["data", "list"])))
    thread.start()
    thread.join()
    assert codes == [0]
    assert "glyphs" in capsys.readouterr().out
    assert warnings.formatwarning is before


def test_a_command_seldom_searches_what_it_imports_for_garbage():
    code = (
        "import gc, sys\n"
        "from toolkit.cli import main; sys.argv = ['toolkit', 'data', 'list']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "sys.exit(gc.get_threshold()[0] < 10_000 or not gc.isenabled())"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


def test_a_failure_leaves_no_worker_behind_that_holds_the_output():
    code = """
import toolkit.cli._main as command
from toolkit._core.jobs import run_jobs

def fail():
    run_jobs(pow, [{"base": 2, "exp": n} for n in range(4)], n_jobs=2)
    return 1

command.run = fail
command.main()
"""
    # A pipe is at its end when the last process that holds it is gone; idle workers stay for five minutes.
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_named_and_nothing_is_left(tmp_path):
    np.save(tmp_path / "in.npy", np.random.default_rng(0).integers(0, 256, (100, 28, 28), dtype=np.uint8))
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"  # as full as a disk can be
        "from toolkit.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "corrupt", "in.npy", "out/out.npz"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "there is no room for the result, of which nothing was left half-written" in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["in.npy"]
