"""The comparison of generators: one table, pictures, a folder that appears whole."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import sqrtm

from toolkit.cli import run
from toolkit.comparison import frechet_distance
from toolkit.datasets import load_glyphs
from toolkit.generators import GAN
from toolkit.studies import generator_findings, run_generator_comparison, write_generator_comparison


def test_frechet_distance_is_the_formula():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(300, 5)) @ rng.normal(size=(5, 5)), rng.normal(size=(200, 5)) + 1
    a, b = np.cov(first.T), np.cov(second.T)
    expected = np.sum((first.mean(0) - second.mean(0)) ** 2) + np.trace(a + b - 2 * sqrtm(a @ b).real)
    assert frechet_distance(first, second) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(second, first) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(first, first) == pytest.approx(0.0, abs=1e-9)
    assert frechet_distance(first[:, :1], first[:, :1] * 3) == pytest.approx(
        (2 * first[:, 0].mean()) ** 2 + (2 * first[:, 0].std(ddof=1)) ** 2
    )
    with pytest.raises(ValueError, match="equally many features"):
        frechet_distance(first, second[:, :3])
    with pytest.raises(ValueError, match="at least 2 rows"):
        frechet_distance(first[:1], second)


class Replay:
    """A generator that draws what it was fitted on: it should reach the floor."""

    def __init__(self, random_state=None, blank=False):
        self.random_state, self.blank = random_state, blank

    def get_params(self, deep=True):
        return {"random_state": self.random_state, "blank": self.blank}

    def set_params(self, **params):
        vars(self).update(params)
        return self

    def fit(self, X):
        self.X_ = X
        return self

    def sample(self, n_samples=1, *, random_state=None):
        drawn = self.X_[np.random.default_rng(random_state).integers(len(self.X_), size=n_samples)]
        return drawn * 0 if self.blank else drawn


def test_distances_tell_a_good_generator_from_a_bad_one():
    images = load_glyphs(n_samples=1000, random_state=0).images
    result = run_generator_comparison(
        images, generators={"replay": Replay(), "blank": Replay(blank=True)}, seeds=[0, 1]
    )
    table = result.table.set_index("generator")
    assert table.index.tolist() == ["real images", "replay", "replay", "blank", "blank"]
    floor = table.loc["real images", "frechet_distance"]
    assert table.loc["replay", "frechet_distance"].max() < 2 * floor
    assert table.loc["blank", "frechet_distance"].min() > 10 * floor
    assert table["reconstruction_error"].isna().all()
    assert list(result.samples) == ["real images", "replay", "blank"]
    assert "Closest to images never seen are the samples of replay." in generator_findings(result)[0]


def test_a_failure_is_a_row():
    images = load_glyphs(n_samples=100, random_state=0).images
    wild = GAN(generator_widths=(8,), discriminator_widths=(8,), learning_rate=1e30, epochs=3)
    result = run_generator_comparison(images, generators={"wild": wild, "replay": Replay()})
    assert "diverged" in result.table.loc[1, "error"]
    assert any("wild with seed 0 failed" in sentence for sentence in generator_findings(result))


def test_the_estimators_are_those_of_the_table():
    images = load_glyphs(n_samples=60, random_state=0).images
    result = run_generator_comparison(images, generators=["vae"], epochs=1, seeds=(3, 4))
    vae = result.estimators["vae"]
    assert vae.random_state == 3
    np.testing.assert_array_equal(vae.reconstruct(result.samples["real images"]), result.reconstructions["vae"])
    assert len(result.rows_held_back) == 12
    np.testing.assert_array_equal(images[result.rows_held_back], result.samples["real images"])


def test_folder_is_whole_and_true(tmp_path):
    images = load_glyphs(n_samples=100, random_state=0).images
    result = run_generator_comparison(images, generators=["vae", "gan"], epochs=1)
    report = write_generator_comparison(result, tmp_path / "out")
    assert sorted(path.name for path in report.parent.iterdir()) == [
        "generators.csv",
        "losses",
        "reconstructions.png",
        "report.html",
        "samples.png",
        "summary.json",
    ]
    table = pd.read_csv(report.parent / "generators.csv")
    assert table["generator"].tolist() == ["real images", "vae", "gan"]
    assert table["reconstruction_error"].notna().tolist() == [False, True, False]
    summary = json.loads((report.parent / "summary.json").read_text())
    assert [row["generator"] for row in summary["table"]] == table["generator"].tolist()
    assert summary["table"][2]["reconstruction_error"] is None
    assert "Generators compared" in report.read_text()
    write_generator_comparison(result, tmp_path / "out")  # an earlier one makes room
    (tmp_path / "out" / "mine.txt").write_text("precious")
    with pytest.raises(FileExistsError, match=r"mine\.txt"):
        write_generator_comparison(result, tmp_path / "out")


def test_bad_requests_are_named():
    images = load_glyphs(n_samples=20, random_state=0).images
    with pytest.raises(ValueError, match=r"Unknown generator: 'gam'. Did you mean 'gan'"):
        run_generator_comparison(images, generators=["gam"])
    with pytest.raises(ValueError, match="images must be at least 10"):
        run_generator_comparison(images[:5])
    with pytest.raises(ValueError, match="seeds"):
        run_generator_comparison(images, seeds=[])


def test_commands(tmp_path, capsys):
    train = ["train", "gan", "--n-images", "70", "--epochs", "2", "--save-interval", "1", "--quiet"]
    assert run([*train, "--out", str(tmp_path / "gan"), "--generator-norm", "batch", "--packing", "2"]) == 0
    assert {"samples.png", "growth.png", "interpolation.png", "losses.png", "model", "summary.json"} <= {
        path.name for path in (tmp_path / "gan").iterdir()
    }
    summary = json.loads((tmp_path / "gan" / "summary.json").read_text())
    assert summary["parameters"]["packing"] == 2
    assert summary["final"]["epoch"] == 2
    assert run(["sample", str(tmp_path / "gan"), "--count", "4", "--npz", str(tmp_path / "drawn.npz")]) == 0
    with np.load(tmp_path / "drawn.npz") as archive:
        assert archive["images"].shape == (4, 28, 28)
        assert archive["images"].dtype == np.uint8
    compare = ["compare-generators", "--n-images", "60", "--epochs", "1", "--generators", "autoencoder,gan"]
    assert run([*compare, "--out", str(tmp_path / "compared")]) == 0
    assert "Closest to images never seen" in capsys.readouterr().out
    assert run(["train", "gan", "--objective", "gam", "--out", str(tmp_path / "none")]) == 2
    assert "Unknown objective" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
    assert run(["compare-generators", "--generators", "gam"]) == 2
