"""compare_restorers against scikit-image's figures and by hand."""

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.base import BaseEstimator

from toolkit.comparison import compare_restorers, pivot_table, rank_methods

RNG = np.random.default_rng(0)
CLEAN = np.zeros((12, 16, 16), dtype=np.uint8)
CLEAN[:, 4:12, 6:10] = 200
CORRUPTED = CLEAN.copy()
CORRUPTED[:6] = np.clip(CLEAN[:6] + RNG.normal(0, 40, (6, 16, 16)), 0, 255).astype(np.uint8)


def halve(X):
    return X // 2


def leave(X):
    return X.copy()


class Oracle(BaseEstimator):
    """Gives back the clean copy of the first ``n`` images."""

    def __init__(self, n=6, random_state=None):
        self.n = n
        self.random_state = random_state

    def fit(self, X):
        np.testing.assert_array_equal(X, CORRUPTED)  # the clean copy is not shown
        return self

    def restore(self, X):
        out = X.copy()
        out[: self.n] = CLEAN[: self.n]
        return out, None


def broken(X):
    raise RuntimeError("no memory")


def run(restorers, **options):
    return compare_restorers(restorers=restorers, data={"glyphs": (CORRUPTED, CLEAN)}, **options)


def test_gains_equal_scikit_image():
    table, gains = run({"halve": halve}, return_gains=True)
    row = table.iloc[0]
    half = CORRUPTED // 2
    expected = [
        peak_signal_noise_ratio(CLEAN[i], half[i], data_range=255)
        - peak_signal_noise_ratio(CLEAN[i], CORRUPTED[i], data_range=255)
        for i in range(6)
    ]
    np.testing.assert_allclose(gains["glyphs", 0]["halve"][:6], expected, rtol=1e-5)
    assert row["psnr_gain"] == pytest.approx(np.median(expected), rel=1e-5)
    assert row["psnr_gain_mean"] == pytest.approx(np.mean(expected), rel=1e-5)
    similar = [
        structural_similarity(CLEAN[i], half[i], data_range=255)
        - structural_similarity(CLEAN[i], CORRUPTED[i], data_range=255)
        for i in range(6)
    ]
    assert row["ssim_gain"] == pytest.approx(np.median(similar), abs=1e-4)
    assert row["worsened"] == np.mean(np.array(expected) < -0.1)
    assert row["clean_changed"] == 1.0
    assert row["n_corrupted"] == 6


def test_perfect_and_partial_repairs():
    table = run({"all": Oracle(), "some": Oracle(2), "none": leave}).set_index("method")
    before = np.array([peak_signal_noise_ratio(CLEAN[i], CORRUPTED[i], data_range=255) for i in range(6)])
    assert table.at["all", "psnr_gain"] == pytest.approx(np.median(60 - before), rel=1e-5)
    assert table.at["all", "improved"] == 1.0
    assert table.at["some", "psnr_gain"] == 0.0  # rows left alone count 0
    assert table.at["some", "improved"] == pytest.approx(2 / 6)
    assert table.loc["none", ["psnr_gain", "ssim_gain", "improved", "worsened", "clean_changed"]].tolist() == [0.0] * 5
    assert rank_methods(table.reset_index(), "psnr_gain").index[0] == "all"
    assert pivot_table(table.reset_index(), "psnr_gain").at["none", "glyphs"] == "0.000"


def test_transformers_and_flat_rows():
    flat = compare_restorers(
        restorers={"halve": halve},
        data={"flat": (CORRUPTED.reshape(12, -1), CLEAN.reshape(12, -1)), "stack": (CORRUPTED, CLEAN)},
    )
    assert flat["psnr_gain"].nunique() == 1

    class Transformer(BaseEstimator):
        def fit(self, X):
            return self

        def transform(self, X):
            return X // 2

    assert run({"transformer": Transformer()})["psnr_gain"][0] == flat["psnr_gain"][0]


def test_failed_cells():
    table = run({"broken": broken, "short": lambda X: X[:3], "leave": leave})
    assert table["status"].tolist() == ["failed", "failed", "ok"]
    assert table["error"][0] == "RuntimeError: no memory"
    assert "finite and of shape (12, 16, 16), got shape (3, 16, 16)" in table["error"][1]
    assert table.loc[:1, ["psnr_gain", "ssim_gain", "improved"]].isna().all(axis=None)


def test_restorers_by_name():
    table = run(["median", "tv"], seeds=[0, 1])
    assert (table["status"] == "ok").all(), table["error"].tolist()
    assert (table["psnr_gain"] > 0.3).all()


@pytest.mark.parametrize(
    ("restorers", "data", "error", "message"),
    [
        (["meidan"], None, ValueError, "Unknown restorer: 'meidan'"),
        ([], None, ValueError, "At least one restorer"),
        ({"a": 3}, None, TypeError, "'a' must be a name, a function"),
        ({"a": leave}, {}, ValueError, "non-empty dict"),
        ({"a": leave}, {"x": CLEAN}, ValueError, r"data\['x'\] must be \(corrupted, clean\)"),
        ({"a": leave}, {"x": (CLEAN, CLEAN[1:])}, ValueError, "images of one shape"),
        ({"a": leave}, {"x": (CLEAN, CLEAN)}, ValueError, "nothing to restore"),
    ],
)
def test_wrong_arguments(restorers, data, error, message):
    with pytest.raises(error, match=message):
        compare_restorers(restorers=restorers, data={"glyphs": (CORRUPTED, CLEAN)} if data is None else data)
