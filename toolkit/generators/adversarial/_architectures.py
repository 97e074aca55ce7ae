"""Pairs of generator and discriminator by name, and how their weights start.

To add one, write its two classes in a file and its line in :data:`ARCHITECTURES`.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from toolkit._core.names import lookup
from toolkit.generators.adversarial._dcgan import DCGANDiscriminator, DCGANGenerator, base_grid
from toolkit.generators.adversarial._mlp import MLPDiscriminator, MLPGenerator
from toolkit.generators.adversarial._resnet import ResNetDiscriminator, ResNetGenerator
from toolkit.nn import GeneratorDropout, build

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "build_discriminator",
    "build_generator",
    "build_with_gain",
    "share_randomness",
]

_NARROWEST = 16


@dataclass(frozen=True)
class Architecture:
    """Two classes, their usual widths, and the spread that their weights start with.

    Parameters
    ----------
    generator, discriminator : type
    usual_widths : callable
        ``usual_widths(height, width)`` gives those of the generator and of the discriminator, two tuples of int.
    gain : float
        Of the He-uniform start: 1 / sqrt(6) is torch's own law, uniform in +- 1 / sqrt(n_inputs).
    """

    generator: type
    discriminator: type
    usual_widths: Callable
    gain: float


def _dense(height, width):
    return (256, 512, 1024), (512, 256)


def _grids(widest, height, width):
    """Halve the grid until it has fewer than 8 rows or columns, at least twice, and halve the channels on the way back.

    28 pixels are halved twice, 64 or 75 four times: in the same time, photographs of 64 x 64 come out far better so
    than from a coarsest grid of 8 x 8 (``benchmarks/cats.py``).

    Examples
    --------
    >>> _grids(128, 28, 28), _grids(128, 75, 64)
    (((128, 64), (64, 128)), ((128, 64, 32, 16), (16, 32, 64, 128)))
    """
    n_halvings = 2
    while min(base_grid(height, width, n_halvings)) >= 8:
        n_halvings += 1
    widths = tuple(max(widest >> level, _NARROWEST) for level in range(n_halvings))
    return widths, widths[::-1]


ARCHITECTURES = {
    "mlp": Architecture(MLPGenerator, MLPDiscriminator, _dense, 6**-0.5),
    "dcgan": Architecture(DCGANGenerator, DCGANDiscriminator, partial(_grids, 128), 6**-0.5),
    "resnet": Architecture(ResNetGenerator, ResNetDiscriminator, partial(_grids, 64), 6**-0.5),
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


def build_generator(
    architecture: str | tuple[nn.Module, nn.Module],
    latent_dim: int,
    image_shape: tuple[int, int, int],
    *,
    widths: Sequence[int] | None,
    norm: str,
    generator: torch.Generator,
) -> nn.Module:
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

    Returns
    -------
    torch.nn.Module
        Latents (batch, latent_dim) to images (batch, channels, height, width) in [-1, 1].

    Examples
    --------
    >>> import torch
    >>> from toolkit.generators.adversarial import build_generator
    >>> weights = torch.Generator().manual_seed(0)
    >>> network = build_generator("dcgan", 2, (1, 8, 8), widths=(8, 4), norm="batch", generator=weights)
    >>> tuple(network(torch.zeros(3, 2)).shape)
    (3, 1, 8, 8)
    """
    if not isinstance(architecture, str):
        return copy.deepcopy(architecture[0]).to(generator.device)
    entry = lookup(ARCHITECTURES, architecture, "architecture")
    widths = entry.usual_widths(*image_shape[1:])[0] if widths is None else widths
    return build_with_gain(
        lambda: entry.generator(latent_dim, image_shape, widths=widths, norm=norm), entry.gain, generator
    )


def build_discriminator(
    architecture: str | tuple[nn.Module, nn.Module],
    image_shape: tuple[int, int, int],
    *,
    widths: Sequence[int] | None,
    packing: int,
    dropout: float,
    spectral_norm: bool,
    minibatch_std: bool,
    generator: torch.Generator,
) -> nn.Module:
    """The discriminator of that name, or a copy of the second of an own pair; see :func:`build_generator`.

    Parameters
    ----------
    architecture : str or pair of torch.nn.Module
    image_shape : tuple
        ``(channels, height, width)`` of one image, before packing.
    widths : sequence of int or None
        None is the architecture's usual.
    packing : int
        Images seen at once, stacked along the channels.
    dropout : float
    spectral_norm, minibatch_std : bool
    generator : torch.Generator
        Draws the weights. Those of an own module stay as they came.

    Returns
    -------
    torch.nn.Module
        Images (batch, packing * channels, height, width) to logits (batch,).

    Examples
    --------
    >>> import torch
    >>> from toolkit.generators.adversarial import build_discriminator
    >>> network = build_discriminator("dcgan", (1, 8, 8), widths=(4, 8), packing=1, dropout=0.0, spectral_norm=True,
    ...                               minibatch_std=False, generator=torch.Generator().manual_seed(0))
    >>> tuple(network(torch.zeros(3, 1, 8, 8)).shape)
    (3,)
    """
    if not isinstance(architecture, str):
        return copy.deepcopy(architecture[1]).to(generator.device)
    entry = lookup(ARCHITECTURES, architecture, "architecture")
    channels, height, width = image_shape
    return build_with_gain(
        lambda: entry.discriminator(
            (channels * packing, height, width),
            widths=entry.usual_widths(height, width)[1] if widths is None else widths,
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
