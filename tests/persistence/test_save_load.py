"""toolkit.save and toolkit.load: every public estimator, every detector, pipelines; and what is refused."""

import importlib
import inspect
import os
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import test_common as common
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, RobustScaler, StandardScaler

import toolkit
from toolkit._persistence import _classes
from toolkit._persistence._earlier_paths import EARLIER_PATHS
from toolkit._persistence._migrations import MIGRATIONS, migrate, migrate_config
from toolkit.corruption import Corruptor
from toolkit.datasets import load_glyphs
from toolkit.detectors import OutlierDetector, ReconstructionDetector, available_detectors
from toolkit.diagnostics import CorruptionDiagnostics
from toolkit.exceptions import CheckpointError
from toolkit.restoration import ImageRestorer


@pytest.fixture(scope="module")
def images():
    glyphs = load_glyphs(n_samples=60, random_state=0).images
    return Corruptor(["invert", "gaussian_noise"], random_state=0).corrupt(glyphs)[0]


def everything(estimator, X):
    """All that an estimator answers, samples included."""
    found = common.answers(estimator, X)
    if hasattr(estimator, "sample"):
        found["sample"] = estimator.sample(5, random_state=3)
    return found


def saved_and_loaded(estimator, tmp_path):
    toolkit.save(estimator, tmp_path / "saved")
    return toolkit.load(tmp_path / "saved")


@common.each_estimator
def test_every_public_estimator_answers_bitwise_the_same(estimator, images, tmp_path):
    fitted = common.fit(common.seeded(estimator), images)
    loaded = saved_and_loaded(fitted, tmp_path)
    assert type(loaded) is type(fitted)
    assert repr(loaded.get_params()) == repr(fitted.get_params())
    assert vars(loaded).keys() == vars(fitted).keys()
    expected = everything(fitted, images)
    common.assert_same(expected, everything(loaded, images))
    # What was loaded is as good as new: it can be saved again, cloned and fitted.
    common.assert_same(expected, everything(saved_and_loaded(loaded, tmp_path), images))
    common.assert_same(expected, everything(common.fit(loaded, images), images))


def test_every_public_estimator_is_listed():
    names = {f"{type(estimator).__module__}:{type(estimator).__name__}" for estimator in common.ESTIMATORS}
    assert names <= set(_classes.OBJECTS.values())


@pytest.mark.parametrize("table", ["OBJECTS", "NETWORKS", "FOREIGN_OBJECTS", "LAYERS", "FUNCTIONS"])
def test_what_is_listed_exists_under_its_own_name(table):
    listed = getattr(_classes, table)
    for name in sorted(listed):
        thing = _classes.import_listed(name, listed)
        assert _classes.class_path(thing) == (listed[name] if isinstance(listed, dict) else name)
        assert _classes.identify_class(thing, listed) == name


def test_ids_are_words_that_stay_and_every_earlier_path_leads_to_one():
    known = _classes.OBJECTS.keys() | _classes.NETWORKS.keys()
    assert not _classes.OBJECTS.keys() & _classes.NETWORKS.keys()
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in known)
    assert set(EARLIER_PATHS.values()) <= known
    assert MIGRATIONS.keys() <= _classes.OBJECTS.keys()


@pytest.mark.parametrize("version", [-1, 3, "1", None, True, 10**9])
def test_a_state_of_a_version_that_is_not_known_is_refused(version):
    with pytest.raises(CheckpointError, match="of version"):
        migrate("learned-restorer", {"kinds": ()}, version)


def test_a_network_is_built_from_parameters_under_their_earlier_names():
    from toolkit._persistence._classes import NETWORKS, import_listed

    names = ("varied-writer", next(path for path, name in EARLIER_PATHS.items() if name == "varied-writer"))
    for name in names:
        config = migrate_config(name, {"image_shape": (8, 8), "n_characters": 3, "latent_dim": 2, "n_hands": 5})
        assert import_listed(name, NETWORKS)(**config).centres.shape == (3, 5, 2)


