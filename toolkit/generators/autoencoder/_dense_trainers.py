"""Training steps of fully connected autoencoders without autograd: same losses, same gradients, less around them."""

import torch

from toolkit.generators.autoencoder._autoencoder_trainer import AutoencoderTrainer
from toolkit.generators.autoencoder._coders import MLPDecoder, MLPEncoder
from toolkit.generators.autoencoder._dense import DenseChain
from toolkit.generators.autoencoder._pixel_losses import GRADIENTS
from toolkit.generators.autoencoder._variational_trainer import LOG_VARIANCE_RANGE, VariationalTrainer, gaussian_kl

__all__ = ["DenseAutoencoderTrainer", "DenseVariationalTrainer", "trainer_class"]


def trainer_class(encoder, decoder, *, variational):
    """The trainer for a pair of networks: by hand if both are the toolkit's own, fully connected, and learn."""
    dense = type(encoder) is MLPEncoder and type(decoder) is MLPDecoder
    dense = dense and all(weight.requires_grad for part in (encoder, decoder) for weight in part.parameters())
    if variational:
        return DenseVariationalTrainer if dense else VariationalTrainer
    return DenseAutoencoderTrainer if dense else AutoencoderTrainer


def _product_dtype(trainer):
    """In which precision the networks compute under the trainer's autocast."""
    kind = trainer.device.type
    with trainer.autocast():
        return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else torch.float32


class DenseAutoencoderTrainer(AutoencoderTrainer):
    """:class:`AutoencoderTrainer` for :class:`MLPEncoder` and :class:`MLPDecoder`, which are one chain of layers."""

    def __init__(self, encoder, decoder, **options):
        super().__init__(encoder, decoder, **options)
        self._gradients = GRADIENTS[options.get("loss", "mse")]
        self._chain = DenseChain([*encoder.layers, *decoder.layers], encoder.config["activation"], _product_dtype(self))

    @torch.no_grad()
    def _learn(self, images):
        raw = self._chain.forward(self._noisy(images).flatten(1)).float()
        share = 1.0 / images.numel()
        total, grad = self._gradients(raw, images.flatten(1), self.output, share)
        self._chain.backward(grad)
        return {"loss": total * share}


class DenseVariationalTrainer(VariationalTrainer):
    """:class:`VariationalTrainer` for :class:`MLPEncoder` and :class:`MLPDecoder`."""

    def __init__(self, encoder, decoder, **options):
        super().__init__(encoder, decoder, **options)
        self._gradients, dtype = GRADIENTS[options.get("loss", "mse")], _product_dtype(self)
        self._chains = [DenseChain(part.layers, part.config["activation"], dtype) for part in (encoder, decoder)]

    @torch.no_grad()
    def _learn(self, images):
        encoder, decoder = self._chains
        answer = encoder.forward(self._noisy(images).flatten(1)).float()
        mean, unbounded = answer.chunk(2, dim=1)
        log_variance = unbounded.clamp(*LOG_VARIANCE_RANGE)
        deviation = (0.5 * log_variance).exp()
        draws = self._draws(mean)  # (n_draws, n, latent_dim)
        raw = decoder.forward((mean + deviation * draws).flatten(0, 1)).float().unflatten(0, draws.shape[:2])
        share = 1.0 / draws[..., 0].numel()  # losses are means over images and draws
        total, grad = self._gradients(raw, images.flatten(1), self.output, share)
        by_latent = decoder.backward(grad.flatten(0, 1), to_rows=True).float().unflatten(0, draws.shape[:2])
        # The latent is mean + deviation * draw; the divergence adds its own gradient, in closed form.
        weight = self.beta / len(images)
        by_mean = by_latent.sum(dim=0) + weight * mean
        by_log_variance = 0.5 * (deviation * (by_latent * draws).sum(dim=0) + weight * (log_variance.exp() - 1.0))
        by_log_variance *= unbounded == log_variance  # nothing flows through a bound
        encoder.backward(torch.cat([by_mean, by_log_variance], dim=1))
        reconstruction, kl = total * share, gaussian_kl(mean, log_variance).mean()
        return {"loss": reconstruction + self.beta * kl, "reconstruction": reconstruction, "kl": kl}
