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

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from toolkit.generators.flow import DistillationTrainer, build_network, learn_gaussian
    >>> random = torch.Generator().manual_seed(0)
    >>> network = build_network("mlp", (1, 4, 4), widths=(8,), n_conditions=0, path="linear", target="velocity",
    ...                         gaussian=learn_gaussian(np.zeros((4, 16)), None, 0, seed=0), generator=random)
    >>> trainer = DistillationTrainer(network, n_steps=2, random=random, total_steps=10)
    >>> images, noise = torch.full((4, 4, 4), 0.5), torch.randn(4, 4, 4, generator=random)
    >>> sorted(trainer.train_step((images, torch.zeros(4, 0), noise))), trainer.step
    (['loss'], 1)
    """

    def __init__(self, network: torch.nn.Module, *, n_steps: int, **options: Any):
        super().__init__(network, **options)
        self.n_steps = n_steps

    def _draw(self, batch):
        images, weights, noise = batch
        data = as_signed_images(images)
        time = torch.randint(self.n_steps, (len(data),), generator=self.random, device=self.device) / self.n_steps
        return data, noise.reshape(data.shape), time, weights
