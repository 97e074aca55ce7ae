"""The two ends of a sequence model that deal in pictures: a reader of characters, and writers of them.

They stand apart from the arithmetic on purpose: what passes between them and the encoder-decoder are characters and
their probabilities, so that noise in pixels does not reach the sums, and handwriting does not have to carry them.
"""

import math

import torch
from torch import nn
from torch.nn import functional

__all__ = ["BlurredWriter", "CharacterReader", "VariedWriter", "check_picture_shape"]

SMALLEST_SIDE = 8


def check_picture_shape(image_shape: tuple[int, ...]) -> None:
    """A grey picture of at least eight pixels a side."""
    if len(image_shape) != 2 or min(image_shape) < SMALLEST_SIDE:
        raise ValueError(
            f"pictures must be grey and at least {SMALLEST_SIDE} x {SMALLEST_SIDE} pixels, got {tuple(image_shape)}."
        )


class CharacterReader(nn.Module):
    """A small convolutional network from a picture to the logits of its character.

    Parameters
    ----------
    image_shape : tuple of int
        ``(height, width)``.
    n_characters : int
    width : int
        Channels of the first convolution; later ones have two and four times as many.
    """

    def __init__(self, image_shape: tuple[int, ...], n_characters: int, *, width: int = 16):
        super().__init__()
        self.config = {"image_shape": tuple(image_shape), "n_characters": n_characters, "width": width}
        height, width_ = image_shape
        # The first convolution goes in steps of two: at full size it would cost more than all the others.
        self.features = nn.Sequential(
            nn.Conv2d(1, width, 5, stride=2, padding=2),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, padding=1),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(2 * width, 4 * width, 3, padding=1),
            nn.BatchNorm2d(4 * width),
            nn.ReLU(),
        )  # (n, 4 width, height / 4, width / 4)
        after = ((height + 1) // 2 // 2) * ((width_ + 1) // 2 // 2)
        self.dense = nn.Linear(4 * width * after, 8 * width)
        self.norm = nn.BatchNorm1d(8 * width)
        self.last = nn.Linear(8 * width, n_characters)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """``pictures``: (n, height, width) in [0, 1]."""
        hidden = self.dense(self.features(pictures[:, None]).flatten(1))
        return self.last(functional.relu(self.norm(hidden)))


class VariedWriter(nn.Module):
    """A conditional variational autoencoder: one character, many styles.

    After Sohn, Lee and Yan (2015), "Learning structured output representation using deep conditional generative
    models". Latent vectors are drawn from mixtures of normals, one a character, fitted to the codes of the pictures
    once the network is trained (Ghosh et al., 2020, "From variational to deterministic autoencoders"): those of the
    prior may lie where no picture of that character was, and half of them could not be read on MNIST.

    Parameters
    ----------
    image_shape : tuple of int
    n_characters : int
    latent_dim : int
    hidden : int
    n_components : int
        Of the Gaussian mixture of each character.
    """

    def __init__(
        self,
        image_shape: tuple[int, ...],
        n_characters: int,
        *,
        latent_dim: int = 16,
        hidden: int = 384,
        n_components: int = 8,
    ):
        super().__init__()
        self.config = {
            "image_shape": tuple(image_shape),
            "n_characters": n_characters,
            "latent_dim": latent_dim,
            "hidden": hidden,
            "n_components": n_components,
        }
        self.image_shape, self.latent_dim, self.n_characters = tuple(image_shape), latent_dim, n_characters
        n_pixels = math.prod(image_shape)
        self.look = nn.Linear(n_pixels + n_characters, hidden)
        self.posterior = nn.Linear(hidden, 2 * latent_dim)
        self.first = nn.Linear(latent_dim + n_characters, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, n_pixels)
        self.register_buffer("shares", torch.zeros(n_characters, n_components))
        self.register_buffer("centres", torch.zeros(n_characters, n_components, latent_dim))
        self.register_buffer("factors", torch.zeros(n_characters, n_components, latent_dim, latent_dim))

    @torch.no_grad()
    def start(self) -> "VariedWriter":
        """Before the mixtures are fitted: the prior for every character."""
        self.shares.zero_()[:, 0] = 1
        self.centres.zero_()
        self.factors.copy_(torch.eye(self.latent_dim))
        return self

    def codes(self, pictures: torch.Tensor, characters: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and logarithm of the variance of the posterior, (n, latent_dim) each."""
        known = functional.one_hot(characters, self.n_characters).to(pictures.dtype)
        hidden = functional.relu(self.look(torch.cat([pictures.flatten(1), known], dim=1)))
        mean, log_variance = self.posterior(hidden).chunk(2, dim=1)
        return mean, log_variance.clamp(-12, 6)

    def sample_latents(self, characters: torch.Tensor, which: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Latent vectors: ``which``: (n,) uniform in [0, 1) chooses the component; ``noise``: (n, latent_dim)."""
        ends = self.shares[characters].cumsum(dim=1)
        place = (which[:, None] >= ends[:, :-1]).sum(dim=1)
        step = self.factors[characters, place] @ noise[:, :, None]
        return self.centres[characters, place] + step[:, :, 0]

    def write(self, characters: torch.Tensor, latent: torch.Tensor) -> torch.Tensor:
        """Logits of the pixels (n, height, width); ``characters``: (n,), ``latent``: (n, latent_dim)."""
        known = functional.one_hot(characters, self.n_characters).to(latent.dtype)
        hidden = functional.relu(self.first(torch.cat([latent, known], dim=1)))
        hidden = hidden + functional.relu(self.second(hidden))
        return self.last(hidden).view(-1, *self.image_shape)

    def losses(
        self, pictures: torch.Tensor, characters: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Cross entropy of the pixels and divergence from the prior, a picture each.

        ``pictures``: (n, height, width) in [0, 1]; ``noise``: (n, latent_dim), standard normal.
        """
        mean, log_variance = self.codes(pictures, characters)
        logits = self.write(characters, mean + noise * torch.exp(0.5 * log_variance))
        pixels = functional.binary_cross_entropy_with_logits(logits, pictures, reduction="none").flatten(1).sum(1)
        divergence = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)
        return pixels, divergence


class BlurredWriter(nn.Module):
    """The baseline: one fixed picture for each state of the decoder, which comes out as the blurred mean of a digit.

    Parameters
    ----------
    image_shape : tuple of int
    n_features : int
        Outputs of the encoder-decoder a step.
    hidden : int
    """

    def __init__(self, image_shape: tuple[int, ...], n_features: int, *, hidden: int = 128):
        super().__init__()
        self.config = {"image_shape": tuple(image_shape), "n_features": n_features, "hidden": hidden}
        self.image_shape = tuple(image_shape)
        self.first = nn.Linear(n_features, hidden)
        self.last = nn.Linear(hidden, math.prod(image_shape))

    def write(self, features: torch.Tensor) -> torch.Tensor:
        """Logits of the pixels (n, height, width); ``features``: (n, n_features)."""
        return self.last(functional.relu(self.first(features))).view(-1, *self.image_shape)
