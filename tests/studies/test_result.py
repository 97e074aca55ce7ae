"""What an audit's result says and writes, from results made by hand."""

import dataclasses
import json
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from toolkit.datasets import load_npz
from toolkit.studies import AuditResult, plain_findings, write_audit
from toolkit.studies.audit._findings import audit_answer

FILES = ["detectors.csv", "figures", "per_image.csv", "plan.csv", "repaired.npz", "report.html", "summary.json"]


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
        truth=truth,
        **more,
    )


MIXED = ["clean"] * 8 + ["invert", "unknown"]


def test_findings_say_how_many_what_how_sure_and_what_was_done():
    findings = plain_findings(make_result(MIXED, confidence=[0.95] * 9 + [0.5], repaired=[8]))
    assert findings == [
        "2 of 10 images (20%) are flagged: a list of images to look at, some of them sound (one in twenty is "
        "aimed at; of handwritten letters it was one in five). How many are corrupted is another question, answered "
        "from all images together: an estimated 19% to 21%.",
        "What is wrong: inverted (1). 1 image is wrong in a way that fits no known kind.",
        "How sure: 1 of the 2 are named with a confidence of 90% or more, 1 with less than 60%: "
        "look at those yourself.",
        "1 image was repaired, each confirmed by an independent check; 1 flagged image was left as given, for want of "
        "a repair that could be confirmed; the images taken for clean kept every pixel.",
        "Caution: 10 images are few to learn from; take the names above as hints.",
    ]


def test_kinds_that_were_not_measured_are_a_guess():
    table = pd.DataFrame({"kind": ["invert", "unknown"], "status": ["not measurable"] * 2})
    found = make_result(MIXED, competence=table)
    assert plain_findings(found)[1].startswith("What may be wrong, a guess by what is known of other images: inverted")
    assert audit_answer(found)[1] == plain_findings(found)[1]
    table.loc[0, "status"] = "detected"
    assert plain_findings(make_result(MIXED, competence=table))[1].startswith("What is wrong: inverted")


def test_findings_of_a_clean_set():
    findings = plain_findings(make_result(["clean"] * 5))
    assert findings[0].startswith("None of the 5 images is flagged")
    assert findings[1].startswith("Nothing was repaired")
    assert len(findings) == 3
    assert len(plain_findings(make_result(["clean"] * 1000, shape=(2, 2)))) == 2


def test_findings_of_unknown_alone_and_of_many_kinds():
    assert plain_findings(make_result(["unknown"]))[1] == "1 image is wrong in a way that fits no known kind."
    kinds = [f"kind_{i}" for i in range(9)] + ["clean"] * 11
    assert "3 more kinds (3)" in plain_findings(make_result(kinds))[1]
    assert "Caution" in plain_findings(make_result(kinds))[-1]


def competence(**recalls):
    """A table of what can be told; a recall of None is not measurable."""
    rows = [
        {
            "kind": kind,
            "n_sound": 300,
            "n_planted": 170,
            "recall": recall,
            "recall_low": recall,
            "recall_high": recall,
            "auroc": 0.9,
            "calibration_gap": 0.0,
            "status": "not measurable" if recall is None else "detected" if recall >= 0.5 else "not detected",
            "restorer": "uninvert",
            "gain": 10.0,
            "repair_sensitivity": 0.9,
            "repair_false_alarms": 0.0,
            "repair": "repaired",
        }
        for kind, recall in recalls.items()
    ]
    return pd.DataFrame(rows)


REASONS = ("only 9 of 23 kinds of damage can be told apart on held-out images",)


def unjudged(n=30, **more):
    return make_result(["unjudged"] * n, confidence=np.zeros(n), prevalence=0.3, reasons=REASONS, **more)


def test_a_set_that_cannot_be_judged_says_so_first_and_claims_nothing():
    result = unjudged()
    findings = plain_findings(result)
    assert findings[0].startswith("This set cannot be judged: only 9 of 23 kinds")
    assert "nothing was repaired" in findings[0]
    assert "numbers 29, 28, 27," in findings[1]
    assert len(findings) == 2
    assert not result.flagged.any()
    assert not result.judgeable


def test_a_set_that_cannot_be_judged_is_written_with_its_order_alone(tmp_path):
    truth = {"auroc": 0.8, "average_precision": 0.5, "balanced_accuracy": 0.0, "calibration_error": 0.0}
    truth |= {"false_alarm_rate": 0.0, "miss_rate": 1.0, "accuracy": 0.0}
    kinds = np.array(["clean", "invert"] * 15)
    result = unjudged(truth=truth, kinds_truth=kinds, truth_per_kind=pd.DataFrame({"kind": ["clean"]}))
    page = write_audit(result, tmp_path / "audit").read_text()
    assert "most anomalous" in page
    assert "balanced accuracy" not in page
    summary = json.loads((tmp_path / "audit" / "summary.json").read_text())
    assert summary["counts"] == {
        "clean": 0,
        "corrupted": 0,
        "unknown": 0,
        "repaired": 0,
        "left_alone": 0,
        "by_kind": {"unjudged": 30},
    }
    judged = {"judgeable": False, "reasons": list(REASONS), "held_out_auroc": None, "kinds": None}
    assert summary["competence"] == judged
    assert "confusion" not in {path.stem for path in (tmp_path / "audit" / "figures").iterdir()}
    assert any("comes first in that order in 80% of the cases" in finding for finding in summary["findings"])


def test_kinds_that_could_not_be_judged_are_named_and_stand_in_the_report(tmp_path):
    result = make_result(MIXED, competence=competence(invert=0.99, rotate_180=0.2, flip_vertical=0.4))
    findings = plain_findings(result)
    assert any(f.startswith("Could not be judged here: upside down and flipped top to bottom.") for f in findings)
    page = write_audit(result, tmp_path / "audit").read_text()
    assert "What can be detected on this set" in page
    assert "0.99 to 0.99" in page


def test_what_could_not_be_measured_is_said():
    findings = plain_findings(make_result(MIXED, competence=competence(invert=None, rotate=None)))
    assert any("could not be measured" in f and "no image was changed" in f for f in findings)
    findings = plain_findings(make_result(MIXED, repaired=[8], competence=competence(invert=None)))
    assert any("an independent check agreed" in f for f in findings)


def test_detectors_that_are_worse_than_chance_are_said_to_be():
    result = make_result(["clean"] * 5)
    table = pd.DataFrame({"method": ["iforest", "lof", "knn"], "estimated_auroc": [0.27, 0.5, 0.14]})
    findings = plain_findings(dataclasses.replace(result, detectors=table))
    assert findings[-1].startswith("Worse than chance here, by their estimated AUROC: iforest (0.27) and knn (0.14).")
    assert "Do not use their scores" in findings[-1]


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
    assert {"timings", "versions", "tables", "prevalence", "competence"} <= set(summary)
    assert summary["competence"]["judgeable"] is True
    for path in (tmp_path / "audit" / "figures").iterdir():
        assert Image.open(path).format == "PNG"


def test_the_page_opens_with_the_findings_and_asks_nobody_for_anything(tmp_path):
    page = write_audit(make_result(MIXED, repaired=[8]), tmp_path / "audit").read_text()
    body = page[page.index("<body") :]
    assert body.index("2 of 10 images (20%) are flagged") < body.index("<img")
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
