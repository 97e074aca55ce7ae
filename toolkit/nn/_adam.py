"""Adam in one call for all weights, without what torch's optimiser asks on the way.

Kingma and Ba (2015), "Adam: a method for stochastic optimization"; weights decay apart from the gradient, as in
Loshchilov and Hutter (2019), "Decoupled weight decay regularization", or as a part of it. The arithmetic is torch's
fused kernel; for networks of this size the checks, groups and hooks of ``torch.optim.Adam`` around it cost as much as a
small layer, and the first of its kind in a process imports torch's compiler for a second.
"""

from collections.abc import Iterable

import torch

__all__ = ["FusedAdam"]

_EPSILON = 1e-8


class FusedAdam:
    """Adam with first and second moments of its own.

    Parameters
    ----------
    parameters : iterable of torch.nn.Parameter
        A parameter without gradient is left as it is, and does not count the step.
    learning_rate : float
        May be set anew before any step.
    betas : tuple of two floats, default=(0.9, 0.999)
    weight_decay : float, default=0.0
    decoupled : bool, default=True
        Whether weights decay apart from the gradient (AdamW), or by a part of it.

    Examples
    --------
    >>> import torch
    >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
    >>> adam = FusedAdam([weight], learning_rate=0.1, betas=(0.9, 0.999))
    >>> (2 * weight).sum().backward()
    >>> adam.step()
    >>> round(weight.item(), 4)
    0.9
    """

    def __init__(
        self,
        parameters: Iterable[torch.nn.Parameter],
        *,
        learning_rate: float,
        betas: tuple[float, float] = (0.9, 0.999),
        weight_decay: float = 0.0,
        decoupled: bool = True,
    ):
        self.parameters = list(parameters)
        self.learning_rate, self.betas, self.weight_decay = learning_rate, tuple(betas), weight_decay
        self.decoupled = decoupled
        self.first = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.second = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.steps = [torch.zeros((), device=parameter.device) for parameter in self.parameters]

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient."""
        moved = list(zip(self.parameters, self.first, self.second, self.steps))
        moved = [entry for entry in moved if entry[0].grad is not None]
        if not moved:
            return
        parameters, first, second, steps = map(list, zip(*moved))
        torch._foreach_add_(steps, 1.0)
        fused = torch._fused_adamw_ if self.decoupled else torch._fused_adam_
        fused(
            parameters,
            [parameter.grad for parameter in parameters],
            first,
            second,
            [],
            steps,
            lr=self.learning_rate,
            beta1=self.betas[0],
            beta2=self.betas[1],
            weight_decay=self.weight_decay,
            eps=_EPSILON,
            amsgrad=False,
            maximize=False,
        )

    @torch.no_grad()
    def gradient_norm(self) -> torch.Tensor:
        """Euclidean norm of all gradients together, a 0-d tensor."""
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        return torch.stack(torch._foreach_norm(gradients)).norm()

    def state_dict(self) -> dict[str, dict[str, torch.Tensor]]:
        """Moments and counts, by the place of their parameter."""
        return {
            str(place): {"step": step, "exp_avg": first, "exp_avg_sq": second}
            for place, (step, first, second) in enumerate(zip(self.steps, self.first, self.second))
        }

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, dict[str, torch.Tensor]]) -> None:
        """Take over what :meth:`state_dict` gave."""
        if len(state) != len(self.parameters):
            raise ValueError(f"the state is of {len(state)} parameters, the optimiser has {len(self.parameters)}.")
        for place, (step, first, second) in enumerate(zip(self.steps, self.first, self.second)):
            for held, name in ((step, "step"), (first, "exp_avg"), (second, "exp_avg_sq")):
                if held.shape != state[str(place)][name].shape:
                    raise ValueError(f"{name} of parameter {place} has shape {tuple(state[str(place)][name].shape)}.")
                held.copy_(state[str(place)][name])
