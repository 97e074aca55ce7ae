"""Arrays that may not be written to, such as memory maps, are taken without a word."""

import warnings

import numpy as np
import pytest
import torch

from toolkit.datasets import load_digits
from toolkit.generators import GAN, ConditionalGAN, FlowMatching, VariationalAutoencoder

SHORT = {"max_steps": 2, "random_state": 0}
MODELS = [
    GAN(latent_dim=8, **SHORT),
    ConditionalGAN(**SHORT),
    FlowMatching(**SHORT),
    VariationalAutoencoder(latent_dim=2, epochs=1, random_state=0),
]


@pytest.fixture
def loud():
    """Torch says each time what it otherwise says once in a process, and here it is an error."""
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*not writable.*")
        yield
    torch.set_warn_always(before)


def read_only(shape):
    latents = np.zeros(shape, dtype=np.float32)
    latents.setflags(write=False)
    return latents


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_images_and_latents_that_are_read_only(model, dtype, loud):
    digits = load_digits().subset(slice(40))
    images = (digits.images / 255 if dtype == np.float32 else digits.images).astype(dtype)
    images.setflags(write=False)
    model.fit(images, digits.labels)
    if type(model) is GAN:
        assert model.generate(read_only((2, 8))).shape == (2, 28, 28)
    if isinstance(model, FlowMatching):
        assert model.generate(read_only((2, 28 * 28))).shape == (2, 28, 28)
    if isinstance(model, VariationalAutoencoder):
        assert model.inverse_transform(read_only((2, 2))).shape == (2, 28, 28)
