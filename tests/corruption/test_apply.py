"""What every kind and every generic outlier keeps: shape, type, range, determinism, parameters."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from toolkit.corruption import (
    FAMILIES,
    GENERIC_OUTLIERS,
    KINDS,
    MEASURED_KINDS,
    apply_corruption,
    apply_generic,
    corrupt_stack,
    planted_outliers,
)

EXPECTED_KINDS = [
    "gaussian_noise",
    "shot_noise",
    "speckle_noise",
    "salt_and_pepper",
    "gaussian_blur",
    "motion_blur",
    "rotate",
    "rotate_90",
    "rotate_180",
    "rotate_270",
    "flip_horizontal",
    "flip_vertical",
    "transpose",
    "invert",
    "occlude",
    "stripe",
    "low_contrast",
    "brightness",
    "translate",
    "scale",
    "shear",
    "pixelate",
]
WITHOUT_STRENGTH = {
    "rotate_90", "rotate_180", "rotate_270", "flip_horizontal", "flip_vertical", "transpose", "invert",
}  # fmt: skip
INVERSES = {
    "rotate_90": "rotate_270",
    "rotate_180": "rotate_180",
    "rotate_270": "rotate_90",
    "flip_horizontal": "flip_horizontal",
    "flip_vertical": "flip_vertical",
    "transpose": "transpose",
    "invert": "invert",
}

SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 30), st.integers(1, 30)) | st.tuples(
    st.integers(1, 3), st.integers(2, 30), st.integers(2, 30), st.just(3)
)
stacks = hnp.arrays(np.float32, SHAPES, elements=st.floats(0, 1, width=32))


def test_table_of_kinds():
    assert list(KINDS) == EXPECTED_KINDS
    assert len(MEASURED_KINDS) == 12
    assert set(MEASURED_KINDS) < set(KINDS)
    assert tuple(FAMILIES) == KINDS
    assert set(FAMILIES.values()) == {"noise", "blur", "geometry", "intensity", "occlusion"}
    assert len(GENERIC_OUTLIERS) == 5


@settings(max_examples=60, deadline=None)
@given(
    stack=stacks,
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 2**32),
    severity=st.none() | st.floats(0, 1),
)
def test_shape_type_range_and_determinism(stack, kind, seed, severity):
    before = stack.copy()
    once, parameters = apply_corruption(stack, kind, generator=np.random.default_rng(seed), severity=severity)
    again, same = apply_corruption(stack, kind, generator=np.random.default_rng(seed), severity=severity)
    assert once.shape == stack.shape
    assert once.dtype == np.float32
    assert once.min() >= 0
    assert once.max() <= 1
    np.testing.assert_array_equal(stack, before)
    np.testing.assert_array_equal(once, again)
    assert parameters.equals(same)
    assert list(parameters.columns[:3]) == ["kind", "severity", "angle"]
    assert len(parameters) == len(stack)
    assert parameters["severity"].between(0, 1).all()
    assert parameters["angle"].notna().all() == (kind in {"rotate", "rotate_90", "rotate_180", "rotate_270"})


@settings(max_examples=30, deadline=None)
@given(stack=stacks, name=st.sampled_from(sorted(GENERIC_OUTLIERS)), seed=st.integers(0, 2**32))
def test_generic_outliers_keep_shape_type_and_range(stack, name, seed):
    once = apply_generic(stack, name, np.random.default_rng(seed))
    assert once.shape == stack.shape
    assert once.dtype == np.float32
    assert once.min() >= 0
    assert once.max() <= 1
    np.testing.assert_array_equal(once, apply_generic(stack, name, np.random.default_rng(seed)))


@settings(max_examples=40, deadline=None)
@given(data=st.data(), kind=st.sampled_from(sorted(INVERSES)), side=st.integers(1, 20))
def test_symmetries_and_inversion_undo_each_other(data, kind, side):
    # Eighths of the range: 1 - (1 - x) is exact for them.
    eighths = data.draw(hnp.arrays(np.int8, (2, side, side), elements=st.integers(0, 8)))
    stack = eighths.astype(np.float32) / 8
    generator = np.random.default_rng(0)
    there, _ = apply_corruption(stack, kind, generator=generator)
    back, _ = apply_corruption(there, INVERSES[kind], generator=generator)
    np.testing.assert_array_equal(back, stack)


@pytest.mark.parametrize("kind", KINDS)
def test_corruption_is_visible(unit, kind):
    """At the weakest setting, too, (nearly) every written image comes out different by more than rounding."""
    changed, _ = apply_corruption(unit, kind, generator=np.random.default_rng(0), severity=0.0)
    assert np.mean(np.abs(changed - unit).max(axis=(1, 2)) > 0.5 / 255) > 0.99


@pytest.mark.parametrize("kind", sorted(set(KINDS) - WITHOUT_STRENGTH - {"occlude", "translate", "rotate"}))
def test_more_severe_is_further_from_the_original(unit, kind):
    distance = []
    for severity in (0.0, 0.5, 1.0):
        changed, _ = apply_corruption(unit, kind, generator=np.random.default_rng(0), severity=severity)
        distance.append(np.mean((changed - unit) ** 2))
    assert distance == sorted(distance)
    assert distance[2] > 1.1 * distance[0]


@pytest.mark.parametrize("kind", sorted({"occlude", "translate", "rotate"}))
def test_severity_is_the_place_in_the_range(unit, kind):
    severity = np.linspace(0, 1, len(unit))
    _, parameters = apply_corruption(unit, kind, generator=np.random.default_rng(0), severity=severity)
    np.testing.assert_array_equal(parameters["severity"], severity)
    if kind == "rotate":
        np.testing.assert_allclose(parameters["angle"].abs(), 20 + 60 * severity, atol=1e-9)
    elif kind == "occlude":
        np.testing.assert_array_equal(parameters["side"], np.rint(7 + 4 * severity))
    else:
        assert np.abs(np.hypot(parameters["dx"], parameters["dy"]) - 5 - 2 * severity).max() < 0.71


def test_lengths_grow_with_the_image():
    stack = np.random.default_rng(0).random((4, 56, 56), dtype=np.float32)
    _, parameters = apply_corruption(stack, "gaussian_blur", generator=np.random.default_rng(0), severity=1.0)
    np.testing.assert_allclose(parameters["sigma"], 4.4)
    _, parameters = apply_corruption(stack, "gaussian_noise", generator=np.random.default_rng(0), severity=1.0)
    np.testing.assert_allclose(parameters["sigma"], 0.35)


@pytest.mark.parametrize("kind", KINDS)
def test_colour_images(colour, kind):
    changed, _ = apply_corruption(colour, kind, generator=np.random.default_rng(0))
    assert changed.shape == colour.shape
    assert np.abs(changed - colour).max(axis=(1, 2, 3)).min() > 0.5 / 255


def test_no_images():
    for kind in KINDS:
        out, parameters = apply_corruption(np.zeros((0, 28, 28)), kind, generator=np.random.default_rng(0))
        assert out.shape == (0, 28, 28)
        assert len(parameters) == 0


def test_blank_images_come_back():
    """What cannot change does not, and nothing hangs or divides by zero."""
    for value in (0.0, 1.0):
        stack = np.full((3, 28, 28), value, dtype=np.float32)
        for kind in KINDS:
            out, _ = apply_corruption(stack, kind, generator=np.random.default_rng(0))
            assert np.isfinite(out).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "rotat"}, "Unknown corruption kind: 'rotat'. Did you mean 'rotate'"),
        ({"kind": None}, "Unknown corruption kind: None"),
        ({"severity": 1.5}, r"severity must lie in \[0, 1\], got 1.5"),
        ({"severity": np.nan}, r"severity must lie in \[0, 1\]"),
        ({"severity": [0.1, 0.2]}, r"one number an image \(400\), got shape \(2,\)"),
        ({"stack": np.zeros((4, 784))}, r"stack must be .*, got shape \(4, 784\)"),
    ],
)
def test_bad_arguments(unit, arguments, message):
    stack, kind = arguments.pop("stack", unit), arguments.pop("kind", "rotate")
    with pytest.raises(ValueError, match=message):
        apply_corruption(stack, kind, generator=np.random.default_rng(0), **arguments)


def test_unknown_generic_outlier(unit):
    with pytest.raises(ValueError, match=r"Unknown generic outlier: 'warp'.*elastic_warp"):
        apply_generic(unit, "warp", np.random.default_rng(0))


def test_generic_outliers_are_visible_and_not_kinds(unit):
    outliers, names = planted_outliers(unit, generator=np.random.default_rng(0))
    assert set(names) == set(GENERIC_OUTLIERS)
    assert not set(names) & set(KINDS)
    assert np.mean(np.abs(outliers - unit).max(axis=(1, 2)) > 0.05) > 0.95


def test_erosion_and_dilation_bracket_the_image(unit):
    """Half of the images get darker nowhere, the others brighter nowhere; never beyond two 3 x 3 neighbourhoods."""
    out = apply_generic(unit, "erosion_dilation", np.random.default_rng(0))
    wider, thinner = (out >= unit - 1e-6).all(axis=(1, 2)), (out <= unit + 1e-6).all(axis=(1, 2))
    assert (wider | thinner).all()
    assert 0.4 < wider.mean() < 0.6
    assert (out <= ndimage.grey_dilation(unit, size=(1, 5, 5), mode="nearest") + 1e-6).all()
    assert (out >= ndimage.grey_erosion(unit, size=(1, 3, 3), mode="nearest") - 1e-6).all()


def test_pasted_patch_comes_from_another_image():
    levels = np.arange(1, 9, dtype=np.float32) / 10
    stack = np.broadcast_to(levels[:, None, None], (8, 28, 28)).copy()
    out = apply_generic(stack, "pasted_patch", np.random.default_rng(0))
    for level, image in zip(levels, out):
        values = np.unique(image)
        assert len(values) == 2
        assert level in values
        assert set(values) <= set(levels)


@pytest.mark.parametrize("kind", ["rotate", "translate", "invert", "occlude"])
def test_plain_arrays_hold_what_the_frame_holds(kind):
    stack = np.random.default_rng(0).random((7, 12, 12)).astype(np.float32)
    images, frame = apply_corruption(stack, kind, generator=np.random.default_rng(1))
    others, columns = corrupt_stack(stack, kind, generator=np.random.default_rng(1))
    np.testing.assert_array_equal(images, others)
    assert list(columns) == list(frame)
    for name, values in columns.items():
        np.testing.assert_array_equal(values, frame[name].to_numpy())
