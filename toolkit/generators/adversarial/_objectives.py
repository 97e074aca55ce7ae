"""What the two players of a GAN minimise: pairs of pure functions of logits, by name.

To add one, write its two functions and its line in :data:`OBJECTIVES`. Both functions take the discriminator's logits
of real and of fake rows, (batch,) each, and return a mean; the discriminator's also takes the target of real rows,
1 unless labels are smoothed (Salimans et al., 2016, "Improved techniques for training GANs": one side only).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn.functional import softplus

__all__ = ["OBJECTIVES", "Objective"]


@dataclass(frozen=True)
class Objective:
    """A pair of losses and what goes with it.

    Parameters
    ----------
    discriminator : callable
        ``(real_logits, fake_logits, real_target=1.0) -> loss``.
    generator : callable
        ``(real_logits, fake_logits) -> loss``; ``real_logits`` is None unless ``relative``.
    paper : str
    relative : bool
        The generator's loss needs the logits of real rows, too.
    smooths : bool
        Whether targets of real rows other than 1 make sense.
    threshold : float or None
        Logit above which a row counts as called real; None is the middle between the two batches.
    penalty : str or None
        Gradient penalty that belongs to it unless another is asked for.
    weight_clip : float or None
        Bound of the discriminator's weights where no gradient penalty takes its place.

    Examples
    --------
    >>> import torch
    >>> from toolkit.generators.adversarial import OBJECTIVES
    >>> hinge = OBJECTIVES["hinge"]
    >>> real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-2.0, 0.0])
    >>> hinge.discriminator(real, fake).item(), hinge.generator(None, fake).item(), hinge.relative
    (0.75, 1.0, False)
    """

    discriminator: Callable
    generator: Callable
    paper: str
    relative: bool = False
    smooths: bool = False
    threshold: float | None = 0.0
    penalty: str | None = None
    weight_clip: float | None = None


def cross_entropy_discriminator(real: torch.Tensor, fake: torch.Tensor, real_target: float = 1.0) -> torch.Tensor:
    """- t log s(real) - (1 - t) log(1 - s(real)) - log(1 - s(fake)), with s the logistic function."""
    loss = softplus(-real).mean() + softplus(fake).mean()
    return loss if real_target == 1.0 else loss + (1.0 - real_target) * real.mean()


def minimax_generator(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """log(1 - s(fake)): what the discriminator gains, the generator loses."""
    return -softplus(fake).mean()


def nonsaturating_generator(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """- log s(fake): the same fixed point, with a gradient where the discriminator is sure."""
    return softplus(-fake).mean()


def least_squares_discriminator(real: torch.Tensor, fake: torch.Tensor, real_target: float = 1.0) -> torch.Tensor:
    """((real - t)^2 + fake^2) / 2."""
    return 0.5 * ((real - real_target).square().mean() + fake.square().mean())


def least_squares_generator(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """(fake - 1)^2 / 2."""
    return 0.5 * (fake - 1.0).square().mean()


def wasserstein_discriminator(real: torch.Tensor, fake: torch.Tensor, real_target: float = 1.0) -> torch.Tensor:
    """fake - real: minus the estimate of the earth mover's distance."""
    return fake.mean() - real.mean()


def minus_fake(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """- fake, the generator's side of Wasserstein and hinge."""
    return -fake.mean()


def hinge_discriminator(real: torch.Tensor, fake: torch.Tensor, real_target: float = 1.0) -> torch.Tensor:
    """max(0, 1 - real) + max(0, 1 + fake)."""
    return (1.0 - real).relu().mean() + (1.0 + fake).relu().mean()


def relativistic_discriminator(real: torch.Tensor, fake: torch.Tensor, real_target: float = 1.0) -> torch.Tensor:
    """- log s(real - fake), row beside row: real rows should look more real than fake ones."""
    margin = real - fake
    loss = softplus(-margin).mean()
    return loss if real_target == 1.0 else loss + (1.0 - real_target) * margin.mean()


def relativistic_generator(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """- log s(fake - real)."""
    return softplus(real - fake).mean()


OBJECTIVES = {
    "minimax": Objective(
        cross_entropy_discriminator,
        minimax_generator,
        "Goodfellow et al. (2014), Generative adversarial nets",
        smooths=True,
    ),
    "nonsaturating": Objective(
        cross_entropy_discriminator,
        nonsaturating_generator,
        "Goodfellow et al. (2014), Generative adversarial nets, section 3",
        smooths=True,
    ),
    "least_squares": Objective(
        least_squares_discriminator,
        least_squares_generator,
        "Mao et al. (2017), Least squares generative adversarial networks",
        smooths=True,
        threshold=0.5,
    ),
    "wasserstein": Objective(
        wasserstein_discriminator,
        minus_fake,
        "Arjovsky et al. (2017), Wasserstein GAN",
        threshold=None,
        weight_clip=0.01,
    ),
    "wasserstein_gp": Objective(
        wasserstein_discriminator,
        minus_fake,
        "Gulrajani et al. (2017), Improved training of Wasserstein GANs",
        threshold=None,
        penalty="wgan",
    ),
    "hinge": Objective(
        hinge_discriminator,
        minus_fake,
        "Lim and Ye (2017), Geometric GAN; Miyato et al. (2018), Spectral normalization",
    ),
    "relativistic": Objective(
        relativistic_discriminator,
        relativistic_generator,
        "Jolicoeur-Martineau (2018), The relativistic discriminator; Huang et al. (2024), The GAN is dead: R3GAN",
        relative=True,
        smooths=True,
        threshold=None,
    ),
}
