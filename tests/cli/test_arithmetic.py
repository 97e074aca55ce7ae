"""``toolkit arithmetic``: from nothing to a report, and questions to the model that was left."""

import json

import pytest

import toolkit
from toolkit.cli import run
from toolkit.studies import load_handwriting, run_arithmetic, write_arithmetic

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
    assert capsys.readouterr().out.strip() == first
    assert (out / "summary.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--operations", "*"], "operations must be"),
        (["--train-share", "0.99"], "train_share"),
        (["--ask", "1-1", "--operations", "+"], "'1-1' is no query"),
        (["--ask", "10+1"], "up to 1 digits"),
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
