"""``toolkit audit`` of a folder of pictures: its files, a cleaned copy, and nothing else is touched."""

import json
import os
import signal
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from prepared import start

from toolkit.cli import run
from toolkit.datasets import load_digits, load_image_folder

PHOTOS = load_image_folder(size=80).images


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TOOLKIT_DATA", str(tmp_path / "cache"))


@pytest.fixture
def pictures(tmp_path):
    home = tmp_path / "pictures"
    (home / "sub").mkdir(parents=True)
    for number, image in enumerate(PHOTOS[::4][:16]):
        Image.fromarray(image).resize((120, 90 + number)).save(home / "sub" / f"{number:02}.jpg", quality=90)
    (home / "copy.jpg").write_bytes((home / "sub" / "03.jpg").read_bytes())
    Image.new("RGB", (120, 90)).save(home / "blank.png")
    (home / "broken.png").write_bytes((home / "blank.png").read_bytes()[:60])
    framed = np.zeros((140, 160, 3), np.uint8)
    framed[25:115, 20:140] = np.asarray(Image.fromarray(PHOTOS[50]).resize((120, 90)))
    Image.fromarray(framed).save(home / "framed.png")
    return home


def audit(*arguments):
    return run(["audit", *map(str, arguments)])


def everything(folder):
    return {
        path.relative_to(folder).as_posix(): (path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    }


def test_a_newcomer_in_three_commands(pictures, tmp_path, capsys):
    before, out, clean = everything(pictures), tmp_path / "out", tmp_path / "clean"
    assert audit("--data", pictures, "--no-networks", "--out", out) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[0].endswith("1 is a copy of another.")
    for name in ("broken.png", "blank.png", "framed.png"):
        assert name in said
    cleaning = ["--data", pictures, "--no-networks", "--out", out, "--write-clean", clean]
    cleaning += ["--leave-out", "exact_duplicates,blank"]
    assert audit(*cleaning, "--dry-run") == 0
    assert not clean.exists()
    assert "would hold" in capsys.readouterr().out
    planned = pd.read_csv(out / "per_file.csv", keep_default_na=False)[["path", "action", "done"]]
    assert audit(*cleaning) == 0
    assert everything(pictures) == before
    table = pd.read_csv(out / "per_file.csv", keep_default_na=False)
    assert table[["path", "action", "done"]].equals(planned)
    rows = table.set_index("path")
    assert rows.loc["framed.png", ["action", "done"]].tolist() == ["crop", "repaired"]
    assert (rows.loc[["broken.png", "blank.png"], "done"] == "left out").all()
    assert (rows.loc[["copy.jpg", "sub/03.jpg"], "done"] == "left out").sum() == 1
    there = {name: content for name, (_, content) in everything(clean).items() if content}
    assert set(there) == set(rows.index[rows["done"] != "left out"])
    for name, content in there.items():
        assert (content == before[name][1]) == (rows.loc[name, "done"] == "kept"), name
    np.testing.assert_array_equal(
        np.asarray(Image.open(clean / "framed.png")), np.asarray(Image.open(pictures / "framed.png"))[25:115, 20:140]
    )
    page, summary = (out / "report.html").read_text(), json.loads((out / "summary.json").read_text())
    assert "The cleaned copy" in page
    assert "broken.png" in page
    assert summary["per_file"]["unreadable"] == 1
    assert summary["per_file"]["cleaned"]["repaired"] == 1
    assert summary["per_file"]["reused"] == len(table)  # the third look decoded nothing
    assert str(tmp_path) not in page + (out / "per_file.csv").read_text()
    assert sorted(path.name for path in out.iterdir() if path.suffix != ".parquet") == [
        "duplicates.csv",
        "figures",
        "per_file.csv",
        "plan.csv",
        "report.html",
        "summary.json",
    ]


@pytest.mark.skipif(find_spec("pyarrow") is None, reason="pyarrow is not installed")
def test_parquet_says_what_csv_says(pictures, tmp_path):
    assert audit("--data", pictures, "--no-networks", "--out", tmp_path / "out", "-q") == 0
    table = pd.read_parquet(tmp_path / "out" / "per_file.parquet")
    assert table["path"].tolist() == pd.read_csv(tmp_path / "out" / "per_file.csv")["path"].tolist()


def test_networks_and_files_in_one_audit(tmp_path):
    home = tmp_path / "digits"
    home.mkdir()
    for number, image in enumerate(load_digits().images[:40]):
        Image.fromarray(image).save(home / f"{number:02}.png")
    (home / "copy.png").write_bytes((home / "07.png").read_bytes())
    (home / "notes.txt").write_text("no picture")
    out, clean = tmp_path / "out", tmp_path / "clean"
    assert audit("--data", home, "--detectors", "none", "--out", out, "--write-clean", clean, "-q") == 0
    images, files = pd.read_csv(out / "per_image.csv"), pd.read_csv(out / "per_file.csv", keep_default_na=False)
    assert list(images.columns)[:2] == ["path", "index"]
    assert len(images) == 41  # audits keep duplicates
    assert len(files) == 42
    both = files.set_index("path")
    assert (both.loc[images["path"], "kind"].to_numpy() == images["kind"]).all()
    assert both.loc["notes.txt", ["kind", "done"]].tolist() == ["", "left out"]
    assert both.loc["copy.png", "relation"] == "exact" or both.loc["07.png", "relation"] == "exact"
    repaired = set(images.loc[images["repaired"] == 1, "path"])
    assert set(both.index[both["done"] == "repaired"]) <= repaired
    assert len(list(clean.iterdir())) == 41
    page = (out / "report.html").read_text()
    assert page.index("Files that need a look") < page.index("The images that networks looked at")


def test_leaks(pictures, tmp_path, capsys):
    other = tmp_path / "other"
    other.mkdir()
    with Image.open(pictures / "sub" / "05.jpg") as image:
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(other / "mirrored.png")
    assert audit("--data", pictures, "--no-networks", "--against", other, "--out", tmp_path / "out") == 0
    assert "A leak: 1 picture is in other as well: sub/05.jpg is mirrored.png there" in capsys.readouterr().out
    leaks = pd.read_csv(tmp_path / "out" / "leaks.csv")
    assert leaks[["id_a", "id_b", "relation"]].values.tolist() == [["sub/05.jpg", "mirrored.png", "symmetry"]]
    assert (tmp_path / "out" / "figures" / "leaks.png").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--data", "images.npy", "--no-networks"], "is for a folder of pictures"),
        (["--data", "images.npy", "--write-clean", "clean"], "is for a folder of pictures"),
        (["--data", "images.npy", "--against", "pictures"], "is for a folder of pictures"),
        (["--data", "pictures", "--dry-run"], "--write-clean does it, which is missing"),
        (["--data", "pictures", "--strip-metadata"], "--write-clean does it, which is missing"),
        (["--data", "pictures", "--write-clean", "c", "--leave-out", "blanks"], "Did you mean 'blank'"),
        (["--data", "pictures", "--write-clean", "c", "--repair", "haze"], "Unknown name: 'haze'"),
        (["--data", "pictures", "--write-clean", "c", "--corrupt", "0.1"], "without --corrupt"),
        (["--data", "pictures", "--no-networks", "--save-model", "m"], "--no-networks leaves them out"),
        (["--data", "pictures", "--no-networks", "--n-images", "3"], "for --n-images: is for networks"),
        (["--data", "pictures", "--no-networks", "--image-size", "32"], "for --image-size: is for networks"),
        (["--data", "pictures", "--no-networks", "--detectors", "lof"], "for --detectors: is for networks"),
        (["--data", "pictures", "--out", "pictures/out"], "lies within pictures"),
        (["--data", "pictures", "--out", "o", "--write-clean", "o/clean"], "lie in one another"),
        (["--data", "pictures.zip", "--write-clean", "c"], "is an archive"),
    ],
)
def test_what_cannot_be_done_is_said_before_the_work(pictures, tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    np.save("images.npy", np.zeros((3, 8, 8), np.uint8))
    import shutil

    shutil.make_archive("pictures", "zip", "pictures")
    before = everything(tmp_path)
    out = [] if "--out" in arguments else ["--out", "out"]
    assert audit(*arguments, *out) == 2
    assert words in capsys.readouterr().err
    assert everything(tmp_path) == before


@pytest.mark.parametrize(
    ("target", "words"),
    [("pictures", "is pictures"), ("pictures/new", "lies within"), (".", "lies around"), ("full", "is not empty")],
)
def test_targets_of_a_copy_that_are_refused(pictures, tmp_path, monkeypatch, capsys, target, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    before = everything(tmp_path)
    assert audit("--data", "pictures", "--no-networks", "--write-clean", target, "--out", "../out-beside") == 1
    assert words in capsys.readouterr().err
    assert everything(tmp_path) == before


def test_ctrl_c_leaves_neither_copy_nor_result(pictures, tmp_path):
    code = """
import sys
from toolkit.audit.files import _apply
def waits(*arguments):
    import time
    print("writing", flush=True)
    time.sleep(60)
_apply.write_exclusively = waits
from toolkit.cli import run
sys.exit(run(sys.argv[1:]))
"""
    arguments = ["audit", "--data", pictures, "--no-networks", "--out", tmp_path / "out", "--write-clean"]
    process = start(code, *arguments, tmp_path / "clean", "-q")
    assert process.stdout.readline() == "writing\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert "nothing was left half-written" in said
    assert {path.name for path in tmp_path.iterdir()} == {"pictures", "cache"}


def test_a_read_only_folder_is_audited_and_copied(pictures, tmp_path):
    for path in [*pictures.rglob("*"), pictures]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert (
            audit("--data", pictures, "--no-networks", "--out", tmp_path / "o", "--write-clean", tmp_path / "c", "-q")
            == 0
        )
        copied = [path for path in (tmp_path / "c").rglob("*") if path.is_file()]
        assert len(copied) == 19
        assert all(os.access(path, os.W_OK) for path in copied)
    finally:
        for path in [pictures, *pictures.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_one_file_and_none(tmp_path, capsys):
    home = tmp_path / "pictures"
    home.mkdir()
    assert audit("--data", home, "--no-networks", "--out", tmp_path / "out") == 1
    assert "holds no file" in capsys.readouterr().err
    Image.fromarray(PHOTOS[0]).save(home / "one.png")
    assert audit("--data", home, "--no-networks", "--out", tmp_path / "out", "--write-clean", tmp_path / "clean") == 0
    assert (tmp_path / "clean" / "one.png").read_bytes() == (home / "one.png").read_bytes()
    assert len(pd.read_csv(tmp_path / "out" / "per_file.csv")) == 1
