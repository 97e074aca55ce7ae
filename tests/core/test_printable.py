"""Names from outside: what cannot be printed is escaped once, and nothing that shows a name fails on one."""

import csv
import io
import json
import os
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit._core.files import csv_text, write_csv, write_json, write_text
from toolkit._core.printable import cell_text, plot_text, printable
from toolkit.cli import run
from toolkit.datasets import load_image_folder, load_npz, save_npz
from toolkit.plots import KindConfusionDisplay, LossCurveDisplay
from toolkit.studies import AuditResult, run_audit, write_audit

HOSTILE = [
    "esc\x1b[2J\x1b]0;title\x07.npz",
    "line\nbreak\r.npz",
    "latin-\udce9\udcff.npz",
    "right\u202eto left.npz",
    "c1\x9b31m.npz",
    "lines\u2028apart.npz",
    "cash_$5_$^{10.npz",
    "<script>alert(1)</script>&amp;.npz",
    "tag\U000e0001.npz",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_one_printable_line_of_utf_8(name):
    clean = printable(name)
    assert len(clean.splitlines()) == 1
    assert not any(ord(character) < 32 or 127 <= ord(character) < 160 for character in clean)
    clean.encode("utf-8")
    assert printable(clean) == clean
    assert printable(os.fsencode(name)) == clean


def test_what_can_be_printed_stays():
    for name in ("café.png", "日本語.png", "нет.png", "a b.png", "👩‍🔬.png", "क्‍ष.png", "C:\\x.png", "50 %.png"):
        assert printable(name) == name


@pytest.mark.parametrize("name", HOSTILE)
def test_pictures_tables_and_json_take_any_name(name, tmp_path):
    history = [{"epoch": 1, "loss": 1.0}, {"epoch": 2, "loss": 0.5}]
    LossCurveDisplay.from_history(history, title=f"gan on {name}").save(tmp_path / "losses.png")
    display = KindConfusionDisplay.from_predictions(["clean", name], ["clean", name], title=name)
    display.save(tmp_path / "confusion.svg")
    write_json(tmp_path / "a.json", {name: [name, {"path": tmp_path / name}]})
    assert next(iter(json.loads((tmp_path / "a.json").read_text(encoding="utf-8")))).startswith(name[:3])
    write_csv(tmp_path / "a.csv", pd.DataFrame({"path": [printable(name)], "n": [1]}))
    assert pd.read_csv(tmp_path / "a.csv")["path"].tolist() == [printable(name)]
    write_text(tmp_path / "a.html", name)


# As docs/how/files.md gives it to readers.
def given_back(text):
    return re.sub(r"^'(?='*[=+\-@\t\r\n＝＋－＠].)", "", text, flags=re.DOTALL)


FORMULAS = [
    "=1+1.png",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1+1",
    "'=1",
    "''@x",
    '=HYPERLINK("x")',
]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_begins_a_formula(text, tmp_path):
    frame = pd.DataFrame({"path": [text, "a.png"], text: [-1.5, 2.0], "n": [0, 1]}, index=[text, "b"])
    write_csv(tmp_path / "a.csv", frame)
    for written, columns in (((tmp_path / "a.csv").read_bytes().decode(), 3), (csv_text(frame, index=True), 4)):
        rows = list(csv.reader(io.StringIO(written, newline="")))
        assert all(len(row) == columns for row in rows)
        assert not any(re.match(r"[=+\-@\t\r＝＋－＠]", cell) for row in rows for cell in row if cell != "-1.5")
        assert [given_back(cell) for cell in rows[1]][-3:] == [text, "-1.5", "0"]
        assert given_back(rows[0][-2]) == text


def test_what_is_no_formula_is_written_as_pandas_writes_it():
    frame = pd.DataFrame({"a": ["-1", "-1.5e-3", "+", "-", "", "a=b", "O'Neil", "'quoted'", 'a "b", c', "two\nlines"]})
    frame["b"] = [-1.0, np.nan, np.inf, -np.inf, 0.1, 1e-300, 3, 4, 5, 6]
    assert csv_text(frame) == frame.to_csv(index=False)
    assert csv_text(frame["a"], index=True) == frame["a"].to_csv()
    assert csv_text(frame.iloc[:0]) == "a,b\n"
    assert cell_text(None) is None


@given(st.text(max_size=12) | st.text(alphabet="'=+-@\t1a", max_size=6))
def test_every_text_comes_back(text):
    safe = cell_text(text)
    assert given_back(safe) == text
    assert safe in (text, "'" + text)


def test_a_dollar_is_a_dollar():
    assert plot_text("cash_$5_$10") == r"cash_\$5_\$10"
    display = LossCurveDisplay.from_history([{"epoch": 1, "loss": 1.0}], title="a $5 b $10").plot()
    display.figure_.savefig(io.BytesIO(), format="png")


def test_an_audit_of_files_of_any_name_is_written_whole(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (30, 12, 12)).astype(np.uint8)
    paths = [printable(HOSTILE[row % len(HOSTILE)] + str(row)) for row in range(30)]
    kinds = ["my $kind_$", "invert", "clean"] * 10
    numbers = {"confidence": 0.9, "anomaly_score": 0.5, "repaired": 0, "restorer": "", "angle": 0.0, "severity": 0.1}
    result = AuditResult(
        images,
        images,
        pd.DataFrame({"path": paths, "index": range(30), "kind": kinds, **numbers}),
        pd.DataFrame({"method": ["iforest"], "estimated_auroc": [0.7]}),
        0.5,
        (0.4, 0.6),
        {"name": printable(HOSTILE[2] + HOSTILE[0]), "seed": 0, "detectors": ["iforest"], "notes": ["as they are."]},
        {"scoring": 1.0},
        left_out=pd.DataFrame({"path": [printable(HOSTILE[0])], "reason": ["not a picture"]}),
    )
    write_audit(result, tmp_path / "audit")
    summary = json.loads((tmp_path / "audit" / "summary.json").read_text(encoding="utf-8"))
    assert summary["settings"]["name"] == printable(HOSTILE[2] + HOSTILE[0])
    assert summary["files"]["left_out"] == 1
    assert [row["path"] for row in summary["files"]["flagged"]] == [
        path for path, kind in zip(paths, kinds) if kind != "clean"
    ]
    rows = pd.read_csv(tmp_path / "audit" / "per_image.csv")
    assert rows.columns[0] == "path"
    assert rows["path"].tolist() == paths
    assert pd.read_csv(tmp_path / "audit" / "left_out.csv")["path"].tolist() == [printable(HOSTILE[0])]
    page = (tmp_path / "audit" / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert "cash_$5_$^{10.npz6" in page
    with pytest.raises(ValueError, match="paths must name 30 files"):
        run_audit(images, paths=paths[:3])


@pytest.mark.parametrize("name", [name for name in HOSTILE if "/" not in name])
def test_files_of_any_name_are_read_and_said_in_one_line(name, tmp_path, capsys):
    images = np.random.default_rng(0).integers(0, 256, (3, 8, 8)).astype(np.uint8)
    save_npz(tmp_path / name, images)
    assert load_npz(tmp_path / name).name == printable(name)
    assert run(["data", "info", str(tmp_path / name)]) == 0
    assert f"name    {printable(name)}\n" in capsys.readouterr().out
    (tmp_path / name).write_bytes(b"no archive")
    assert run(["data", "info", str(tmp_path / name)]) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "\x1b" not in said
    assert said.isascii() or said.strip().isprintable()
    assert run(["coverage", str(tmp_path / name), str(tmp_path / name), "--out", str(tmp_path / f"out-{name}")]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_pictures_of_any_name(tmp_path):
    from PIL import Image

    folder = tmp_path / HOSTILE[2]
    folder.mkdir()
    for row, name in enumerate(name for name in HOSTILE if "/" not in name):
        Image.fromarray(np.full((8, 8), row, dtype=np.uint8)).save(folder / f"{name}.png")
    (folder / "bad\x1b[0m.png").write_bytes(b"x")
    found = load_image_folder(folder, cache=tmp_path / "cache")
    again = load_image_folder(folder, cache=tmp_path / "cache")
    assert len(found) == len(HOSTILE) - 1
    assert all(path.isprintable() for path in [*found.paths, *found.report["path"], found.name])
    assert again.report.equals(found.report)
