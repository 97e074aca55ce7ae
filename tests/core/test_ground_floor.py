"""Validation, randomness, names, jobs and files."""

import json

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from toolkit._core import files, jobs, names, optional
from toolkit._core import random as scoped
from toolkit._core.images import as_stack, match_layout, validate_images
from toolkit._core.pixel_scale import PixelScale
from toolkit.exceptions import MissingDependencyError


class Holder(BaseEstimator):
    def __init__(self, image_shape=None):
        self.image_shape = image_shape


def test_stacks_and_flat_rows_are_the_same_images():
    stack = np.random.default_rng(0).integers(0, 256, (4, 6, 6), dtype=np.uint8)
    holder = Holder()
    from_rows = validate_images(holder, stack.reshape(4, -1), reset=True)
    np.testing.assert_array_equal(from_rows, stack)
    assert from_rows.dtype == np.uint8
    assert holder.n_features_in_ == 36
    np.testing.assert_array_equal(validate_images(holder, stack, reset=False), stack)
    assert match_layout(stack, stack.reshape(4, -1)).shape == (4, 36)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((2, 3, 3, 4)), "stack"),
        (np.zeros((2, 2, 3, 3, 3)), "stack"),
        (np.zeros((2, 0, 3)), "without pixels"),
        (np.full((2, 3, 3), np.nan), "NaN"),
    ],
)
def test_bad_stacks_are_refused(X, message):
    with pytest.raises(ValueError, match=message):
        as_stack(X)


def test_image_shape_must_fit():
    with pytest.raises(ValueError, match="12 pixels, but X has 9"):
        validate_images(Holder(image_shape=(3, 4)), np.zeros((2, 9)), reset=True)
    with pytest.raises(ValueError, match="image_shape must be"):
        validate_images(Holder(image_shape=7), np.zeros((2, 9)), reset=True)
    holder = Holder()
    validate_images(holder, np.zeros((2, 3, 3)), reset=True)
    with pytest.raises(ValueError, match=r"fitted on images of shape \(3, 3\), got shape \(4, 4\)"):
        validate_images(holder, np.zeros((2, 4, 4)), reset=False)


def test_a_memory_map_is_not_copied(tmp_path):
    path = tmp_path / "images.npy"
    np.save(path, np.zeros((50, 8, 8), dtype=np.uint8))
    mapped = np.load(path, mmap_mode="r")
    assert np.shares_memory(validate_images(Holder(), mapped, reset=True), mapped)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, np.float64])
def test_pixel_scale_round_trip(dtype):
    values = np.random.default_rng(1).integers(0, 200, (5, 7)).astype(dtype)
    scale = PixelScale.learn(values)
    unit = scale.to_unit(values)
    assert unit.dtype == np.float32
    assert unit.min() >= 0
    assert unit.max() <= 1
    np.testing.assert_allclose(scale.from_unit(unit, dtype), values, atol=1e-4)


def test_pixel_scale_survives_constant_and_huge_values():
    assert np.isfinite(PixelScale.learn(np.full((2, 2), 3.0)).to_unit(np.full((2, 2), 3.0))).all()
    huge = np.array([[-1.5e308, 1.5e308]])
    np.testing.assert_allclose(PixelScale.learn(huge).to_unit(huge), [[0, 1]])


def test_generators_repeat_for_an_int_and_advance_a_random_state():
    assert scoped.as_generator(3).random() == scoped.as_generator(3).random()
    state = np.random.RandomState(0)
    assert scoped.as_generator(state).random() != scoped.as_generator(state).random()
    before = np.random.get_state()[1].copy()
    scoped.as_generator(None).random()
    np.testing.assert_array_equal(before, np.random.get_state()[1])
    with pytest.raises(ValueError, match="seed"):
        scoped.as_generator("zero")


def test_names():
    with pytest.raises(ValueError, match="Unknown kind: 'x'. Valid: a, b"):
        names.check_names(["a", "x"], ("b", "a"), "kind")
    with pytest.raises(ValueError, match="At least one kind"):
        names.check_names([], ("a",), "kind")


def test_a_missing_package_says_how_to_get_it():
    with pytest.raises(MissingDependencyError, match="pip install no_such_package"):
        optional.import_optional("no_such_package.part", purpose="Drawing")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_jobs_keep_their_order_and_record_failures(n_jobs):
    results = jobs.run_jobs(divmod_of, [{"a": 7, "b": 2}, {"a": 1, "b": 0}], n_jobs=n_jobs, on_error="record")
    assert results == [(3, 1), jobs.Failed("ZeroDivisionError: integer division or modulo by zero")]
    with pytest.raises(ZeroDivisionError):
        jobs.run_jobs(divmod_of, [{"a": 1, "b": 0}], n_jobs=n_jobs)


def divmod_of(a, b):
    return divmod(a, b)


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "deep" / "a.json"
    files.write_json(target, {"x": np.float32(0.5), "nan": float("nan"), "array": np.arange(2)})
    assert json.loads(target.read_text()) == {"x": 0.5, "nan": None, "array": [0, 1]}

    def broken():
        with files.atomic_path(target) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert json.loads(target.read_text())["x"] == 0.5
    assert [path.name for path in target.parent.iterdir()] == ["a.json"]
    assert len(files.sha256(target)) == 64
