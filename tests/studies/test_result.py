"""What an audit's result says and writes, from results made by hand."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from toolkit.datasets import load_npz
from toolkit.studies import AuditResult, plain_findings, write_audit

FILES = ["detectors.csv", "figures", "per_image.csv", "repaired.npz", "report.html", "summary.json"]


def make_result(kinds, *, confidence=None, repaired=(), prevalence=None, truth=None, shape=(8, 8), **more):
    """A result with the given kinds; the rows in ``repaired`` have their pixels changed."""
    n, rng = len(kinds), np.random.default_rng(0)
    images = rng.integers(0, 256, (n, *shape), dtype=np.uint8)
    changed = np.isin(np.arange(n), list(repaired))
    restored = np.where(changed.reshape(-1, *[1] * len(shape)), 255 - images, images)
    per_image = pd.DataFrame(
        {
            "index": np.arange(n),
            "kind": kinds,
            "confidence": np.full(n, 0.95) if confidence is None else confidence,
            "anomaly_score": np.linspace(0, 1, n),
            "repaired": changed.astype(int),
            "restorer": np.where(changed, "uninvert", ""),
            "angle": 0.0,
            "severity": 0.5,
        }
    )
    share = np.mean(np.array(kinds) != "clean") if prevalence is None else prevalence
    return AuditResult(
        images=images,
        repaired=restored,
        per_image=per_image,
        detectors=pd.DataFrame({"method": ["iforest"], "estimated_auroc": [0.7]}),
        prevalence=share,
        prevalence_interval=(max(share - 0.01, 0), share + 0.01),
        settings={"name": "<b>hand</b> made", "seed": 0, "detectors": ["iforest"]},
        timings={"learning": 1.0},
        **more,
    )


MIXED = ["clean"] * 8 + ["invert", "unknown"]


def test_findings_say_how_many_what_how_sure_and_what_was_done():
    findings = plain_findings(make_result(MIXED, confidence=[0.95] * 9 + [0.5], repaired=[8]))
    assert findings == [
        "2 of 10 images (20%) look corrupted; the share of corrupted images is estimated at 19% to 21%.",
        "What is wrong: inverted (1). 1 image is wrong in a way that fits no known kind.",
        "How sure: 1 of the 2 are named with a confidence of 90% or more, 1 with less than 60%: "
        "look at those yourself.",
        "1 image was repaired and checked to look cleaner; 1 corrupted image was left as given, for want of a repair "
        "that could be confirmed; the images taken for clean kept every pixel.",
        "Caution: 10 images are few to learn from; take the names above as hints.",
    ]


def test_findings_of_a_clean_set():
    findings = plain_findings(make_result(["clean"] * 5))
    assert findings[0].startswith("None of the 5 images looks corrupted")
    assert findings[1].startswith("Nothing was repaired")
    assert len(findings) == 3
    assert len(plain_findings(make_result(["clean"] * 1000, shape=(2, 2)))) == 2


def test_findings_of_unknown_alone_and_of_many_kinds():
    assert plain_findings(make_result(["unknown"]))[1] == "1 image is wrong in a way that fits no known kind."
    kinds = [f"kind_{i}" for i in range(9)] + ["clean"] * 11
    assert "3 more kinds (3)" in plain_findings(make_result(kinds))[1]
    assert "Caution" in plain_findings(make_result(kinds))[-1]


def test_counts_put_clean_first_and_add_up():
    result = make_result(["rotate", "invert", "clean", "invert", "clean", "clean", "clean"], repaired=[1])
    assert result.counts.to_dict() == {"clean": 4, "invert": 2, "rotate": 1}
    assert list(result.counts.index) == ["clean", "invert", "rotate"]
    assert result.by_kind["n"].sum() == len(result) == 7
    assert result.by_kind.set_index("kind").loc["invert", ["repaired", "left_alone"]].tolist() == [1, 1]
    assert result.by_restorer.to_dict("records") == [{"restorer": "uninvert", "n": 1}]


@pytest.mark.parametrize("shape", [(8, 8), (8, 12), (8, 8, 3)])
def test_a_written_audit_reads_back(tmp_path, shape):
    result = make_result(MIXED, repaired=[8], shape=shape)
    report = write_audit(result, tmp_path / "audit")
    assert report == tmp_path / "audit" / "report.html"
    assert sorted(path.name for path in (tmp_path / "audit").iterdir()) == FILES

    rows = pd.read_csv(tmp_path / "audit" / "per_image.csv", keep_default_na=False)
    pd.testing.assert_frame_equal(rows, result.per_image, check_dtype=False)
    assert ",".join(rows.columns) == "index,kind,confidence,anomaly_score,repaired,restorer,angle,severity"

    stored = load_npz(tmp_path / "audit" / "repaired.npz").images
    np.testing.assert_array_equal(stored, result.repaired)
    assert stored.dtype == result.images.dtype

    summary = json.loads((tmp_path / "audit" / "summary.json").read_text())
    assert summary["counts"] == {
        "clean": 8,
        "corrupted": 2,
        "unknown": 1,
        "repaired": 1,
        "left_alone": 1,
        "by_kind": {"clean": 8, "invert": 1, "unknown": 1},
    }
    assert summary["findings"] == plain_findings(result)
    assert {"timings", "versions", "tables", "prevalence"} <= set(summary)
    for path in (tmp_path / "audit" / "figures").iterdir():
        assert Image.open(path).format == "PNG"


def test_the_page_opens_with_the_findings_and_asks_nobody_for_anything(tmp_path):
    page = write_audit(make_result(MIXED, repaired=[8]), tmp_path / "audit").read_text()
    body = page[page.index("<body") :]
    assert body.index("2 of 10 images (20%) look corrupted") < body.index("<img")
    targets = re.findall(r"""(?:src|href)\s*=\s*["']?([^"'\s>]*)""", page)
    assert targets
    assert all(target.startswith(("data:", "#")) for target in targets)
    assert "<b>hand</b>" not in page
    assert "&lt;b&gt;hand&lt;/b&gt;" in page


def test_figures_follow_what_there_is_to_show(tmp_path):
    def figures(result, name):
        write_audit(result, tmp_path / name)
        return {path.stem for path in (tmp_path / name / "figures").iterdir()}

    assert figures(make_result(["clean"] * 3), "clean") == {"gallery", "scores"}
    assert figures(make_result(MIXED, repaired=[8]), "repaired") == {"gallery", "scores", "repairs"}
    assert "doubtful" in figures(make_result(MIXED, confidence=[0.3] * 10), "doubtful")


def test_one_image_can_be_written(tmp_path):
    write_audit(make_result(["clean"]), tmp_path / "one")
    write_audit(make_result(["invert"], repaired=[0], confidence=[0.2]), tmp_path / "other")
    assert (tmp_path / "other" / "report.html").exists()
