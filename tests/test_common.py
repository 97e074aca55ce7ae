"""What every public estimator keeps: scikit-learn's checks, and the house's own contracts."""

import copy
import importlib
import inspect
import pkgutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from expected_failures import CHECKED_BEHIND_A_DOOR, EXPECTED_FAILED_CHECKS
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

import toolkit
from toolkit.audit import Auditor
from toolkit.corruption import Corruptor
from toolkit.coverage import ModeCoverage
from toolkit.datasets import load_glyphs
from toolkit.detectors import CorruptionDetector, OutlierDetector, ReconstructionDetector
from toolkit.diagnostics import CorruptionDiagnostics, CorruptionIdentifier, DamageDiagnostics, EverydayDiagnostics
from toolkit.embeddings import ImageEmbedder
from toolkit.generators import GAN, Autoencoder, ConditionalGAN, FlowMatching, VariationalAutoencoder
from toolkit.restoration import ImageRestorer

# As they come, but for their length: two passes keep what a second one adds to a first. The identifier itself plants
# every kind; of those that hold one it plants two, one that is undone exactly and one that is estimated. It has no seed
# of its own: who holds it seeds it.
TWO_KINDS = CorruptionIdentifier(["invert", "gaussian_noise"], epochs=1, images_per_epoch=60)
ESTIMATORS = [
    Auditor(CorruptionIdentifier(["invert"], init="random", epochs=1), restorer=ImageRestorer(epochs=1)),
    Autoencoder(epochs=2),
    ConditionalGAN(epochs=2),
    CorruptionDiagnostics(),
    CorruptionIdentifier(epochs=2),
    CorruptionDetector(TWO_KINDS),
    DamageDiagnostics(),
    EverydayDiagnostics(),
    FlowMatching(epochs=2, n_sampling_steps=2),
    GAN(epochs=2),
    ImageEmbedder(),
    ImageRestorer(TWO_KINDS, epochs=2),
    ModeCoverage(),
    OutlierDetector(),
    ReconstructionDetector(),
    VariationalAutoencoder(epochs=2),
]
# What an estimator says of images, row by row. `transform` of the restorer gives images back.
ANSWERS = (
    "transform",
    "identify",
    "kind_probabilities",
    "predict",
    "score_samples",
    "decision_function",
    "restore",
    "reconstruct",
    "elbo",
    "discriminator_score",
)

each_estimator = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
# A flow draws, and says nothing of the rows that it is given.
each_that_judges = pytest.mark.parametrize(
    "estimator",
    [each for each in ESTIMATORS if any(hasattr(type(each), name) for name in ANSWERS)],
    ids=lambda estimator: type(estimator).__name__,
)


def needs_labels(estimator):
    return get_tags(estimator).target_tags.required


def _reasons(estimator):
    return EXPECTED_FAILED_CHECKS.get(type(estimator).__name__, {})


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=_reasons)
def test_scikit_learn(estimator, check):
    check(estimator)


def public_estimators():
    """Every class with ``fit`` that a public package of the toolkit offers, found by walking it."""
    found = set()
    for module in pkgutil.iter_modules(toolkit.__path__):
        if not module.name.startswith("_"):
            package = importlib.import_module(f"toolkit.{module.name}")
            things = [getattr(package, name) for name in getattr(package, "__all__", ())]
            found |= {thing for thing in things if inspect.isclass(thing) and callable(getattr(thing, "fit", None))}
    return found


def test_every_public_estimator_is_checked():
    """No estimator slips by, and the table of exceptions stays short and true."""
    public = public_estimators()
    assert {thing for thing in public if thing.__name__ not in CHECKED_BEHIND_A_DOOR} == set(map(type, ESTIMATORS))
    assert all(issubclass(thing, BaseEstimator) for thing in public)
    assert set(EXPECTED_FAILED_CHECKS) | set(CHECKED_BEHIND_A_DOOR) <= {thing.__name__ for thing in public}
    for name, (reason, file) in CHECKED_BEHIND_A_DOOR.items():
        assert len(reason) > 20, name
        tests = Path(__file__).with_name(file.split("/")[0]) / file.split("/")[1]
        assert f"({name}):" in tests.read_text(encoding="utf-8"), name
    for name, checks in EXPECTED_FAILED_CHECKS.items():
        assert len(checks) <= 3, name
        assert all(len(reason) > 20 for reason in checks.values()), name


@pytest.fixture(scope="module")
def images():
    glyphs = load_glyphs(n_samples=40, random_state=0).images
    corrupted = Corruptor(["invert", "gaussian_noise"], random_state=0).corrupt(glyphs)[0]
    corrupted.setflags(write=False)  # the tests share it
    return corrupted


