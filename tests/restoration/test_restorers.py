"""Restorers by name: against scikit-image, exact inverses, layouts, and messages."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage import filters, restoration
from skimage.transform import rotate as skimage_rotate

from toolkit.corruption import KINDS, apply_corruption
from toolkit.datasets import load_glyphs
from toolkit.restoration import available_restorers, psnr, restore_images

SYMMETRIES = {
    "unrotate_90": "rotate_90",
    "unrotate_180": "rotate_180",
    "unrotate_270": "rotate_270",
    "unflip_horizontal": "flip_horizontal",
    "unflip_vertical": "flip_vertical",
    "untranspose": "transpose",
}


@pytest.fixture(scope="module")
def clean():
    return load_glyphs(n_samples=40, random_state=0).images


def corrupt(images, kind, seed=0, severity=None):
    unit, parameters = apply_corruption(
        images / np.float32(255), kind, generator=np.random.default_rng(seed), severity=severity
    )
    return np.rint(unit * 255).astype(np.uint8), parameters


def median_gain(repaired, corrupted, clean):
    return np.median(psnr(repaired, clean) - psnr(corrupted, clean))


SCIKIT_IMAGE = {
    "tv": lambda image: restoration.denoise_tv_chambolle(image, weight=0.15),
    "nl_means": lambda image: restoration.denoise_nl_means(image, patch_size=5, patch_distance=6, h=0.15),
    "median": lambda image: filters.median(image, np.ones((3, 3)), mode="nearest"),
    "wavelet": lambda image: restoration.denoise_wavelet(image, wavelet="db2", rescale_sigma=True),
}


@pytest.mark.parametrize("method", SCIKIT_IMAGE)
def test_denoisers_are_scikit_images(clean, method):
    noisy, _ = corrupt(clean[:4], "gaussian_noise")
    unit = noisy / np.float32(255)
    expected = np.stack([SCIKIT_IMAGE[method](image.astype(float)) for image in unit])
    np.testing.assert_allclose(restore_images(noisy, method) / 255, np.clip(expected, 0, 1), atol=0.51 / 255)


def test_deconvolution_is_scikit_images(clean):
    blurred, _ = corrupt(clean[:3], "gaussian_blur", severity=0.5)
    x = np.arange(-5, 6)
    psf = np.exp(-0.5 * (x[:, None] ** 2 + x**2) / 1.5**2)
    psf /= psf.sum()
    unit = (blurred / np.float32(255)).astype(float)
    lucy = np.stack([restoration.richardson_lucy(u, psf, num_iter=15, filter_epsilon=1e-6) for u in unit])
    wiener = np.stack([restoration.wiener(u, psf, 0.05) for u in unit])
    np.testing.assert_allclose(restore_images(blurred, "richardson_lucy") / 255, np.clip(lucy, 0, 1), atol=0.51 / 255)
    np.testing.assert_allclose(restore_images(blurred, "wiener") / 255, np.clip(wiener, 0, 1), atol=0.51 / 255)


def test_inpainting_changes_the_masked_pixels_only_and_as_scikit_image_does(clean):
    mask = np.zeros((28, 28), dtype=bool)
    mask[10:13, 8:20] = True
    holed = clean[:3].copy()
    holed[:, mask] = 0
    filled = restore_images(holed, "inpaint_biharmonic", mask=mask)
    assert (filled[:, ~mask] == holed[:, ~mask]).all()
    expected = np.stack([restoration.inpaint_biharmonic(image / 255.0, mask) for image in holed])
    np.testing.assert_allclose(filled / 255, np.clip(expected, 0, 1), atol=0.51 / 255)
    with pytest.raises(ValueError, match="mask must be of shape"):
        restore_images(holed, "inpaint_biharmonic", mask=mask[:5])


@pytest.mark.parametrize(("method", "symmetry"), SYMMETRIES.items())
@given(
    images=arrays(np.float64, (2, 6, 6), elements=st.floats(-1e9, 1e9)) | arrays(np.uint8, (2, 5, 5, 3)),
)
@settings(max_examples=20, deadline=None)
def test_symmetries_are_undone_exactly_in_any_dtype(method, symmetry, images):
    by_hand = {
        "rotate_90": lambda image: np.rot90(image, 1),
        "rotate_180": lambda image: np.rot90(image, 2),
        "rotate_270": lambda image: np.rot90(image, 3),
        "flip_horizontal": np.fliplr,
        "flip_vertical": np.flipud,
        "transpose": lambda image: np.swapaxes(image, 0, 1),
    }[symmetry]
    turned = np.stack([by_hand(image) for image in images])
    repaired = restore_images(turned, method)
    assert repaired.dtype == images.dtype
    np.testing.assert_array_equal(repaired, images)


def test_half_turns_of_images_that_are_not_square_are_undone_exactly():
    images = np.random.default_rng(0).random((3, 4, 7))
    np.testing.assert_array_equal(restore_images(images[:, ::-1, ::-1], "unrotate_180"), images)


@pytest.mark.parametrize(
    ("kind", "method", "parameter", "name", "at_least"),
    [
        ("rotate", "derotate", "angle", "angle", 9),
        ("scale", "rescale", "factor", "factor", 8),
        ("shear", "unshear", "slant", "slant", 9),
    ],
)
def test_geometry_is_undone_with_the_true_parameter(clean, kind, method, parameter, name, at_least):
    # Parameters that keep the glyph in view: what was pushed out cannot come back.
    corrupted, parameters = corrupt(clean, kind, severity=0.2)
    repaired = restore_images(corrupted, method, **{name: parameters[parameter].to_numpy()})
    assert median_gain(repaired, corrupted, clean) > at_least


def test_derotation_turns_the_other_way_than_scikit_image_rotated(clean):
    turned = np.stack([skimage_rotate(image, 35, order=3) for image in clean])  # counter-clockwise, as displayed
    repaired = restore_images(turned, "derotate", angle=35.0)
    before = psnr(turned, clean / 255.0, 1.0)
    assert np.median(psnr(repaired, clean / 255.0, 1.0) - before) > 10


def test_shifts_are_undone_by_whole_pixels(clean):
    images = np.zeros((2, 20, 20), dtype=np.uint8)
    images[:, 6:12, 7:13] = np.random.default_rng(0).integers(1, 256, (2, 6, 6))
    moved = np.roll(images, (3, -4), axis=(1, 2))
    np.testing.assert_array_equal(restore_images(moved, "recentre", dx=-4, dy=3), images)
    # Without parameters: each image to where the set has its centre of mass.
    many = np.concatenate([np.repeat(images[:1], 5, axis=0), moved[:1]])
    np.testing.assert_array_equal(restore_images(many, "recentre")[-1], images[0])


def test_slant_and_axis_are_estimated_from_moments():
    bar = np.zeros((1, 28, 28), dtype=np.float32)
    bar[:, 6:22, 13:15] = 1
    from toolkit.restoration._geometric import derotate, unshear

    for kind, function in (("rotate", derotate), ("shear", unshear)):
        leaning, _ = apply_corruption(np.repeat(bar, 2, axis=0), kind, generator=np.random.default_rng(0), severity=0.1)
        upright = function(leaning)
        assert (psnr(upright, np.repeat(bar, 2, axis=0), 1.0) > 18).all()


def test_intensity_is_undone(clean):
    inverted, _ = corrupt(clean, "invert")
    np.testing.assert_array_equal(restore_images(inverted, "uninvert"), clean)
    faint, _ = corrupt(clean, "low_contrast")
    low, high = int(np.median(clean.min(axis=(1, 2)))), int(np.median(clean.max(axis=(1, 2))))
    stretched = restore_images(faint, "stretch_contrast", low=low, high=high)
    assert median_gain(stretched, faint, clean) > 15
    dim, _ = corrupt(clean, "brightness")
    assert median_gain(restore_images(dim, "level_brightness", low=low, high=high), dim, clean) > 4


def test_contrast_of_a_constant_image_stays():
    images = np.stack([np.full((4, 4), 7.0), np.arange(16.0).reshape(4, 4)])
    np.testing.assert_allclose(restore_images(images, "stretch_contrast")[0], 7.0, atol=1e-5)


def test_learning_on_the_noisy_set_itself_beats_total_variation():
    images = load_glyphs(n_samples=450, random_state=1).images
    noisy, _ = corrupt(images[:150], "gaussian_noise")
    learned = restore_images(noisy, "learned", clean=images[150:], n_images=5000, random_state=0)
    assert learned.dtype == np.uint8
    tv = restore_images(noisy, "tv")
    assert median_gain(learned, noisy, images[:150]) > median_gain(tv, noisy, images[:150]) + 1


def test_every_restorer_keeps_layout_dtype_and_input(clean):
    for method in available_restorers()["name"]:
        params = {"n_images": 50, "random_state": 0} if method == "learned" else {}
        for images in (clean[:6], clean[:6].reshape(6, -1), (clean[:6] * 3.0 - 100).astype(np.float32)):
            before = images.copy()
            out = restore_images(images, method, **params)
            assert out.shape == images.shape, method
            assert out.dtype == images.dtype, method
            assert out.min() >= images.min() - 1e-3, method
            assert out.max() <= max(images.max(), 255) + 1e-3, method
            np.testing.assert_array_equal(images, before)
        colour = np.stack([clean[:3]] * 3, axis=-1)
        assert restore_images(colour, method, **params).shape == colour.shape


def test_tiny_images_of_any_shape_pass_through_every_restorer():
    for method in available_restorers()["name"]:
        params = {"n_images": 20, "random_state": 0} if method == "learned" else {}
        for shape in ((1, 5), (2, 2), (3, 7)):
            images = np.random.default_rng(0).random((4, *shape))
            assert np.isfinite(restore_images(images, method, **params)).all(), (method, shape)


def test_the_table_names_every_kind():
    table = available_restorers()
    assert list(table.columns) == ["name", "family", "undoes", "exact", "needs"]
    undone = {kind for kinds in table["undoes"] for kind in kinds.split(", ")}
    assert undone == set(KINDS)


def test_unknown_names_and_shapes_are_refused(clean):
    with pytest.raises(ValueError, match=r"Unknown restorer: 'medain'\. Did you mean 'median'\?"):
        restore_images(clean, "medain")
    with pytest.raises(ValueError, match=r"clean must hold images of shape \(28, 28\), got \(5, 5\)"):
        restore_images(clean, "learned", clean=np.zeros((3, 5, 5)))
    with pytest.raises(ValueError, match="Unknown kind: 'blurr'"):
        restore_images(clean, "learned", kinds=["blurr"])


def test_a_map_of_grey_levels_is_scikit_learns_isotonic_regression(clean):
    from sklearn.isotonic import IsotonicRegression

    from toolkit.restoration._intensity import tone_curve

    given = np.rint(clean[:5] * 200) / 255
    wanted = np.random.default_rng(0).random(given.shape).astype(np.float32)
    for image, target, mapped in zip(given, wanted, tone_curve(given, wanted)):
        levels = np.rint(image * 255).ravel()
        reference = IsotonicRegression().fit(levels, target.ravel()).predict(levels)
        np.testing.assert_allclose(mapped.ravel(), reference, atol=1e-6)


@pytest.mark.parametrize("shape", [(40, 28, 28), (3, 9, 14, 3), (2, 1, 7), (0, 8, 8)])
def test_a_stack_is_deconvolved_as_scikit_image_does_image_by_image(shape):
    from toolkit.restoration._scikit_image import richardson_lucy

    stack = np.random.default_rng(0).random(shape).astype(np.float32)
    stack[:1] = 0
    radii = [min(5, (side - 1) // 2) for side in shape[1:3]]
    y, x = (np.arange(-radius, radius + 1) for radius in radii)
    psf = np.exp(-0.5 * (y[:, None] ** 2 + x**2) / 1.5**2)
    psf /= psf.sum()
    planes = stack if stack.ndim == 3 else np.moveaxis(stack, -1, 1).reshape(-1, *shape[1:3])
    planes = planes.astype(float)
    expected = [restoration.richardson_lucy(plane, psf, num_iter=15, filter_epsilon=1e-6) for plane in planes]
    found = richardson_lucy(stack)
    found = found if stack.ndim == 3 else np.moveaxis(found, -1, 1).reshape(planes.shape)
    np.testing.assert_allclose(found, np.clip(np.reshape(expected, planes.shape), 0, 1), atol=1e-6)
