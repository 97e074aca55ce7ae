"""Repairs at the original resolution: better than they came, and sound pictures stay."""

import io

import numpy as np
import pytest
from PIL import Image
from skimage import data
from skimage.metrics import peak_signal_noise_ratio

from toolkit.restoration import ORIGINAL_REPAIRS, repair_original
from toolkit.restoration._original_steps import STEPS, dead_line_places


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


HANDS = {
    "noisy": (
        lambda image: np.clip(image + np.random.default_rng(0).normal(0, 25, image.shape), 0, 255).astype(np.uint8),
        3,
    ),
    "jpeg_blocks": (_jpeg, 0.1),
    "hot_pixels": (_hot, 5),
    "dead_lines": (_lines, 10),
    "low_contrast": (lambda image: (image * 0.2 + 100).astype(np.uint8), 3),
}


@pytest.mark.parametrize("fault", ORIGINAL_REPAIRS)
def test_better_than_it_came_and_the_sound_stays(picture, fault):
    hand, least = HANDS[fault]
    spoilt = hand(picture)
    found = repair_original(spoilt, fault)
    assert found.repaired, found.why_not
    gain = peak_signal_noise_ratio(picture, found.image) - peak_signal_noise_ratio(picture, spoilt)
    assert gain > least
    kept = repair_original(picture, fault)
    assert not kept.repaired
    assert kept.why_not
    np.testing.assert_array_equal(kept.image, picture)


@pytest.mark.parametrize("fault", ORIGINAL_REPAIRS)
def test_grey_pictures_keep_their_shape(picture, fault):
    grey = picture[:70, :90, 1]
    assert STEPS[fault](grey).shape == grey.shape
    assert STEPS[fault](grey).dtype == np.uint8


def test_dead_lines_are_placed(picture):
    rows, columns = dead_line_places(_lines(picture))
    assert rows.tolist() == [30, 90]
    assert columns.tolist() == [50]
    even = np.full((80, 80), 7, dtype=np.uint8)  # nothing but even lines: none is dead
    assert [len(places) for places in dead_line_places(even)] == [0, 0]


def test_bad_input(picture):
    with pytest.raises(ValueError, match="repair"):
        repair_original(picture, "nonsense")
    with pytest.raises(ValueError, match="image must be uint8"):
        repair_original(picture / 255, "noisy")
    assert "smaller" in repair_original(picture[:20, :20], "noisy").why_not
