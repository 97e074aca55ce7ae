"""Deblurring: the width is found, what is left of a picture is inverted, and what is no Gaussian blur is let be."""

import numpy as np
import pytest
from scipy import ndimage
from skimage import data, restoration
from skimage.metrics import peak_signal_noise_ratio

from toolkit.restoration import _deblur
from toolkit.restoration._deblur import TOLD_AGAIN, blur_between, deblurred
from toolkit.restoration._photographs import without_fault

PHOTOGRAPHS = [
    data.astronaut()[:192, 130:322],
    data.coffee()[100:292, 150:342],
    data.chelsea()[20:212, 100:292],
    data.stereo_motorcycle()[0][150:342, 150:342],
    data.camera()[60:252, 130:322],
]


def _blurred(image, width, noise=0.0):
    found = ndimage.gaussian_filter(image.astype(float), (width, width, 0)[: image.ndim])
    found = found + np.random.default_rng(0).normal(0, noise, image.shape)
    return np.rint(np.clip(found, 0, 255)).astype(np.uint8)


def _gain(image, spoilt, found):
    return peak_signal_noise_ratio(image, found) - peak_signal_noise_ratio(image, spoilt)


@pytest.mark.parametrize("width", [0.8, 1.7, 3.5])
def test_the_blur_between_two_pictures_is_found(width):
    image = PHOTOGRAPHS[0]
    found, left = blur_between(_blurred(image, width), image)
    assert abs(found / width - 1) < 0.06
    assert left < 0.05


def test_other_changes_are_told_from_blur():
    image = PHOTOGRAPHS[1]
    kernel = np.eye(15)[..., None] / 15
    along = np.rint(ndimage.convolve(image.astype(float), kernel)).astype(np.uint8)
    for other in (along, 255 - image, np.roll(image, 9, axis=0)):
        assert blur_between(other, image)[1] > TOLD_AGAIN
    assert blur_between(image, image)[1] == np.inf


def _wiener(image, width, balance):
    """Scikit-image's filter, told the width; with the mirror image around, since it goes round the edges."""
    axis = np.arange(-int(4 * width), int(4 * width) + 1)
    spread = np.exp(-(axis[:, None] ** 2 + axis**2) / (2 * width**2))
    planes = np.pad(image.reshape(*image.shape[:2], -1) / 255, [(24, 24), (24, 24), (0, 0)], mode="symmetric")
    found = [
        restoration.wiener(planes[..., channel], spread / spread.sum(), balance, clip=False)[24:-24, 24:-24]
        for channel in range(planes.shape[2])
    ]
    return np.rint(np.clip(np.stack(found, axis=2) * 255, 0, 255)).astype(np.uint8).reshape(image.shape)


@pytest.mark.parametrize(("width", "noise"), [(1.5, 0), (2.2, 0), (1.5, 1.5)])
def test_better_than_the_network_and_than_filters_that_are_told_the_width(width, noise):
    ours, learned, told = [], [], {balance: [] for balance in (0.001, 0.01, 0.1)}
    for image in PHOTOGRAPHS:
        spoilt = _blurred(image, width, noise)
        ours.append(_gain(image, spoilt, deblurred(spoilt)))
        learned.append(_gain(image, spoilt, without_fault(spoilt, "blurred")))
        for balance, gains in told.items():
            gains.append(_gain(image, spoilt, _wiener(spoilt, width, balance)))
    assert min(ours) > 1
    assert np.median(ours) > np.median(learned)
    assert np.median(ours) > max(np.median(gains) for gains in told.values())


def test_sound_photographs_stay_nearly_as_they_are():
    assert min(peak_signal_noise_ratio(image, deblurred(image)) for image in PHOTOGRAPHS) > 35


def test_what_is_not_the_inverse_of_a_blur_is_not_inverted(monkeypatch):
    image = PHOTOGRAPHS[2]
    monkeypatch.setattr(_deblur, "without_fault", lambda given, fault: np.ascontiguousarray(given[::-1]))
    np.testing.assert_array_equal(deblurred(image), image[::-1])


@pytest.mark.parametrize("shape", [(7, 5, 3), (1, 1), (3, 200), (66, 35, 3)])
def test_any_size(shape):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    found = deblurred(image)
    assert found.shape == shape
    assert found.dtype == np.uint8
    flat = np.full(shape, 77, np.uint8)
    assert np.abs(deblurred(flat).astype(int) - 77).max() <= 3


def test_tiles_can_hardly_be_seen():
    spoilt = _blurred(data.astronaut()[:300, 100:420], 2.0)
    learned = without_fault(spoilt, "blurred")
    whole = _deblur._joined(spoilt, learned, 2.0).astype(int)
    for tile in (96, 128):
        found = _deblur._joined(spoilt, learned, 2.0, tile=tile)
        assert np.abs(found - whole).mean() < 0.1
        assert np.abs(found - whole).max() <= 4
