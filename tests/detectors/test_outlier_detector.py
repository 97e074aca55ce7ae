"""The adapter: orientation, thresholds, parameters, repeatability, and PyOD itself as the independent reference."""

import importlib
import io
import os
import pickle
import random
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.base import clone
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import RobustScaler

from toolkit.detectors import OutlierDetector, available_detectors
from toolkit.detectors._methods import METHODS
from toolkit.detectors._scoring import before_fit
from toolkit.exceptions import MissingDependencyError

FAST = ("copod", "ecod", "gmm", "iforest", "kde", "knn", "loda", "lof", "mcd", "ocsvm", "pca", "sampling")
PATHS = {
    "gmm": "gmm:GMM",
    "iforest": "iforest:IForest",
    "kde": "kde:KDE",
    "knn": "knn:KNN",
    "lof": "lof:LOF",
    "mcd": "mcd:MCD",
    "ocsvm": "ocsvm:OCSVM",
    "pca": "pca:PCA",
    "sampling": "sampling:Sampling",
}
SEEDED = ("gmm", "iforest", "mcd", "pca", "sampling")


@pytest.fixture(scope="module")
def rows():
    """200 rows of 6 features; the last 20 lie apart."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(200, 6))
    X[180:] += generator.choice([-5.0, 5.0], size=(20, 6))
    return X


@pytest.fixture(scope="module")
def new_rows():
    return np.random.default_rng(1).normal(scale=2.0, size=(50, 6))


def pyod_model(name, **params):
    module, _, class_name = PATHS[name].partition(":")
    return getattr(importlib.import_module(f"pyod.models.{module}"), class_name)(**params)


# --- orientation and agreement with the models themselves -----------------------------------------------------------


@pytest.mark.parametrize("method", FAST)
def test_higher_is_more_normal(method, rows):
    detector = OutlierDetector(method, random_state=0).fit(rows)
    truth = np.arange(200) < 180
    assert roc_auc_score(truth, detector.score_samples(rows)) > 0.9
    assert detector.n_features_in_ == 6
    assert np.isfinite(detector.training_scores_).all()


def test_hdbscan_finds_what_lies_outside_of_every_cluster(rows):
    X = np.concatenate([rows[:180], rows[:180] + 12.0, rows[180:] + 6.0])
    scores = OutlierDetector("hdbscan").fit(X).training_scores_
    assert roc_auc_score(np.arange(380) < 360, scores) > 0.6


@pytest.mark.parametrize("method", sorted(PATHS))
def test_scores_are_pyods_with_the_sign_turned(method, rows, new_rows):
    params = {"random_state": 3} if method in SEEDED else {}
    expected = -pyod_model(method, **params).fit(rows).decision_function(new_rows)
    found = OutlierDetector(method, random_state=3).fit(rows).score_samples(new_rows)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_reconstruction_errors_are_distances_and_nothing_is_compiled_for_them(rows, new_rows):
    detector = OutlierDetector("autoencoder", params={"epoch_num": 1}, random_state=0).fit(rows)
    scores = detector.score_samples(new_rows)
    helper = importlib.import_module("pyod.utils.stat_models")._pairwise_distances_no_broadcast_helper
    assert not hasattr(helper, "py_func")  # what Numba compiles has one
    model = detector.detector_
    given = (new_rows - model.X_mean) / model.X_std
    with torch.no_grad():
        rebuilt = model.model(torch.from_numpy(given.astype(np.float32))).numpy()
    np.testing.assert_allclose(-scores, np.linalg.norm(given - rebuilt, axis=1), rtol=1e-4)


@pytest.mark.parametrize("method", ["knn", "lof"])
def test_training_rows_keep_the_score_of_the_fit(method, rows):
    """PyOD leaves a row out of its own neighbours in fit only; here the row is recognised in any company."""
    expected = -pyod_model(method).fit(rows).decision_scores_
    detector = OutlierDetector(method).fit(rows)
    np.testing.assert_allclose(detector.score_samples(rows), expected, rtol=1e-9)
    np.testing.assert_allclose(detector.score_samples(rows[[7, 190]]), expected[[7, 190]], rtol=1e-9)


def test_knn_by_brute_force(rows, new_rows):
    distances = np.sort(np.linalg.norm(new_rows[:, None] - rows[None], axis=2), axis=1)
    found = OutlierDetector("knn", params={"n_neighbors": 7}).fit(rows).score_samples(new_rows)
    np.testing.assert_allclose(found, -distances[:, 6])


@pytest.mark.parametrize("method", ["ecod", "copod"])
def test_tails_agree_with_pyod_on_the_training_rows(method, rows):
    module = importlib.import_module(f"pyod.models.{method}")
    expected = -getattr(module, method.upper())().fit(rows).decision_scores_
    np.testing.assert_allclose(OutlierDetector(method).fit(rows).training_scores_, expected, rtol=1e-9)


@pytest.mark.parametrize("method", ["ecod", "copod"])
def test_tails_by_counting(method, rows, new_rows):
    """A new row against the fixed reference, one value at a time."""
    expected = []
    for row in new_rows[:10]:
        total = 0.0
        for j, value in enumerate(row):
            left = max(np.mean(rows[:, j] <= value), 1 / 201)
            right = max(np.mean(rows[:, j] >= value), 1 / 201)
            left, right = -np.log(left), -np.log(right)
            skewed = right if stats.skew(rows[:, j]) > 0 else left
            total += max(skewed, (left + right) / 2 if method == "copod" else max(left, right))
        expected.append(-total)
    np.testing.assert_allclose(OutlierDetector(method).fit(rows).score_samples(new_rows[:10]), expected)


@pytest.mark.parametrize("method", ["ecod", "copod", "dif", "knn", "lof", "vae"])
def test_a_score_does_not_depend_on_its_batch(method, rows, new_rows):
    params = {"dif": {"n_ensemble": 3}, "vae": {"epoch_num": 1}}
    detector = OutlierDetector(method, params=params, random_state=0).fit(rows)
    together = detector.score_samples(new_rows)
    alone = np.concatenate([detector.score_samples(new_rows[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(together[:5], alone, rtol=2e-4)


def test_constant_columns_keep_scores_finite(rows):
    """PyOD's ECOD gives NaN where a column is constant, as the border pixels of digits are."""
    X = np.column_stack([rows, np.zeros(200)])
    expected = OutlierDetector("ecod").fit(rows).training_scores_
    np.testing.assert_allclose(OutlierDetector("ecod").fit(X).training_scores_, expected)


