"""Paths from noise (time 0) to data (time 1), by name: ``x_t = a(t) data + s(t) noise``.

What a network says of a point of the path, its velocity or its noise, determines the other and the data as well.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch

__all__ = ["PATHS", "Path", "Point"]

_LEAST_SIGNAL = 1e-3  # share of data below which noise alone says nothing of the data
_LEAST_NOISE = 0.05  # share of noise below which its estimate is no longer divided by it


@dataclass(frozen=True)
class Path:
    """How much of data and of noise is in a point, and how fast both change.

    Parameters
    ----------
    data, noise : callable
        Coefficients a(t) and s(t) of tensors of times.
    data_rate, noise_rate : callable
        Their derivatives.
    paper : str

    Examples
    --------
    >>> import torch
    >>> from toolkit.generators.flow import PATHS
    >>> time = torch.tensor([0.0, 0.25, 1.0])
    >>> PATHS["linear"].data(time).tolist(), PATHS["linear"].noise(time).tolist()
    ([0.0, 0.25, 1.0], [1.0, 0.75, 0.0])
    """

    data: Callable
    noise: Callable
    data_rate: Callable
    noise_rate: Callable
    paper: str


@dataclass
class Point:
    """What is known of points of a path: velocity, data and noise, each (n, channels, height, width)."""

    velocity: torch.Tensor
    data: torch.Tensor
    noise: torch.Tensor


def mix(path: Path, data: torch.Tensor, noise: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """Points of the path at ``time`` (n, 1, 1, 1)."""
    return path.data(time) * data + path.noise(time) * noise


def velocity(path: Path, data: torch.Tensor, noise: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """How points of the path move at ``time``."""
    return path.data_rate(time) * data + path.noise_rate(time) * noise


def from_velocity(path: Path, points: torch.Tensor, answer: torch.Tensor, time: torch.Tensor) -> Point:
    """What a velocity says: two equations of two unknowns.

    Examples
    --------
    >>> import torch
    >>> time = torch.tensor(0.25)
    >>> for path in PATHS.values():
    ...     x, e = torch.tensor(0.5), torch.tensor(-2.0)
    ...     point = from_velocity(path, mix(path, x, e, time), velocity(path, x, e, time), time)
    ...     print(round(point.data.item(), 5), round(point.noise.item(), 5))
    0.5 -2.0
    0.5 -2.0
    """
    a, s, da, ds = path.data(time), path.noise(time), path.data_rate(time), path.noise_rate(time)
    determinant = a * ds - s * da  # never zero: the path goes somewhere
    return Point(answer, (ds * points - s * answer) / determinant, (a * answer - da * points) / determinant)


def from_noise(path: Path, points: torch.Tensor, answer: torch.Tensor, time: torch.Tensor) -> Point:
    """What a noise says; data are kept within their range, as near time 0 they are a small remainder."""
    data = ((points - path.noise(time) * answer) / path.data(time).clamp_min(_LEAST_SIGNAL)).clamp(-1.0, 1.0)
    return Point(velocity(path, data, answer, time), data, answer)


def from_data(path: Path, points: torch.Tensor, answer: torch.Tensor, time: torch.Tensor) -> Point:
    """What data say; near time 1 the noise is a small remainder.

    A network that answers data has no noise to carry through, which a small one does badly (Li and He, 2025, "Back to
    basics: let denoising generative models denoise").
    """
    noise = (points - path.data(time) * answer) / path.noise(time).clamp_min(_LEAST_NOISE)
    return Point(velocity(path, answer, noise, time), answer, noise)


TARGETS = {"velocity": from_velocity, "noise": from_noise, "data": from_data}

PATHS = {
    "linear": Path(
        lambda t: t,
        lambda t: 1.0 - t,
        torch.ones_like,
        lambda t: -torch.ones_like(t),
        "Liu et al. (2023), Flow straight and fast: rectified flow; Lipman et al. (2023), Flow matching",
    ),
    "cosine": Path(
        lambda t: torch.sin(0.5 * math.pi * t),
        lambda t: torch.cos(0.5 * math.pi * t),
        lambda t: 0.5 * math.pi * torch.cos(0.5 * math.pi * t),
        lambda t: -0.5 * math.pi * torch.sin(0.5 * math.pi * t),
        "Nichol and Dhariwal (2021), Improved denoising diffusion probabilistic models",
    ),
}
