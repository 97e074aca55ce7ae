"""PSNR and SSIM against scikit-image and closed forms."""

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from toolkit.restoration import psnr, ssim


@pytest.fixture
def pairs():
    generator = np.random.default_rng(0)
    reference = generator.integers(0, 256, (5, 20, 17), dtype=np.uint8)
    noise = generator.normal(0, 30, reference.shape)
    return np.clip(reference + noise, 0, 255).astype(np.uint8), reference


def test_psnr_is_scikit_images(pairs):
    images, reference = pairs
    expected = [peak_signal_noise_ratio(r, i, data_range=255) for i, r in zip(images, reference)]
    np.testing.assert_allclose(psnr(images, reference), expected, rtol=1e-12)
    np.testing.assert_allclose(psnr(images / 255.0, reference / 255.0, 1.0), expected, rtol=1e-12)


def test_psnr_of_a_constant_error_is_its_closed_form():
    reference = np.zeros((1, 6, 6))
    assert psnr(reference + 0.1, reference, 1.0)[0] == pytest.approx(20.0)
    assert psnr(reference + 0.1, reference, 10.0)[0] == pytest.approx(40.0)


def test_psnr_is_capped():
    reference = np.zeros((2, 4, 4))
    assert psnr(reference, reference, 1.0).tolist() == [60.0, 60.0]
    assert psnr(reference, reference, 1.0, cap=48.0).tolist() == [48.0, 48.0]


@pytest.mark.parametrize("shape", [(20, 17), (7, 7), (9, 30)])
def test_ssim_is_scikit_images(shape):
    generator = np.random.default_rng(1)
    reference = generator.random((4, *shape))
    images = np.clip(reference + generator.normal(0, 0.2, reference.shape), 0, 1)
    expected = [structural_similarity(r, i, data_range=1.0) for i, r in zip(images, reference)]
    np.testing.assert_allclose(ssim(images, reference, 1.0), expected, rtol=1e-9)


def test_ssim_of_colour_and_of_flat_rows(pairs):
    generator = np.random.default_rng(2)
    reference = generator.integers(0, 256, (3, 12, 12, 3), dtype=np.uint8)
    images = np.roll(reference, 1, axis=2)
    expected = [structural_similarity(r, i, data_range=255, channel_axis=-1) for i, r in zip(images, reference)]
    np.testing.assert_allclose(ssim(images, reference), expected, rtol=1e-9)
    square, other = pairs[0][:, :17], pairs[1][:, :17]
    flat = ssim(square.reshape(5, -1), other.reshape(5, -1))
    np.testing.assert_array_equal(flat, ssim(square, other))


def test_ssim_of_images_smaller_than_its_window_is_finite():
    images = np.random.default_rng(0).random((2, 1, 5))
    assert np.isfinite(ssim(images, images[::-1], 1.0)).all()


@pytest.mark.parametrize("measure", [psnr, ssim])
def test_bad_input_says_what_is_wrong(measure):
    image = np.zeros((1, 8, 8))
    with pytest.raises(ValueError, match="data_range is needed for images that are not uint8"):
        measure(image, image)
    with pytest.raises(ValueError, match=r"one shape, got \(1, 8, 8\) and \(2, 8, 8\)"):
        measure(image, np.zeros((2, 8, 8)), 1.0)
    with pytest.raises(ValueError, match="data_range must be a positive number, got -1"):
        measure(image, image, -1)
