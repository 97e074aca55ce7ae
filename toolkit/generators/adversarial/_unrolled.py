"""Unrolled GANs: the generator's loss is that of a discriminator some steps ahead, which has answered it already.

Metz et al. (2017), "Unrolled generative adversarial networks": gradients flow through the discriminator's steps, so
that a generator that piles up on one mode sees what would come of it. Its steps are those of Adam whose moments stand
still.
"""

from typing import TYPE_CHECKING

import torch
from torch.func import functional_call

if TYPE_CHECKING:
    from toolkit.generators.adversarial._trainer import AdversarialTrainer

__all__ = ["unrolled_loss"]

_EPSILON = 1e-8


def unrolled_loss(trainer: "AdversarialTrainer", real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """The generator's loss against the discriminator after ``trainer.unrolled_steps`` more steps on these rows.

    Parameters
    ----------
    trainer : AdversarialTrainer
        Its discriminator is left as it is.
    real, fake : tensor of shape (n_packs, packing * channels, height, width)
        As the discriminator sees them; ``fake`` with its way back to the generator.

    Returns
    -------
    tensor
        0-d, differentiable in the generator's weights.
    """
    network, optimiser, objective = trainer.discriminator, trainer.optimisers[1], trainer.objective
    names = [name for name, _ in network.named_parameters()]
    weights = dict(network.named_parameters())
    scales = [_scale(optimiser, place) for place in range(len(names))]

    def logits(images):
        with trainer.autocast():
            return functional_call(network, weights, (images,)).reshape(len(images)).float()

    real = real.detach()
    for _ in range(trainer.unrolled_steps):
        loss = objective.discriminator(logits(real), logits(fake), trainer.real_target)
        gradients = torch.autograd.grad(loss, [weights[name] for name in names], create_graph=True)
        weights = {
            name: weights[name] - optimiser.learning_rate * scale * gradient
            for name, scale, gradient in zip(names, scales, gradients)
        }
    return objective.generator(logits(real) if objective.relative else None, logits(fake))


def _scale(optimiser, place):
    """By what Adam would multiply a gradient, apart from the rate."""
    steps = optimiser.steps[place]
    second = optimiser.second[place] / (1.0 - optimiser.betas[1] ** steps.clamp_min(1.0))
    return 1.0 / (second.sqrt() + _EPSILON)
