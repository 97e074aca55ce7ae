"""What the discriminators of all architectures share: their arguments, and a linear head on their features."""

import abc

from torch import nn

from toolkit.generators.adversarial._spectral import linear_layer

__all__ = ["Discriminator"]


class Discriminator(nn.Module, abc.ABC):
    """Images (batch, channels, height, width) to logits (batch,); a subclass gives ``_build`` and ``features``.

    Parameters
    ----------
    image_shape : sequence of int
        ``(channels, height, width)``; packed images are stacked along the channels.
    widths : sequence of int
    dropout : float
    spectral_norm, minibatch_std : bool
    """

    def __init__(self, image_shape, *, widths, dropout, spectral_norm, minibatch_std):
        super().__init__()
        options = {
            "widths": list(widths),
            "dropout": dropout,
            "spectral_norm": spectral_norm,
            "minibatch_std": minibatch_std,
        }
        self.config = {"image_shape": list(image_shape), **options}
        n_features = self._build(image_shape, **options)
        # After the layers before it: weights are drawn in the order of registration.
        self.head = linear_layer(n_features, 1, spectral_norm=spectral_norm)

    @abc.abstractmethod
    def _build(self, image_shape, *, widths, dropout, spectral_norm, minibatch_std):
        """Make the layers before the head; how many features they give."""

    @abc.abstractmethod
    def features(self, images):
        """What the logit is a linear function of: (batch, n_features)."""

    def forward(self, images):
        return self.head(self.features(images)).squeeze(1)
