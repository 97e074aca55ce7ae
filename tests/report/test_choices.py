"""The table to decide in, as a page without a browser sees it: inert data, one script, known by its hash."""

import base64
import hashlib
import io
import json
import re
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from toolkit.report import Report

HOSTILE = '</script><script>alert(1)</script><!--"><img src=x onerror=alert(1)>\u2028'
WORDS = {"keep": "kept", "leave_out": "left out"}


def rows(n=3, **columns):
    frame = {
        "name": [f"{HOSTILE}{k}" for k in range(n)],
        "kinds": [(HOSTILE, "blank")] * n,
        "confidence": [0.123456, np.nan, 1.0][:n],
        "anomaly": np.nan,
        "outcome": HOSTILE,
        "note": HOSTILE,
        "action": "keep",
        "choices": [("keep", "leave_out")] * n,
        "path": [f"{k}.png" for k in range(n)],
    }
    return pd.DataFrame(frame | columns)


def page(frame=None, *, interactive=True, **options):
    frame = rows() if frame is None else frame
    report = Report("Audit").section("First", "words").choices("Decide", frame, WORDS, key=["path"], **options)
    return report.section("Last", "words").html(interactive=interactive)


def test_data_ends_no_element_and_comes_back_as_it_was():
    html = page()
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", html, flags=re.DOTALL)
    assert [attributes for attributes, _ in scripts] == [
        ' type="application/json" id="choices-data"',
        ' type="application/json" id="table-library"',
        "",
    ]
    data = json.loads(scripts[0][1])
    assert [row["name"] for row in data["rows"]] == rows()["name"].tolist()
    assert [row["confidence"] for row in data["rows"]] == [0.1235, None, 1.0]
    assert [row["key"] for row in data["rows"]] == [{"path": "0.png"}, {"path": "1.png"}, {"path": "2.png"}]
    digest = base64.b64encode(hashlib.sha256(scripts[2][1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}' blob:\"" in html
    assert HOSTILE[:20] not in html


def test_no_script_where_none_is_wanted():
    html = page(interactive=False)
    assert "<script" not in html
    assert "script-src" not in html
    assert "Decide" not in html
    report = Report("Audit").choices("Decide", rows(), WORDS, key=["path"])
    assert "script" not in report._repr_html_()


def test_without_the_library_the_page_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "itables", None)
    html = page()
    assert "pip install itables" in html
    assert "<script" not in html
    assert "script-src" not in html


@pytest.mark.parametrize("side", [9, 72])
def test_each_row_has_its_picture_on_the_sheet(side):
    n = 45  # more than a line of the sheet
    levels = np.linspace(0, 255, n).astype(np.uint8)
    before = np.repeat(levels, side * side).reshape(n, side, side)
    after = before.copy()
    after[7] = 255
    frame = rows(1).loc[[0] * n].reset_index(drop=True)
    html = page(frame, thumbnails=before, after=after)
    kind, content = re.search(r"url\(\"data:image/(\w+);base64,([^\"]+)\"\)", html).groups()
    assert kind == ("png" if side == 9 else "jpeg")
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("L")).astype(int)
    centres = sheet[side // 2 :: side, side // 2 :: side].ravel()
    assert np.abs(centres[:n] - levels).max() <= (0 if side == 9 else 2)
    data = json.loads(re.search(r'id="choices-data">(.*?)</script>', html).group(1))
    assert [row["after"] for row in data["rows"] if row["after"] >= 0] == [n]
    assert abs(centres[n] - 255) <= 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"frame": rows().drop(columns="kinds")}, "lacks the columns kinds"),
        ({"frame": rows(choices=[("keep", "burn")] * 3)}, "words must say what burn means"),
        ({"thumbnails": np.zeros((2, 4, 4), np.uint8)}, "a picture for each of 3 rows, got 2"),
    ],
)
def test_refused(options, said):
    with pytest.raises(ValueError, match=said):
        page(**options)


def test_one_table_to_decide_in():
    report = Report("Audit").choices("Decide", rows(), WORDS, key=["path"])
    with pytest.raises(ValueError, match="one table to decide in"):
        report.choices("Again", rows(), WORDS, key=["path"])
