"""The variational autoencoder's step and bounds (Kingma and Welling, 2014, "Auto-encoding variational Bayes").

The encoder answers the means and the log variances of a normal distribution over the latent vector, side by side:
(batch, 2 * latent_dim). The prior is the standard normal.
"""

import math

import torch

from toolkit.generators.autoencoder._autoencoder_trainer import AutoencoderTrainer

__all__ = [
    "LOG_VARIANCE_RANGE",
    "VariationalTrainer",
    "gaussian_kl",
    "log_importance_weights",
    "log_mean_exp",
    "split_posterior",
]

# Beyond these the variance or its inverse is out of float32's reach.
LOG_VARIANCE_RANGE = (-30.0, 20.0)


def split_posterior(answer):
    """Means and log variances, each (batch, latent_dim), out of an encoder's answer."""
    mean, log_variance = answer.chunk(2, dim=1)
    return mean, log_variance.clamp(*LOG_VARIANCE_RANGE)


def gaussian_kl(mean, log_variance):
    """Kullback-Leibler divergence of N(mean, variance) from N(0, 1), summed over the latent dimensions.

    Parameters
    ----------
    mean, log_variance : Tensor of shape (batch, latent_dim)

    Returns
    -------
    Tensor of shape (batch,)
        In nats.
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance).sum(dim=1)


def log_importance_weights(log_density, mean, log_variance, noise):
    """log p(x | z) + log p(z) - log q(z | x) at z = mean + deviation * noise; all normal but the first.

    Parameters
    ----------
    log_density : Tensor of shape (batch,)
        log p(x | z).
    mean, log_variance : Tensor of shape (batch, latent_dim)
    noise : Tensor that broadcasts to (batch, latent_dim)

    Returns
    -------
    Tensor of shape (batch,)
    """
    latent = mean + (0.5 * log_variance).exp() * noise
    # The two normal densities share the constant of pi, which cancels.
    log_prior = -0.5 * latent.square().sum(dim=1)
    log_posterior = -0.5 * (noise.square() + log_variance).sum(dim=1)
    return log_density + log_prior - log_posterior


class VariationalTrainer(AutoencoderTrainer):
    """A variational autoencoder's training; the loss is the reconstruction summed over pixels plus ``beta`` times KL.

    Parameters
    ----------
    encoder, decoder : torch.nn.Module
    beta : float, default=1.0
        Weight of the divergence (Higgins et al., 2017, "beta-VAE: learning basic visual concepts with a constrained
        variational framework").
    n_draws : int, default=1
        Latent vectors drawn for each image and step; every second one is the mirror image of the one before, by which
        much of the noise in the gradient cancels.
    **options
        As for :class:`AutoencoderTrainer`.
    """

    def __init__(self, encoder, decoder, *, beta=1.0, n_draws=1, **options):
        super().__init__(encoder, decoder, **options)
        self.beta, self.n_draws = beta, n_draws

    def losses(self, images):
        """``loss``, ``reconstruction`` and ``kl``, means over the images (n, channels, height, width)."""
        with self.autocast():
            answer = self.encoder(self._noisy(images))
        mean, log_variance = split_posterior(answer.float())
        latent = mean + (0.5 * log_variance).exp() * self._draws(mean)  # (n_draws, n, latent_dim)
        with self.autocast():
            targets = images.expand(self.n_draws, *images.shape).flatten(0, 1)
            raw = self._decode(latent.flatten(0, 1), targets)
        reconstruction = self.loss(raw, targets, self.output) / len(targets)
        kl = gaussian_kl(mean, log_variance).mean()
        return {"loss": reconstruction + self.beta * kl, "reconstruction": reconstruction, "kl": kl}

    def _draws(self, mean):
        """Standard normal noise (n_draws, n, latent_dim), in mirrored pairs."""
        half = (-(-self.n_draws // 2), *mean.shape)
        noise = torch.randn(half, generator=self.generator, device=mean.device)
        return torch.stack([noise, -noise], dim=1).flatten(0, 1)[: self.n_draws]


def log_mean_exp(values):
    """log of the mean of exp over the first axis, without overflow."""
    return torch.logsumexp(values, dim=0) - math.log(len(values))
