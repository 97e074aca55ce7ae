"""What is given in the place of images is refused in one sentence that says what it is, and what to do."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from toolkit._core.images import as_stack
from toolkit.coverage import ModeCoverage
from toolkit.datasets import load_digits, load_images
from toolkit.detectors import OutlierDetector
from toolkit.diagnostics import CorruptionDiagnostics
from toolkit.exceptions import DataFormatError
from toolkit.generators import GAN, Autoencoder

IMAGES = load_digits().images[:6]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("my_pictures", r"X must be images, got the path 'my_pictures': load them first"),
        (Path("my_pictures"), r"got the path 'my_pictures'"),
        (load_digits(), r"X must be an array of images, got ImageSet: pass its images, X\.images"),
        (None, "X must be an array of images, got None"),
        (5, "X must be an array of images, got a single value"),
        (np.array(5), "got a single value"),
        ({"images": IMAGES}, "got a dict"),
        (Image.fromarray(IMAGES[0]), r"got a single picture: pass \[X\] for a set of one"),
        (SimpleNamespace(figures=[1, 2]), r"X must be an array of images, got SimpleNamespace\.$"),
        ((row for row in IMAGES), "X must be an array of images, got generator"),
        ([], "X holds no images: found 0 sample"),
    ],
)
@pytest.mark.parametrize("take", [as_stack, CorruptionDiagnostics().fit, OutlierDetector().fit, Autoencoder().fit])
def test_it_is_said_what_it_is(take, given, words):
    with pytest.raises(ValueError, match=words) as raised:
        take(given)
    assert "\n" not in str(raised.value)


def test_the_argument_is_named_as_its_user_knows_it():
    gan = GAN(max_steps=1, random_state=0).fit(IMAGES)
    with pytest.raises(ValueError, match="rejection must be images, got the path 'truth.npz'"):
        gan.sample(2, rejection="truth.npz")
    coverage = ModeCoverage(random_state=0).fit(load_digits().images[:60])
    with pytest.raises(ValueError, match="Input samples contains NaN: 6 of 6 images"):
        coverage.evaluate(np.full(IMAGES.shape, np.nan))


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("take", [as_stack, CorruptionDiagnostics().fit, OutlierDetector().fit, Autoencoder().fit])
def test_it_is_said_which_image_is_not_finite(take, value):
    images = IMAGES / 255
    images[[2, 4], 3, 3] = value
    with pytest.raises(ValueError, match="2 of 6 images have such values, the first is number 2") as raised:
        take(images)
    assert "X contains" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("dtype", "words"),
    [(bool, r"Save images \* np\.uint8\(255\)"), (np.uint16, r"images\.astype\(np\.uint8\), else images / float")],
)
def test_what_a_file_should_hold_instead_keeps_the_pictures(tmp_path, dtype, words):
    np.savez(tmp_path / "a.npz", images=(IMAGES > 100).astype(dtype))
    with pytest.raises(DataFormatError, match=words):
        load_images(tmp_path / "a.npz")
