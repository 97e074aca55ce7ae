"""A convolutional pair: Radford et al. (2016), "Unsupervised representation learning with deep convolutional GANs".

Each width doubles the side of the generator's grid and halves that of the discriminator's. Sides that are no
multiple of the power of two are made a little larger and cropped. The discriminator has no batch norm of its own:
gradient penalties forbid it, and spectral normalisation does its work.
"""

import itertools
import math

from torch import nn
from torch.nn import functional

from toolkit.generators.adversarial._discriminator import Discriminator
from toolkit.generators.adversarial._minibatch import MinibatchStandardDeviation
from toolkit.generators.adversarial._mlp import SLOPE
from toolkit.generators.adversarial._spectral import conv_layer
from toolkit.nn import GeneratorDropout

__all__ = ["DCGANDiscriminator", "DCGANGenerator", "base_grid", "pad_to"]


def base_grid(height, width, n_doublings):
    """Grid that, doubled ``n_doublings`` times, covers ``height`` x ``width``.

    Examples
    --------
    >>> base_grid(28, 28, 2), base_grid(75, 64, 3)
    ((7, 7), (10, 8))
    """
    step = 2**n_doublings
    return -(-height // step), -(-width // step)


def pad_to(images, height, width):
    """Repeat the last row and column until ``images`` (batch, channels, ...) measure ``height`` x ``width``."""
    down, right = height - images.shape[2], width - images.shape[3]
    return functional.pad(images, (0, right, 0, down), mode="replicate") if down or right else images


class DCGANGenerator(nn.Module):
    """Latents (batch, latent_dim) to images (batch, channels, height, width) in [-1, 1].

    Parameters
    ----------
    latent_dim : int
    image_shape : sequence of int
        ``(channels, height, width)``.
    widths : sequence of int, default=(128, 64)
        Channels of each grid, the coarsest first.
    norm : {"none", "batch"}, default="none"
    """

    def __init__(self, latent_dim, image_shape, *, widths=(128, 64), norm="none"):
        super().__init__()
        self.config = {
            "latent_dim": latent_dim,
            "image_shape": list(image_shape),
            "widths": list(widths),
            "norm": norm,
        }
        channels, self.height, self.width = image_shape
        self.grid = (widths[0], *base_grid(self.height, self.width, len(widths)))

        def finish(n_channels):
            norms = [nn.BatchNorm2d(n_channels)] if norm == "batch" else []
            return [*norms, nn.LeakyReLU(SLOPE, inplace=True)]

        self.start = nn.Linear(latent_dim, math.prod(self.grid))
        layers = finish(widths[0])
        for n_in, n_out in itertools.pairwise(widths):
            layers += [nn.ConvTranspose2d(n_in, n_out, 4, 2, 1), *finish(n_out)]
        self.body = nn.Sequential(*layers, nn.ConvTranspose2d(widths[-1], channels, 4, 2, 1))

    def forward(self, z):
        images = self.body(self.start(z).view(-1, *self.grid))
        return images[:, :, : self.height, : self.width].tanh()


class DCGANDiscriminator(Discriminator):
    """Images (batch, channels, height, width) to logits (batch,).

    Parameters
    ----------
    image_shape : sequence of int
        ``(channels, height, width)``; packed images are stacked along the channels.
    widths : sequence of int, default=(64, 128)
        Channels of each grid, the finest first.
    dropout : float, default=0.0
        After every convolution.
    spectral_norm, minibatch_std : bool, default=False
    """

    def __init__(self, image_shape, *, widths=(64, 128), dropout=0.0, spectral_norm=False, minibatch_std=False):
        super().__init__(
            image_shape, widths=widths, dropout=dropout, spectral_norm=spectral_norm, minibatch_std=minibatch_std
        )

    def _build(self, image_shape, *, widths, dropout, spectral_norm, minibatch_std):
        channels, height, width = image_shape
        grid = base_grid(height, width, len(widths))
        self.padded = tuple(side * 2 ** len(widths) for side in grid)
        layers = []
        for n_in, n_out in itertools.pairwise([channels, *widths]):
            layers += [conv_layer(n_in, n_out, 4, 2, 1, spectral_norm=spectral_norm), nn.LeakyReLU(SLOPE, inplace=True)]
            if dropout:
                layers.append(GeneratorDropout(dropout, None))
        if minibatch_std:
            layers.append(MinibatchStandardDeviation())
        self.body = nn.Sequential(*layers)
        return (widths[-1] + bool(minibatch_std)) * math.prod(grid)

    def features(self, images):
        """What the logit is a linear function of: (batch, n_features)."""
        return self.body(pad_to(images, *self.padded)).flatten(1)
