"""Noise on the input of a denoising autoencoder, by name.

The network sees the noisy image and is asked for the clean one (Vincent et al., 2010, "Stacked denoising autoencoders:
learning useful representations in a deep network with a local denoising criterion"). Images are in units of the range
seen in fit; noise is drawn from the generator that is handed in.
"""

import torch

__all__ = ["INPUT_NOISES"]


def _gaussian(images, level, generator):
    """Add normal noise of standard deviation ``level``."""
    return images + level * torch.randn(images.shape, generator=generator, device=images.device)


def _masking(images, level, generator):
    """Set a share ``level`` of the values to zero."""
    return images * (torch.rand(images.shape, generator=generator, device=images.device) >= level)


def _salt_and_pepper(images, level, generator):
    """Set a share ``level`` of the values to 0 or 1, either as likely."""
    draw = torch.rand(images.shape, generator=generator, device=images.device)
    # Below half of the level: pepper; above one minus half of it: salt.
    return images.masked_fill(draw < 0.5 * level, 0.0).masked_fill(draw >= 1.0 - 0.5 * level, 1.0)


INPUT_NOISES = {"gaussian": _gaussian, "masking": _masking, "salt_and_pepper": _salt_and_pepper}
