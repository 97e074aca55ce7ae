"""Networks conditioned on a label: any pair of :data:`ARCHITECTURES`, with the label brought in from outside.

A label travels as weights over the classes, one-hot for a plain label, so that there is a way from one label to
another. The generator takes them behind its latents, which makes them one array.
"""

import math
from collections.abc import Sequence

import torch
from torch import nn

from toolkit._core.names import lookup
from toolkit.generators.adversarial._architectures import ARCHITECTURES, build_with_gain
from toolkit.generators.adversarial._conditional_layers import LabelEmbedding, condition_norms, under_weights
from toolkit.generators.adversarial._spectral import linear_layer

__all__ = [
    "DISCRIMINATOR_CONDITIONINGS",
    "GENERATOR_CONDITIONINGS",
    "ConditionalDiscriminator",
    "ConditionalGenerator",
    "build_conditional_pair",
]

GENERATOR_CONDITIONINGS = {
    "embedding": "Mirza and Osindero (2014), Conditional generative adversarial nets",
    "batch_norm": "Dumoulin et al. (2017), A learned representation for artistic style; de Vries et al. (2017)",
}
DISCRIMINATOR_CONDITIONINGS = {
    "embedding": "Mirza and Osindero (2014), Conditional generative adversarial nets",
    "projection": "Miyato and Koyama (2018), cGANs with projection discriminator",
}


class ConditionalGenerator(nn.Module):
    """Latents and label weights (batch, latent_dim + n_classes) to images (batch, channels, height, width).

    Parameters
    ----------
    architecture : str
        A name in ``ARCHITECTURES``.
    latent_dim, n_classes : int
    image_shape : sequence of int
        ``(channels, height, width)``.
    conditioning : {"embedding", "batch_norm"}
        ``"embedding"`` joins a vector of the class to the latent; ``"batch_norm"`` gives every class the gains and
        offsets of the norms.
    widths : sequence of int or None
    norm : {"none", "batch"}
        Of the embedding's generator; the other has batch norm by nature.
    embedding_dim : int
    """

    def __init__(
        self, architecture, latent_dim, n_classes, image_shape, *, conditioning, widths=None, norm="none", embedding_dim
    ):
        super().__init__()
        lookup(GENERATOR_CONDITIONINGS, conditioning, "generator conditioning")
        entry = lookup(ARCHITECTURES, architecture, "architecture")
        widths = entry.usual_widths(*image_shape[1:])[0] if widths is None else widths
        self.config = {
            "architecture": architecture,
            "latent_dim": latent_dim,
            "n_classes": n_classes,
            "image_shape": list(image_shape),
            "conditioning": conditioning,
            "widths": list(widths),
            "norm": norm,
            "embedding_dim": embedding_dim,
        }
        self.latent_dim, per_class = latent_dim, conditioning == "batch_norm"
        self.embedding = None if per_class else LabelEmbedding(n_classes, embedding_dim)
        n_inputs = latent_dim + (0 if per_class else embedding_dim)
        self.network = entry.generator(n_inputs, image_shape, widths=widths, norm="batch" if per_class else norm)
        if per_class:
            condition_norms(self.network, n_classes)

    def forward(self, inputs):
        z, weights = inputs[:, : self.latent_dim], inputs[:, self.latent_dim :]
        if self.embedding is not None:
            return self.network(torch.cat([z, self.embedding(weights)], dim=1))
        with under_weights(weights):
            return self.network(z)


