"""A forged model is refused when it is loaded: what native code would believe is compared before it is used."""

import json

import numpy as np
import pytest
import torch
from sklearn.ensemble import IsolationForest, RandomForestRegressor
from sklearn.neighbors import LocalOutlierFactor
from sklearn.svm import OneClassSVM

import toolkit
from toolkit._core.store import read_store, write_store
from toolkit.coverage import ModeCoverage
from toolkit.detectors import OutlierDetector, ReconstructionDetector
from toolkit.diagnostics import CorruptionDiagnostics, CorruptionIdentifier
from toolkit.exceptions import CheckpointError
from toolkit.generators import Autoencoder

X = np.random.default_rng(0).normal(size=(60, 9))


def refused(model, tmp_path, words):
    toolkit.save(model, tmp_path / "model")
    with pytest.raises(CheckpointError, match=words) as caught:
        toolkit.load(tmp_path / "model")
    assert str(tmp_path / "model") in str(caught.value)


def with_nodes(tree, **changes):
    state = tree.__getstate__()
    nodes = state["nodes"].copy()
    for name, (place, value) in changes.items():
        nodes[name][place] = value
    tree.__setstate__({**state, "nodes": nodes})


TREES = {
    "left child far away": ({"left_child": (0, 10**9)}, "children are out of bounds"),
    "right child negative": ({"right_child": (0, -7)}, "children are out of bounds"),
    "a circle": ({"left_child": (0, 0)}, "children are out of bounds"),
    "half a fork": ({"left_child": (0, -1)}, "half a fork"),
    "feature": ({"feature": (0, 10**6)}, "features are out of bounds"),
    "threshold": ({"threshold": (0, np.nan)}, "NaN"),
}


@pytest.mark.parametrize("name", TREES)
def test_trees(name, tmp_path):
    changes, words = TREES[name]
    forest = IsolationForest(n_estimators=3, random_state=0).fit(X)
    with_nodes(forest.estimators_[1].tree_, **changes)
    refused(forest, tmp_path, words)


def test_trees_of_pyod_and_of_forests_that_predict(tmp_path):
    detector = OutlierDetector("iforest", params={"n_estimators": 3}, random_state=0).fit(X)
    with_nodes(detector.detector_.detector_.estimators_[0].tree_, left_child=(0, 10**9))
    refused(detector, tmp_path / "pyod", "children are out of bounds")
    forest = RandomForestRegressor(n_estimators=2, random_state=0).fit(X, X[:, 0])
    forest.estimators_[0].n_features_in_ = forest.n_features_in_ = 3  # rows of three would be read to the ninth column
    refused(forest, tmp_path / "forest", "of 9 features in an? (model|ensemble) of 3")


def test_a_depth_that_is_too_small(tmp_path):
    forest = RandomForestRegressor(n_estimators=1, random_state=0).fit(X, X[:, 0])
    tree = forest.estimators_[0].tree_
    tree.__setstate__({**tree.__getstate__(), "max_depth": 1})  # paths are written into room for as many nodes
    refused(forest, tmp_path, "that says 1")


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree"])
@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        (1, lambda order: np.where(order == 3, 10**9, order), "order of rows is out of bounds"),
        (0, lambda data: np.where(data == data[0, 0], np.nan, data), "NaN"),
        (2, lambda nodes: _with(nodes, "idx_end", 0, 10**9), "nodes are out of bounds"),
        (2, lambda nodes: _with(nodes, "is_leaf", -1, 0), "children are out of bounds"),
        (6, lambda n_nodes: 10**6, "that says 1000000"),
    ],
)
def test_neighbour_trees(algorithm, part, change, words, tmp_path):
    model = LocalOutlierFactor(n_neighbors=5, novelty=True, algorithm=algorithm, leaf_size=5).fit(X)
    state = list(model._tree.__getstate__())
    state[part] = change(state[part])
    model._tree.__setstate__(tuple(state))
    refused(model, tmp_path, words)


def _with(nodes, name, place, value):
    nodes = nodes.copy()
    nodes[name][place] = value
    return nodes


@pytest.mark.parametrize("name", ["support_vectors_", "dual_coef_", "_n_support"])
def test_support_vectors(name, tmp_path):
    model = OneClassSVM().fit(X)
    value = getattr(model, name)
    setattr(model, name, value + 10**6 if name == "_n_support" else value[:, :2].copy())
    refused(model, tmp_path, "support vectors whose sizes differ")


