"""Encoders and decoders by name: plain layers between images and latent vectors, for images of any size.

Images are (batch, channels, height, width), float32; an encoder answers (batch, n_outputs), a decoder turns
(batch, latent_dim) into images again. The fully connected pair is Hinton and Salakhutdinov's (2006, "Reducing the
dimensionality of data with neural networks"); the convolutional one halves the sides by strides and doubles them by
sub-pixel convolutions (Shi et al., 2016, "Real-time single image and video super-resolution using an efficient
sub-pixel convolutional neural network"), which leave no checkerboard that a transposed convolution would.

Each network keeps ``config``, the plain arguments that build it again.
"""

import itertools
import math

import torch
from torch import nn
from torch.nn import functional

from toolkit._core.names import lookup

__all__ = ["ACTIVATIONS", "ARCHITECTURES", "ConvDecoder", "ConvEncoder", "MLPDecoder", "MLPEncoder"]

_START = 0.3  # a decoder's last weights start at this share of He's
_STEEPNESS = 6.0  # length of a decoder's first weights for two latent dimensions

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.2),
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "tanh": nn.Tanh,
    "identity": nn.Identity,
}


def _dense(sizes, activation):
    """Linear layers with the activation between them; the last one is linear."""
    make, layers = lookup(ACTIVATIONS, activation, "activation"), []
    for n_in, n_out in itertools.pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), make()]
    return nn.Sequential(*layers[:-1])


class MLPEncoder(nn.Module):
    """Images to vectors through fully connected layers.

    Parameters
    ----------
    shape : sequence of int
        ``(channels, height, width)``.
    hidden_sizes : sequence of int
        Widths between the pixels and the output.
    n_outputs : int
    activation : str, default="silu"
        A name in ``ACTIVATIONS``.
    """

    def __init__(self, shape, hidden_sizes, n_outputs, activation="silu"):
        super().__init__()
        self.config = _plain(shape=shape, hidden_sizes=hidden_sizes, n_outputs=n_outputs, activation=activation)
        self.layers = _dense([math.prod(shape), *hidden_sizes, n_outputs], activation)

    def forward(self, images):
        return self.layers(images.flatten(1))


class MLPDecoder(nn.Module):
    """Vectors to images through fully connected layers.

    Parameters
    ----------
    latent_dim : int
    hidden_sizes : sequence of int
        Widths between the vector and the pixels, in this order.
    shape : sequence of int
        ``(channels, height, width)``.
    activation : str, default="silu"
    """

    def __init__(self, latent_dim, hidden_sizes, shape, activation="silu"):
        super().__init__()
        self.config = _plain(latent_dim=latent_dim, hidden_sizes=hidden_sizes, shape=shape, activation=activation)
        self.shape = tuple(shape)
        self.layers = _dense([latent_dim, *hidden_sizes, math.prod(shape)], activation)

    def forward(self, latent):
        return self.layers(latent).unflatten(1, self.shape)

    @torch.no_grad()
    def start(self, answer, generator):
        """Begin near one answer whatever the latent vector is, with units spread over the latent space.

        Parameters
        ----------
        answer : Tensor of shape (channels, height, width)
            The mean image before the output function: to learn it first would saturate a sigmoid.
        generator : torch.Generator
        """
        self.layers[-1].weight *= _START
        self.layers[-1].bias.copy_(answer.flatten())
        if len(self.layers) > 1:  # an only layer gives the pixels themselves
            _spread(self.layers[0], generator)


def _sides(height, width, n_halvings):
    """Sides after 0, 1, ... halvings, each rounded up."""
    sides = [(height, width)]
    for _ in range(n_halvings):
        height, width = (height + 1) // 2, (width + 1) // 2
        sides.append((height, width))
    return sides