class ConditionalDiscriminator(nn.Module):
    """Images (batch, channels, height, width) and their label weights (batch, packing * n_classes) to logits (batch,).

    Parameters
    ----------
    architecture : str
        A name in ``ARCHITECTURES``.
    n_classes : int
    image_shape : sequence of int
        ``(channels, height, width)`` of one image, before packing.
    conditioning : {"embedding", "projection"}
        ``"embedding"`` shows the class beside the image: a vector for ``"mlp"``, else one more channel.
        ``"projection"`` adds the inner product of the features with a vector of the class to the logit.
    widths : sequence of int or None
    packing : int
    dropout : float
    spectral_norm, minibatch_std : bool
    embedding_dim : int
        Of the vector shown to ``"mlp"``.
    """

    def __init__(
        self,
        architecture,
        n_classes,
        image_shape,
        *,
        conditioning,
        widths=None,
        packing=1,
        dropout=0.0,
        spectral_norm=False,
        minibatch_std=False,
        embedding_dim,
    ):
        super().__init__()
        lookup(DISCRIMINATOR_CONDITIONINGS, conditioning, "discriminator conditioning")
        entry = lookup(ARCHITECTURES, architecture, "architecture")
        channels, height, width = image_shape
        widths = entry.usual_widths(height, width)[1] if widths is None else widths
        self.config = {
            "architecture": architecture,
            "n_classes": n_classes,
            "image_shape": list(image_shape),
            "conditioning": conditioning,
            "widths": list(widths),
            "packing": packing,
            "dropout": dropout,
            "spectral_norm": spectral_norm,
            "minibatch_std": minibatch_std,
            "embedding_dim": embedding_dim,
        }
        self.n_classes, self.packing, self.as_vector = n_classes, packing, architecture == "mlp"
        shape = (packing * channels, height, width)
        self.embedding = self.projection = None
        if conditioning == "embedding":
            n_more = embedding_dim if self.as_vector else height * width
            self.embedding = LabelEmbedding(n_classes, n_more)
            flat = (1, 1, math.prod(shape) + packing * n_more)
            shape = flat if self.as_vector else (packing * (channels + 1), height, width)
        self.network = entry.discriminator(
            shape,
            widths=widths,
            dropout=dropout,
            spectral_norm=spectral_norm,
            minibatch_std=minibatch_std,
        )
        if conditioning == "projection":
            n_features = self.network.head.in_features
            self.projection = linear_layer(packing * n_classes, n_features, spectral_norm=spectral_norm)

    @torch.no_grad()
    def reset_buffers(self, generator):
        """The vectors of the projection start at length one: at first the label says little."""
        if self.projection is not None:
            self.projection.weight.normal_(std=self.projection.out_features**-0.5, generator=generator)

    def forward(self, images, weights):
        if self.projection is not None:
            features = self.network.features(images)  # (batch, n_features)
            return self.network.head(features).squeeze(1) + (self.projection(weights) * features).sum(dim=1)
        shown = self.embedding(weights.reshape(-1, self.n_classes))
        if self.as_vector:
            shown = torch.cat([images.flatten(1), shown.reshape(len(images), -1)], dim=1)
            return self.network(shown)
        shown = shown.reshape(len(images), self.packing, *images.shape[2:])
        return self.network(torch.cat([images, shown.to(images.dtype)], dim=1))


def build_conditional_pair(
    architecture: str,
    latent_dim: int,
    n_classes: int,
    image_shape: tuple[int, int, int],
    *,
    conditionings: tuple[str, str],
    widths: tuple[Sequence[int] | None, Sequence[int] | None],
    norm: str,
    embedding_dim: int,
    packing: int,
    dropout: float,
    spectral_norm: bool,
    minibatch_std: bool,
    generator: torch.Generator,
) -> tuple[ConditionalGenerator, ConditionalDiscriminator]:
    """Generator and discriminator of that name; see :func:`build_generator`.

    Parameters
    ----------
    architecture : str
    latent_dim, n_classes : int
    image_shape : tuple
        ``(channels, height, width)``.
    conditionings, widths : pair
        Of generator and discriminator.
    norm : {"none", "batch"}
        Of the generator.
    embedding_dim : int
        Of the vector of a class, where it is shown beside latents or images.
    packing : int
        Images that the discriminator sees at once.
    dropout : float
    spectral_norm, minibatch_std : bool
        Of the discriminator.
    generator : torch.Generator
        Draws the weights.

    Returns
    -------
    tuple of ConditionalGenerator, ConditionalDiscriminator

    Examples
    --------
    >>> import torch
    >>> from toolkit.generators.adversarial import build_conditional_pair
    >>> options = {"norm": "none", "embedding_dim": 2, "packing": 1, "dropout": 0.0, "spectral_norm": False}
    >>> generator, discriminator = build_conditional_pair(
    ...     "mlp", 2, 3, (1, 8, 8), conditionings=("embedding", "projection"), widths=((8,), (8,)), minibatch_std=False,
    ...     generator=torch.Generator().manual_seed(0), **options)
    >>> labels = torch.eye(3)
    >>> images = generator(torch.cat([torch.zeros(3, 2), labels], dim=1))
    >>> tuple(images.shape), tuple(discriminator(images, labels).shape)
    ((3, 1, 8, 8), (3,))
    """
    gain = lookup(ARCHITECTURES, architecture, "architecture").gain
    both = {"embedding_dim": embedding_dim}
    return (
        build_with_gain(
            lambda: ConditionalGenerator(
                architecture,
                latent_dim,
                n_classes,
                image_shape,
                conditioning=conditionings[0],
                widths=widths[0],
                norm=norm,
                **both,
            ),
            gain,
            generator,
        ),
        build_with_gain(
            lambda: ConditionalDiscriminator(
                architecture,
                n_classes,
                image_shape,
                conditioning=conditionings[1],
                widths=widths[1],
                packing=packing,
                dropout=dropout,
                spectral_norm=spectral_norm,
                minibatch_std=minibatch_std,
                **both,
            ),
            gain,
            generator,
        ),
    )
