"""Weight averaging: the generator that is kept is an exponential moving average of those that were trained.

Yazıcı et al. (2019), "The unusual effectiveness of averaging in GAN training"; the decay rises from the start as in
Karras et al. (2020), "Training GANs with limited data", so that short trainings are not held back by their first
weights.
"""

import copy

import torch
from torch import nn

__all__ = ["MovingAverage", "estimate_batch_statistics", "has_batch_norm"]

_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class MovingAverage:
    """An average of a network's weights, taken after each step.

    Parameters
    ----------
    network : torch.nn.Module
    decay : float in [0, 1)
        Weight of the past at most; after t steps it is ``min(decay, (1 + t) / (10 + t))``.
    """

    def __init__(self, network, decay):
        self.decay, self.step = decay, 0
        self.network = copy.deepcopy(network).requires_grad_(False)
        self._sources = [parameter.detach() for parameter in network.parameters()]
        self._averages = list(self.network.parameters())

    @torch.no_grad()
    def update(self):
        """Move towards the network's weights as they are now."""
        self.step += 1
        decay = min(self.decay, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(self._averages, self._sources, 1.0 - decay)


def has_batch_norm(network):
    """Whether anything in ``network`` normalises by its batch."""
    return any(isinstance(layer, _BATCH_NORMS) for layer in network.modules())


@torch.no_grad()
def estimate_batch_statistics(network, batches):
    """Set the batch-norm statistics of ``network`` to their means over ``batches`` of its input.

    Averaged weights never saw a batch, and the running statistics of trained ones lag behind
    (Izmailov et al., 2018, "Averaging weights leads to wider optima", section 3.2).
    """
    layers = [layer for layer in network.modules() if isinstance(layer, _BATCH_NORMS)]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # torch's way to ask for the plain mean
    was_training = network.training
    network.train()
    for batch in batches:
        network(batch)
    network.train(was_training)
    for layer, momentum in zip(layers, momenta):
        layer.momentum = momentum