def seeded(estimator, **params):
    estimator = clone(estimator)
    if "random_state" in estimator.get_params():
        params = {"random_state": 0, **params}
    return estimator.set_params(**params)


def fit(estimator, X):
    """Fitted without labels, unless it learns from them."""
    return estimator.fit(X, np.arange(len(X)) % 3) if needs_labels(estimator) else estimator.fit(X)


def made_once(make):
    """What ``make`` makes of an estimator, once for each class; everyone who asks gets a copy of their own."""
    kept = {}

    def get(estimator):
        name = type(estimator).__name__
        if name not in kept:
            kept[name] = make(estimator)
        return copy.deepcopy(kept[name])

    return get


@pytest.fixture(scope="module")
def fitted_once(images):
    """Each estimator fitted to the images, once for all tests."""
    return made_once(lambda estimator: fit(seeded(estimator), images))


@pytest.fixture(scope="module")
def answered_once(fitted_once, images):
    """What each of these says of the images."""
    return made_once(lambda estimator: answers(fitted_once(estimator), images))


def answers(estimator, X):
    """Everything an estimator says of X, as arrays and frames by method name; draws, if it says nothing."""
    found = {}
    for method in ANSWERS:
        if hasattr(estimator, method):
            answer = getattr(estimator, method)(X)
            for place, part in enumerate(answer if isinstance(answer, tuple) else (answer,)):
                found[f"{method}[{place}]"] = part
    return found or {"sample[0]": estimator.sample(len(X), random_state=0)}


def assert_same(first, second, **tolerance):
    assert first.keys() == second.keys()
    for name in first:
        a, b = first[name], second[name]
        if isinstance(a, pd.DataFrame):
            pd.testing.assert_frame_equal(a, b, check_exact=not tolerance, **tolerance)
        elif tolerance:
            np.testing.assert_allclose(a, b, err_msg=name, **tolerance)
        else:
            np.testing.assert_array_equal(a, b, err_msg=name)


def as_rows(found, X):
    """Answers that are images, flattened, so that they compare with those to flat rows."""
    return {
        name: part.reshape(len(X), -1) if isinstance(part, np.ndarray) and part.ndim > 2 else part
        for name, part in found.items()
    }


@each_estimator
def test_constructor_stores_its_arguments_unchanged(estimator):
    parameters = inspect.signature(type(estimator).__init__).parameters
    assert all(parameter.kind is not inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    positional = [name for name, p in parameters.items() if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    assert len(positional) <= 2, "keywords after the first argument"
    marks = {name: object() for name in parameters if name != "self"}
    made = type(estimator)(**marks)
    assert vars(made) == marks
    assert all(made.get_params(deep=False)[name] is mark for name, mark in marks.items())


@pytest.mark.parametrize(
    "estimator", [each for each in ESTIMATORS if not needs_labels(each)], ids=lambda estimator: type(estimator).__name__
)
def test_labels_change_nothing(estimator, images, answered_once):
    labels = np.random.default_rng(0).integers(0, 3, len(images))
    shuffled = np.random.default_rng(1).permutation(labels)
    without = answered_once(estimator)
    assert_same(without, answers(seeded(estimator).fit(images, labels), images))
    assert_same(without, answers(seeded(estimator).fit(images, shuffled), images))


@each_estimator
def test_a_stack_and_its_flat_rows_are_the_same_data(estimator, images, fitted_once, answered_once):
    rows = images.reshape(len(images), -1)
    assert fitted_once(estimator).n_features_in_ == rows.shape[1]
    assert_same(as_rows(answered_once(estimator), images), answers(fit(seeded(estimator), rows), rows))


@each_estimator
def test_answers_keep_to_their_kind_and_rows(estimator, images, answered_once):
    found = answered_once(estimator)
    for name, part in found.items():
        assert len(part) == len(images), name
        if isinstance(part, np.ndarray) and part.dtype.kind == "f":
            assert np.isfinite(part).all(), name
    if isinstance(estimator, ImageRestorer):
        for name in ("transform[0]", "restore[0]"):
            assert found[name].shape == images.shape
            assert found[name].dtype == images.dtype


@each_estimator
def test_nothing_but_fit_changes_an_estimator(estimator, images, fitted_once):
    fitted = fitted_once(estimator)
    first = answers(fitted, images)
    before = set(vars(fitted))
    held = images.copy()
    answers(fitted, images[:7])
    assert set(vars(fitted)) == before
    assert_same(first, answers(fitted, images))
    np.testing.assert_array_equal(images, held)


@each_estimator
def test_a_second_fit_equals_the_first(estimator, images, fitted_once, answered_once):
    """Of an estimator that was fitted; that two of them are fitted alike is seen where their images are flat rows."""
    assert_same(answered_once(estimator), answers(fit(fitted_once(estimator), images), images))


@each_estimator
def test_two_threads_at_once_equal_one_after_the_other(estimator, images, answered_once, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "2")  # threads of its own within each, where it has any
    state = np.random.get_state()[1].copy()

    def fitted(seed):
        params = {"random_state": seed} if "random_state" in estimator.get_params() else {}
        return answers(fit(seeded(estimator, **params), images), images)

    expected = [answered_once(estimator), fitted(1)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(fitted, (0, 1)))
    for a, b in zip(expected, found):
        assert_same(a, b)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # the global generator was not drawn from


@each_estimator
def test_thread_setting_is_left_as_found(estimator, images):
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        fit(seeded(estimator), images)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@each_estimator
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda images: images.astype(np.float32) / 255, id="unit floats"),
        pytest.param(lambda images: images.astype(np.float64) * 40 - 5000, id="any range"),
        pytest.param(lambda images: np.repeat(images[..., None], 3, axis=3), id="colour"),
        pytest.param(lambda images: images[:, 2:26, :], id="not square"),
        pytest.param(lambda images: np.full_like(images, 7), id="constant"),
        pytest.param(lambda images: images[:2], id="two images"),
    ],
)
def test_any_images_will_do(estimator, images, make):
    X = make(images)
    found = answers(fit(seeded(estimator), X), X)
    for name, part in found.items():
        assert len(part) == len(X), name
    if isinstance(estimator, ImageRestorer):
        assert found["restore[0]"].dtype == X.dtype
        assert found["restore[0]"].shape == X.shape
        assert found["restore[0]"].min() >= X.min()
        assert found["restore[0]"].max() <= X.max()


