"""CorruptionDiagnostics as a transformer: names, layouts, scales, independence of rows, memory maps, errors."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import IsolationForest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from toolkit.corruption import Corruptor
from toolkit.datasets import load_glyphs
from toolkit.diagnostics import CorruptionDiagnostics

GROUPS = [
    "noise",
    "sharpness",
    "orientation",
    "moments",
    "ink",
    "border",
    "intensity",
    "stripes",
    "symmetry",
    "structure",
]


@pytest.fixture(scope="module")
def glyphs():
    return Corruptor(fraction=0.3, random_state=0).corrupt(load_glyphs(250, random_state=0).images)[0]


@pytest.fixture(scope="module")
def values(glyphs):
    return CorruptionDiagnostics().fit_transform(glyphs)


@pytest.mark.parametrize(
    ("estimator", "check"),
    [pair for pair in estimator_checks_generator(CorruptionDiagnostics()) if "array_api" not in str(pair[1])],
    ids=lambda value: getattr(getattr(value, "func", value), "__name__", ""),
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_names_and_frames(glyphs, values):
    diagnostics = CorruptionDiagnostics().set_output(transform="pandas").fit(glyphs)
    frame = diagnostics.transform(glyphs)
    names = diagnostics.get_feature_names_out()
    assert list(frame.columns) == list(names)
    assert len(set(names)) == len(names) == 67
    np.testing.assert_array_equal(frame.to_numpy(), values)


@pytest.mark.parametrize("group", GROUPS)
def test_groups_and_names_select_columns(glyphs, group):
    everything = CorruptionDiagnostics().set_output(transform="pandas").fit(glyphs).transform(glyphs)
    part = CorruptionDiagnostics(group).set_output(transform="pandas").fit(glyphs).transform(glyphs)
    assert 4 <= part.shape[1] <= 12
    pd.testing.assert_frame_equal(part, everything[part.columns])
    one = CorruptionDiagnostics([part.columns[1]]).set_output(transform="pandas").fit(glyphs).transform(glyphs)
    pd.testing.assert_frame_equal(one, part.iloc[:, [1]])


def test_groups_make_up_the_whole(glyphs):
    parts = [CorruptionDiagnostics(group).fit(glyphs).get_feature_names_out() for group in GROUPS]
    assert list(np.concatenate(parts)) == list(CorruptionDiagnostics().fit(glyphs).get_feature_names_out())


@pytest.mark.parametrize(
    "convert",
    [
        lambda images: images.reshape(len(images), -1),
        lambda images: images.astype(np.float32) / 255,
        lambda images: images.astype(np.float64) * 1000 - 5,
        lambda images: images.astype(np.int32),
        lambda images: images.reshape(len(images), -1).tolist(),
    ],
    ids=["flat", "float32", "float64", "int32", "list"],
)
def test_layout_type_and_range_do_not_matter(glyphs, values, convert):
    other = CorruptionDiagnostics().fit_transform(convert(glyphs))
    # Counts may feel the rounding of a pixel that lies on a threshold.
    assert np.isclose(other, values, atol=1e-3).mean() > 0.99


@pytest.mark.parametrize(
    "shape", [(28, 28), (40, 40), (120, 120), (28, 28, 3), (1, 10), (7, 1), (2, 2), (20, 33)], ids=str
)
def test_rows_do_not_depend_on_their_neighbours(shape):
    X = np.random.default_rng(0).normal(size=(7, *shape))
    diagnostics = CorruptionDiagnostics().fit(X)
    together = diagnostics.transform(X)
    apart = np.concatenate([diagnostics.transform(X[i : i + 1]) for i in range(7)])
    assert np.isfinite(together).all()
    np.testing.assert_allclose(together, apart, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(together[::-1], diagnostics.transform(X[::-1]), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("value", [0.0, 7.0, -1e30])
@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 3), (1, 1), (1, 6), (50, 30)], ids=str)
def test_blank_images_have_finite_statistics(value, shape):
    assert np.isfinite(CorruptionDiagnostics().fit_transform(np.full((3, *shape), value))).all()


def test_images_beyond_the_range_seen_in_fit():
    images = load_glyphs(50, random_state=0).images / 255.0
    diagnostics = CorruptionDiagnostics().fit(images)
    assert np.isfinite(diagnostics.transform(images * 40 - 3)).all()


def test_labels_are_ignored(glyphs, values):
    labels = np.random.default_rng(0).permutation(len(glyphs))
    np.testing.assert_array_equal(CorruptionDiagnostics().fit(glyphs, labels).transform(glyphs), values)


def test_transform_changes_nothing(glyphs):
    diagnostics = CorruptionDiagnostics().fit(glyphs)
    before, images = vars(diagnostics).copy(), glyphs.copy()
    diagnostics.transform(glyphs[:20])
    assert vars(diagnostics) == before
    np.testing.assert_array_equal(glyphs, images)


def test_in_a_pipeline(glyphs):
    pipe = make_pipeline(CorruptionDiagnostics(), RobustScaler(), IsolationForest(random_state=0)).fit(glyphs)
    assert clone(pipe).fit(glyphs).score_samples(glyphs).shape == (len(glyphs),)


def test_memory_map_is_read_in_chunks(tmp_path, glyphs):
    """Peak memory stays far below that of the whole set as floats."""
    tiled = np.lib.format.open_memmap(tmp_path / "big.npy", mode="w+", dtype=np.uint8, shape=(6000, 28, 28))
    for start in range(0, 6000, 250):
        tiled[start : start + 250] = glyphs
    tiled.flush()
    mapped = np.load(tmp_path / "big.npy", mmap_mode="r")
    diagnostics = CorruptionDiagnostics(["noise", "ink"]).fit(mapped)
    tracemalloc.start()
    values = diagnostics.transform(mapped)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert values.shape == (6000, 13)
    assert peak < 30e6  # 6,000 x 784 floats of 8 bytes and one copy would be 75 MB
    np.testing.assert_allclose(values[:250], diagnostics.transform(glyphs), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("parameters", "images", "message"),
    [
        (
            {"statistics": "sharpnes"},
            np.zeros((3, 8, 8)),
            "Unknown statistic: 'sharpnes'. Did you mean 'sharpness'",
        ),
        ({"statistics": []}, np.zeros((3, 8, 8)), "At least one statistic"),
        ({"statistics": "saturation_mean"}, np.zeros((3, 8, 8)), "Unknown statistic: 'saturation_mean'"),
        ({"image_shape": (5, 5)}, np.zeros((3, 64)), r"image_shape=\(5, 5\) has 25 pixels, but X has 64"),
        ({}, np.full((3, 8, 8), np.nan), "NaN"),
        ({}, np.zeros((3, 8, 8, 2)), "X must be a stack"),
    ],
)
def test_bad_input(parameters, images, message):
    with pytest.raises(ValueError, match=message):
        CorruptionDiagnostics(**parameters).fit(images)


def test_other_shape_than_fitted():
    diagnostics = CorruptionDiagnostics().fit(np.zeros((3, 8, 8)))
    with pytest.raises(ValueError, match="8"):
        diagnostics.transform(np.zeros((3, 4, 16)))


def test_colour_group_of_grey_images_is_refused():
    with pytest.raises(ValueError, match="colour"):
        CorruptionDiagnostics("colour").fit(np.zeros((3, 8, 8)))