def test_every_network_of_the_toolkit_is_listed():
    """A network that says how it was built can be kept by an estimator, so it can be saved."""
    import torch

    root, found = Path(toolkit.__file__).parent, set()
    for path in sorted(root.rglob("*.py")):
        name = ".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__")
        source = path.read_text(encoding="utf-8")
        if "self.config" not in source:
            continue
        for thing in vars(importlib.import_module(name)).values():
            own = isinstance(thing, type) and issubclass(thing, torch.nn.Module) and thing.__module__ == name
            own = own and not inspect.isabstract(thing)
            if own and not thing.__name__.startswith("_"):
                found.add(_classes.class_path(thing))
    assert len(found) > 10
    listed = set(_classes.NETWORKS.values())
    assert found <= listed, sorted(found - listed)


QUICK = {
    "autoencoder": {"epoch_num": 2},
    "vae": {"epoch_num": 2},
    "ae1svm": {"epochs": 2},
    "alad": {"epochs": 2},
    "anogan": {"epochs": 1, "epochs_query": 1},
    "deep_svdd": {"epochs": 2},
    "dif": {"n_ensemble": 3, "n_estimators": 2},
    "lunar": {"n_epochs": 2},
    "iforest": {"n_estimators": 10},
    "inne": {"n_estimators": 10},
}


@pytest.mark.parametrize("method", available_detectors().query("requires == ''")["name"])
def test_every_detector_answers_bitwise_the_same(method, tmp_path):
    X = np.random.default_rng(0).normal(size=(60, 9))
    X[:5] += 4
    detector = OutlierDetector(method, params=QUICK.get(method), random_state=0).fit(X)
    loaded = saved_and_loaded(detector, tmp_path)
    rows = np.concatenate([X[:20], X[:20] + 0.1])
    np.testing.assert_array_equal(detector.score_samples(rows), loaded.score_samples(rows))
    assert loaded.offset_ == detector.offset_


def test_pipelines_and_unions_of_ours_and_theirs(images, tmp_path):
    features = FeatureUnion([("diagnose", CorruptionDiagnostics("noise")), ("flat", Flat())])
    features.transformer_list[1] = ("statistics", CorruptionDiagnostics("ink"))
    pipeline = Pipeline([("see", features), ("scale", RobustScaler()), ("detect", OutlierDetector("lof"))])
    pipeline.fit(images)
    loaded = saved_and_loaded(pipeline, tmp_path)
    np.testing.assert_array_equal(pipeline.score_samples(images), loaded.score_samples(images))
    loaded.set_params(detect__method="knn").fit(images)  # still a pipeline whose parts are swapped by name


class Flat(CorruptionDiagnostics):
    """No class of the toolkit."""


@pytest.mark.parametrize(
    "model", [PCA(3), StandardScaler(), Ridge(), IsolationForest(n_estimators=5, random_state=0)], ids=repr
)
def test_models_of_scikit_learn(model, tmp_path):
    X = np.asfortranarray(np.random.default_rng(0).normal(size=(40, 6)))
    model.fit(X, X[:, 0])
    loaded = saved_and_loaded(model, tmp_path)
    method = "transform" if hasattr(model, "transform") else "predict"
    np.testing.assert_array_equal(getattr(model, method)(X), getattr(loaded, method)(X))


def test_estimators_held_by_others(images, tmp_path):
    rows = images.reshape(len(images), -1)
    detector = ReconstructionDetector(FrozenEstimator(PCA(5, random_state=0).fit(rows / 255)), random_state=0)
    detector.fit(rows)
    loaded = saved_and_loaded(detector, tmp_path)
    np.testing.assert_array_equal(detector.score_samples(rows), loaded.score_samples(rows))
    assert loaded.estimator_ is loaded.estimator  # one thing held twice is one thing again


def test_generators_of_randomness_go_on_where_they_were(tmp_path):
    for make in (np.random.RandomState, np.random.default_rng):
        detector = OutlierDetector(random_state=make(5))
        detector.random_state.random(3)
        loaded = saved_and_loaded(detector, tmp_path)
        assert loaded.random_state.random() == detector.random_state.random()