@each_that_judges
def test_images_of_another_shape_are_refused(estimator, images, fitted_once):
    fitted = fitted_once(estimator)
    method = next(name for name in ANSWERS if hasattr(fitted, name))
    with pytest.raises(ValueError, match=r"\(28, 28\).*\(14, 56\)"):
        getattr(fitted, method)(images.reshape(-1, 14, 56))


@each_that_judges
def test_images_on_another_scale_are_refused_and_of_another_type_taken(estimator, images, fitted_once):
    fitted = fitted_once(estimator)
    methods = [name for name in ANSWERS if hasattr(fitted, name)]
    for name in methods:
        for other in (images / 255.0, images > 127, images / 127.5 - 1.0, images.astype(np.uint16) * 257):
            with pytest.raises(ValueError, match=f"on another scale than the uint8 .*{type(estimator).__name__} was"):
                getattr(fitted, name)(other)
    bytes_, floats = answers(fitted, images), answers(fitted, images.astype(np.float32))
    for name, part in bytes_.items():
        assert np.shape(part) == np.shape(floats[name]), name
    getattr(fitted, methods[0])(np.zeros_like(images[:2]))  # black is on every scale
    getattr(fitted, methods[0])(np.zeros(images[:2].shape))


def test_the_columns_of_a_table_may_leave_their_range():
    """Scaled to 0 and 1 they are no images: rows that reach from -1 to 1 are the outliers that are looked for."""
    table = np.random.default_rng(0).uniform(size=(50, 20))
    far = np.tile([[-1.0, 1.0], [1.0, -1.0]], 10)
    found = OutlierDetector("knn").fit(table).score_samples(np.vstack([table, far]))
    assert set(found.argsort()[:2]) == {50, 51}
    for X in (table.reshape(50, 4, 5), table):
        with pytest.raises(ValueError, match="on another scale than the float64 images of"):
            OutlierDetector("knn", image_shape=(4, 5)).fit(X).score_samples(far.reshape(2, *X.shape[1:]))


@each_estimator
def test_docstring_has_its_sections(estimator):
    text = inspect.getdoc(type(estimator))
    places = [text.find(f"\n{section}\n---") for section in ("Parameters", "Attributes", "Examples")]
    assert min(places) > 0, "Parameters, Attributes and Examples"
    assert places == sorted(places)
    assert ">>>" in text[places[-1] :]
    documented = text[places[0] : places[1]]
    for name in inspect.signature(type(estimator).__init__).parameters:
        if name != "self":
            assert name in documented, f"{name} is not among the documented parameters"
