"""Commands on labels and on folders of pictures: train cgan, sample by label, audit and compare a folder."""

import json

import numpy as np
import pandas as pd
import pytest
import typer
from PIL import Image

import toolkit
from toolkit.cli import run
from toolkit.cli._sample_labels import find_label
from toolkit.datasets import load_npz

SHORT = ["--epochs", "2", "--save-interval", "1", "--n-images", "120", "--dataset", "digits", "--seed", "0", "--quiet"]


@pytest.fixture(scope="module")
def cgan_folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("train") / "cgan"
    flags = ["--batch-size", "64", "--learning-rate", "0.0002", "--latent-dim", "20"]
    assert run(["train", "cgan", *SHORT, *flags, "--out", str(out)]) == 0
    return out


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    monkeypatch.setenv("TOOLKIT_DATA", str(tmp_path / "cache"))
    folder = tmp_path / "pictures"
    folder.mkdir()
    generator = np.random.default_rng(0)
    for number in range(40):
        ramp = np.linspace(0, generator.uniform(100, 250), 30)[:, None, None] * generator.random(3)
        picture = (ramp * np.ones((30, 40, 1))).astype(np.uint8)
        picture[:, number] = 255  # no two alike, without their colours either: duplicates are left out
        Image.fromarray(picture).save(folder / f"{number:02d}.png")
    (folder / "rubbish.jpg").write_text("text")
    return folder


def test_a_training_folder_has_all_that_it_should(cgan_folder):
    names = {entry.name for entry in cgan_folder.iterdir()}
    assert {"samples.png", "interpolation.png", "growth.gif", "losses.png", "model", "summary.json"} <= names
    with Image.open(cgan_folder / "growth.gif") as film:
        assert film.n_frames == 2
    assert toolkit.load(cgan_folder / "model").classes_.tolist() == list(range(10))
    parameters = json.loads((cgan_folder / "summary.json").read_text())["parameters"]
    assert (parameters["batch_size"], parameters["learning_rate"], parameters["latent_dim"]) == (64, 0.0002, 20)


def test_digits_on_demand(cgan_folder, tmp_path, capsys):
    model = toolkit.load(cgan_folder / "model")
    npz = tmp_path / "threes.npz"
    assert run(["sample", str(cgan_folder), "--digit", "3", "--count", "7", "--npz", str(npz), "--seed", "5"]) == 0
    np.testing.assert_array_equal(load_npz(npz).images, model.sample(7, y=3, random_state=5))
    assert load_npz(npz).labels.tolist() == [3] * 7
    command = ["sample", str(cgan_folder), "--digits", "0", "1", "2", "3", "--count", "4", "--npz", str(npz)]
    assert run([*command, "--seed", "5"]) == 0
    expected = model.sample(y=np.repeat([0, 1, 2, 3], 4), random_state=5)
    np.testing.assert_array_equal(load_npz(npz).images, expected)
    capsys.readouterr()
    # With no place named the picture lies beside the folder, which stays as training left it.
    assert run(["sample", str(cgan_folder), "--digits", "0", "1", "--count", "3"]) == 0
    assert str(cgan_folder.parent / "cgan_0_1.png") in capsys.readouterr().out
    assert (cgan_folder.parent / "cgan_0_1.png").read_bytes().startswith(b"\x89PNG")


def test_a_way_from_digit_to_digit_moves(cgan_folder):
    assert run(["sample", str(cgan_folder), "--interpolate", "3", "7", "--steps", "10", "--gif"]) == 0
    with Image.open(cgan_folder.parent / "cgan_3_to_7.gif") as film:
        assert film.n_frames == 18  # there and back
    assert not (cgan_folder.parent / "cgan_3_to_7.png").exists()


def test_a_folder_alone_shows_something_and_a_film_goes_where_it_is_sent(cgan_folder, tmp_path, capsys):
    assert run(["sample", str(cgan_folder)]) == 0
    picture = cgan_folder.parent / "cgan_samples.png"
    assert str(picture) in capsys.readouterr().out
    assert picture.read_bytes().startswith(b"\x89PNG")
    for place, given in enumerate((["--gif", str(tmp_path / "0.gif")], [f"--gif={tmp_path / '1.gif'}"])):
        assert run(["sample", str(cgan_folder), *given, "--count", "5"]) == 0
        with Image.open(tmp_path / f"{place}.gif") as film:
            assert film.n_frames == 5
    assert run(["sample", "--gif", str(cgan_folder)]) == 0  # still a flag
    assert (cgan_folder.parent / "cgan_samples.gif").exists()


def test_labels_are_found_as_they_are_written():
    class Model:
        def __init__(self, *classes):
            self.classes_ = np.array(classes)

    assert find_label(Model(1.0, 3.0), "3", "--digit") == 3.0
    assert find_label(Model(1, 3), "3.0", "--digit") == 3
    assert find_label(Model("3", "3.0"), "3", "--digit") == "3"
    with pytest.raises(typer.BadParameter, match="none of the labels"):
        find_label(Model(False, True), "1", "--digit")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--digit", "x"], "'x' is none of the labels of this model: 0, 1, 2"),
        (["--digits", "1", "12"], "'12' is none of the labels"),
        (["--interpolate", "1", "x"], "'x' is none of the labels"),
        (["--digit", "1", "--digits", "2", "3"], "exclude one another"),
        (["--label", "zzz"], "--label: 'zzz' is none of the labels"),
        (["--labels", "1", "zzz"], "--labels: 'zzz' is none of the labels"),
        (["--digit=zzz"], "--digit: 'zzz' is none of the labels"),
        (["--gif", "film.mp4"], "film.mp4"),
    ],
)
def test_mistakes_in_use(cgan_folder, capsys, flags, message):
    assert run(["sample", str(cgan_folder), *flags]) == 2
    assert message in capsys.readouterr().err


