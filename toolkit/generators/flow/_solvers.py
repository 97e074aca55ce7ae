"""Ways from noise to an image, by name: how a step from one time to the next is made.

``look(points, time) -> Point`` asks the network. Times run from 0 to 1; ``noise`` is what a random solver adds, and
``past`` a dict, empty at first, in which a solver keeps what its next step needs.
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
        ``step(look, points, time, next_time, path, noise, past) -> points``.
    random : bool
        Whether it adds noise on the way, so that latents alone do not say what comes out.
    paper : str
    bend : float, default=1.0
        Times are ``1 - (1 - u) ** bend`` of evenly spread u: below 1, steps are shorter near noise than near data.
    """

    step: Callable
    random: bool
    paper: str
    bend: float = 1.0

    def times(self, n_steps: int, device: torch.device | str = "cpu") -> torch.Tensor:
        """Times of so many steps, both ends included.

        Examples
        --------
        >>> SOLVERS["euler"].times(4).tolist()
        [0.0, 0.25, 0.5, 0.75, 1.0]
        """
        even = torch.linspace(0.0, 1.0, n_steps + 1, device=device)
        return even if self.bend == 1.0 else 1.0 - (1.0 - even) ** self.bend


def euler(
    look: Look,
    x: torch.Tensor,
    time: torch.Tensor,
    to: torch.Tensor,
    path: Path,
    noise: torch.Tensor | None,
    past: dict,
) -> torch.Tensor:
    """Along the velocity at the start."""
    return x + (to - time) * look(x, time).velocity


def heun(
    look: Look,
    x: torch.Tensor,
    time: torch.Tensor,
    to: torch.Tensor,
    path: Path,
    noise: torch.Tensor | None,
    past: dict,
) -> torch.Tensor:
    """Along the mean of the velocities at the start and at where that would lead; the last step is Euler's."""
    first = look(x, time).velocity
    there = x + (to - time) * first
    if float(to) >= 1.0:
        return there
    return x + 0.5 * (to - time) * (first + look(there, to).velocity)


def adams(
    look: Look,
    x: torch.Tensor,
    time: torch.Tensor,
    to: torch.Tensor,
    path: Path,
    noise: torch.Tensor | None,
    past: dict,
) -> torch.Tensor:
    """Along the line through the velocities of this step and of the last one: second order, and asks once a step.

    With steps of h and, before, h', the mean of that line over the step is v + (h / 2 h') (v - v'), the two-step method
    of Adams and Bashforth; the first step is Euler's.

    Examples
    --------
    >>> import torch
    >>> from types import SimpleNamespace
    >>> look = lambda x, time: SimpleNamespace(velocity=2 * time)  # x = time squared
    >>> x, past = torch.tensor(0.01), {"velocity": torch.tensor(0.0), "step": torch.tensor(0.1)}
    >>> for time, to in ((0.1, 0.3), (0.3, 1.0)):
    ...     x = adams(look, x, torch.tensor(time), torch.tensor(to), None, None, past)
    >>> round(x.item(), 4)
    1.0
    """
    step, velocity = to - time, look(x, time).velocity
    mean = velocity
    if past:
        mean = velocity + 0.5 * (step / past["step"]) * (velocity - past["velocity"])
    past.update(velocity=velocity, step=step)
    return x + step * mean


def ddim(
    look: Look,
    x: torch.Tensor,
    time: torch.Tensor,
    to: torch.Tensor,
    path: Path,
    noise: torch.Tensor | None,
    past: dict,
) -> torch.Tensor:
    """To the mixture of the same data and the same noise at the next time."""
    point = look(x, time)
    return path.data(to) * point.data + path.noise(to) * point.noise


def ancestral(
    look: Look, x: torch.Tensor, time: torch.Tensor, to: torch.Tensor, path: Path, noise: torch.Tensor, past: dict
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
    # So bent, samples are more varied than by even steps, and hardly less clear (docs/how/generators.md).
    "adams": Solver(
        adams, False, "Zhang and Chen (2023), Fast sampling of diffusion models with exponential integrator", bend=0.6
    ),
    "ddim": Solver(ddim, False, "Song et al. (2021), Denoising diffusion implicit models"),
    "ancestral": Solver(ancestral, True, "Ho et al. (2020), Denoising diffusion probabilistic models"),
}
