"""Decisions read from files that a browser wrote, a spreadsheet touched, or somebody forged."""

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit._core.files import csv_text
from toolkit.audit import decided_plan, read_decisions, read_plan
from toolkit.exceptions import DataFormatError

A, B = "a" * 64, "b" * 64
PLAN = pd.DataFrame(
    {
        "path": ["=1.png", "sub/b.png", "c.png"],
        "sha256": [A, B, A],
        "action": ["keep", "crop", "leave_out"],
        "box": ["", "1,2,30,40", ""],
        "reason": ["", "frame (0.99)", "damaged"],
    }
)


def decided(**row):
    row = {"path": "=1.png", "sha256": A, "action": "leave_out"} | row
    return decided_plan(PLAN, pd.DataFrame([row]))


@pytest.mark.parametrize("form", ["json", "list", "csv", "excel", "tabs", "reordered"])
def test_any_form_reads_the_same(tmp_path, form):
    rows = [
        {"path": "=1.png", "sha256": A, "action": "leave_out", "box": ""},
        {"path": 'a "b", c.png', "sha256": B, "action": "keep", "box": ""},
    ]
    file = tmp_path / "decisions"
    if form in ("json", "list"):
        file.write_text(json.dumps(rows if form == "list" else {"version": 1, "decisions": rows}))
    else:
        frame = pd.DataFrame(rows)
        if form == "reordered":
            frame = frame[["action", "box", "sha256", "path"]].assign(was="keep")
        text = csv_text(frame)
        if form in ("excel", "tabs"):
            frame["path"] = ["'=1.png", 'a "b", c.png']
            text = "\ufeff" + frame.to_csv(index=False, sep=";" if form == "excel" else "\t", lineterminator="\r\n")
        file.write_bytes(text.encode())
    found = read_decisions(file)
    assert found.to_dict(orient="records") == rows


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, unique=True))
def test_what_is_written_for_a_spreadsheet_reads_back(tmp_path_factory, paths):
    file = tmp_path_factory.mktemp("csv") / "plan.csv"
    frame = pd.DataFrame({"path": paths, "sha256": A, "action": "keep"})
    file.write_bytes(csv_text(frame).encode())
    assert read_plan(file)["path"].tolist() == paths


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"path,action\na.png,keep\n", "lacks the columns sha256"),
        (b"sha256,action\n", r"lacks the columns path \(or index\)"),
        (b"path,sha256,action\na.png,keep\n", "row 2 has 2 cells, the first has 3"),
        (b'path,sha256,action\n"a.png', "no CSV"),
        (b"\xff\xfe\x00path", "no text in UTF-8"),
        (b"{", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"decisions": 3}', "a list of decisions"),
        (b'{"decisions": ["a"]}', "a list of decisions"),
        (b'[{"path": ["a"], "sha256": "", "action": "keep"}]', "path must be text, got list"),
    ],
)
def test_what_is_no_table_of_decisions_is_said(tmp_path, content, said):
    file = tmp_path / "decisions.csv"
    file.write_bytes(content)
    with pytest.raises(DataFormatError, match=said):
        read_decisions(file)


def test_none_at_all_changes_nothing(tmp_path):
    for name, content in (("a.csv", "path,sha256,action\n"), ("a.json", '{"decisions": []}')):
        (tmp_path / name).write_text(content)
        assert decided_plan(PLAN, read_decisions(tmp_path / name)).equals(PLAN)


def test_only_what_was_decided_changes():
    found = decided()
    assert found["action"].tolist() == ["leave_out", "crop", "leave_out"]
    assert found["reason"].tolist() == ["decided by hand", "frame (0.99)", "damaged"]
    assert PLAN["action"].tolist() == ["keep", "crop", "leave_out"]
    accepted = decided(path="sub/b.png", sha256=B, action="crop", box="")
    assert accepted.loc[1, "box"] == "1,2,30,40"
    assert decided(path="sub/b.png", sha256=B, action="keep").loc[1, "box"] == ""


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"path": "/etc/passwd"}, "an absolute path"),
        ({"path": "C:\\pictures\\a.png"}, "an absolute path"),
        ({"path": "\\\\server\\share\\a.png"}, "an absolute path"),
        ({"path": "../a.png"}, "leads out of the folder"),
        ({"path": "sub/../../a.png"}, "leads out of the folder"),
        ({"path": "other.png"}, "which the audit does not have"),
        ({"path": "sub/B.png"}, "Did you mean 'sub/b.png'"),
        ({"path": ""}, "which the audit does not have"),
        ({"sha256": B}, "another content"),
        ({"sha256": ""}, "another content"),
        ({"action": "delete"}, "Valid: keep, leave_out"),
        ({"action": "repair"}, "Valid: keep, leave_out"),
    ],
)
def test_refused(row, said):
    with pytest.raises(ValueError, match=said):
        decided(**row)


def test_a_plan_that_was_forged_does_not_help():
    plan = PLAN.assign(path=["../a.png", "/b.png", "c.png"])
    for path, digest in (("../a.png", A), ("/b.png", B)):
        with pytest.raises(ValueError, match=r"absolute path|leads out"):
            decided_plan(plan, pd.DataFrame([{"path": path, "sha256": digest, "action": "keep"}]))


def test_twice_is_refused():
    row = {"path": "=1.png", "sha256": A, "action": "keep"}
    with pytest.raises(ValueError, match="twice"):
        decided_plan(PLAN, pd.DataFrame([row, row]))


def test_decisions_on_images_and_on_files_are_told_apart():
    plan = pd.DataFrame({"index": ["0", "1"], "sha256": [A, B], "action": ["repair", "keep"], "reason": ["", ""]})
    decisions = pd.DataFrame([{"index": "0", "sha256": A, "action": "keep"}])
    assert decided_plan(plan, decisions)["action"].tolist() == ["keep", "keep"]
    with pytest.raises(ValueError, match="the audit is by path"):
        decided_plan(PLAN, decisions)
    with pytest.raises(ValueError, match="Valid: keep, leave_out, repair"):
        decided_plan(plan, decisions.assign(action="rotate_90"))
