"""The learned restorer: what it says of an image does not depend on the others that come with it."""

import numpy as np
import pytest

from toolkit.corruption import corrupt_stack
from toolkit.datasets import load_glyphs
from toolkit.restoration import psnr
from toolkit.restoration._learned import LearnedRestorer

_KINDS = ("gaussian_noise", "low_contrast", "stripe")


@pytest.fixture(scope="module")
def learned():
    images = load_glyphs(n_samples=300, random_state=0).images
    shares = dict.fromkeys(_KINDS, 1.0)
    restorer = LearnedRestorer(_KINDS, init="grey")
    return restorer.fit(images, shares=shares, n_images=600, n_rounds=1, generator=np.random.default_rng(0))


def damaged(kind, n_samples=150):
    clean = load_glyphs(n_samples=n_samples, random_state=1).images
    return clean, corrupt_stack(clean / np.float32(255), kind, generator=np.random.default_rng(1))[0]


@pytest.mark.parametrize("kind", _KINDS)
def test_a_row_is_restored_alike_in_any_company(learned, kind):
    _, given = damaged(kind)
    images, found = learned.redraw(given, kind)
    for rows in (slice(0, 7), slice(60, 70), slice(149, 150), slice(20, 148)):
        alone, told = learned.redraw(given[rows], kind)
        np.testing.assert_array_equal(alone, images[rows])
        np.testing.assert_array_equal(told, found[rows])
    assert learned.redraw(given[:0], kind)[0].shape == (0, 28, 28)


def test_noise_is_taken_out(learned):
    clean, given = damaged("gaussian_noise")
    before, after = (
        psnr(np.rint(images * 255).astype(np.uint8), clean) for images in (given, learned.redraw(given, _KINDS[0])[0])
    )
    assert np.median(after - before) > 2
