"""estimate_detection: what it plants, what it leaves out, and whether it comes true."""

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import BaseEstimator
from sklearn.metrics import roc_auc_score

from toolkit._core.pixel_scale import PixelScale
from toolkit.comparison import compare_detectors, estimate_detection
from toolkit.comparison.estimation._lda_estimate import estimate_kinds
from toolkit.corruption import KINDS, Corruptor
from toolkit.datasets import load_digits

DIGITS = load_digits(image_size=16).images[:500]
seen = []  # what Spy.fit was given


class Spy(BaseEstimator):
    """Scores by the brightest corner and remembers what it was shown."""

    def fit(self, X):
        seen.append(X.copy())
        return self

    def score_samples(self, X):
        return -np.asarray(X, dtype=float).reshape(len(X), -1)[:, :8].mean(axis=1)


class Roughness(BaseEstimator):
    """Finds noise: mean absolute difference of neighbours. ``sign=-1`` turns it round."""

    def __init__(self, sign=1):
        self.sign = sign

    def fit(self, X):
        return self

    def score_samples(self, X):
        return -self.sign * np.abs(np.diff(np.asarray(X, dtype=float), axis=-1)).mean(axis=(1, 2))


class Broken(BaseEstimator):
    def fit(self, X):
        raise RuntimeError("no luck")

    def score_samples(self, X):
        return np.zeros(len(X))


def spy(X, **options):
    seen.clear()
    table = estimate_detection({"spy": Spy()}, X, random_state=0, **options)
    return table.iloc[0], seen[0]


def test_the_surrogate_has_the_given_prevalence_and_none_of_the_suspected_rows():
    X = DIGITS.copy()
    X[::5] = 77  # rows that are easily recognised
    probability = np.where(np.arange(500) % 5 == 0, 0.0, 1.0)
    row, surrogate = spy(X, clean_probability=probability, kind_weights={"invert": 1.0})
    assert row["assumed_prevalence"] == pytest.approx(0.2)
    assert len(surrogate) == 400
    assert row["n_plants"] == 80
    assert not (surrogate == 77).all(axis=(1, 2)).any()
    inverted = (surrogate.reshape(400, -1).mean(axis=1) > 127).sum()
    assert inverted == 80
    assert row["estimated_auroc"] == 1.0


def test_rows_keep_dtype_range_layout_and_order():
    _, stack = spy(DIGITS, clean_probability=np.ones(500), kind_weights={"invert": 1.0}, n_plants=50)
    assert stack.dtype == np.uint8
    same = (stack == DIGITS).all(axis=(1, 2))
    assert same.sum() == 450
    np.testing.assert_array_equal(stack[~same], 255 - DIGITS[~same])
    flat = (DIGITS.reshape(500, -1) / 255.0 * 6 - 3).astype(np.float64)
    _, rows = spy(flat, clean_probability=np.ones(500), kind_weights={"invert": 1.0}, n_plants=50)
    assert rows.shape == flat.shape
    assert rows.dtype == np.float64
    assert (rows.min(), rows.max()) == (-3.0, 3.0)
    before = DIGITS.copy()
    spy(DIGITS, kinds=["rotate"])
    np.testing.assert_array_equal(DIGITS, before)


def test_kinds_are_planted_by_their_weights():
    weights = {"invert": 3.0, "gaussian_noise": 1.0, "rotate": 0.0, "flip_vertical+invert": 1.0, "unknown": 5.0}
    _, per_kind = estimate_detection(
        {"spy": Spy()},
        DIGITS,
        clean_probability=np.ones(500),
        kind_weights=weights,
        n_plants=100,
        random_state=0,
        return_per_kind=True,
    )
    assert set(per_kind.index) == {"invert", "gaussian_noise", "flip_vertical+invert", "unknown"}
    assert per_kind.at["invert", "spy"] == 1.0


def test_findings_stand_for_the_contamination_model():
    kinds = np.array(["clean"] * 400 + ["invert"] * 60 + ["rotate"] * 40)
    findings = pd.DataFrame({"kind": kinds, "clean_probability": (kinds == "clean").astype(float)})
    table, per_kind = estimate_detection(
        {"spy": Spy()}, DIGITS, findings=findings, random_state=0, return_per_kind=True
    )
    assert table["assumed_prevalence"][0] == pytest.approx(0.2)
    assert set(per_kind.index) == {"invert", "rotate"}
    narrowed = estimate_detection(
        {"spy": Spy()}, DIGITS, findings=findings, kinds=["invert"], random_state=0, return_per_kind=True
    )[1]
    assert narrowed.index.tolist() == ["invert"]


def test_the_estimate_comes_true():
    images, kinds = Corruptor(["gaussian_noise", "gaussian_blur"], fraction=0.2, random_state=3).corrupt(DIGITS)
    detectors = {"rough": Roughness(), "smooth": Roughness(-1), "iforest": "iforest", "hbos": "hbos", "spy": Spy()}
    true = compare_detectors(detectors=detectors, data={"digits": (images, kinds)})
    estimate = estimate_detection(detectors, images, random_state=0)
    assert estimate["method"].tolist() == true["method"].tolist()
    assert stats.spearmanr(estimate["estimated_auroc"], true["auroc"]).statistic >= 0.7
    assert estimate["assumed_prevalence"][0] == pytest.approx(0.2, abs=0.08)