def test_a_model_without_labels_says_so(tmp_path, capsys):
    out = tmp_path / "gan"
    assert run(["train", "gan", *SHORT, "--out", str(out)]) == 0
    assert run(["sample", str(out), "--digit", "3"]) == 2
    assert "knows no labels" in capsys.readouterr().err


def test_images_without_labels_train_no_cgan(pictures, tmp_path, capsys):
    assert run(["train", "cgan", "--data", str(pictures), "--out", str(tmp_path / "out"), "--quiet"]) == 2
    assert "has no labels" in capsys.readouterr().err


def test_generators_are_compared_on_a_folder(pictures, tmp_path, capsys):
    out = tmp_path / "compared"
    options = ["--dataset", f"folder:{pictures}", "--image-size", "16", "--epochs", "1", "--out", str(out)]
    assert run(["compare-generators", *options]) == 0
    said = capsys.readouterr().err
    assert "left out: 1 not a picture" in said
    assert "rubbish.jpg: not a picture" in said
    summary = json.loads((out / "summary.json").read_text())
    assert summary["settings"]["image_shape"] == [16, 16, 3]
    assert (out / "report.html").exists()
    assert run(["compare-generators", "--dataset", f"folder:{tmp_path / 'none'}", "--out", str(out)]) in (1, 2)


def test_a_folder_is_looked_at(pictures, capsys):
    assert run(["data", "info", str(pictures)]) == 0
    said = capsys.readouterr()
    assert "40 of 30 x 40 x 3, uint8" in said.out
    assert "all pictures are 30 x 40 and keep that size" in said.err
    assert "rubbish.jpg: not a picture" in said.err


def test_files_left_out_are_a_file(pictures, tmp_path, capsys):
    for number in range(30):
        (pictures / f"rubbish{number}.txt").write_text("text")
    assert run(["data", "info", str(pictures), "--image-size", "8", "--left-out", str(tmp_path / "left_out.csv")]) == 0
    said = capsys.readouterr()
    assert "40 of 8 x 8 x 3, uint8" in said.out
    assert "... and 28 more." in said.err
    assert len(pd.read_csv(tmp_path / "left_out.csv")) == 31
    assert run(["data", "info", "digits", "--left-out", str(tmp_path / "left_out.csv")]) == 2
    assert run(["data", "info", "digits", "--image-size", "8"]) == 2


def test_folders_are_taken_wherever_images_are(pictures, tmp_path, capsys):
    assert run(["corrupt", str(pictures), str(tmp_path / "damaged.npz"), "--image-size", "8"]) == 0
    assert load_npz(tmp_path / "damaged.npz").images.shape == (40, 8, 8, 3)
    assert pd.read_csv(tmp_path / "damaged_left_out.csv")["path"].tolist() == ["rubbish.jpg"]
    assert run(["corrupt", str(tmp_path / "damaged.npz"), str(tmp_path / "twice.npz"), "--fraction", "0"]) == 2
    assert run(["corrupt", str(pictures), str(tmp_path / "pictures"), "--fraction", "0"]) == 2
    assert not (tmp_path / "twice_left_out.csv").exists()
    for command in (
        "audit",
        "study",
        "collapse",
        "coverage",
        "corrupt",
        "compare-generators",
        "train gan",
        "data info",
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("COLUMNS", "200")
            run([*command.split(), "--help"])
        said = " ".join(capsys.readouterr().out.split())
        assert "--image-size" in said, command
        assert "folder" in said or "FOLDER" in said, command


def test_coverage_lists_the_files_of_both_folders(pictures, tmp_path):
    samples = tmp_path / "samples"
    samples.mkdir()
    rng = np.random.default_rng(0)
    for number in range(40):
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(samples / f"{number}.png")
    (samples / "=1+1.txt").write_text("text")
    options = ["--image-size", "8", "--bins", "4", "--no-map", "--quiet", "--out", str(tmp_path / "out")]
    assert run(["coverage", str(pictures), str(samples), *options]) == 0
    table = pd.read_csv(tmp_path / "out" / "left_out.csv")
    assert table[["set", "path"]].values.tolist() == [["real", "rubbish.jpg"], ["samples", "'=1+1.txt"]]
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["left_out"] == 2
    for path in (pictures / "rubbish.jpg", samples / "=1+1.txt"):
        path.unlink()
    assert run(["coverage", str(pictures), str(samples), *options]) == 0  # in the place of the first
    assert not (tmp_path / "out" / "left_out.csv").exists()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_folder_is_audited(pictures, tmp_path, mode):
    for path in pictures.glob("*.png"):
        Image.open(path).convert(mode).save(path)
    out = tmp_path / "audit"
    options = ["--image-size", "16", "--detectors", "iforest", "--jobs", "1", "--quiet", "--out", str(out)]
    assert run(["audit", "--data", str(pictures), *options]) == 0
    rows = pd.read_csv(out / "per_image.csv")
    assert rows.columns[0] == "path"
    assert rows["path"].tolist() == sorted(path.relative_to(pictures).as_posix() for path in pictures.glob("**/*.png"))
    assert pd.read_csv(out / "left_out.csv")["path"].tolist() == ["rubbish.jpg"]
    files = json.loads((out / "summary.json").read_text())["files"]
    assert files["left_out"] == 1
    assert "resized to 16 x 16" in files["notes"][0]
    assert rows["path"][0] in (out / "report.html").read_text()
    assert load_npz(out / "repaired.npz").images.shape[1:] == ((16, 16, 3) if mode == "RGB" else (16, 16))
