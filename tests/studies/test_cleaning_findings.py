"""The sentence on a cleaned copy holds for every table that apply_plan gives, and for the same one read back."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from toolkit.audit import apply_plan
from toolkit.studies import cleaning_findings

ACTIONS = {"a.png": "keep", "b.png": "rotate_90", "c.png": "leave_out"}
SAID = {
    (): "0 files: 0 as they were, byte for byte and 0 repaired at their own size; 0 are left out",
    ("a.png",): "1 file: 1 as it was, byte for byte and 0 repaired at their own size; 0 are left out",
    ("c.png",): "0 files: 0 as they were, byte for byte and 0 repaired at their own size; 1 is left out",
    tuple(ACTIONS): "2 files: 1 as it was, byte for byte and 1 repaired at its own size; 1 is left out",
}


def applied(home, names):
    (home / "in").mkdir()
    rows = []
    for name in names:
        Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4)).save(home / "in" / name)
        rows.append((name, hashlib.sha256((home / "in" / name).read_bytes()).hexdigest(), ACTIONS[name]))
    plan = pd.DataFrame(rows, columns=["path", "sha256", "action"])
    return apply_plan(plan, home / "in", home / "out")


def as_given(table, home):
    return table


def from_csv(table, home):
    table.to_csv(home / "applied.csv", index=False)
    return pd.read_csv(home / "applied.csv")


def from_json(table, home):
    table.to_json(home / "applied.json", orient="table", index=False)  # which has null for infinity, and for nothing
    return pd.read_json(home / "applied.json", orient="table")


def of_objects(table, home):
    return table.astype(object)


def of_nothing(table, home):
    return table.assign(psnr=None)


@pytest.mark.parametrize("names", list(SAID))
@pytest.mark.parametrize("back", [as_given, from_csv, from_json, of_objects, of_nothing])
def test_it_holds_for_every_table(tmp_path, names, back):
    table = back(applied(tmp_path, names), tmp_path)
    assert cleaning_findings(table, {"cleaned": "out"}) == [f"out holds {SAID[names]}."]


@pytest.mark.parametrize("names", list(SAID))
def test_the_types_of_the_table_do_not_depend_on_what_was_done(tmp_path, names):
    types = applied(tmp_path, names).dtypes.astype(str)
    assert types[["height", "width", "n_bytes", "psnr"]].tolist() == ["Int64", "Int64", "Int64", "float64"]


def test_what_was_encoded_anew_is_counted():
    table = pd.DataFrame({"done": "repaired", "psnr": [np.inf, 51.3], "note": ["", None]})
    assert "2 repaired at their own size (1 of them not to the last grey level)" in cleaning_findings(table, {})[0]


def test_what_lost_its_notes_is_not_said_to_be_as_it_was(tmp_path):
    (tmp_path / "in").mkdir()
    Image.new("RGB", (9, 9), "red").save(tmp_path / "in" / "a.bmp")  # which has no room for notes
    for name in ("b.jpg", "c.jpg"):
        exif = Image.Exif()
        exif[0x010F] = "Camera"
        Image.new("RGB", (9, 9), "red").save(tmp_path / "in" / name, exif=exif)
    rows = [
        (name, hashlib.sha256((tmp_path / "in" / name).read_bytes()).hexdigest(), "keep", reason)
        for name, reason in (("a.bmp", ""), ("b.jpg", ""), ("c.jpg", "noisy left"))
    ]
    plan = pd.DataFrame(rows, columns=["path", "sha256", "action", "reason"])
    done = apply_plan(plan, tmp_path / "in", tmp_path / "out", strip_metadata=True)
    assert done["note"].tolist() == ["", "without its notes", "noisy left; without its notes"]
    (said,) = cleaning_findings(done, {"cleaned": "out"})
    assert said.startswith("out holds 3 files: 1 as it was, byte for byte, 2 as they were but for their notes and 0 ")
    assert (tmp_path / "out" / "a.bmp").read_bytes() == (tmp_path / "in" / "a.bmp").read_bytes()
