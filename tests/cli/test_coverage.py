"""`toolkit coverage`: files in, a folder out, and mistakes as one line."""

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from toolkit.cli import run
from toolkit.datasets import load_glyphs, save_npz


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("coverage")
    real = load_glyphs(1500, classes="0123", random_state=0)
    fresh = load_glyphs(1000, classes="012", random_state=1)
    save_npz(folder / "real.npz", real.images)
    save_npz(folder / "samples.npz", fresh.images)
    save_npz(folder / "unit.npz", fresh.images / np.float32(255))
    save_npz(folder / "signed.npz", fresh.images / np.float32(127.5) - 1)
    save_npz(folder / "small.npz", fresh.images[:, ::2, ::2])
    return folder


@pytest.mark.parametrize("samples", ["samples", "unit", "signed"])
def test_missing_digit_is_reported(files, tmp_path, capsys, samples):
    arguments = [str(files / "real.npz"), str(files / f"{samples}.npz"), "--no-map", "--out", str(tmp_path / "out")]
    assert run(["coverage", *arguments]) == 0
    printed = capsys.readouterr().out
    assert "bins are missing" in printed
    assert "report.html" in printed
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "bins.csv",
        "dropped.png",
        "evidence.csv",
        "figures.csv",
        "missing.csv",
        "report.html",
        "samples.png",
        "scarce.png",
        "summary.json",
    }
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["flagged"]
    assert not summary["parts"]["coverage"]["passed"]
    truth = load_glyphs(1500, classes="0123", random_state=0).labels
    rows = [row for mode in summary["dropped_modes"] for row in mode["rows"]]
    assert (truth[rows] == "3").mean() >= 0.9
    missing = pd.read_csv(tmp_path / "out" / "missing.csv")
    assert set(missing["part"]) >= {"1", "looks"}
    assert (truth[missing["row"]] == "3").mean() >= 0.9
    assert missing["row"].tolist() == rows + summary["scarce_rows"]
    bins = pd.read_csv(tmp_path / "out" / "bins.csv")
    assert bins["samples"].sum() == 1000
    assert "missing" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    if samples == "samples":  # again, in place of the first result
        assert run(["coverage", *arguments, "--quiet"]) == 0


def test_mistakes_are_one_line(files, tmp_path, capsys):
    out = ["--out", str(tmp_path / "out")]
    assert run(["coverage", str(files / "real.npz"), str(files / "small.npz"), *out]) == 1
    error = capsys.readouterr().err
    assert "small.npz holds images of shape (14, 14), but real.npz of (28, 28)" in error
    assert error.count("\n") == 1
    assert run(["coverage", str(files / "real.npz"), str(files / "nowhere.npz"), *out]) == 1
    assert run(["coverage", str(files / "real.npz"), str(files / "samples.npz"), "--embedding", "umap"]) == 2
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    arguments = ["coverage", str(files / "real.npz"), str(files / "samples.npz"), "--out", str(tmp_path / "mine")]
    assert run(arguments) == 1
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    assert not (tmp_path / "out").exists()


def test_few_images_are_too_few_to_tell_two_sets_apart(tmp_path, capsys):
    images = load_glyphs(10, random_state=0).images
    for name, rows in (("a", images[:5]), ("b", images[5:])):
        np.save(tmp_path / f"{name}.npy", rows)
    arguments = ["coverage", str(tmp_path / "a.npy"), str(tmp_path / "b.npy"), "--out", str(tmp_path / "out")]
    assert run([*arguments, "--differences"]) == 0
    printed = capsys.readouterr().out
    assert "too few different ones to tell a.npy from b.npy" in printed
    assert "by no more than chance" not in printed


def test_differences_of_two_sets_are_shown_both_ways(files, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["coverage", str(files / "real.npz"), str(files / "samples.npz"), "--differences", "--out", str(out)]
    assert run(arguments) == 0
    printed = capsys.readouterr().out
    assert "real.npz and samples.npz differ by more than chance" in printed
    assert {path.name for path in out.iterdir()} >= {
        "differences.csv",
        "more_in_a.png",
        "report.html",
        "bins.csv",
        "images.csv",
    }
    table = pd.read_csv(out / "differences.csv")
    more = table[table["more_in"] == "real.npz"]
    truth = (load_glyphs(1500, classes="0123", random_state=0).labels == "3").mean()
    # Where the missing class lies, or most of it: what differs by more than chance is said, and nothing else.
    assert truth / 2 < more["a_share"].sum() < truth + 0.08
    assert json.loads((out / "summary.json").read_text())["p_value"] < 0.01
    # The other study takes the same folder.
    assert run([*arguments[:3], "--no-map", "--quiet", "--out", str(out)]) == 0


def test_images_that_are_files_are_named(tmp_path):
    found = load_glyphs(700, classes="0123", random_state=0)
    for folder, rows in (("real", range(400)), ("drawn", range(400, 700))):
        (tmp_path / folder).mkdir()
        for row in rows:
            if folder == "real" or found.labels[row] != "3":
                Image.fromarray(found.images[row]).save(tmp_path / folder / f"{found.labels[row]}_{row:03d}.png")
    arguments = ["coverage", str(tmp_path / "real"), str(tmp_path / "drawn"), "--quiet", "--out"]
    assert run([*arguments, str(tmp_path / "out"), "--no-map"]) == 0
    missing = pd.read_csv(tmp_path / "out" / "missing.csv")
    assert len(missing) > 10
    assert missing["path"].str.startswith("3_").mean() >= 0.9
    assert missing["ratio"].between(0, 1).all()
    assert run([*arguments, str(tmp_path / "both"), "--differences"]) == 0
    images = pd.read_csv(tmp_path / "both" / "images.csv")
    assert set(images["more_in"]) == {"real"}
    assert images["path"].str.startswith("3_").mean() >= 0.9
