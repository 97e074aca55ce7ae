"""Gradient penalties by name: how steep the discriminator may be, and where.

Each is taken at real rows, at fake rows, at both, or between them, and pulls the norm of the gradient there to a
centre. To add one, write its line in :data:`PENALTIES`.
"""

from dataclasses import dataclass

import torch

__all__ = ["PENALTIES", "Penalty", "between", "penalty_value", "squared_gradient_norm"]


@dataclass(frozen=True)
class Penalty:
    """Where a penalty is taken and what it asks for.

    Parameters
    ----------
    at : {"real", "fake", "both", "between"}
    centre : float
        Norm that the gradient is pulled to.
    factor : float
        Of the mean: R1 and R2 are defined with a half.
    paper : str

    Examples
    --------
    >>> from toolkit.generators.adversarial import PENALTIES
    >>> wgan = PENALTIES["wgan"]  # gradients between real and fake rows are pulled to a norm of one
    >>> wgan.at, wgan.centre, wgan.factor
    ('between', 1.0, 1.0)
    """

    at: str
    centre: float
    factor: float
    paper: str


PENALTIES = {
    "r1": Penalty("real", 0.0, 0.5, "Mescheder et al. (2018), Which training methods for GANs do actually converge?"),
    "r2": Penalty("fake", 0.0, 0.5, "Mescheder et al. (2018), Which training methods for GANs do actually converge?"),
    "r1r2": Penalty("both", 0.0, 0.5, "Huang et al. (2024), The GAN is dead; long live the GAN!"),
    "zero_centred": Penalty(
        "between", 0.0, 1.0, "Thanh-Tung et al. (2019), Improving generalization and stability of GANs"
    ),
    "wgan": Penalty("between", 1.0, 1.0, "Gulrajani et al. (2017), Improved training of Wasserstein GANs"),
}


def between(real: torch.Tensor, fake: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """A point on the line from each real row to its fake neighbour, uniform along it."""
    share = torch.rand((len(real),) + (1,) * (real.ndim - 1), generator=generator, device=real.device)
    return torch.lerp(fake.to(real.dtype), real, share)


def squared_gradient_norm(logits: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """Squared norm of the gradient of each row's logit, (batch,), itself differentiable.

    Rows must not depend on one another, or their gradients mix.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[1.0, 2.0]], requires_grad=True)
    >>> squared_gradient_norm(x.square().sum(dim=1), x).tolist()
    [20.0]
    """
    (gradient,) = torch.autograd.grad(logits.float().sum(), inputs, create_graph=True)
    return gradient.float().square().flatten(1).sum(1)


def penalty_value(penalty: Penalty, squared_norm: torch.Tensor, n_real: int) -> torch.Tensor:
    """The penalty from squared norms, of ``n_real`` real rows and, for "both", as many fake rows as follow them."""
    if penalty.centre:
        # The root has no slope at zero; a gradient of nothing at all should still be pulled up.
        value = ((squared_norm + 1e-12).sqrt() - penalty.centre).square()
    else:
        value = squared_norm
    # R1 + R2 is the sum of two means, not the mean of both.
    return penalty.factor * value.sum() / n_real
