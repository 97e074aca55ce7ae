"""A flow taught by another one to get there in a few straight steps."""

from typing import Any

import torch

from toolkit.generators.adversarial import as_signed_images
from toolkit.generators.flow._trainer import FlowTrainer

__all__ = ["DistillationTrainer"]


class DistillationTrainer(FlowTrainer):
    """A :class:`FlowTrainer` on pairs of noise and of what a trained flow makes of it (Liu et al., 2023, section 3.2).

    Noise says which row it becomes, so ways from one to the other need not bend, and few steps follow them. They are
    learnt at the times at which a sampler with so many steps asks, and nowhere else.

    Parameters
    ----------
    network : torch.nn.Module
    n_steps : int
        Of the sampler.
    **options
        Of :class:`FlowTrainer`.
    """

    def __init__(self, network: torch.nn.Module, *, n_steps: int, **options: Any):
        super().__init__(network, **options)
        self.n_steps = n_steps

    def _draw(self, batch):
        images, weights, noise = batch
        data = as_signed_images(images)
        time = torch.randint(self.n_steps, (len(data),), generator=self.random, device=self.device) / self.n_steps
        return data, noise.reshape(data.shape), time, weights
