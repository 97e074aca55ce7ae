"""Ways from noise to an image, by name: how a step from one time to the next is made.

``look(points, time) -> Point`` asks the network. Times run from 0 to 1; ``noise`` is what a random solver adds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from toolkit.generators.flow._paths import Path, Point

__all__ = ["SOLVERS", "Solver"]

Look = Callable[[torch.Tensor, torch.Tensor], Point]


@dataclass(frozen=True)
class Solver:
    """One line of the table.

    Parameters
    ----------
    step : callable
        ``step(look, points, time, next_time, path, noise) -> points``.
    random : bool
        Whether it adds noise on the way, so that latents alone do not say what comes out.
    paper : str
    """

    step: Callable
    random: bool
    paper: str


def euler(
    look: Look, x: torch.Tensor, time: torch.Tensor, to: torch.Tensor, path: Path, noise: torch.Tensor | None
) -> torch.Tensor:
    """Along the velocity at the start."""
    return x + (to - time) * look(x, time).velocity


def heun(
    look: Look, x: torch.Tensor, time: torch.Tensor, to: torch.Tensor, path: Path, noise: torch.Tensor | None
) -> torch.Tensor:
    """Along the mean of the velocities at the start and at where that would lead; the last step is Euler's."""
    first = look(x, time).velocity
    there = x + (to - time) * first
    if float(to) >= 1.0:
        return there
    return x + 0.5 * (to - time) * (first + look(there, to).velocity)


def ddim(
    look: Look, x: torch.Tensor, time: torch.Tensor, to: torch.Tensor, path: Path, noise: torch.Tensor | None
) -> torch.Tensor:
    """To the mixture of the same data and the same noise at the next time."""
    point = look(x, time)
    return path.data(to) * point.data + path.noise(to) * point.noise


def ancestral(
    look: Look, x: torch.Tensor, time: torch.Tensor, to: torch.Tensor, path: Path, noise: torch.Tensor
) -> torch.Tensor:
    """A draw from the posterior of the next point, given this one and the data that the network expects.

    With a, s at this time and b, r at the next: the less noisy point given data is normal with variance r^2, and this
    one given that with variance s^2 - (a / b)^2 r^2 and mean (a / b) times it (Ho et al., 2020, equation 7).
    """
    a, s, b, r = path.data(time), path.noise(time), path.data(to), path.noise(to)
    data = look(x, time).data.clamp(-1.0, 1.0)
    ratio = a / b
    step = (s.square() - (ratio * r).square()).clamp_min(0.0)  # noise that the step to this point has added
    mean = (ratio * r.square() * x + b * step * data) / s.square()
    return mean + (step.sqrt() * r / s) * noise


SOLVERS = {
    "euler": Solver(euler, False, "Liu et al. (2023), Flow straight and fast"),
    "heun": Solver(heun, False, "Karras et al. (2022), Elucidating the design space of diffusion-based models"),
    "ddim": Solver(ddim, False, "Song et al. (2021), Denoising diffusion implicit models"),
    "ancestral": Solver(ancestral, True, "Ho et al. (2020), Denoising diffusion probabilistic models"),
}
