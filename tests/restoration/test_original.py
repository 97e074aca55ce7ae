"""Repairs at the original resolution: better than they came, and sound pictures stay."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage
from skimage import data
from skimage.metrics import peak_signal_noise_ratio

from toolkit.restoration import ORIGINAL_METHODS, repair_original
from toolkit.restoration._original_steps import STEPS, dead_line_places

WAYS = [(fault, method) for fault, methods in ORIGINAL_METHODS.items() for method in methods]


@pytest.fixture(scope="module")
def picture():
    return data.coffee()[100:292, 150:342]


def _jpeg(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=10)
    return np.asarray(Image.open(file))


def _lines(image):
    image = image.copy()
    image[[30, 90]], image[:, 50] = 0, 255
    return image


def _hot(image):
    image = image.copy()
    generator = np.random.default_rng(0)
    image[generator.integers(0, 192, 40), generator.integers(0, 192, 40)] = 255
    return image


def _blurred(image, sigma=2.5):
    return np.rint(ndimage.gaussian_filter(image.astype(float), (sigma, sigma, 0))).astype(np.uint8)


# fault: what plants it, and the gain in dB that each way of repairing it has to reach.
HANDS = {
    "noisy": (
        lambda image: np.clip(image + np.random.default_rng(0).normal(0, 25, image.shape), 0, 255).astype(np.uint8),
        {"classical": 3, "learned": 7},
    ),
    "jpeg_blocks": (_jpeg, {"classical": 0.1, "learned": 0.7}),
    "hot_pixels": (_hot, {"classical": 5}),
    "dead_lines": (_lines, {"classical": 10}),
    "low_contrast": (lambda image: (image * 0.2 + 100).astype(np.uint8), {"classical": 3}),
    "blurred": (_blurred, {"learned": 2}),
}


@pytest.mark.parametrize(("fault", "method"), WAYS)
def test_better_than_it_came_and_the_sound_stays(picture, fault, method):
    hand, least = HANDS[fault]
    spoilt = hand(picture)
    found = repair_original(spoilt, fault, method=method)
    assert found.repaired, found.why_not
    gain = peak_signal_noise_ratio(picture, found.image) - peak_signal_noise_ratio(picture, spoilt)
    assert gain > least[method]
    kept = repair_original(picture, fault, method=method)
    assert not kept.repaired
    assert kept.why_not
    np.testing.assert_array_equal(kept.image, picture)


@pytest.mark.parametrize(("fault", "method"), WAYS)
def test_grey_pictures_keep_their_shape(picture, fault, method):
    grey = picture[:70, :90, 1]
    found = STEPS[fault][method](grey)
    assert found.shape == grey.shape
    assert found.dtype == np.uint8


def test_where_nothing_is_said_the_classical_way_is_taken(picture):
    spoilt = HANDS["noisy"][0](picture)
    np.testing.assert_array_equal(
        repair_original(spoilt, "noisy").image, repair_original(spoilt, "noisy", method="classical").image
    )


def test_opacity_is_kept_and_transparent_pictures_are_left(picture):
    spoilt = HANDS["noisy"][0](picture)
    opaque = np.dstack([spoilt, np.full(spoilt.shape[:2], 255, np.uint8)])
    found = repair_original(opaque, "noisy", method="learned")
    assert found.repaired
    np.testing.assert_array_equal(found.image[..., 3], 255)
    np.testing.assert_array_equal(found.image[..., :3], repair_original(spoilt, "noisy", method="learned").image)
    opaque[3, 5, 3] = 254
    assert "transparent" in repair_original(opaque, "noisy").why_not


def test_blur_that_is_no_gaussian_is_left(picture):
    """Blurred along a line: the network has not learnt it, and the picture stays or gets no worse."""
    kernel = np.zeros((15, 15))
    kernel[7] = 1 / 15
    spoilt = np.stack([ndimage.convolve(plane.astype(float), kernel) for plane in np.moveaxis(picture, 2, 0)], axis=2)
    spoilt = np.rint(spoilt).astype(np.uint8)
    found = repair_original(spoilt, "blurred")
    assert not found.repaired
    np.testing.assert_array_equal(found.image, spoilt)


def test_what_was_made_up_is_no_blur_taken_back(picture, monkeypatch):
    """A sharp picture of something else passes the judges of sharpness, but not that of what it shows."""
    monkeypatch.setitem(STEPS, "blurred", {"learned": lambda image: np.ascontiguousarray(picture[::-1])})
    found = repair_original(_blurred(picture), "blurred")
    assert found.why_not == "what was changed is no blur taken back"


def test_dead_lines_are_placed(picture):
    rows, columns = dead_line_places(_lines(picture))
    assert rows.tolist() == [30, 90]
    assert columns.tolist() == [50]
    even = np.full((80, 80), 7, dtype=np.uint8)  # nothing but even lines: none is dead
    assert [len(places) for places in dead_line_places(even)] == [0, 0]


def test_bad_input(picture):
    with pytest.raises(ValueError, match="repair"):
        repair_original(picture, "nonsense")
    with pytest.raises(ValueError, match="method for blurred: 'classical'.* Valid: learned"):
        repair_original(picture, "blurred", method="classical")
    with pytest.raises(ValueError, match="image must be uint8"):
        repair_original(picture / 255, "noisy")
    assert "smaller" in repair_original(picture[:20, :20], "noisy").why_not