# --- thresholds -----------------------------------------------------------------------------------------------------


def test_decision_function_and_predict(rows, new_rows):
    detector = OutlierDetector(random_state=0).fit(rows)
    scores = detector.score_samples(new_rows)
    np.testing.assert_array_equal(detector.decision_function(new_rows), scores - detector.offset_)
    np.testing.assert_array_equal(detector.predict(new_rows), np.where(scores < detector.offset_, -1, 1))
    np.testing.assert_array_equal(clone(detector).fit_predict(rows), detector.predict(rows))


def test_auto_is_the_documented_rule(rows):
    detector = OutlierDetector("knn").fit(rows)
    scores = detector.training_scores_
    spread = 1.4826 * stats.median_abs_deviation(scores)
    assert detector.offset_ == pytest.approx(np.median(scores) - 2.24 * spread)


def test_auto_on_degenerate_scores():
    same = OutlierDetector("knn").fit(np.ones((30, 3)))
    assert (same.predict(np.ones((30, 3))) == 1).all()
    mostly = np.zeros((40, 2))
    mostly[-1] = 50.0
    assert OutlierDetector("knn").fit_predict(mostly).tolist() == [1] * 39 + [-1]


def test_auto_flags_few_rows_of_a_clean_set():
    X = np.random.default_rng(0).normal(size=(500, 4))
    for method in ("iforest", "knn", "lof", "ecod", "pca"):
        assert (OutlierDetector(method, random_state=0).fit_predict(X) == -1).mean() < 0.15


@pytest.mark.parametrize("contamination", [0.01, 0.1, 0.5])
def test_contamination_is_the_share_of_training_rows(contamination, rows):
    labels = OutlierDetector("knn", contamination=contamination).fit_predict(rows)
    assert (labels == -1).sum() == 200 * contamination


def test_set_threshold_moves_only_the_offset(rows):
    detector = OutlierDetector("knn").fit(rows)
    before = {name: value for name, value in vars(detector).items() if name != "offset_"}
    assert detector.set_threshold(contamination=0.05) is detector
    assert (detector.predict(rows) == -1).sum() == 10
    assert detector.set_threshold(score=-1.5).offset_ == -1.5
    assert detector.contamination == "auto"
    assert all(vars(detector)[name] is value for name, value in before.items())
    assert detector.set_threshold(contamination="auto").offset_ == OutlierDetector("knn").fit(rows).offset_