def test_loading_needs_no_torch_where_nothing_of_torch_was_saved(images, tmp_path):
    toolkit.save(CorruptionDiagnostics().fit(images), tmp_path / "saved")
    code = f"import sys, toolkit; toolkit.load({str(tmp_path / 'saved')!r}); print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert found.strip() == "False"


# What cannot be saved is named while saving.


@pytest.mark.parametrize(
    ("estimator", "where"),
    [
        (Flat(), "Flat"),
        (CorruptionDiagnostics(statistics=lambda: 0), "statistics.*function"),
        (Pipeline([("f", FunctionTransformer(shutil.rmtree))]), "steps/0/1"),
        (CorruptionDiagnostics(image_shape=[1, {"a": object()}]), "image_shape/1/a.*builtins.object"),
        (CorruptionDiagnostics(statistics=np.array([(1, 2.0)], dtype="i4,f8")), "statistics.*dtype"),
        (OutlierDetector(random_state=np.random.Generator), "random_state"),
    ],
)
def test_what_cannot_be_saved_is_named(estimator, where, tmp_path):
    with pytest.raises(TypeError, match=f"Cannot save.*{where}"):
        toolkit.save(estimator, tmp_path / "saved")
    assert os.listdir(tmp_path) == []


def test_a_value_that_holds_itself(tmp_path):
    endless = []
    endless.append(endless)
    with pytest.raises(TypeError, match="holds itself"):
        toolkit.save(CorruptionDiagnostics(statistics=endless), tmp_path / "saved")


def test_wrong_arguments(tmp_path):
    for wrong in (CorruptionDiagnostics, 3, None):
        with pytest.raises(TypeError, match="estimator must be an estimator"):
            toolkit.save(wrong, tmp_path / "saved")
    (tmp_path / "mine.txt").write_text("work")
    with pytest.raises(FileExistsError, match="no estimator of the toolkit"):
        toolkit.save(PCA(), tmp_path)
    with pytest.raises(FileExistsError, match="no estimator"):
        toolkit.save(PCA(), tmp_path / "mine.txt")
    assert (tmp_path / "mine.txt").read_text() == "work"
    with pytest.raises(FileNotFoundError, match="nowhere"):
        toolkit.load(tmp_path / "nowhere")
    with pytest.raises(CheckpointError, match="a file"):
        toolkit.load(tmp_path / "mine.txt")
    with pytest.raises(CheckpointError, match="no estimator of the toolkit"):
        toolkit.load(tmp_path)


# What is damaged or hostile is refused while loading.


@pytest.fixture
def saved(tmp_path):
    X = np.random.default_rng(0).normal(size=(40, 6))
    toolkit.save(OutlierDetector("pca", random_state=0).fit(X), tmp_path / "saved")
    return tmp_path / "saved"


def forge(folder, change, name="tree.json"):
    """Change a file as somebody would who also puts the manifest right."""
    from toolkit._core import store

    about, files = store.read_store(folder, "estimator")
    files[name] = change(files[name])
    store.write_store(folder, "estimator", files, about)


def replaced(old, new):
    def change(content):
        assert old in content
        return content.replace(old, new)

    return change


def instead_of_the_model(node):
    """Put another node in the place of the one that names the model's file."""

    def change(content):
        changed = re.sub(rb'\{"skops":\{"name":"model-0.skops".*?\]\}\}', node, content)
        assert changed != content
        return changed

    return change


def test_each_byte_counts(saved):
    """A flipped byte, a cut or a longer file is noticed, wherever it is."""
    generator = np.random.default_rng(0)
    for path in sorted(saved.iterdir()):
        whole = path.read_bytes()
        for place in generator.integers(len(whole), size=12):
            changed = bytearray(whole)
            changed[place] ^= 1 << generator.integers(8)
            for content in (bytes(changed), whole[:place], whole[:place] + b" " + whole[place:]):
                path.write_bytes(content)
                with pytest.raises(CheckpointError):
                    toolkit.load(saved)
        path.write_bytes(whole)
    toolkit.load(saved)


