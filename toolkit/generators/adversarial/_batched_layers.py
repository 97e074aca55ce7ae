"""Fully connected networks of equal shape as one: each layer a batch of matrix products, one for each replica.

Activations are (replicas, batch, features). Weights are kept as (replicas, n_in, n_out), so that their gradients come
out of a product as they are stored.
"""

from collections.abc import Iterator, Sequence

import torch
from torch import nn
from torch.nn import functional

from toolkit.generators.adversarial._minibatch import MinibatchStandardDeviation
from toolkit.generators.adversarial._mlp import SLOPE
from toolkit.generators.adversarial._spectral import SpectralLinear
from toolkit.nn import GeneratorDropout

__all__ = ["BatchedNetwork", "can_be_batched"]

_LAYERS = (nn.Linear, nn.BatchNorm1d, nn.LeakyReLU, GeneratorDropout)


def can_be_batched(layers: Sequence[nn.Module]) -> str:
    """Which of the layers has no batched form, in a word; empty if none."""
    for layer in layers:
        if isinstance(layer, SpectralLinear):
            return "spectral_norm"
        if isinstance(layer, MinibatchStandardDeviation):
            return "minibatch_std"
        if not isinstance(layer, _LAYERS):
            return type(layer).__name__
    return ""


class BatchedNetwork:
    """Replicas of one sequence of layers, computed together.

    Parameters
    ----------
    replicas : sequence of sequence of torch.nn.Module
        The same layers with weights of their own, as :meth:`write` gives them back.

    Attributes
    ----------
    parameters : list of torch.Tensor
        Stacked over the replicas, in the order of the layers; leaves that need gradients.
    """

    def __init__(self, replicas: Sequence[Sequence[nn.Module]]) -> None:
        self.replicas = [list(layers) for layers in replicas]
        self.parameters: list[torch.Tensor] = []
        self._steps: list[tuple] = []
        for place, layers in enumerate(zip(*self.replicas)):
            first = layers[0]
            if isinstance(first, nn.Linear):
                weight, bias = self._stacked(layers, "weight", turned=True), self._stacked(layers, "bias")
                self._steps.append(("linear", weight, bias))
            elif isinstance(first, nn.BatchNorm1d):
                weight, bias = self._stacked(layers, "weight"), self._stacked(layers, "bias")
                running = [
                    torch.stack([getattr(layer, name) for layer in layers]) for name in ("running_mean", "running_var")
                ]
                self._steps.append(("norm", weight, bias, *running, first.eps, first.momentum, place))
            elif isinstance(first, nn.LeakyReLU):
                self._steps.append(("rectify",))
            else:
                self._steps.append(("dropout", first.p, [layer.generator for layer in layers]))

    def _stacked(self, layers: Sequence[nn.Module], name: str, *, turned: bool = False) -> torch.Tensor:
        values = [getattr(layer, name).detach() for layer in layers]
        stack = torch.stack([value.t() if turned else value for value in values]).contiguous()
        self.parameters.append(stack.requires_grad_())
        return stack

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """(replicas, batch, n_in) to (replicas, batch, n_out), as in training."""
        for name, *values in self._steps:
            if name == "linear":
                weight, bias = values
                x = torch.baddbmm(bias.unsqueeze(1), x, weight)
            elif name == "rectify":
                x = functional.leaky_relu(x, SLOPE)
            elif name == "norm":
                x = _normalise(x, *values[:6])
            else:
                share, generators = values
                keep = torch.stack([torch.rand(x.shape[1:], generator=own, device=x.device) for own in generators])
                x = x * (keep >= share) / (1 - share)
        return x

    def requires_grad_(self, wanted: bool) -> None:
        """Freeze or free all weights."""
        for parameter in self.parameters:
            parameter.requires_grad_(wanted)

    def by_layer(self, stacks: Sequence[torch.Tensor]) -> Iterator[tuple[int, str, torch.Tensor]]:
        """Place of the layer, name and stack of each parameter, or of what is kept of it, turned as layers have it."""
        stacks = iter(stacks)
        for place, layer in enumerate(self.replicas[0]):
            if isinstance(layer, (nn.Linear, nn.BatchNorm1d)):
                weight = next(stacks)
                yield place, "weight", weight.transpose(1, 2) if isinstance(layer, nn.Linear) else weight
                yield place, "bias", next(stacks)

    @torch.no_grad()
    def write(self) -> None:
        """Give the replicas the weights, and the statistics of norms, that they have by now."""
        for place, name, stack in self.by_layer(self.parameters):
            for replica, value in zip(self.replicas, stack):
                getattr(replica[place], name).copy_(value)
        for step in self._steps:
            if step[0] == "norm":
                for replica, mean, variance in zip(self.replicas, step[3], step[4]):
                    replica[step[7]].running_mean.copy_(mean)
                    replica[step[7]].running_var.copy_(variance)


def _normalise(x, weight, bias, running_mean, running_variance, epsilon, momentum):
    """Batch norm of each replica by its own batch; the statistics move as torch moves them."""
    n_replicas, n_rows, n_features = x.shape
    # One call for all: replicas and features are features of one batch.
    flat = x.transpose(0, 1).reshape(n_rows, n_replicas * n_features)
    found = functional.batch_norm(
        flat,
        running_mean.view(-1),
        running_variance.view(-1),
        weight.reshape(-1),
        bias.reshape(-1),
        training=True,
        momentum=momentum,
        eps=epsilon,
    )
    return found.view(n_rows, n_replicas, n_features).transpose(0, 1)