class ConvEncoder(nn.Module):
    """Images to vectors: a convolution of stride 2 for each width, then one linear layer.

    Parameters
    ----------
    shape : sequence of int
        ``(channels, height, width)``.
    widths : sequence of int
        Channels after each halving of the sides.
    n_outputs : int
    activation : str, default="silu"
    """

    def __init__(self, shape, widths, n_outputs, activation="silu"):
        super().__init__()
        self.config = _plain(shape=shape, widths=widths, n_outputs=n_outputs, activation=activation)
        make, layers = lookup(ACTIVATIONS, activation, "activation"), []
        channels, height, width = shape
        for n_in, n_out in itertools.pairwise([channels, *widths]):
            layers += [nn.Conv2d(n_in, n_out, 3, stride=2, padding=1), make()]
        self.features = nn.Sequential(*layers)
        small = math.prod(_sides(height, width, len(widths))[-1])
        self.code = nn.Linear([channels, *widths][-1] * small, n_outputs)

    def forward(self, images):
        return self.code(self.features(images).flatten(1))


class ConvDecoder(nn.Module):
    """Vectors to images: one linear layer, then a sub-pixel convolution for each doubling of the sides.

    Parameters
    ----------
    latent_dim : int
    widths : sequence of int
        Channels before each doubling of the sides, in this order.
    shape : sequence of int
        ``(channels, height, width)``.
    activation : str, default="silu"
    """

    def __init__(self, latent_dim, widths, shape, activation="silu"):
        super().__init__()
        self.config = _plain(latent_dim=latent_dim, widths=widths, shape=shape, activation=activation)
        channels, height, width = shape
        self.sides = _sides(height, width, len(widths))[::-1]
        self.activation = lookup(ACTIVATIONS, activation, "activation")()
        self.first = [*widths, channels][0]
        self.expand = nn.Linear(latent_dim, self.first * math.prod(self.sides[0]))
        self.doublings = nn.ModuleList(
            nn.Conv2d(n_in, 4 * n_out, 3, padding=1) for n_in, n_out in itertools.pairwise([*widths, channels])
        )

    def forward(self, latent):
        x = self.expand(latent).unflatten(1, (self.first, *self.sides[0]))
        for (height, width), doubling in zip(self.sides[1:], self.doublings):
            # Twice the sides; an odd side loses the last row or column again.
            x = functional.pixel_shuffle(doubling(self.activation(x)), 2)[:, :, :height, :width]
        return x

    @torch.no_grad()
    def start(self, answer, generator):
        """As :meth:`MLPDecoder.start`; a convolution can answer one value a channel only."""
        if not self.doublings:
            self.expand.weight *= _START
            self.expand.bias.copy_(answer.flatten())
            return
        self.doublings[-1].weight *= _START
        # Four sub-pixels a channel, the channel's own one after the other.
        self.doublings[-1].bias.copy_(answer.mean(dim=(1, 2)).repeat_interleave(4))
        _spread(self.expand, generator)


@torch.no_grad()
def _spread(layer, generator):
    """Let each unit of a layer after a small latent space switch somewhere else, at a place drawn from the prior.

    With biases of zero all units switch along lines through the origin, and a decoder of two latent values starts as a
    star: it takes long to tell places apart that lie in one direction (on MNIST, ten epochs: 3 to 6 % more loss).
    Steeper weights for few dimensions, He's scale for many.

    Parameters
    ----------
    layer : torch.nn.Linear
    generator : torch.Generator
    """
    latent_dim = layer.weight.shape[1]
    steepness = max(math.sqrt(2.0), _STEEPNESS * math.sqrt(2.0 / latent_dim))
    directions, places = torch.empty_like(layer.weight), torch.empty_like(layer.weight)
    directions.normal_(generator=generator)
    places.normal_(generator=generator)
    directions *= steepness / directions.norm(dim=1, keepdim=True).clamp_min(1e-6)
    layer.weight.copy_(directions)
    layer.bias.copy_(-(directions * places).sum(dim=1))


def _plain(**arguments):
    """Arguments as JSON can hold them."""
    return {
        name: value if isinstance(value, str) else [int(v) for v in value] if hasattr(value, "__len__") else int(value)
        for name, value in arguments.items()
    }


# Name to (encoder, decoder); the decoder's layers mirror the encoder's.
ARCHITECTURES = {"mlp": (MLPEncoder, MLPDecoder), "convolutional": (ConvEncoder, ConvDecoder)}