@pytest.mark.parametrize("given", [{}, {"contamination": 0.1, "score": 1.0}, {"contamination": 0.6}, {"score": np.nan}])
def test_set_threshold_refuses(given, rows):
    with pytest.raises(ValueError, match=r"contamination|score"):
        OutlierDetector("knn").fit(rows).set_threshold(**given)


# --- methods and parameters -----------------------------------------------------------------------------------------


def test_params_keyed_by_method_leave_nothing_stale(rows):
    params = {"knn": {"n_neighbors": 3}, "lof": {"n_neighbors": 9}}
    pipe = Pipeline([("scale", RobustScaler()), ("detect", OutlierDetector("knn", params=params))]).fit(rows)
    assert pipe["detect"].detector_.n_neighbors == 3
    pipe.set_params(detect__method="lof").fit(rows)
    assert (pipe["detect"].method_, pipe["detect"].detector_.n_neighbors) == ("lof", 9)
    pipe.set_params(detect__method="iforest", detect__random_state=0).fit(rows)
    assert type(pipe["detect"].detector_).__name__ == "IForest"
    assert pipe.score_samples(rows).shape == pipe.predict(rows).shape == (200,)


def test_given_objects_are_cloned_never_changed(rows, new_rows):
    from pyod.models.knn import KNN

    given = KNN(n_neighbors=4)
    before = dict(vars(given))
    detector = OutlierDetector(given, params={"method": "mean"}).fit(rows)
    assert vars(given) == before
    expected = -KNN(n_neighbors=4, method="mean").fit(rows).decision_function(new_rows)
    np.testing.assert_allclose(detector.score_samples(new_rows), expected)
    clone(detector).fit(rows)

    fitted = KNN(n_neighbors=4).fit(rows)
    OutlierDetector(fitted).fit(new_rows)
    assert len(fitted.decision_scores_) == 200


def test_scikit_learn_objects(rows, new_rows):
    forest = IsolationForest(random_state=5)
    detector = OutlierDetector(forest).fit(rows)
    np.testing.assert_array_equal(detector.score_samples(new_rows), forest.fit(rows).score_samples(new_rows))
    factor = LocalOutlierFactor(n_neighbors=8)  # novelty=False: no score for new rows of its own
    detector = OutlierDetector(factor).fit(rows)
    assert factor.novelty is False
    expected = LocalOutlierFactor(n_neighbors=8, novelty=True).fit(rows)
    np.testing.assert_allclose(detector.score_samples(new_rows), expected.score_samples(new_rows))
    np.testing.assert_allclose(detector.training_scores_, expected.negative_outlier_factor_)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "ifrost"}, "Unknown detector: 'ifrost'. Did you mean 'iforest'"),
        ({"method": "so_gaal"}, "left out: its score is inverted"),
        ({"method": "cof"}, "left out: it scores a batch only as a whole"),
        ({"method": IsolationForest}, "an object, not a class"),
        ({"method": RobustScaler()}, "method must be a name from"),
        ({"params": {"n_neighbours": 3}}, "Unknown parameter of 'iforest': n_neighbours. Valid: .*n_estimators"),
        ({"params": [1]}, "params must be a dict"),
        ({"contamination": 0.7}, "contamination must be 'auto' or a number in"),
        ({"contamination": "much"}, "contamination must be 'auto' or a number in"),
        ({"reference_size": 1}, "reference_size must be 'auto', None or an int"),
    ],
)
def test_errors_say_what_was_expected(arguments, message, rows):
    with pytest.raises(ValueError, match=message):
        OutlierDetector(**arguments).fit(rows)


def test_a_single_row_is_refused():
    with pytest.raises(ValueError, match=r"at least 2 rows.*n_samples = 1"):
        OutlierDetector("knn").fit(np.ones((1, 3)))


@pytest.mark.parametrize("method", ["feature_bagging", "suod"])
def test_missing_packages_are_named(method, rows):
    package = available_detectors().set_index("name").loc[method, "requires"]
    if importlib.util.find_spec(package):
        pytest.skip(f"{package} is installed")
    with pytest.raises(MissingDependencyError, match=package):
        OutlierDetector(method).fit(rows)


def test_the_table_names_classes_that_exist():
    table = available_detectors()
    assert table["name"].is_unique
    assert {"iforest", "lof", "autoencoder"} <= set(table["name"])
    assert set(table["cost"]) <= {"low", "medium", "high", "very high"}
    for name, method in METHODS.items():
        if not method.requires:
            module, _, class_name = method.path.partition(":")
            assert hasattr(importlib.import_module(f"pyod.models.{module}"), class_name), name


