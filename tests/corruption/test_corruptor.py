"""The planter of experiments: exact shares, the truth it returns, and any layout, type and range of images."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.corruption import KINDS, Corruptor

SYMMETRIES = {"rotate_90", "rotate_180", "rotate_270", "flip_horizontal", "flip_vertical", "transpose"}


@settings(max_examples=25, deadline=None)
@given(fraction=st.floats(0, 1), n=st.integers(1, 60), seed=st.integers(0, 2**31 - 1))
def test_share_is_exact_and_the_rest_is_untouched(fraction, n, seed):
    images = np.random.default_rng(seed).integers(0, 256, (n, 12, 12), dtype=np.uint8)
    corrupted, kinds = Corruptor(fraction=fraction, random_state=seed).corrupt(images)
    assert (kinds != "clean").sum() == round(fraction * n)
    assert corrupted.shape == images.shape
    assert corrupted.dtype == images.dtype
    np.testing.assert_array_equal(corrupted[kinds == "clean"], images[kinds == "clean"])


def test_kinds_are_planted_equally_often(glyphs):
    _, kinds = Corruptor(fraction=0.5, random_state=0).corrupt(glyphs)
    names, counts = np.unique(kinds[kinds != "clean"], return_counts=True)
    assert set(names) == set(KINDS)
    assert counts.max() - counts.min() <= 1


def test_corrupted_images_differ(glyphs):
    corrupted, kinds = Corruptor(fraction=0.9, random_state=0).corrupt(glyphs)
    differs = (corrupted != glyphs).any(axis=(1, 2))
    assert not differs[kinds == "clean"].any()
    assert differs[kinds != "clean"].mean() > 0.995


def test_int_repeats_none_does_not(glyphs):
    one = Corruptor(random_state=5)
    np.testing.assert_array_equal(one.corrupt(glyphs)[0], one.corrupt(glyphs)[0])
    np.testing.assert_array_equal(
        Corruptor(random_state=np.random.RandomState(5)).corrupt(glyphs)[0],
        Corruptor(random_state=np.random.RandomState(5)).corrupt(glyphs)[0],
    )
    assert not np.array_equal(Corruptor().corrupt(glyphs)[0], Corruptor().corrupt(glyphs)[0])


def test_input_and_global_random_state_are_left_alone(glyphs):
    before, state = glyphs.copy(), np.random.get_state()[1].copy()
    Corruptor(fraction=1.0, random_state=0).corrupt(glyphs)
    np.testing.assert_array_equal(glyphs, before)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize(
    "convert",
    [
        lambda images: images.astype(np.float32) / 255,
        lambda images: images.astype(np.float64) * 3 - 100,
        lambda images: images.astype(np.int64) * 16,
        lambda images: images.astype(np.uint16) * 257,
        lambda images: images.reshape(len(images), -1),
        lambda images: np.stack([images] * 3, axis=-1),
        lambda images: images.reshape(len(images), -1).tolist(),
    ],
    ids=["float32", "float64", "int64", "uint16", "flat", "colour", "list"],
)
def test_layout_type_and_range_come_back(glyphs, convert):
    X = convert(glyphs[:100])
    corrupted, kinds = Corruptor(fraction=0.5, random_state=0).corrupt(X)
    X = np.asarray(X)
    assert corrupted.shape == X.shape
    assert corrupted.dtype == X.dtype
    assert corrupted.min() >= X.min()
    assert corrupted.max() <= X.max()
    np.testing.assert_array_equal(corrupted[kinds == "clean"], X[kinds == "clean"])


@pytest.mark.parametrize("kind", sorted(SYMMETRIES | {"invert"}))
def test_uint8_pixels_are_moved_exactly(glyphs, kind):
    corrupted, _ = Corruptor(kind, fraction=1.0, random_state=0).corrupt(glyphs)
    expected = np.sort((255 - glyphs if kind == "invert" else glyphs).reshape(len(glyphs), -1), axis=1)
    np.testing.assert_array_equal(np.sort(corrupted.reshape(len(glyphs), -1), axis=1), expected)


def test_flat_rows_take_the_given_shape():
    rows = np.arange(24.0)[None]
    flipped, _ = Corruptor("flip_horizontal", fraction=1.0, image_shape=(4, 6)).corrupt(rows)
    np.testing.assert_allclose(flipped, rows.reshape(1, 4, 6)[:, :, ::-1].reshape(1, 24), atol=1e-5)


def test_parameters_tell_what_was_done(glyphs):
    corrupted, kinds, parameters = Corruptor(fraction=0.3, random_state=0).corrupt(glyphs, return_parameters=True)
    np.testing.assert_array_equal(parameters["index"], np.flatnonzero(kinds != "clean"))
    np.testing.assert_array_equal(parameters["kind"], kinds[kinds != "clean"])
    row = parameters[parameters["kind"] == "low_contrast"].iloc[0]
    unit = glyphs[row["index"]] / 255
    expected = row["pivot"] + row["factor"] * (unit - row["pivot"])
    np.testing.assert_allclose(corrupted[row["index"]] / 255, expected, atol=0.51 / 255)


@pytest.mark.parametrize("n_per_image", [2, 3])
def test_several_at_once(glyphs, n_per_image):
    corrupted, kinds, parameters = Corruptor(fraction=0.5, n_per_image=n_per_image, random_state=0).corrupt(
        glyphs, return_parameters=True
    )
    planted = [name.split("+") for name in kinds if name != "clean"]
    assert {len(names) for names in planted} == {n_per_image}
    for names in planted:
        assert len(set(names)) == n_per_image
        assert set(names) <= set(KINDS)
        assert len(set(names) & SYMMETRIES) <= 1
    joined = parameters.sort_values(["index", "step"]).groupby("index")["kind"].agg("+".join)
    np.testing.assert_array_equal(joined.to_numpy(), kinds[kinds != "clean"])
    assert (corrupted != glyphs).any(axis=(1, 2))[kinds != "clean"].all()


def test_several_are_applied_in_the_order_named():
    images = np.zeros((30, 28, 28), dtype=np.uint8)
    images[:, 4:10, 4:10] = 255
    corrupted, kinds, parameters = Corruptor(
        ["translate", "rotate_90"], fraction=1.0, n_per_image=2, random_state=0
    ).corrupt(images, return_parameters=True)
    assert set(kinds) == {"translate+rotate_90", "rotate_90+translate"}
    moves = parameters[parameters["kind"] == "translate"].set_index("index")
    for index, kind in enumerate(kinds):
        shift = np.array([moves.loc[index, "dy"], moves.loc[index, "dx"]])
        y, x = np.array([6.5, 6.5]) - 13.5  # centre of the square about that of the image
        first, then = np.array([-(x + shift[1]), y + shift[0]]), np.array([-x, y]) + shift
        centre = first if kind.startswith("translate") else then
        lit = np.argwhere(corrupted[index] > 127) - 13.5
        if len(lit) == 36:  # nothing left the image
            np.testing.assert_allclose(lit.mean(axis=0), centre, atol=1e-6)


def test_memory_map(tmp_path, glyphs):
    np.save(tmp_path / "images.npy", glyphs)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    from_map, kinds = Corruptor(random_state=0).corrupt(mapped)
    in_memory, same = Corruptor(random_state=0).corrupt(glyphs)
    np.testing.assert_array_equal(from_map, in_memory)
    np.testing.assert_array_equal(kinds, same)
    assert type(from_map) is np.ndarray


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"kinds": "blur"}, "Unknown corruption kind: 'blur'"),
        ({"kinds": ["rotate", "nonsense"]}, "Unknown corruption kind: 'nonsense'"),
        ({"kinds": []}, "At least one corruption kind"),
        ({"fraction": 1.2}, r"fraction must be a number in \[0, 1\], got 1.2"),
        ({"fraction": "half"}, r"fraction must be a number in \[0, 1\], got 'half'"),
        ({"n_per_image": 0}, "n_per_image must be an integer from 1 to 17"),
        ({"kinds": ["rotate_90", "transpose"], "n_per_image": 2}, "from 1 to 1 for these kinds, got 2"),
    ],
)
def test_bad_parameters(glyphs, parameters, message):
    with pytest.raises(ValueError, match=message):
        Corruptor(**parameters).corrupt(glyphs)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 5, 4, 5)), "X must be a stack"),
        (np.full((2, 28, 28), np.nan), "NaN"),
        (np.zeros((0, 28, 28)), "minimum of 1"),
    ],
)
def test_bad_images(images, message):
    with pytest.raises(ValueError, match=message):
        Corruptor().corrupt(images)
