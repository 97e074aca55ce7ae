"""The step of both players when rows have labels: fakes are made for the labels of the real rows beside them."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from toolkit.generators.adversarial._packing import whole_packs
from toolkit.generators.adversarial._trainer import AdversarialTrainer

__all__ = ["ConditionalTrainer"]


class ConditionalTrainer(AdversarialTrainer):
    """An :class:`AdversarialTrainer` of a conditional pair, whose batches are images and class codes.

    Real and fake rows of a step have the same labels, so that pairs of them, and points between them, have one each.

    Parameters
    ----------
    generator, discriminator : ConditionalGenerator, ConditionalDiscriminator
    class_shares : sequence of float
        With which classes are drawn where no batch gives them: for batch-norm statistics.
    mismatch_weight : float
        Above zero, each real row is also given with a wrong label drawn at random, to be discriminated from the right
        one as a fake is (Reed et al., 2016, "Generative adversarial text to image synthesis"): else a discriminator
        that looks at the image alone has hardly a reason to look at the label.
    **options
        As for :class:`AdversarialTrainer`.

    Examples
    --------
    >>> import torch
    >>> from toolkit.generators.adversarial import ConditionalTrainer, build_conditional_pair
    >>> random = torch.Generator().manual_seed(0)
    >>> options = {"norm": "none", "embedding_dim": 2, "packing": 1, "dropout": 0.0, "spectral_norm": False}
    >>> networks = build_conditional_pair("mlp", 2, 3, (1, 8, 8), conditionings=("embedding", "projection"),
    ...                                   widths=((8,), (8,)), minibatch_std=False, generator=random, **options)
    >>> trainer = ConditionalTrainer(*networks, class_shares=[0.5, 0.3, 0.2], random=random, latent_dim=2,
    ...                              total_steps=10)
    >>> losses = trainer.train_step((torch.zeros(4, 8, 8), torch.tensor([0, 1, 2, 0])))
    >>> trainer.step, sorted(losses)[:2]
    (1, ['discriminator_gradient_norm', 'discriminator_loss'])
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        *,
        class_shares: Sequence[float],
        mismatch_weight: float = 0.0,
        **options: Any,
    ):
        super().__init__(generator, discriminator, **options)
        self.class_shares = torch.tensor(class_shares, dtype=torch.float32)
        self.mismatch_weight = mismatch_weight
        self._draw_latents, self.draw = self.draw, self._draw
        self._labels = None  # of the step in progress: (rows, n_classes)

    def train_step(self, batch: tuple[torch.Tensor, torch.Tensor]) -> dict[str, torch.Tensor]:
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

    def _further_loss(self, real, real_logits):
        n_classes = len(self.class_shares)
        if not self.mismatch_weight or n_classes == 1:
            return None
        shift = torch.randint(1, n_classes, (len(self._labels),), generator=self.random, device=self.device)
        wrong = self._one_hot((self._labels.argmax(dim=1) + shift) % n_classes)
        with self.autocast():
            wrong_logits = self._judge(real, wrong)
        loss = self.objective.discriminator(real_logits, wrong_logits, self.real_target)
        self.last["mismatch_loss"] = loss.detach()
        return self.mismatch_weight * loss

    def _logits(self, images):
        """Images are the real rows' packs, the fake rows', points between them, or both after one another."""
        return self._judge(images, self._labels)

    def _judge(self, images, labels):
        labels = labels.reshape(len(labels) // self.packing, -1)
        labels = labels.repeat(len(images) // len(labels), 1)
        return self.discriminator(images, labels).reshape(len(images)).float()
