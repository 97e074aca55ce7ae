"""The step of both players when rows have labels: fakes are made for the labels of the real rows beside them."""

import torch
from torch.nn import functional

from toolkit.nn.adversarial._packing import whole_packs
from toolkit.nn.adversarial._trainer import AdversarialTrainer

__all__ = ["ConditionalTrainer"]


class ConditionalTrainer(AdversarialTrainer):
    """An :class:`AdversarialTrainer` of a conditional pair, whose batches are images and class codes.

    Real and fake rows of a step have the same labels, so that pairs of them, and points between them, have one each.

    Parameters
    ----------
    generator, discriminator : ConditionalGenerator, ConditionalDiscriminator
    class_shares : sequence of float
        With which classes are drawn where no batch gives them: for batch-norm statistics.
    **options
        As for :class:`AdversarialTrainer`.
    """

    def __init__(self, generator, discriminator, *, class_shares, **options):
        super().__init__(generator, discriminator, **options)
        self.class_shares = torch.tensor(class_shares, dtype=torch.float32)
        self._draw_latents, self.draw = self.draw, self._draw
        self._labels = None  # of the step in progress: (rows, n_classes)

    def train_step(self, batch):
        """One step on images (n, height, width[, 3]) and codes (n,) of their classes."""
        images, codes = batch
        self._labels = self._one_hot(whole_packs(codes, self.packing))
        try:
            return super().train_step(images)
        finally:
            self._labels = None

    def _draw(self, n_samples, latent_dim, generator):
        """Latents with label weights behind them: those of the step, else drawn by their shares."""
        latents = self._draw_latents(n_samples, latent_dim, generator)
        labels = self._labels
        if labels is None:
            shares = self.class_shares.to(generator.device)
            labels = self._one_hot(torch.multinomial(shares, n_samples, replacement=True, generator=generator))
        return torch.cat([latents, labels], dim=1)

    def _one_hot(self, codes):
        return functional.one_hot(codes.long(), len(self.class_shares)).float()

    def _logits(self, images):
        """Images are the real rows' packs, the fake rows', points between them, or both after one another."""
        labels = self._labels.reshape(len(self._labels) // self.packing, -1)
        labels = labels.repeat(len(images) // len(labels), 1)
        return self.discriminator(images, labels).reshape(len(images)).float()
