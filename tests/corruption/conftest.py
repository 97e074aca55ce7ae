"""Images to corrupt: written letters, and a colour version of them."""

import numpy as np
import pytest

from toolkit.datasets import load_glyphs


@pytest.fixture(scope="session")
def glyphs():
    """400 images (n, 28, 28), uint8."""
    return load_glyphs(400, random_state=3).images


@pytest.fixture(scope="session")
def unit(glyphs):
    """The same in the unit interval, float32."""
    return glyphs.astype(np.float32) / 255


@pytest.fixture(scope="session")
def colour(unit):
    """40 colour images on a light background."""
    return 1 - unit[:120].reshape(40, 3, 28, 28).transpose(0, 2, 3, 1)
