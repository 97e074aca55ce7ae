"""``toolkit arithmetic``: from nothing to a report, and questions to the model that was left."""

import json
import shutil

import numpy as np
import pytest

import toolkit
from toolkit.cli import run
from toolkit.studies import ask_arithmetic, load_handwriting, run_arithmetic, write_arithmetic

QUICK = ["--digits", "1", "--steps", "30", "--quiet"]


def test_a_study_is_written_whole_and_answers_questions(tmp_path, capsys):
    out = tmp_path / "study"
    assert (
        run(["arithmetic", *QUICK, "--operations", "+", "--train-share", "0.6", "--out", str(out), "--ask", "3+4"]) == 0
    )
    first = capsys.readouterr().out.strip()
    assert first.startswith("3+4=")
    names = {path.name for path in out.iterdir()}
    assert names == {"answers.png", "attention.png", "errors.csv", "losses.png", "model", "report.html", "summary.json"}
    summary = json.loads((out / "summary.json").read_text())
    model = toolkit.load(out / "model")
    assert summary["settings"]["split"] == "random"
    assert (summary["settings"]["n_train"], summary["settings"]["n_unseen"]) == (60, 35)
    assert 0 <= summary["exact_match"] <= 1
    # The figure in the summary is that of the model beside it, on the queries that the split left out.
    from toolkit._core.random import spawn_seeds
    from toolkit.datasets import make_arithmetic

    data = make_arithmetic("+", n_digits=1, train_share=0.6, random_state=spawn_seeds(0, 5)[0])
    assert model.score(*data.part("test")) == summary["exact_match"]
    # A second question needs no training, and the folder stays as it is.
    before = (out / "summary.json").stat().st_mtime_ns
    assert run(["arithmetic", "--out", str(out), "--ask", "3+4"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == first
    probability = np.prod(model.predict_proba(["3+4"])[0].max(axis=1))
    wrong = "right" if first == "3+4=7" else "wrong: 7"
    assert said[1] == f"The model gives its answer a probability of {probability:.2f}, and it is {wrong}."
    assert said[2] == f"Of 35 queries that were held out, {summary['exact_match']:.1%} were answered right."
    assert (out / "summary.json").stat().st_mtime_ns == before


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("arithmetic") / "study"
    assert run(["arithmetic", *QUICK, "--operations", "+", "--out", str(out)]) == 0
    return out


@pytest.mark.parametrize("ask", ["3 + 4", " 3+4", "3+ 4 ", "3\t+4"])
def test_spaces_in_a_query_do_not_matter(finished, capsys, ask):
    for query in ("3+4", ask):
        assert run(["arithmetic", "--out", str(finished), "--quiet", "--ask", query]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert first.startswith("3+4=")
    model = toolkit.load(finished / "model")
    assert ask_arithmetic(model, ask)[2] == ask_arithmetic(model, "3+4")[2] == first.partition("=")[2]


@pytest.mark.parametrize(
    ("option", "value", "earlier"),
    [
        ("steps", "40", "30"),
        ("seed", "1", "0"),
        ("operations", "+-", "+"),
        ("digits", "2", "1"),
        ("source", "image", "text"),
        ("train-share", "0.5", "0.75"),
        ("split", "commutative", "random"),
        ("n-queries", "50", "None"),
    ],
)
def test_a_model_of_other_settings_does_not_answer(finished, capsys, option, value, earlier):
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*")}
    assert run(["arithmetic", "--out", str(finished), "--ask", "3+4", f"--{option}", value]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "--overwrite" in said
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*")} == before
    assert run(["arithmetic", "--out", str(finished), "--ask", "3+4", *QUICK, "--operations", "+"]) == 0


def test_a_finished_model_is_replaced_on_request_only(finished, tmp_path, capsys):
    out = tmp_path / "copy"
    shutil.copytree(finished, out)
    assert run(["arithmetic", *QUICK, "--out", str(out)]) == 2
    assert "holds a finished model: --ask asks it, --overwrite trains anew" in capsys.readouterr().err
    assert json.loads((out / "summary.json").read_text())["settings"]["operations"] == "+"
    assert run(["arithmetic", *QUICK, "--overwrite", "--out", str(out), "--ask", "4-3"]) == 0
    assert capsys.readouterr().out.startswith("4-3=")
    assert json.loads((out / "summary.json").read_text())["settings"]["operations"] == "+-"
    (out / "summary.json").write_text("{}")
    assert run(["arithmetic", "--out", str(out), "--ask", "4-3"]) == 1
    assert "is no summary of such a study" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--operations", "*"], "operations must be"),
        (["--train-share", "0.99"], "train_share"),
        (["--ask", "1-1", "--operations", "+"], "'1-1' is no query"),
        (["--ask", "10+1"], "up to 1 digit."),
        (["--source", "sound"], "sound"),
    ],
)
def test_mistakes_in_use_are_one_line(tmp_path, capsys, arguments, message):
    assert run(["arithmetic", *QUICK, *arguments, "--out", str(tmp_path / "study")]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert not (tmp_path / "study").exists()


def test_a_folder_with_something_else_is_kept(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("years of work")
    assert run(["arithmetic", *QUICK, "--out", str(tmp_path)]) == 1
    assert "thesis.txt" in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_pictures_on_both_sides(tmp_path):
    small = {"steps": 10, "hidden_size": 16, "picture_rows": 4, "reader_steps": 20}
    result = run_arithmetic("image", "image", n_digits=1, **small)
    for name in ("the reader on real pictures of the answers", "queries read without a mistake"):
        assert 0 <= result.measures[name] <= 1
    report = write_arithmetic(result, tmp_path / "study").read_text()
    assert "as an independent reader reads them" in report
    assert report.count("<img") >= 3


def test_hands_are_disjoint():
    hands = load_handwriting("digits", seed=3)
    parts = [{image.tobytes() for image in part.images} for part in (hands.model, hands.judge, hands.test)]
    assert sum(map(len, parts)) == len(set().union(*parts))
    with pytest.raises(ValueError, match="'digits' or 'mnist', got 'emnist'"):
        load_handwriting("emnist")