def test_files_that_are_missing_or_too_many(saved):
    (saved / "extra.json").write_text("{}")
    with pytest.raises(CheckpointError, match="in addition.*extra"):
        toolkit.load(saved)
    (saved / "extra.json").unlink()
    (saved / "tree.json").rename(saved.parent / "tree.json")
    with pytest.raises(CheckpointError, match="lacks.*tree"):
        toolkit.load(saved)
    (saved / "tree.json").symlink_to(saved.parent / "tree.json")
    with pytest.raises(CheckpointError, match="no plain file"):
        toolkit.load(saved)
    (saved / "tree.json").unlink()
    os.mkfifo(saved / "tree.json")
    with pytest.raises(CheckpointError, match="no plain file"):
        toolkit.load(saved)


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("name", ["tree.json", "arrays.safetensors", "model-0.skops", "manifest.json"])
def test_a_pickle_is_never_opened(saved, tmp_path, name):
    bomb = pickle.dumps(Bomb(tmp_path / "boom"))
    if name == "manifest.json":
        (saved / name).write_bytes(bomb)
    else:
        forge(saved, lambda content: bomb, name)
    with pytest.raises(CheckpointError):
        toolkit.load(saved)
    assert not (tmp_path / "boom").exists()


@pytest.mark.parametrize(
    "change",
    [
        replaced(b"outlier-detector", b"subprocess:Popen"),
        replaced(b"outlier-detector", b"toolkit.detectors._scoring:after_fit"),
        instead_of_the_model(b'{"skops":{"name":"../x","layouts":[]}}'),
        instead_of_the_model(b'{"function":"os:system"}'),
        instead_of_the_model(b'{"method":["x","upper"]}'),
        replaced(b'"tuple"', b'"exec"'),
        instead_of_the_model(b'{"network":{"class":"os:system","config":{"dict":{}}}}'),
        instead_of_the_model(b'{"layer":{"class":"torch.nn.modules.module:Module"}}'),
        lambda content: b"[" * 100_000,
        lambda content: b'{"dict":{"a":NaN}}',
        lambda content: b"7",
        lambda content: content[:-1],
    ],
)
def test_a_forged_tree_is_refused(saved, change):
    forge(saved, change)
    with pytest.raises(CheckpointError, match="saved"):
        toolkit.load(saved)


def test_arrays_that_lie_about_their_size(saved):
    def lie(content):
        return replaced(
            b'{"name":"training_scores_"}', b'{"name":"training_scores_","dtype":"<f8","shape":[999999999999]}'
        )(content)

    forge(saved, lie)
    with pytest.raises(CheckpointError, match="shape"):
        toolkit.load(saved)

    def huge_header(content):
        return (2**62).to_bytes(8, "little") + content[8:]

    forge(saved, huge_header, "arrays.safetensors")
    with pytest.raises(CheckpointError):
        toolkit.load(saved)


def test_other_versions_bring_a_warning(saved):
    from toolkit._core import store

    about, files = store.read_store(saved, "estimator")
    about["versions"]["numpy"] = "0.1"
    store.write_store(saved, "estimator", files, about)
    with pytest.warns(UserWarning, match=r"numpy 0\.1 -> "):
        toolkit.load(saved)


def test_a_restorer_of_colour_images_keeps_its_memory_format(tmp_path):
    glyphs = load_glyphs(n_samples=40, random_state=1).images
    colour = np.repeat(glyphs[..., None], 3, axis=3)
    restorer = ImageRestorer(random_state=0, epochs=1).fit(colour)
    loaded = saved_and_loaded(restorer, tmp_path)
    a, b = (e.identifier_._ensemble.members[0].model.network.state_dict() for e in (restorer, loaded))
    assert {name: value.stride() for name, value in a.items()} == {name: value.stride() for name, value in b.items()}
