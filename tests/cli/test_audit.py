"""``toolkit audit`` from end to end, on small sets."""

import contextlib
import io
import json
import signal
import time

import numpy as np
import pandas as pd
import pytest
from prepared import start

from toolkit.cli import run
from toolkit.corruption import KINDS, Corruptor
from toolkit.datasets import load_glyphs, load_npz

COLUMNS = ["index", "kind", "confidence", "anomaly_score", "repaired", "restorer", "angle", "severity"]
FILES = ["detectors.csv", "figures", "per_image.csv", "plan.csv", "repaired.npz", "report.html", "summary.json"]


def check_output(folder, images):
    """What holds for every audit's folder, whatever was audited; returns the rows."""
    # What was learned is kept where something can be repaired by it that a person names otherwise.
    known = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["competence"]
    checked = [kind for kind in known["kinds"] or () if (kind.get("repair_sensitivity") or 0) > 0]
    kept = ["auditor"] if checked and known["judgeable"] else []
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, *kept])
    rows = pd.read_csv(folder / "per_image.csv", keep_default_na=False)
    assert list(rows.columns) == COLUMNS
    assert rows["index"].tolist() == list(range(len(images)))
    assert set(rows["kind"]) <= {"clean", "unknown", *KINDS} or set(rows["kind"]) == {"unjudged"}
    assert rows["confidence"].between(0, 1).all()
    assert np.isfinite(rows["anomaly_score"]).all()
    assert np.isfinite(rows["severity"]).all()
    assert ((rows["angle"] > -180) & (rows["angle"] <= 180)).all()
    repaired = load_npz(folder / "repaired.npz").images
    assert (repaired.shape, repaired.dtype) == (images.shape, images.dtype)
    assert repaired.min() >= images.min()
    assert repaired.max() <= images.max()
    changed = (repaired != images).reshape(len(images), -1).any(axis=1)
    np.testing.assert_array_equal(rows["repaired"], changed.astype(int))
    np.testing.assert_array_equal(rows["restorer"] != "", changed)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["counts"]["repaired"] == changed.sum()
    assert summary["counts"]["corrupted"] == (~rows["kind"].isin(["clean", "unjudged"])).sum()
    assert summary["competence"]["judgeable"] == ("unjudged" not in set(rows["kind"]))
    assert sum(summary["counts"]["by_kind"].values()) == len(images)
    assert (folder / "report.html").read_text().lower().startswith("<!doctype html>")
    return rows


@pytest.fixture(scope="module")
def corrupted(tmp_path_factory):
    """A file of images with its truth, and a copy without."""
    folder = tmp_path_factory.mktemp("data")
    glyphs = load_glyphs(n_samples=250, random_state=0).images
    images, kinds = Corruptor(["invert", "gaussian_noise"], random_state=0).corrupt(glyphs)
    np.savez(folder / "with_truth.npz", images=images, kinds=kinds)
    np.savez(folder / "without.npz", images=images)
    np.save(folder / "plain.npy", images)
    return folder, images


def audit(*arguments):
    return run(["audit", *map(str, arguments)])


def test_a_file_with_truth(corrupted, tmp_path, capsys):
    folder, images = corrupted
    out = tmp_path / "audit"
    assert audit("--data", folder / "with_truth.npz", "--out", out, "--detectors", "iforest,lof,autoencoder") == 0
    check_output(out, images)
    output = capsys.readouterr()
    summary = json.loads((out / "summary.json").read_text())
    assert output.out.splitlines()[:-2] == summary["findings"]
    assert output.out.rstrip().endswith(f"Report: {out / 'report.html'}")
    assert "flagged" not in output.err  # findings go to standard output, progress and nothing else to the other
    table = pd.read_csv(out / "detectors.csv").set_index("method")
    assert {"estimated_auroc", "auroc", "average_precision"} <= set(table.columns)
    assert list(table.index) == ["iforest", "lof", "autoencoder"]
    assert summary["truth"]["auroc"] > 0.9
    assert {"confusion.png", "roc.png", "precision_recall.png"} <= {p.name for p in (out / "figures").iterdir()}


SOME = ["--n-images", 60, "--detectors", "iforest", "-q"]


@pytest.fixture(scope="module")
def of_sixty(corrupted, tmp_path_factory):
    """The folder of an audit of the first images, and what it said."""
    out, said = tmp_path_factory.mktemp("first") / "audit", io.StringIO()
    with contextlib.redirect_stdout(said):
        assert audit("--data", corrupted[0] / "with_truth.npz", "--out", out, *SOME) == 0
    return out, said.getvalue()


def test_the_truth_helps_nobody(corrupted, of_sixty, tmp_path, capsys):
    """The same images with and without their kinds, as .npz and .npy: the same answers to the last byte."""
    folder = corrupted[0]
    for name in ("without.npz", "plain.npy"):
        assert audit("--data", folder / name, "--out", tmp_path / name, *SOME) == 0
    assert of_sixty[1] == capsys.readouterr().out == ""
    rows = [
        (out / "per_image.csv").read_bytes() for out in (of_sixty[0], tmp_path / "without.npz", tmp_path / "plain.npy")
    ]
    assert rows[0] == rows[1] == rows[2]
    table = pd.read_csv(tmp_path / "without.npz" / "detectors.csv")
    assert "estimated_auroc" in table.columns
    assert "auroc" not in table.columns
    assert json.loads((tmp_path / "plain.npy" / "summary.json").read_text())["truth"] is None


