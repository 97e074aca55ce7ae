"""Calling a trained encoder and decoder with arrays.

In single precision the last digits of a row's answer depend on how many rows are computed with it; answers are
therefore computed in double precision, on copies, and what was trained stays as it is.
"""

import copy

import numpy as np
import torch

from toolkit.generators.autoencoder._pixel_losses import LOG_DENSITY_CONSTANTS, LOSSES, OUTPUTS
from toolkit.generators.autoencoder._variational_trainer import (
    gaussian_kl,
    log_importance_weights,
    log_mean_exp,
    split_posterior,
)

__all__ = ["TrainedCoder"]


class TrainedCoder:
    """An encoder and a decoder as functions of arrays.

    Images are (n, height, width[, 3]) in units of the range seen in fit; latent vectors (n, latent_dim).

    Parameters
    ----------
    encoder, decoder : torch.nn.Module
    image_shape : tuple of int
        ``(height, width)`` or ``(height, width, 3)``.
    loss : {"mse", "bce"}
    output : {"sigmoid", "identity"}
    device : torch.device
    """

    def __init__(self, encoder, decoder, *, image_shape, loss, output, device):
        self.encoder, self.decoder = (copy.deepcopy(part).eval().double().to(device) for part in (encoder, decoder))
        self.image_shape, self.loss, self.output, self.device = tuple(image_shape), loss, output, device

    @torch.no_grad()
    def encode(self, images):
        """The encoder's answer (n, n_outputs), float64."""
        return self.encoder(self._images(images)).cpu().numpy()

    @torch.no_grad()
    def decode(self, latent):
        """Images (n, height, width[, 3]), float64."""
        pixels = OUTPUTS[self.output](self._raw(self._tensor(latent)))
        return pixels.permute(0, 2, 3, 1).reshape(len(pixels), *self.image_shape).cpu().numpy()

    @torch.no_grad()
    def losses(self, images, latent):
        """What it costs to rebuild each image from its latent vector, summed over pixels: (n,)."""
        return self._losses(self._images(images), self._tensor(latent)).cpu().numpy()

    @torch.no_grad()
    def bounds(self, images, noise, *, importance):
        """Lower bounds of log p(image) of a variational pair.

        Parameters
        ----------
        images : ndarray of shape (n, height, width[, 3])
        noise : ndarray of shape (n_draws, latent_dim)
            Standard normal; the same for every image, so that no answer depends on the other rows.
        importance : bool
            False: the evidence lower bound, its divergence in closed form (Kingma and Welling, 2014). True: the
            tighter bound of Burda et al. (2016, "Importance weighted autoencoders").

        Returns
        -------
        ndarray of shape (n,)
            In nats.
        """
        images, noise = self._images(images), self._tensor(noise)
        mean, log_variance = split_posterior(self.encoder(images))
        constant = LOG_DENSITY_CONSTANTS[self.loss] * images[0].numel()
        kept = []
        for draw in noise:
            log_density = constant - self._losses(images, mean + (0.5 * log_variance).exp() * draw)
            if importance:
                log_density = log_importance_weights(log_density, mean, log_variance, draw)
            kept.append(log_density)
        kept = torch.stack(kept)  # (n_draws, n)
        found = log_mean_exp(kept) if importance else kept.mean(dim=0) - gaussian_kl(mean, log_variance)
        return found.cpu().numpy()

    def _tensor(self, array):
        return torch.from_numpy(np.array(array, dtype=np.float64)).to(self.device)

    def _images(self, images):
        images = self._tensor(images)
        return images.permute(0, 3, 1, 2) if images.ndim == 4 else images.unsqueeze(1)

    def _raw(self, latent):
        """The decoder's answer before its output function, (n, channels, height, width)."""
        height, width, channels = (*self.image_shape, 1)[:3]
        return self.decoder(latent).reshape(len(latent), channels, height, width)

    def _losses(self, images, latent):
        return LOSSES[self.loss](self._raw(latent), images, self.output)
