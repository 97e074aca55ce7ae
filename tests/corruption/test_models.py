"""Each forward model against a closed form, SciPy or scikit-image."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import filters, transform
from skimage.util import random_noise

from toolkit.corruption import apply_corruption


def corrupt(stack, kind, severity=None, seed=0):
    return apply_corruption(stack, kind, generator=np.random.default_rng(seed), severity=severity)


def grey(value, n=40):
    """Even images large enough for moments."""
    return np.full((n, 64, 64), value, dtype=np.float32)


# --- noise: the moments of scikit-image's own noise -------------------------------------------------------------------


@pytest.mark.parametrize(("severity", "sigma"), [(0.0, 0.10), (0.4, 0.20), (1.0, 0.35)])
@pytest.mark.parametrize("value", [0.0, 0.5, 0.9])
def test_gaussian_noise_has_the_moments_of_random_noise(severity, sigma, value):
    ours, parameters = corrupt(grey(value), "gaussian_noise", severity)
    theirs = random_noise(grey(value), "gaussian", var=sigma**2, rng=1)
    np.testing.assert_allclose(parameters["sigma"], sigma, rtol=1e-6)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.003)
    assert ours.std() == pytest.approx(theirs.std(), abs=0.003)


@pytest.mark.parametrize(("severity", "amount"), [(0.0, 0.05), (1.0, 0.25)])
def test_salt_and_pepper_has_the_shares_of_random_noise(severity, amount):
    ours, parameters = corrupt(grey(0.5), "salt_and_pepper", severity)
    theirs = random_noise(grey(0.5), "s&p", amount=amount, rng=1)
    np.testing.assert_allclose(parameters["amount"], amount, rtol=1e-6)
    for value in (0, 0.5, 1):
        assert np.mean(ours == value) == pytest.approx(np.mean(theirs == value), abs=0.004)
    assert np.isin(ours, [0, 0.5, 1]).all()


def test_speckle_noise_has_the_moments_of_random_noise():
    ours, _ = corrupt(grey(0.4), "speckle_noise", 0.0)
    theirs = random_noise(grey(0.4), "speckle", var=0.3**2, rng=1)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.002)
    assert ours.std() == pytest.approx(theirs.std(), abs=0.002)


def test_shot_noise_is_poisson():
    ours, parameters = corrupt(grey(0.2), "shot_noise", 0.0)  # 15 photons: clipping plays no part
    counts = ours * parameters["photons"].to_numpy()[:, None, None]
    np.testing.assert_allclose(counts, np.rint(counts), atol=1e-4)
    assert ours.mean() == pytest.approx(0.2, abs=0.002)
    assert ours.var() == pytest.approx(0.2 / 15, rel=0.02)


# --- blur -------------------------------------------------------------------------------------------------------------


def test_gaussian_blur_equals_scikit_image(unit):
    ours, parameters = corrupt(unit[:40], "gaussian_blur")
    assert parameters["sigma"].between(1.0, 2.2).all()
    for image, blurred, sigma in zip(unit, ours, parameters["sigma"]):
        np.testing.assert_allclose(blurred, filters.gaussian(image, sigma, mode="nearest"), atol=2e-5)


@pytest.mark.parametrize("shape", [(20, 33), (120, 100)])
def test_gaussian_blur_of_other_sizes_equals_scipy(shape):
    stack = np.random.default_rng(0).random((3, *shape), dtype=np.float32)
    ours, parameters = corrupt(stack, "gaussian_blur")
    for image, blurred, sigma in zip(stack, ours, parameters["sigma"]):
        np.testing.assert_allclose(blurred, ndimage.gaussian_filter(image, sigma, mode="nearest"), atol=2e-5)


def test_gaussian_blur_of_colour_is_that_of_its_channels(colour):
    ours, parameters = corrupt(colour[:5], "gaussian_blur")
    for image, blurred, sigma in zip(colour, ours, parameters["sigma"]):
        np.testing.assert_allclose(blurred, filters.gaussian(image, sigma, mode="nearest", channel_axis=2), atol=2e-5)


def test_motion_blur_draws_a_dot_as_a_line():
    dot = np.zeros((50, 41, 41), dtype=np.float32)
    dot[:, 20, 20] = 1
    line, parameters = corrupt(dot, "motion_blur")
    np.testing.assert_allclose(line.sum(axis=(1, 2)), 1, atol=1e-4)
    y, x = np.mgrid[:41, :41] - 20
    for image, length, direction in zip(line, parameters["length"], parameters["direction"]):
        xx, yy, xy = ((image * moment).sum() for moment in (x * x, y * y, x * y))
        # A uniform line of length L has variance L^2 / 12 along it; spreading over pixels adds a quarter each way.
        assert (length - 1) ** 2 / 12 - 0.1 < xx + yy < (length - 1) ** 2 / 12 + 0.5
        measured = np.rad2deg(0.5 * np.arctan2(-2 * xy, xx - yy))
        assert abs((measured - direction + 90) % 180 - 90) < 3


def test_pixelate_averages_blocks(unit):
    ours, parameters = corrupt(unit[:40], "pixelate")
    for image, coarse, block in zip(unit, ours, parameters["block"]):
        for top in range(0, 28, block):
            for left in range(0, 28, block):
                part = np.s_[top : top + block, left : left + block]
                np.testing.assert_allclose(coarse[part], image[part].mean(), atol=1e-5)


# --- geometry ---------------------------------------------------------------------------------------------------------


def test_rotate_equals_scikit_image(unit):
    ours, parameters = corrupt(unit[:40], "rotate")
    angle = parameters["angle"]
    assert angle.abs().between(20, 80).all()
    assert (angle > 0).any()
    assert (angle < 0).any()
    for image, turned, degrees in zip(unit, ours, angle):
        np.testing.assert_allclose(turned, transform.rotate(image, degrees, order=1), atol=1e-4)


def test_derotating_by_the_angle_restores(unit):
    ours, parameters = corrupt(unit, "rotate")
    changed, restored = [], []
    for image, turned, degrees in zip(unit, ours, parameters["angle"]):
        changed.append(np.mean((turned - image) ** 2))
        restored.append(np.mean((transform.rotate(turned, -degrees, order=3) - image) ** 2))
    assert np.median(restored) < 0.05 * np.median(changed)


@pytest.mark.parametrize(
    ("kind", "turn", "angle"),
    [
        ("rotate_90", lambda stack: np.rot90(stack, 1, axes=(1, 2)), 90),
        ("rotate_180", lambda stack: np.rot90(stack, 2, axes=(1, 2)), 180),
        ("rotate_270", lambda stack: np.rot90(stack, 3, axes=(1, 2)), -90),
        ("flip_horizontal", lambda stack: np.flip(stack, 2), np.nan),
        ("flip_vertical", lambda stack: np.flip(stack, 1), np.nan),
        ("transpose", lambda stack: np.swapaxes(stack, 1, 2), np.nan),
        ("invert", lambda stack: 1 - stack, np.nan),
    ],
)
def test_kinds_without_a_strength(unit, kind, turn, angle):
    ours, parameters = corrupt(unit[:20], kind)
    np.testing.assert_array_equal(ours, turn(unit[:20]))
    np.testing.assert_array_equal(parameters["angle"], np.full(20, angle, dtype=float))
    assert (parameters["severity"] == 1).all()


def test_quarter_turn_keeps_the_shape_of_an_oblong_image():
    stack = np.zeros((1, 9, 15), dtype=np.float32)
    stack[0, 4, 9] = 1  # two to the right of the centre
    ours, _ = corrupt(stack, "rotate_90")
    assert np.argwhere(ours[0] > 0.5).tolist() == [[2, 7]]  # two above it
    ours, _ = corrupt(stack, "transpose")
    assert np.argwhere(ours[0] > 0.5).tolist() == [[6, 7]]


def test_translate_moves_by_whole_pixels(unit):
    ours, parameters = corrupt(unit[:60], "translate")
    distance = np.hypot(parameters["dx"], parameters["dy"])
    assert distance.between(5 - 0.71, 7 + 0.71).all()
    for image, moved, dx, dy in zip(unit, ours, parameters["dx"], parameters["dy"]):
        np.testing.assert_allclose(moved, ndimage.shift(image, (dy, dx), order=0, mode="constant"), atol=1e-6)


@pytest.mark.parametrize(("kind", "parameter"), [("scale", "factor"), ("shear", "slant")])
def test_affine_kinds_equal_scikit_image(unit, kind, parameter):
    ours, parameters = corrupt(unit[:30], kind)
    values = parameters[parameter].to_numpy()
    limit = 1 if kind == "scale" else 0
    assert (values > limit).any()
    assert (values < limit).any()
    for image, warped, value in zip(unit, ours, values):
        linear = [[value, 0, 0], [0, value, 0]] if kind == "scale" else [[1, -value, 0], [0, 1, 0]]
        to_centre = transform.EuclideanTransform(translation=(-13.5, -13.5))
        back = transform.EuclideanTransform(translation=(13.5, 13.5))
        full = to_centre + transform.AffineTransform(np.vstack([linear, [0, 0, 1]])) + back
        np.testing.assert_allclose(warped, transform.warp(image, full.inverse, order=1), atol=1e-4)


@pytest.mark.parametrize("kind", ["rotate", "translate", "scale", "shear", "motion_blur"])
def test_what_comes_into_view_has_the_colour_of_the_background(colour, kind):
    """Light images keep light corners: the fill is no black wedge."""
    ours, parameters = corrupt(colour, kind)
    if kind == "scale":  # what is magnified may reach the corners itself
        ours = ours[parameters["factor"] < 1]
    assert ours[:, [0, 0, -1, -1], [0, -1, 0, -1]].min(axis=(1, 2)).mean() > 0.9


# --- intensity --------------------------------------------------------------------------------------------------------


def test_low_contrast_is_affine_and_keeps_the_range(unit):
    ours, parameters = corrupt(unit[:100], "low_contrast")
    factor, pivot = (parameters[name].to_numpy()[:, None, None] for name in ("factor", "pivot"))
    np.testing.assert_allclose(ours, pivot + factor * (unit[:100] - pivot), atol=1e-6)
    assert parameters["factor"].between(0.15, 0.45).all()
    assert {0.0, 1.0} < set(parameters["pivot"])


def test_brightness_adds_and_clips(unit):
    ours, parameters = corrupt(unit[:100], "brightness")
    offset = parameters["offset"].to_numpy()
    np.testing.assert_allclose(ours, np.clip(unit[:100] + offset[:, None, None], 0, 1), atol=1e-6)
    assert (np.abs(offset) >= 0.2).all()
    assert (offset > 0).any()
    assert (offset < 0).any()


# --- occlusion --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("images", ["unit", "colour"])
def test_occlude_hides_one_square_and_nothing_else(images, request):
    stack = request.getfixturevalue(images)[:40]
    ours, parameters = corrupt(stack, "occlude")
    assert parameters["side"].between(7, 11).all()
    for image, hidden, row in zip(stack, ours, parameters.itertuples()):
        square = np.s_[row.top : row.top + row.side, row.left : row.left + row.side]
        assert hidden[square].shape[:2] == (row.side, row.side)  # it lies inside
        assert (hidden[square] == hidden[square][0, 0]).all()
        assert hidden[square].mean() == pytest.approx(row.value, abs=1e-5)
        outside = np.ones((28, 28), dtype=bool)
        outside[square] = False
        np.testing.assert_array_equal(hidden[outside], image[outside])
        assert not np.array_equal(hidden, image)


def test_occlude_sometimes_takes_the_colour_of_the_background(unit):
    _, parameters = corrupt(unit, "occlude")
    missing = (parameters["value"] == 0).mean()
    assert 0.1 < missing < 0.7


def test_stripes_are_regular_and_change_only_the_lines(unit):
    stack = unit[:100]
    ours, parameters = corrupt(stack, "stripe")
    for image, striped, row in zip(stack, ours, parameters.itertuples()):
        axis = 1 if row.direction == 0 else 0
        on = np.flatnonzero(np.abs(striped - image).max(axis=axis) > 1e-6)
        assert len(np.unique(on % row.period)) <= row.thickness <= row.period / 2
        lines = np.take(striped, on, axis=1 - axis)
        expected = np.take(image, on, axis=1 - axis) * (1 - row.opacity) + row.opacity * row.bright
        np.testing.assert_allclose(lines, expected, atol=1e-5)
    assert set(parameters["direction"]) == {0, 90}
