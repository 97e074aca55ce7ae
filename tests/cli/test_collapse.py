"""``toolkit collapse`` and ``toolkit study`` from end to end, on small sets."""

import dataclasses
import functools
import json

import numpy as np
import pandas as pd
import pytest

from toolkit.cli import run
from toolkit.corruption import Corruptor
from toolkit.datasets import load_glyphs
from toolkit.studies.collapse import _write as _collapse_write
from toolkit.studies.study import _run as _study

COLLAPSE_FILES = ["pictures", "report.html", "runs", "runs.csv", "settings.csv", "summary.json"]
SHORT = ["--n-images", "120", "--steps", "6", "--seeds", "2", "--checkpoints", "2", "--samples", "60", "--jobs", "1"]


def collapse(*arguments):
    return run(["collapse", *map(str, arguments)])


def test_a_grid_by_name_and_again_from_what_was_kept(tmp_path, capsys, monkeypatch):
    out = tmp_path / "out"
    grid = ["--objectives", "hinge", "--mitigations", "none,packing+batch_norm"]
    assert collapse("--dataset", "digits", *SHORT, *grid, "--out", out) == 0
    assert sorted(path.name for path in out.iterdir()) == COLLAPSE_FILES
    output = capsys.readouterr()
    summary = json.loads((out / "summary.json").read_text())
    assert output.out.splitlines()[:-2] == summary["findings"]
    assert output.out.rstrip().endswith(f"Report: {out / 'report.html'}")
    runs = pd.read_csv(out / "runs.csv")
    assert runs["setting"].unique().tolist() == ["mlp, hinge", "mlp, hinge, packing, batch norm"]
    assert runs["step"].tolist() == [3, 6] * 4
    assert {"map.png", "curves.png", "samples.png", "mlp-hinge-seed0.png"} <= {
        path.name for path in (out / "pictures").iterdir()
    }
    page = (out / "report.html").read_text()
    assert summary["findings"][0] in page
    assert page.index("Settings side by side") < page.index("Over training") < page.index("Every run")
    without_maps = functools.partial(_collapse_write.collapse_figures, maps=False)  # the map has been seen to be drawn
    monkeypatch.setattr(_collapse_write, "collapse_figures", without_maps)
    before = {path.name: path.stat().st_mtime_ns for path in (out / "runs").iterdir()}
    assert collapse("--dataset", "digits", *SHORT, *grid, "--out", out, "-q") == 0
    assert capsys.readouterr().out == ""
    assert {path.name: path.stat().st_mtime_ns for path in (out / "runs").iterdir()} == before
    assert collapse("--dataset", "digits", *SHORT, *grid, "--out", out, "-q", "--fresh") == 0
    after = {path.name: path.stat().st_mtime_ns for path in (out / "runs").iterdir()}
    assert set(after) == set(before)
    assert all(after[name] > time for name, time in before.items())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--recipe", "colapse"], "Unknown recipe: 'colapse'. Did you mean 'collapse'"),
        (["--mitigations", "packin"], "Unknown mitigation"),
        (["--architectures", "mpl"], "Unknown architecture"),
        (["--quick", "--steps", "5"], "--steps"),
        (["--seconds", "0"], "must be a positive number"),
        (["--jobs", "0"], "0 jobs do nothing"),
    ],
)
def test_mistakes_in_use(arguments, words, tmp_path, capsys):
    assert collapse(*arguments, "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert words in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_somebody_elses_folder_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("precious")
    assert collapse("--dataset", "digits", *SHORT, "--out", tmp_path, "--fresh") == 1
    assert run(["study", "--dataset", "digits", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("'mine.txt', which is no part of such a result") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.fixture
def short_collapse(monkeypatch):
    """The study's trainings, a few steps of tiny networks instead of a thousand."""
    tiny = {"generator_widths": (16,), "discriminator_widths": (16,)}
    whole = _study.run_collapse_study

    def short(images, settings, *, quick, **options):
        assert quick
        assert settings == "collapse"
        two = {"plain": tiny, "normed": tiny | {"generator_norm": "batch"}}
        return whole(images, two, steps=5, checkpoints=1, n_samples=50, **options)

    audit = _study.run_audit

    def right(images, *, kinds_truth, **options):
        """The audit with the truth for answers: a few images are too few for it to be right by itself."""
        found = audit(images, kinds_truth=kinds_truth, **options, detectors=("iforest",))
        return dataclasses.replace(found, per_image=found.per_image.assign(kind=found.kinds_truth))

    monkeypatch.setattr(_study, "run_audit", right)
    monkeypatch.setattr(_study, "run_collapse_study", short)
    without_maps = functools.partial(_collapse_write.collapse_figures, maps=False)
    monkeypatch.setattr(_collapse_write, "collapse_figures", without_maps)


def test_study_is_an_audit_and_a_collapse_study_in_one(tmp_path, capsys, short_collapse):
    images, kinds = Corruptor(["invert", "gaussian_noise"], random_state=0).corrupt(
        load_glyphs(n_samples=160, random_state=0).images
    )
    np.savez(tmp_path / "images.npz", images=images, kinds=kinds)
    out = tmp_path / "out"
    assert run(["study", "--data", str(tmp_path / "images.npz"), "--out", str(out), "--jobs", "1"]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["audit", "collapse", "report.html", "summary.json"]
    assert sorted(path.name for path in (out / "collapse").iterdir()) == COLLAPSE_FILES
    summary = json.loads((out / "summary.json").read_text())
    audit, learnt = (json.loads((out / part / "summary.json").read_text()) for part in ("audit", "collapse"))
    assert summary["findings"][: len(audit["findings"])] == audit["findings"]
    assert summary["findings"][-len(learnt["findings"]) :] == learnt["findings"]
    assert capsys.readouterr().out.splitlines()[:-2] == summary["answer"]
    assert 3 <= len(summary["answer"]) <= 5
    assert summary["answer"][0] == audit["findings"][0]
    assert any(line.startswith("Would a generator learn all of the") for line in summary["answer"])
    # Learnt from what is clean or repaired, and nothing else.
    rows = pd.read_csv(out / "audit" / "per_image.csv", keep_default_na=False)
    left = ((rows["kind"] == "clean") | (rows["repaired"] == 1)).sum()
    assert summary["n_left"] == learnt["study"]["n_images"] == left
    assert learnt["study"]["seeds"] == [0, 1]
    page = (out / "report.html").read_text()
    assert page.index("What is wrong") < page.index("Settings side by side")
    assert page.count("<h1") == 1


def test_too_few_images_to_learn_from(tmp_path, capsys, short_collapse):
    assert (
        run(
            [
                "study",
                "--dataset",
                "digits",
                "--n-images",
                "40",
                "--out",
                str(tmp_path / "out"),
                "--jobs",
                "1",
                "--corrupt",
                "0.2",
            ]
        )
        == 0
    )
    assert "are too few" in capsys.readouterr().out
    assert not (tmp_path / "out" / "collapse").exists()
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["parts"]["collapse"] is None
