"""A small residual pair, after Gulrajani et al. (2017), "Improved training of Wasserstein GANs", appendix C.

Blocks of two 3 x 3 convolutions beside a short cut; the generator's double the side, the discriminator's halve it.
"""

import itertools
import math

from torch import nn
from torch.nn import functional

from toolkit.generators.adversarial._dcgan import base_grid, pad_to
from toolkit.generators.adversarial._discriminator import Discriminator
from toolkit.generators.adversarial._minibatch import MinibatchStandardDeviation
from toolkit.generators.adversarial._mlp import SLOPE
from toolkit.generators.adversarial._spectral import conv_layer
from toolkit.nn import GeneratorDropout

__all__ = ["ResNetDiscriminator", "ResNetGenerator"]


def _norm(norm, n_channels):
    return nn.BatchNorm2d(n_channels) if norm == "batch" else nn.Identity()


class _UpBlock(nn.Module):
    """Norm, rectifier, doubled side, convolution, twice over; (batch, n_in, h, w) to (batch, n_out, 2 h, 2 w)."""

    def __init__(self, n_in, n_out, norm):
        super().__init__()
        self.norm_in, self.norm_out = _norm(norm, n_in), _norm(norm, n_out)
        self.first = nn.Conv2d(n_in, n_out, 3, padding=1)
        self.second = nn.Conv2d(n_out, n_out, 3, padding=1)
        self.short_cut = nn.Conv2d(n_in, n_out, 1)

    def forward(self, x):
        double = functional.interpolate(functional.leaky_relu(self.norm_in(x), SLOPE), scale_factor=2.0)
        y = self.second(functional.leaky_relu(self.norm_out(self.first(double)), SLOPE))
        return y + functional.interpolate(self.short_cut(x), scale_factor=2.0)


class _DownBlock(nn.Module):
    """Rectifier, convolution, twice over, then halved; (batch, n_in, h, w) to (batch, n_out, h / 2, w / 2)."""

    def __init__(self, n_in, n_out, *, is_first, spectral_norm, dropout):
        super().__init__()
        self.is_first = is_first  # the image itself is not rectified
        self.first = conv_layer(n_in, n_out, 3, padding=1, spectral_norm=spectral_norm)
        self.second = conv_layer(n_out, n_out, 3, padding=1, spectral_norm=spectral_norm)
        self.short_cut = conv_layer(n_in, n_out, 1, spectral_norm=spectral_norm)
        self.dropout = GeneratorDropout(dropout, None) if dropout else nn.Identity()

    def forward(self, x):
        y = self.first(x if self.is_first else functional.leaky_relu(x, SLOPE))
        y = functional.avg_pool2d(self.second(functional.leaky_relu(y, SLOPE)), 2)
        return self.dropout(y + self.short_cut(functional.avg_pool2d(x, 2)))


class ResNetGenerator(nn.Module):
    """Latents (batch, latent_dim) to images (batch, channels, height, width) in [-1, 1].

    Parameters
    ----------
    latent_dim : int
    image_shape : sequence of int
        ``(channels, height, width)``.
    widths : sequence of int, default=(64, 32)
        Channels of each grid, the coarsest first.
    norm : {"none", "batch"}, default="none"
    """

    def __init__(self, latent_dim, image_shape, *, widths=(64, 32), norm="none"):
        super().__init__()
        self.config = {
            "latent_dim": latent_dim,
            "image_shape": list(image_shape),
            "widths": list(widths),
            "norm": norm,
        }
        channels, self.height, self.width = image_shape
        self.grid = (widths[0], *base_grid(self.height, self.width, len(widths)))
        self.start = nn.Linear(latent_dim, math.prod(self.grid))
        blocks = [_UpBlock(n_in, n_out, norm) for n_in, n_out in itertools.pairwise([*widths, widths[-1]])]
        self.body = nn.Sequential(
            *blocks, _norm(norm, widths[-1]), nn.LeakyReLU(SLOPE), nn.Conv2d(widths[-1], channels, 3, padding=1)
        )

    def forward(self, z):
        images = self.body(self.start(z).view(-1, *self.grid))
        return images[:, :, : self.height, : self.width].tanh()


class ResNetDiscriminator(Discriminator):
    """Images (batch, channels, height, width) to logits (batch,).

    Parameters
    ----------
    image_shape : sequence of int
        ``(channels, height, width)``; packed images are stacked along the channels.
    widths : sequence of int, default=(32, 64)
        Channels of each grid, the finest first.
    dropout : float, default=0.0
        After every block.
    spectral_norm, minibatch_std : bool, default=False
    """

    def __init__(self, image_shape, *, widths=(32, 64), dropout=0.0, spectral_norm=False, minibatch_std=False):
        super().__init__(
            image_shape, widths=widths, dropout=dropout, spectral_norm=spectral_norm, minibatch_std=minibatch_std
        )

    def _build(self, image_shape, *, widths, dropout, spectral_norm, minibatch_std):
        channels, height, width = image_shape
        grid = base_grid(height, width, len(widths))
        self.padded = tuple(side * 2 ** len(widths) for side in grid)
        blocks = [
            _DownBlock(n_in, n_out, is_first=index == 0, spectral_norm=spectral_norm, dropout=dropout)
            for index, (n_in, n_out) in enumerate(itertools.pairwise([channels, *widths]))
        ]
        self.body = nn.Sequential(*blocks, nn.LeakyReLU(SLOPE))
        self.spread = MinibatchStandardDeviation() if minibatch_std else nn.Identity()
        return (widths[-1] + bool(minibatch_std)) * math.prod(grid)

    def features(self, images):
        """What the logit is a linear function of: (batch, n_features)."""
        return self.spread(self.body(pad_to(images, *self.padded))).flatten(1)
