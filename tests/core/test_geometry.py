"""Geometry of stacks against scipy and scikit-image, image by image."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.transform import rotate as skimage_rotate

from toolkit._core.geometry import (
    DIHEDRAL,
    affine_matrix,
    dihedral,
    inverse_dihedral,
    rotate,
    smooth_field,
    warp,
    wrap_angle,
)


def smooth_stack(n=6, shape=(28, 28), seed=0):
    noise = np.random.default_rng(seed).random((n, *shape), dtype=np.float32)
    return ndimage.gaussian_filter(noise, (0, 1, 1))


def framed(stack, width=5):
    """The stack with an empty frame, so that splines see no edge."""
    framed = np.zeros_like(stack)
    framed[:, width:-width, width:-width] = stack[:, width:-width, width:-width]
    return ndimage.gaussian_filter(framed, (0, 1, 1))


@pytest.mark.parametrize("angle", [-170.0, -90.0, -33.3, 0.0, 12.5, 45.0, 180.0])
def test_linear_rotation_equals_scikit_image(angle):
    stack = smooth_stack()
    expected = [skimage_rotate(image, angle, order=1, mode="constant", preserve_range=True) for image in stack]
    np.testing.assert_allclose(rotate(stack, np.full(len(stack), angle)), expected, atol=1e-5)


@pytest.mark.parametrize("angle", [-61.0, 7.0, 130.0])
def test_cubic_rotation_equals_scipy(angle):
    stack = framed(smooth_stack())
    expected = ndimage.rotate(stack, angle, axes=(2, 1), reshape=False, order=3, mode="grid-constant")
    # scipy's positive angle for these axes turns the displayed image counter-clockwise as well
    np.testing.assert_allclose(rotate(stack, angle, order=3), expected, atol=2e-3)


def test_every_image_has_its_own_map_and_fill():
    stack = np.zeros((2, 9, 9), dtype=np.float32)
    stack[:, 4, 4] = 1.0
    moved = warp(stack, affine_matrix(dx=[2, 0], dy=[0, -3]), fill=np.array([0.0, 0.5]))
    assert moved[0, 4, 6] == pytest.approx(1.0)
    assert moved[1, 1, 4] == pytest.approx(1.0)
    assert moved[1, -1, 0] == pytest.approx(0.5)
    assert moved[0, 0, 0] == 0.0


def test_colour_is_warped_channel_by_channel():
    grey = smooth_stack(4)
    colour = np.stack([grey, 0.5 * grey, 1 - grey], axis=-1)
    turned = rotate(colour, 30.0)
    np.testing.assert_allclose(turned[..., 1], rotate(0.5 * grey, 30.0), atol=1e-6)


def test_scale_and_shear_map_points_as_documented():
    stack = np.zeros((1, 21, 21), dtype=np.float32)
    stack[0, 8, 12] = 1.0  # two right of and two above the centre
    assert np.unravel_index(warp(stack, affine_matrix(scale=2.0))[0].argmax(), (21, 21)) == (6, 14)
    assert np.unravel_index(warp(stack, affine_matrix(shear=1.0))[0].argmax(), (21, 21)) == (8, 14)


@given(angle=st.floats(-180, 180), dx=st.floats(-3, 3), scale=st.floats(0.8, 1.25), shear=st.floats(-0.3, 0.3))
@settings(max_examples=40, deadline=None)
def test_a_map_and_its_inverse_cancel(angle, dx, scale, shear):
    forward = np.eye(3)
    forward[:2] = affine_matrix(angle=angle, dx=dx, scale=scale, shear=shear)[0]
    stack = framed(smooth_stack(1), 9)
    back = warp(warp(stack, forward[None, :2], order=3), np.linalg.inv(forward)[None, :2], order=3)
    assert np.abs(back - stack)[:, 9:-9, 9:-9].mean() < 0.02


@given(name=st.sampled_from(DIHEDRAL), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_symmetries_are_undone_exactly(name, seed):
    stack = np.random.default_rng(seed).random((3, 5, 7, 3))
    np.testing.assert_array_equal(dihedral(dihedral(stack, name), inverse_dihedral(name)), stack)


def test_quarter_turn_is_the_rotation_by_ninety():
    stack = smooth_stack()
    np.testing.assert_allclose(dihedral(stack, "rotate_90"), rotate(stack, 90.0), atol=1e-5)


@given(st.floats(-1e4, 1e4))
def test_wrapped_angles_are_equal_on_the_circle(angle):
    wrapped = wrap_angle(angle)
    assert -180 < wrapped <= 180
    assert np.cos(np.deg2rad(wrapped)) == pytest.approx(np.cos(np.deg2rad(angle)), abs=1e-6)


def test_smooth_fields_are_standardised_and_smooth():
    fields = smooth_field(5, (28, 28), 4.0, np.random.default_rng(0))
    np.testing.assert_allclose(fields.mean(axis=(1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(fields.std(axis=(1, 2)), 1, atol=1e-4)
    assert np.abs(np.diff(fields, axis=2)).mean() < 0.5


def test_unknown_order_and_symmetry():
    with pytest.raises(ValueError, match="order must be 1 or 3"):
        warp(smooth_stack(1), affine_matrix(), order=2)
    with pytest.raises(ValueError, match="Did you mean 'rotate_90'"):
        dihedral(smooth_stack(1), "rotate_9")
