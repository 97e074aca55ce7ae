"""Training steps of autoencoders: encoder, decoder, one optimiser, and noise of their own.

Batches may be uint8 (0 to 255) or float32 in units of the range; they become images with channels first here, one
batch at a time.
"""

import contextlib
import math

import torch

from toolkit.generators.autoencoder._input_noise import INPUT_NOISES
from toolkit.generators.autoencoder._pixel_losses import TOTALS
from toolkit.nn import FusedAdam, StateMixin

__all__ = ["AutoencoderTrainer", "as_images"]

_WARM_UP = 0.1  # share of the steps in which a cosine schedule rises
_BETAS = (0.9, 0.98)  # a shorter memory of the second moment than the usual .999: trainings here are short


def as_images(batch):
    """A batch (n, height, width[, 3]) as float32 images (n, channels, height, width)."""
    images = batch.permute(0, 3, 1, 2) if batch.ndim == 4 else batch.unsqueeze(1)
    if images.dtype == torch.uint8:
        return images.to(torch.float32).mul_(1.0 / 255.0)
    return images.to(torch.float32)


class AutoencoderTrainer(StateMixin):
    """An encoder and a decoder with their optimiser, trained by :func:`toolkit.nn.fit_loop`.

    Parameters
    ----------
    encoder, decoder : torch.nn.Module
        Trained in place, on the device they are on.
    generator : torch.Generator
        Noise is drawn from it; on the device of the networks.
    total_steps : int
        Length of the training, for the schedule of the learning rate.
    loss : {"mse", "bce"}
    output : {"sigmoid", "identity"}
    learning_rate : float
        At its highest.
    lr_schedule : {"cosine", "constant"}
        ``"cosine"`` rises in a line over the first tenth of the steps and falls in half a cosine to nothing
        (Loshchilov and Hutter, 2017, "SGDR: stochastic gradient descent with warm restarts").
    weight_decay : float
        Decoupled (Loshchilov and Hutter, 2019, "Decoupled weight decay regularization").
    noise : float
        Level of the noise on the input; 0 for none.
    noise_kind : str
        A name in ``INPUT_NOISES``.
    autocast : callable, optional
        Returns the context in which the networks are called.
    """

    _state = ("encoder", "decoder", "optimiser", "generator", "step")

    def __init__(
        self,
        encoder,
        decoder,
        *,
        generator,
        total_steps,
        loss="mse",
        output="sigmoid",
        learning_rate=2e-3,
        lr_schedule="cosine",
        weight_decay=0.0,
        noise=0.0,
        noise_kind="gaussian",
        autocast=contextlib.nullcontext,
    ):
        self.encoder, self.decoder, self.generator = encoder, decoder, generator
        self.loss, self.output, self.noise, self.noise_kind = TOTALS[loss], output, noise, INPUT_NOISES[noise_kind]
        self.learning_rate, self.lr_schedule, self.total_steps = learning_rate, lr_schedule, max(1, total_steps)
        self.autocast, self.step = autocast, 0
        self.draw_rows = None  # set by an estimator: draw_rows(trainer, n_samples, random_state=None)
        self.parameters = [*encoder.parameters(), *decoder.parameters()]
        self.device = self.parameters[0].device
        self.optimiser = FusedAdam(
            self.parameters, learning_rate=learning_rate, betas=_BETAS, weight_decay=weight_decay
        )

    @property
    def follows_plan(self):
        """Whether what a step does depends on how many there are to be."""
        return self.lr_schedule != "constant"

    def train_step(self, batch):
        """One step on a batch (n, height, width[, 3])."""
        losses = self._learn(as_images(batch))
        self.optimiser.learning_rate = self._rate()
        self.optimiser.step()
        self.step += 1
        return losses

    def _learn(self, images):
        """Leave the gradients of a step in the weights; named losses of images (n, channels, height, width)."""
        # Networks of the caller's own may hold batch norm, which learns nothing from a single row.
        self._train(len(images) > 1)
        losses = self.losses(images)
        self.optimiser.zero_grad()
        losses["loss"].backward()
        return {name: value.detach() for name, value in losses.items()}

    def losses(self, images):
        """Named losses of images (n, channels, height, width); ``"loss"`` is the one to descend."""
        with self.autocast():
            raw = self._decode(self.encoder(self._noisy(images)), images)
        return {"loss": self.loss(raw, images, self.output) / images.numel()}

    @torch.no_grad()
    def evaluate(self, batch):
        """Named losses of a batch as ``train_step`` takes it; nothing is learnt, and ``generator`` stays as it is."""
        self._train(False)
        held, state = self.noise, self.generator.get_state()
        self.noise = 0.0
        try:
            return {name: float(value) for name, value in self.losses(as_images(batch)).items()}
        finally:
            self.noise = held
            self.generator.set_state(state)

    def sample(self, n_samples=1, *, random_state=None):
        """Rows of standard normal latent vectors as trained so far; the training is not affected.

        Raises
        ------
        ValueError
            The trainer has no ``draw_rows``.
        """
        if self.draw_rows is None:
            raise ValueError("draw_rows must be given to a trainer that is to sample, got None.")
        return self.draw_rows(self, n_samples, random_state=random_state)

    def _noisy(self, images):
        return self.noise_kind(images, self.noise, self.generator) if self.noise else images

    def _decode(self, latent, images):
        """The decoder's raw answer in float32 and in the images' shape, which own decoders may leave flat."""
        return self.decoder(latent).float().reshape(images.shape)

    def _train(self, learning):
        self.encoder.train(learning)
        self.decoder.train(learning)

    def _rate(self):
        if self.lr_schedule == "constant":
            return self.learning_rate
        done = (self.step + 1) / (self.total_steps + 1)
        if done < _WARM_UP:
            return self.learning_rate * done / _WARM_UP
        return self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * (done - _WARM_UP) / (1.0 - _WARM_UP)))
