"""A fully connected pair: LeakyReLU inside, tanh at the end of the generator.

The pair of Goodfellow et al. (2014), "Generative adversarial nets", with the rectifiers and the tanh that Radford et
al. (2016) made customary. Images are channels first, values in [-1, 1].
"""

import itertools
import math

from torch import nn

from toolkit.generators.adversarial._discriminator import Discriminator
from toolkit.generators.adversarial._minibatch import MinibatchStandardDeviation
from toolkit.generators.adversarial._spectral import linear_layer
from toolkit.nn import GeneratorDropout

__all__ = ["SLOPE", "MLPDiscriminator", "MLPGenerator"]

SLOPE = 0.2  # of every LeakyReLU


class MLPGenerator(nn.Module):
    """Latents (batch, latent_dim) to images (batch, channels, height, width) in [-1, 1].

    Parameters
    ----------
    latent_dim : int
    image_shape : sequence of int
        ``(channels, height, width)``.
    widths : sequence of int, default=(256, 512, 1024)
        Hidden layers, from the latent to the image.
    norm : {"none", "batch"}, default="none"
    """

    def __init__(self, latent_dim, image_shape, *, widths=(256, 512, 1024), norm="none"):
        super().__init__()
        self.config = {
            "latent_dim": latent_dim,
            "image_shape": list(image_shape),
            "widths": list(widths),
            "norm": norm,
        }
        self.image_shape = tuple(image_shape)
        layers = []
        for n_in, n_out in itertools.pairwise([latent_dim, *widths]):
            layers.append(nn.Linear(n_in, n_out))
            if norm == "batch":
                layers.append(nn.BatchNorm1d(n_out))
            layers.append(nn.LeakyReLU(SLOPE, inplace=True))
        last = widths[-1] if len(widths) else latent_dim
        self.body = nn.Sequential(*layers, nn.Linear(last, math.prod(image_shape)))

    def forward(self, z):
        return self.body(z).tanh().view(-1, *self.image_shape)


class MLPDiscriminator(Discriminator):
    """Images (batch, channels, height, width) to logits (batch,).

    Parameters
    ----------
    image_shape : sequence of int
        ``(channels, height, width)``; packed images are stacked along the channels.
    widths : sequence of int, default=(512, 256)
    dropout : float, default=0.0
        After every hidden layer.
    spectral_norm, minibatch_std : bool, default=False
    """

    def __init__(self, image_shape, *, widths=(512, 256), dropout=0.0, spectral_norm=False, minibatch_std=False):
        super().__init__(
            image_shape, widths=widths, dropout=dropout, spectral_norm=spectral_norm, minibatch_std=minibatch_std
        )

    def _build(self, image_shape, *, widths, dropout, spectral_norm, minibatch_std):
        layers = []
        sizes = [math.prod(image_shape), *widths]
        for n_in, n_out in itertools.pairwise(sizes):
            layers += [linear_layer(n_in, n_out, spectral_norm=spectral_norm), nn.LeakyReLU(SLOPE, inplace=True)]
            if dropout:
                layers.append(GeneratorDropout(dropout, None))
        if minibatch_std:
            layers.append(MinibatchStandardDeviation())
        self.body = nn.Sequential(*layers)
        return sizes[-1] + bool(minibatch_std)

    def features(self, images):
        """What the logit is a linear function of: (batch, n_features)."""
        return self.body(images.flatten(1))
