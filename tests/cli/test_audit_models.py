"""``toolkit audit --save-model`` and ``--model``: what one audit learned judges the images of the next."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import toolkit
from toolkit.audit import Auditor
from toolkit.cli import run
from toolkit.datasets import load_digits
from toolkit.detectors import OutlierDetector
from toolkit.diagnostics import CorruptionIdentifier
from toolkit.restoration import ImageRestorer


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files of images, a small fitted auditor, and an estimator of another sort."""
    folder = tmp_path_factory.mktemp("models")
    digits = load_digits().images[:90, 2:26:2, 2:26:2]
    np.save(folder / "old.npy", digits[:60])
    np.save(folder / "new.npy", digits[60:])
    np.save(folder / "larger.npy", load_digits().images[:30])
    np.save(folder / "flat.npy", digits[60:].reshape(30, 6, 24))
    identifier = CorruptionIdentifier(["invert"], init="random", epochs=1, random_state=0)
    auditor = Auditor(identifier, restorer=ImageRestorer(epochs=1), random_state=0).fit(digits[:60])
    toolkit.save(auditor, folder / "auditor")
    toolkit.save(OutlierDetector("pca").fit(digits[:60].reshape(60, -1)), folder / "detector")
    return folder


def audit(*arguments):
    return run(["audit", *map(str, arguments), "--detectors", "none", "-q"])


@pytest.fixture
def no_work(monkeypatch):
    monkeypatch.setattr("toolkit.studies.run_audit", lambda *a, **k: pytest.fail("the work began"))


def test_what_was_learned_is_kept_and_judges_further_images(folder, tmp_path):
    data = ("--data", folder / "old.npy")
    assert audit(*data, "--out", tmp_path / "first", "--save-model", tmp_path / "model") == 0
    kept = toolkit.load(tmp_path / "model")
    assert isinstance(kept, Auditor)
    assert audit("--data", folder / "new.npy", "--out", tmp_path / "second", "--model", tmp_path / "model") == 0
    rows = pd.read_csv(tmp_path / "second" / "per_image.csv", keep_default_na=False)
    expected = kept.audit(np.load(folder / "new.npy")).per_image
    pd.testing.assert_frame_equal(rows, expected.rename_axis(None), check_dtype=False)
    # Judged by what was kept, the first images get the answers that they got when it was learned.
    assert audit(*data, "--out", tmp_path / "again", "--model", tmp_path / "model") == 0
    first, again = ((tmp_path / name / "per_image.csv").read_bytes() for name in ("first", "again"))
    assert first == again
    # An auditor makes room for the next.
    digests = [(tmp_path / "model" / "manifest.json").read_bytes()]
    assert audit(*data, "--seed", 1, "--out", tmp_path / "first", "--save-model", tmp_path / "model") == 0
    assert (tmp_path / "model" / "manifest.json").read_bytes() not in digests


@pytest.mark.parametrize(
    ("model", "code", "words"),
    [
        ("nowhere", 1, "nowhere"),
        ("detector", 2, "holds no Auditor but OutlierDetector: --model takes what --save-model wrote"),
        ("old.npy", 1, "old.npy"),
        (".", 1, "manifest.json; "),
        (".", 1, "auditor or "),
        ("detector/..", 1, "detector has one."),
    ],
)
def test_what_is_no_auditor_is_refused(folder, tmp_path, capsys, no_work, model, code, words):
    arguments = ("--data", folder / "new.npy", "--out", tmp_path / "out", "--model", folder / model)
    assert audit(*arguments) == code
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("data", ["larger", "flat"])
def test_images_of_another_shape_are_refused(folder, tmp_path, capsys, data):
    arguments = ("--data", folder / f"{data}.npy", "--out", tmp_path / "out", "--model", folder / "auditor")
    assert audit(*arguments) == 1
    said = capsys.readouterr().err
    assert "(12, 12)" in said or "144" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_refused_before_the_work(folder, tmp_path, capsys, no_work):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "broken").symlink_to(tmp_path / "gone")
    (tmp_path / "file").write_text("x")
    for name in ("mine", "broken", "file", "mine/thesis.txt"):
        assert audit("--data", folder / "new.npy", "--out", tmp_path / "out", "--save-model", tmp_path / name) == 2
        said = capsys.readouterr().err
        assert "--save-model" in said
        assert "exists and is no estimator" in said
        assert said.count("\n") == 1
    for name in ("/proc/no/such", tmp_path / "file" / "model", tmp_path / ("n" * 300)):
        assert audit("--data", folder / "new.npy", "--out", tmp_path / "out", "--save-model", name) == 1
        assert "cannot be written" in capsys.readouterr().err
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("out", "model"), [("a", "a"), ("a", "a/model"), ("a/result", "a")])
def test_result_and_model_may_not_replace_each_other(folder, tmp_path, capsys, no_work, out, model):
    arguments = ("--data", folder / "new.npy", "--out", tmp_path / out, "--save-model", tmp_path / model)
    assert audit(*arguments) == 2
    assert "lie in one another" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_pictures_are_brought_to_the_size_that_the_auditor_knows(folder, tmp_path):
    (tmp_path / "pictures").mkdir()
    for number, image in enumerate(load_digits().images[60:72]):  # 28 x 28, and it knows 12 x 12
        Image.fromarray(image).save(tmp_path / "pictures" / f"{number}.png")
    arguments = ("--data", tmp_path / "pictures", "--out", tmp_path / "out", "--model", folder / "auditor")
    assert audit(*arguments) == 0
    assert len(pd.read_csv(tmp_path / "out" / "per_image.csv")) == 12
    assert audit(*arguments, "--image-size", 28) == 1  # what was asked for is not overruled