def test_a_tree_that_describes_fewer_outputs_than_it_has(tmp_path):
    """Its constructor reads as many as it is told, before there is a model to check."""
    import io
    import zipfile

    toolkit.save(IsolationForest(n_estimators=1, random_state=0).fit(X), tmp_path / "model")
    about, files = read_store(tmp_path / "model", "estimator")
    (name,) = (name for name in files if name.endswith(".skops"))
    forged = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(files[name])) as old, zipfile.ZipFile(forged, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            if member == "schema.json":
                schema = json.loads(content)
                for node in _nodes(schema):
                    if node.get("__class__") == "Tree":
                        node["__reduce__"]["args"]["content"][2]["content"] = "90000"
                content = json.dumps(schema).encode()
            new.writestr(member, content)
    write_store(tmp_path / "model", "estimator", {**files, name: forged.getvalue()}, about)
    with pytest.raises(CheckpointError, match="a tree of 90000 outputs"):
        toolkit.load(tmp_path / "model")


def _nodes(value):
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _nodes(item)


def test_weights_that_are_not_finite(tmp_path):
    images = np.random.default_rng(0).random((20, 8, 8)).astype(np.float32)
    model = Autoencoder(epochs=1, latent_dim=2, random_state=0).fit(images)
    networks = [value for value in vars(model).values() if isinstance(value, torch.nn.Module)]
    with torch.no_grad():
        next(networks[0].parameters()).view(-1)[3] = float("nan")
    refused(model, tmp_path, "NaN or infinite values")


def test_a_scale_that_is_not_finite(tmp_path):
    images = np.random.default_rng(0).random((20, 8, 8)).astype(np.float32)
    model = Autoencoder(epochs=1, latent_dim=2, random_state=0).fit(images)
    object.__setattr__(model.pixel_scale_, "high", float("nan"))
    refused(model, tmp_path, "a scale from .* to nan, which")


LEARNT = {
    "offset_": lambda: OutlierDetector("knn", random_state=0),
    "training_scores_": lambda: OutlierDetector("pca", random_state=0),
    "_mean": lambda: ReconstructionDetector(epochs=1, random_state=0),
    "latent_range_": lambda: Autoencoder(epochs=1, latent_dim=2, random_state=0),
    "features_": lambda: ModeCoverage(n_draws=5, n_splits=2, n_bins=4, random_state=0),
    "dispersion_": lambda: ModeCoverage(n_draws=5, n_splits=2, n_bins=4, random_state=0),
}


@pytest.mark.parametrize("name", LEARNT)
def test_what_was_learnt_is_a_number(name, tmp_path):
    model = LEARNT[name]().fit(X)
    toolkit.save(model, tmp_path / "good")
    toolkit.load(tmp_path / "good")
    value = getattr(model, name)
    if isinstance(value, np.ndarray):
        value = value.copy()
        value.flat[1] = np.nan
    else:
        value = float("nan")
    setattr(model, name, value)
    refused(model, tmp_path, f"NaN in the {name} of a")


@pytest.mark.parametrize("kind", ["constant", "two", "repeated", "huge"])
def test_whatever_was_learnt_of_odd_sets_loads(kind, tmp_path):
    """No estimator learns NaN from a set that its fit takes; if one shall, it is named where it is loaded."""
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8)).astype(np.uint8)
    odd = {"constant": images * 0 + 7, "two": images[:2], "repeated": images[[0, 1] * 10], "huge": images * 1e300}[kind]
    for model in (CorruptionDiagnostics(), OutlierDetector("lof"), ModeCoverage(n_draws=5, n_splits=2, random_state=0),
                  ReconstructionDetector(epochs=1, random_state=0), Autoencoder(epochs=1, random_state=0),
                  CorruptionIdentifier(["invert"], init="random", epochs=1, random_state=0)):  # fmt: skip
        toolkit.save(model.fit(odd), tmp_path / "model")
        toolkit.load(tmp_path / "model")


def test_layers_of_pyod_that_are_not_finite(tmp_path):
    detector = OutlierDetector("autoencoder", params={"epoch_num": 1}, random_state=0).fit(X)
    with torch.no_grad():
        next(detector.detector_.model.parameters()).view(-1)[0] = float("inf")
    refused(detector, tmp_path, "NaN or infinite values")


def test_arrays_without_bytes_take_no_memory(tmp_path):
    import tracemalloc

    model = OutlierDetector("pca", random_state=0).fit(X)
    model.threshold_note_ = np.array([b""], dtype="S0")  # numpy makes S1 of it
    toolkit.save(model, tmp_path / "model")
    about, files = read_store(tmp_path / "model", "estimator")
    tree = json.loads(files["tree.json"])
    for node in _nodes(tree):
        if node.get("name", "").endswith("threshold_note_") and "dtype" in node:
            node |= {"dtype": "|S0", "shape": [2**29]}
            break
    else:
        raise AssertionError("the array is not where it was")
    arrays = _without(files["arrays.safetensors"], "threshold_note_")
    forged = {**files, "tree.json": json.dumps(tree).encode(), "arrays.safetensors": arrays}
    write_store(tmp_path / "model", "estimator", forged, about)
    tracemalloc.start()
    with pytest.raises(CheckpointError, match="takes no bytes"):
        toolkit.load(tmp_path / "model")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**24


def _without(content, name):
    """The same arrays, the one of that name empty."""
    from safetensors.numpy import load, save

    return save({key: value[:0] if key.endswith(name) else value for key, value in load(content).items()})


@pytest.mark.parametrize("place", [10**6, -5])
def test_generators_of_randomness_beyond_their_buffer(place, tmp_path):
    model = OutlierDetector("pca", random_state=0).fit(X)
    model.generator_ = np.random.RandomState(0)
    toolkit.save(model, tmp_path / "model")
    about, files = read_store(tmp_path / "model", "estimator")
    content = files["tree.json"].decode()
    assert '"pos":624' in content
    forged = {**files, "tree.json": content.replace('"pos":624', f'"pos":{place}').encode()}
    write_store(tmp_path / "model", "estimator", forged, about)
    with pytest.raises(CheckpointError, match="at the place"):
        toolkit.load(tmp_path / "model")