def test_a_quick_audit_compares_no_detectors_and_says_how_it_was_found(corrupted, tmp_path):
    folder, images = corrupted
    assert audit("--data", folder / "plain.npy", "--quick", "--out", tmp_path / "quick", "--quiet") == 0
    summary = json.loads((tmp_path / "quick" / "summary.json").read_text())
    assert summary["settings"]["quick"] is True
    assert summary["settings"]["detectors"] == []
    assert len(pd.read_csv(tmp_path / "quick" / "per_image.csv")) == len(images)
    assert "A quick audit" in (tmp_path / "quick" / "report.html").read_text()
    assert audit("--quick", "--model", tmp_path, "--out", tmp_path / "none", "--quiet") == 2


def test_a_data_set_by_name_is_corrupted_so_that_there_is_something_to_find(tmp_path):
    out = tmp_path / "audit"
    assert audit("--dataset", "digits", "--n-images", 75, "--detectors", "iforest", "--out", out, "-q") == 0
    summary = json.loads((out / "summary.json").read_text())
    true = {row["kind"]: row["n"] for row in summary["tables"]["truth_per_kind"]}
    assert true["clean"] == 60
    assert sum(true.values()) == 75
    assert summary["tables"]["repairs_per_kind"]
    assert (
        audit("--dataset", "digits", "--n-images", 30, "--corrupt", 0, "--detectors", "iforest", "--out", out, "-q")
        == 0
    )
    assert json.loads((out / "summary.json").read_text())["truth"] is None


def test_only_the_first_images(corrupted, of_sixty):
    check_output(of_sixty[0], corrupted[1][:60])


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda images: images[:2], id="two"),
        pytest.param(lambda images: images[:5], id="five"),
        pytest.param(lambda images: np.full((30, 28, 28), 9, np.uint8), id="constant"),
        pytest.param(lambda images: np.repeat(images[:60, ..., None], 3, axis=3), id="colour"),
        pytest.param(lambda images: (images[:60] / 255).astype(np.float32) * 3 - 1, id="floats"),
        pytest.param(lambda images: images[:60].astype(np.float64), id="doubles"),
        pytest.param(lambda images: images[:40].repeat(2, axis=1).repeat(2, axis=2), id="56x56"),
        pytest.param(lambda images: images[:40, :, 4:24], id="28x20"),
        pytest.param(lambda images: images[:40, 10:18, 10:18], id="8x8"),
    ],
)
def test_images_of_any_sort(corrupted, tmp_path, make):
    images = np.ascontiguousarray(make(corrupted[1]))
    np.savez(tmp_path / "images.npz", images=images)
    out = tmp_path / "audit"
    assert audit("--data", tmp_path / "images.npz", "--detectors", "iforest", "--out", out, "-q") == 0
    check_output(out, images)


def test_one_image_has_nothing_to_be_compared_with(tmp_path, capsys):
    np.savez(tmp_path / "images.npz", images=np.zeros((1, 28, 28), np.uint8))
    assert audit("--data", tmp_path / "images.npz", "--out", tmp_path / "audit", "-q") == 1
    assert capsys.readouterr().err == (
        "toolkit: error: An audit compares images with one another: at least 2 are needed, got 1.\n"
    )
    assert not (tmp_path / "audit").exists()


def interrupt_during(step, tmp_path, number):
    """Run an audit whose ``step`` says so and waits; send the signal then; return the finished process."""
    code = (
        "import sys, time, toolkit.studies.audit._write as write, toolkit.studies.audit._run as study, toolkit.cli\n"
        f"module, name = {step}\n"
        "def wait(*a, **k):\n"
        "    print('waiting', flush=True); time.sleep(60)\n"
        "setattr(module, name, wait)\n"
        "toolkit.cli.main()\n"
    )
    command = ["audit", "--dataset", "digits", "--n-images", "24", "--detectors", "iforest"]
    # Two processors: in the middle of steps that are taken side by side.
    process = start(code, *command, "--out", tmp_path / "audit", LOKY_MAX_CPU_COUNT="2")
    assert process.stdout.readline() == "waiting\n"
    time.sleep(0.1)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    return process.returncode, err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("step", ["study, '_estimate'", "write, 'build_report'"])
def test_an_interrupted_audit_leaves_nothing_half_written(tmp_path, step, number, code):
    (tmp_path / "audit").mkdir()
    found, err = interrupt_during(step, tmp_path, number)
    assert found == code, err
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["audit"]
    assert list((tmp_path / "audit").iterdir()) == []
    if number == signal.SIGINT:
        assert err.rstrip().endswith("interrupted; nothing was left half-written.")
