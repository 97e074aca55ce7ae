"""Initialisation and dropout that draw from a ``torch.Generator`` of their own, never from the global one."""

import math
from collections.abc import Callable

import torch
from torch import nn

__all__ = ["GeneratorDropout", "build", "initialise", "torch_generator"]


def torch_generator(seed: int, device: str | torch.device = "cpu") -> torch.Generator:
    """A fresh ``torch.Generator`` seeded with an int.

    Parameters
    ----------
    seed : int
    device : str or torch.device, default="cpu"

    Returns
    -------
    torch.Generator

    Examples
    --------
    >>> import torch
    >>> bool(torch.rand(1, generator=torch_generator(0)) == torch.rand(1, generator=torch_generator(0)))
    True
    """
    generator = torch.Generator(device=device)
    generator.manual_seed(int(seed))
    return generator


class GeneratorDropout(nn.Module):
    """Dropout whose mask comes from its own generator.

    Parameters
    ----------
    p : float
        Share of the activations set to zero while training.
    generator : torch.Generator

    Examples
    --------
    >>> import torch
    >>> from toolkit.nn import GeneratorDropout, torch_generator
    >>> dropout = GeneratorDropout(0.5, torch_generator(0))
    >>> sorted(set(dropout(torch.ones(100)).tolist())), set(dropout.eval()(torch.ones(100)).tolist())
    ([0.0, 2.0], {1.0})
    """

    def __init__(self, p: float, generator: torch.Generator | None):
        super().__init__()
        self.p, self.generator = p, generator

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.p == 0:
            return x
        keep = torch.rand(x.shape, generator=self.generator, device=x.device) >= self.p
        return x * keep / (1 - self.p)


@torch.no_grad()
def initialise(module: nn.Module, generator: torch.Generator) -> nn.Module:
    """Draw every weight of ``module`` anew from ``generator``; biases become zero, norms the identity.

    Weights are He-uniform for rectifiers (He et al., 2015, "Delving deep into rectifiers").

    Build the module with :func:`torch.nn.utils.skip_init` or under :func:`toolkit.nn.build`, so that the
    constructors do not draw from the global generator first.

    Parameters
    ----------
    module : torch.nn.Module
    generator : torch.Generator

    Returns
    -------
    module

    Examples
    --------
    >>> import torch
    >>> from toolkit.nn import initialise, torch_generator
    >>> first, second = (initialise(torch.nn.Linear(6, 2), torch_generator(0)) for _ in range(2))
    >>> bool((first.weight == second.weight).all()), first.bias.tolist(), bool(first.weight.abs().max() <= 1)
    (True, [0.0, 0.0], True)
    """
    for layer in module.modules():
        if isinstance(layer, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d)):
            fan_in = layer.weight[0].numel()
            if isinstance(layer, nn.ConvTranspose2d):
                fan_in = layer.weight.shape[0] * layer.weight[0, 0].numel() / math.prod(layer.stride)
            bound = math.sqrt(6.0 / fan_in)
            layer.weight.uniform_(-bound, bound, generator=generator)
            if layer.bias is not None:
                layer.bias.zero_()
        elif isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm)):
            layer.reset_parameters()
    return module


def build(factory: Callable[[], nn.Module], generator: torch.Generator) -> nn.Module:
    """Build a module without touching the global generator and initialise it from ``generator``.

    Parameters
    ----------
    factory : callable
        Returns the module; it is called with no argument on torch's ``meta`` device, where nothing is drawn.
    generator : torch.Generator

    Returns
    -------
    torch.nn.Module
        On the generator's device.

    Examples
    --------
    >>> import torch
    >>> state = torch.get_rng_state()
    >>> layer = build(lambda: torch.nn.Linear(2, 3), torch_generator(0))
    >>> bool((torch.get_rng_state() == state).all())
    True
    """
    with torch.device("meta"):
        module = factory().float()  # whatever the caller's default type
    # Not ``to_empty``: of tensors on the meta device it asks torch's symbolic shapes, which import sympy.
    module = module._apply(lambda t: torch.empty(t.shape, dtype=t.dtype, device=generator.device))
    return initialise(module, generator)
