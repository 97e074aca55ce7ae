"""Pairs of generator and discriminator by name, and how their weights start.

To add one, write its two classes in a file and its line in :data:`ARCHITECTURES`.
"""

import copy
from dataclasses import dataclass

import torch
from torch import nn

from toolkit._core.names import lookup
from toolkit.nn._random import GeneratorDropout, build
from toolkit.nn.adversarial._dcgan import DCGANDiscriminator, DCGANGenerator
from toolkit.nn.adversarial._mlp import MLPDiscriminator, MLPGenerator
from toolkit.nn.adversarial._resnet import ResNetDiscriminator, ResNetGenerator

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "build_discriminator",
    "build_generator",
    "build_with_gain",
    "share_randomness",
]


@dataclass(frozen=True)
class Architecture:
    """Two classes, their usual widths, and the spread that their weights start with.

    Parameters
    ----------
    generator, discriminator : type
    generator_widths, discriminator_widths : tuple of int
    gain : float
        Of the He-uniform start: 1 / sqrt(6) is torch's own law, uniform in +- 1 / sqrt(n_inputs).
    """

    generator: type
    discriminator: type
    generator_widths: tuple
    discriminator_widths: tuple
    gain: float


ARCHITECTURES = {
    "mlp": Architecture(MLPGenerator, MLPDiscriminator, (256, 512, 1024), (512, 256), 6**-0.5),
    "dcgan": Architecture(DCGANGenerator, DCGANDiscriminator, (128, 64), (64, 128), 6**-0.5),
    "resnet": Architecture(ResNetGenerator, ResNetDiscriminator, (64, 32), (32, 64), 6**-0.5),
}


@torch.no_grad()
def build_with_gain(factory, gain, generator):
    """Build a network whose weights are drawn from ``generator`` and start ``gain`` times the usual spread."""
    network = build(factory, generator)
    for layer in network.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            layer.weight.mul_(gain)
    for layer in network.modules():
        if hasattr(layer, "reset_buffers"):
            layer.reset_buffers(generator)
    return network


def build_generator(architecture, latent_dim, image_shape, *, widths, norm, generator):
    """The generator of that name, or a copy of the first of an own pair.

    Parameters
    ----------
    architecture : str or pair of torch.nn.Module
    latent_dim : int
    image_shape : tuple
        ``(channels, height, width)``.
    widths : sequence of int or None
        None is the architecture's usual.
    norm : {"none", "batch"}
    generator : torch.Generator
        Draws the weights. Those of an own module stay as they came.
    """
    if not isinstance(architecture, str):
        return copy.deepcopy(architecture[0]).to(generator.device)
    entry = lookup(ARCHITECTURES, architecture, "architecture")
    widths = entry.generator_widths if widths is None else widths
    return build_with_gain(
        lambda: entry.generator(latent_dim, image_shape, widths=widths, norm=norm), entry.gain, generator
    )


def build_discriminator(
    architecture, image_shape, *, widths, packing, dropout, spectral_norm, minibatch_std, generator
):
    """The discriminator of that name, or a copy of the second of an own pair; see :func:`build_generator`."""
    if not isinstance(architecture, str):
        return copy.deepcopy(architecture[1]).to(generator.device)
    entry = lookup(ARCHITECTURES, architecture, "architecture")
    channels, height, width = image_shape
    return build_with_gain(
        lambda: entry.discriminator(
            (channels * packing, height, width),
            widths=entry.discriminator_widths if widths is None else widths,
            dropout=dropout,
            spectral_norm=spectral_norm,
            minibatch_std=minibatch_std,
        ),
        entry.gain,
        generator,
    )


def share_randomness(network, generator):
    """Let every dropout of ``network`` draw its masks from ``generator``."""
    for layer in network.modules():
        if isinstance(layer, GeneratorDropout):
            layer.generator = generator