@pytest.mark.parametrize("kind", ["gaussian_noise", "rotate"])
def test_the_estimate_by_lda_knows_which_kind_is_there_and_how_often(kind):
    images, kinds = Corruptor(kind, fraction=0.2, random_state=3).corrupt(load_digits(image_size=16).images)
    probability, weights = estimate_kinds(images, PixelScale.learn(images), None, np.random.default_rng(0))
    assert max(weights, key=weights.get) == kind
    assert weights[kind] > 0.5 * sum(weights.values())
    assert roc_auc_score(kinds != "clean", 1 - probability) > 0.9
    assert 1 - probability.mean() == pytest.approx(0.2, abs=0.08)


def test_same_seed_same_estimate_whatever_the_workers():
    detectors = {"spy": Spy(), "rough": Roughness(), "forest": "iforest"}
    options = {"kinds": ["rotate", "invert"], "n_repeats": 2}
    first = estimate_detection(detectors, DIGITS, random_state=7, **options)
    with joblib.parallel_config("threading"):
        again = estimate_detection(detectors, DIGITS, random_state=7, n_jobs=2, **options)
    pd.testing.assert_frame_equal(first.drop(columns="estimate_seconds"), again.drop(columns="estimate_seconds"))
    other = estimate_detection(detectors, DIGITS, random_state=8, **options)
    assert (other["estimated_auroc"] != first["estimated_auroc"]).any()


def test_a_failed_detector_says_so():
    table, per_kind = estimate_detection(
        {"broken": Broken(), "spy": Spy()}, DIGITS, kinds=["invert"], random_state=0, return_per_kind=True
    )
    assert table["estimate_status"].tolist() == ["failed", "ok"]
    assert table["estimate_error"][0] == "RuntimeError: no luck"
    assert table.loc[0, ["estimated_auroc", "standard_error"]].isna().all()
    assert per_kind.columns.tolist() == ["spy"]


def test_standard_error_is_the_spread_of_repeated_estimates():
    X = load_digits(image_size=8).images
    options = {"clean_probability": np.ones(len(X)), "kinds": ["brightness"], "n_plants": 50, "max_samples": 200}
    tables = [estimate_detection({"spy": Spy()}, X, random_state=seed, **options) for seed in range(60)]
    spread = np.std([table["estimated_auroc"][0] for table in tables], ddof=1)
    assert np.mean([table["standard_error"][0] for table in tables]) == pytest.approx(spread, rel=0.3)


def test_large_sets_are_judged_by_a_part():
    row, surrogate = spy(
        np.repeat(DIGITS, 4, axis=0), clean_probability=np.ones(2000), kinds=["invert"], max_samples=300
    )
    assert len(surrogate) == 300
    assert row["n_plants"] >= 1


def test_sorted_sets_keep_all_their_classes_when_nothing_is_known():
    X = np.repeat(np.arange(10, dtype=np.uint8) * 20, 50)[:, None, None] * np.ones((1, 8, 8), np.uint8)
    _, surrogate = spy(X, clean_probability=np.full(500, 0.5), kind_weights={"salt_and_pepper": 1.0}, n_plants=5)
    assert len(np.unique(np.median(surrogate, axis=(1, 2)))) >= 10


@pytest.mark.parametrize("shape", [(40, 1, 9), (40, 8, 8, 3), (40, 5, 7)])
def test_other_shapes(shape):
    X = np.random.default_rng(0).random(shape)
    table = estimate_detection({"spy": Spy()}, X, random_state=0)
    assert table["estimate_status"].tolist() == ["ok"]
    assert table["estimated_auroc"].between(0, 1).all()


def test_constant_images_do_not_stop_it():
    table = estimate_detection({"spy": Spy()}, np.zeros((60, 8, 8), np.uint8), random_state=0)
    assert table["estimate_status"].tolist() == ["ok"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kinds": ["rotato"]}, "Unknown corruption kind: 'rotato'. Did you mean 'rotate'"),
        ({"kind_weights": {"rotato": 1.0}}, "Unknown corruption kind"),
        ({"kind_weights": {"rotate": -1.0}}, "not negative"),
        ({"clean_probability": np.ones(3)}, "500 numbers in"),
        ({"clean_probability": np.full(500, 2.0)}, "500 numbers in"),
        ({"findings": pd.DataFrame({"kind": ["clean"]})}, "findings must have the columns"),
        ({"prevalence": 1.5}, "prevalence must lie in"),
        ({"n_repeats": 0}, "n_repeats must be at least 1"),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(ValueError, match=message):
        estimate_detection({"spy": Spy()}, DIGITS, **options)


def test_too_few_images():
    with pytest.raises(ValueError, match="at least 20 images"):
        estimate_detection({"spy": Spy()}, DIGITS[:5])


def test_all_kinds_may_be_planted():
    _, per_kind = estimate_detection(
        {"spy": Spy()},
        DIGITS,
        clean_probability=np.ones(500),
        kind_weights=dict.fromkeys(KINDS, 1.0),
        n_plants=110,
        random_state=0,
        return_per_kind=True,
    )
    assert set(per_kind.index) == set(KINDS)