# --- size of the data -----------------------------------------------------------------------------------------------


def test_neighbourhoods_and_batches_clip_to_the_data(rows):
    few = rows[:5]
    assert OutlierDetector("lof").fit(few).params_["n_neighbors"] == 4
    assert OutlierDetector("knn").fit(few).score_samples(rows).shape == (200,)
    # PyOD's loader drops the last, incomplete batch, and fails where there is no other.
    detector = OutlierDetector("autoencoder", params={"epoch_num": 1}, random_state=0).fit(few)
    assert detector.params_["batch_size"] == 5
    assert np.isfinite(detector.score_samples(rows)).all()


BRIEF = {
    "ae1svm": {"epochs": 2},
    "alad": {"epochs": 2},
    "anogan": {"epochs": 2, "epochs_query": 2},
    "autoencoder": {"epoch_num": 2},
    "deep_svdd": {"epochs": 2},
    "dif": {"n_ensemble": 3},
    "lunar": {"n_epochs": 2},
    "vae": {"epoch_num": 2},
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("method", [name for name, row in METHODS.items() if not row.requires])
def test_every_method_in_the_table(method):
    """Far rows score lower, a score depends on its row alone, and a fit repeats; 65 rows leave a last batch of one."""
    X = np.random.default_rng(0).normal(size=(65, 6))
    X[60:] += 6
    first, second = (OutlierDetector(method, params=BRIEF, random_state=0).fit(X) for _ in range(2))
    scores = first.training_scores_
    if method != "hdbscan":  # the five far rows are a cluster to it
        assert scores[:60].mean() > scores[60:].mean()
    np.testing.assert_array_equal(scores, second.training_scores_)
    alone = np.concatenate([first.score_samples(X[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(alone, scores[:5], rtol=2e-4, atol=1e-8)


def test_large_sets_are_scored_against_a_sample():
    X = np.random.default_rng(0).normal(size=(600, 3))
    detector = OutlierDetector("knn", reference_size=100, random_state=0).fit(X)
    assert detector.n_reference_ == 100
    assert detector.training_scores_.shape == (600,)
    full = OutlierDetector("knn", reference_size=None).fit(X)
    assert full.n_reference_ == 600
    assert stats.spearmanr(detector.training_scores_, full.training_scores_).statistic > 0.7
    # The sample is part of X. Its rows are scored without themselves, so they do not look more normal than others.
    reference = detector.detector_.neigh_._fit_X
    is_reference = (X[:, None] == reference[None]).all(axis=2).any(axis=1)
    assert is_reference.sum() == 100
    gap = detector.training_scores_[is_reference].mean() - detector.training_scores_[~is_reference].mean()
    assert abs(gap) < 0.2 * detector.training_scores_.std()
    distances = NearestNeighbors(n_neighbors=5).fit(reference).kneighbors()[0][:, -1]
    np.testing.assert_allclose(np.sort(detector.score_samples(reference)), np.sort(-distances))


def test_images_of_any_kind():
    generator = np.random.default_rng(0)
    stack = generator.integers(0, 256, size=(60, 8, 8), dtype=np.uint8)
    detector = OutlierDetector("knn").fit(stack)
    np.testing.assert_array_equal(detector.score_samples(stack.reshape(60, 64)), detector.training_scores_)
    scaled = OutlierDetector("knn").fit(stack.astype(np.float32) / np.float32(255))
    np.testing.assert_allclose(scaled.training_scores_, detector.training_scores_, rtol=1e-6)
    colour = generator.random((30, 6, 5, 3))
    assert OutlierDetector("iforest", random_state=0).fit(colour).n_features_in_ == 90
    with pytest.raises(ValueError, match=r"fitted on images of shape \(8, 8\)"):
        detector.score_samples(stack[:, :4])


def test_memory_maps_are_accepted(tmp_path):
    np.save(tmp_path / "images.npy", np.random.default_rng(0).integers(0, 256, size=(50, 6, 6), dtype=np.uint8))
    stack = np.load(tmp_path / "images.npy", mmap_mode="r")
    assert OutlierDetector("knn").fit(stack).score_samples(stack).shape == (50,)


# --- randomness, globals and quiet ----------------------------------------------------------------------------------

DEEP = {"autoencoder": {"epoch_num": 1}, "vae": {"epoch_num": 1}, "deep_svdd": {"epochs": 1}, "ae1svm": {"epochs": 1}}


def global_state():
    import torch

    numpy_state = np.random.get_state()
    return (
        random.getstate(),
        (numpy_state[1].tobytes(), numpy_state[2]),
        torch.get_rng_state().numpy().tobytes(),
        torch.get_num_threads(),
        os.environ.get("PYTHONHASHSEED"),
    )


@pytest.mark.parametrize("method", ["iforest", "gmm", "loda", "sampling", *DEEP])
def test_repeatable_quiet_and_without_traces(method, rows, capfd):
    before = global_state()
    printed = io.StringIO()
    with redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first, second = (OutlierDetector(method, params=DEEP, random_state=1).fit(rows) for _ in range(2))
        again = first.score_samples(rows)
    assert global_state() == before
    np.testing.assert_array_equal(first.training_scores_, second.training_scores_)
    np.testing.assert_array_equal(first.training_scores_, again)
    out, err = capfd.readouterr()
    assert printed.getvalue() == out == err == ""


def test_another_seed_gives_another_forest(rows):
    one, two = (OutlierDetector(random_state=seed).fit(rows).training_scores_ for seed in (1, 2))
    assert not np.array_equal(one, two)


def test_random_state_objects_and_none(rows):
    same = [OutlierDetector(random_state=np.random.RandomState(4)).fit(rows).training_scores_ for _ in range(2)]
    np.testing.assert_array_equal(*same)
    before = global_state()
    fresh = [OutlierDetector().fit(rows).training_scores_ for _ in range(2)]
    assert not np.array_equal(*fresh)
    assert global_state() == before


def test_two_threads_equal_one_after_the_other(rows):
    def fit(method):
        return OutlierDetector(method, params=DEEP, random_state=2).fit(rows).training_scores_

    methods = ["autoencoder", "iforest", "vae", "knn"]
    alone = [fit(method) for method in methods]
    with ThreadPoolExecutor(2) as pool:
        for expected, found in zip(alone, pool.map(fit, methods)):
            np.testing.assert_array_equal(found, expected)


def test_labels_change_nothing(rows):
    labels = np.random.default_rng(0).permutation(np.arange(200) % 2)
    found = OutlierDetector(random_state=0).fit(rows, labels).training_scores_
    np.testing.assert_array_equal(found, OutlierDetector(random_state=0).fit(rows).training_scores_)


def test_pickle(rows, new_rows):
    for method in ("iforest", "lof", "vae", "dif"):
        params = {**DEEP, "dif": {"n_ensemble": 2}}
        detector = OutlierDetector(method, params=params, random_state=0).fit(rows)
        copy = pickle.loads(pickle.dumps(detector))
        np.testing.assert_array_equal(copy.score_samples(new_rows), detector.score_samples(new_rows))


def test_a_model_that_takes_an_accelerator_unasked_is_moved_back():
    class Unasked:
        def __init__(self):
            self.device, self.network = torch.device("cuda"), torch.nn.Linear(2, 1)

    class Asked(Unasked):
        def __init__(self, device="cuda"):
            super().__init__()

    assert before_fit("lunar", Unasked()).device.type == "cpu"
    assert before_fit(None, Asked()).device.type == "cuda"  # somebody chose it


@pytest.mark.parametrize("optimizer_params", [{}, {"weight_decay": 1e-2, "adam_eps": 1e-6}])
@pytest.mark.parametrize("name", ["AutoEncoder", "VAE"])
def test_an_optimiser_of_our_own_takes_the_steps_of_torchs(name, optimizer_params):
    from pyod.models import auto_encoder, vae

    from toolkit.detectors._uncompiled import PlainAdam, own_optimiser, release_optimiser

    X = np.random.default_rng(0).normal(size=(150, 12))
    scores = []
    for own in (True, False):
        model = {"AutoEncoder": auto_encoder.AutoEncoder, "VAE": vae.VAE}[name](
            random_state=3, epoch_num=4, verbose=0, optimizer_params=optimizer_params
        )
        if own:
            own_optimiser(model)
        model.fit(X)
        assert isinstance(model.optimizer, PlainAdam) == own
        release_optimiser(model)
        assert "training_prepare" not in vars(model)
        scores.append(model.decision_scores_)
    np.testing.assert_array_equal(*scores)


def test_other_optimisers_are_left_alone():
    from pyod.models.auto_encoder import AutoEncoder

    from toolkit.detectors._uncompiled import own_optimiser

    for model in (AutoEncoder(optimizer_name="sgd", verbose=0), object()):
        before = dict(getattr(model, "__dict__", {}))
        own_optimiser(model)
        assert dict(getattr(model, "__dict__", {})) == before
