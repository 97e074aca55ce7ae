"""Noise: Gaussian, shot, speckle and impulse. Channels of a colour image are disturbed independently.

The definitions are those of ``skimage.util.random_noise``. Clipping is left to the caller.
"""

import numpy as np

from toolkit.corruption._background import per_image

__all__ = ["gaussian_noise", "salt_and_pepper", "shot_noise", "speckle_noise"]


def gaussian_noise(stack, sigma, generator):
    """Add noise of standard deviation ``sigma``, the same everywhere."""
    noise = generator.standard_normal(stack.shape, dtype=np.float32)
    noise *= per_image(sigma, stack)
    noise += stack
    return noise, {"sigma": sigma}


def shot_noise(stack, photons, generator):
    """Count photons: Poisson with mean ``photons * value``, over ``photons``."""
    photons = np.asarray(photons)
    scale = per_image(photons, stack)
    out = np.zeros_like(stack)
    # Empty pixels count nothing, and drawing them would be most of the time on digits.
    lit = stack > 0
    expected = stack * scale
    out[lit] = generator.poisson(expected[lit])
    out /= scale
    return out, {"photons": photons}


def speckle_noise(stack, sigma, generator):
    """Add noise whose standard deviation is ``sigma`` times the pixel's value."""
    noise = generator.standard_normal(stack.shape, dtype=np.float32)
    noise *= per_image(sigma, stack)
    noise += 1
    noise *= stack
    return noise, {"sigma": sigma}


def salt_and_pepper(stack, amount, generator):
    """Set a share ``amount`` of the pixels to 0 or 1, with equal chances."""
    draw = generator.random(stack.shape, dtype=np.float32)
    half = per_image(amount, stack) / 2
    out = np.where(draw < half, np.float32(1), stack)
    out[draw >= 1 - half] = 0
    return out, {"amount": amount}
