"""Points in the plane whose modes are known: the ring and the grid on which mode collapse is measured."""

from dataclasses import dataclass

import numpy as np

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.parameters import check_int, check_positive
from toolkit._core.random import as_generator
from toolkit._core.types import RandomState

__all__ = ["PointSet", "load_grid", "load_ring"]


@dataclass(frozen=True, eq=False)
class PointSet:
    """Points and the modes that they were drawn from.

    Parameters
    ----------
    points : ndarray of shape (n_samples, 2)
        float64.
    labels : ndarray of int of shape (n_samples,)
        Mode of each point. For checking an answer, never for finding it.
    centres : ndarray of shape (n_modes, 2)
    scale : float
        Standard deviation of each mode along each axis.
    name : str, default=""

    Examples
    --------
    >>> from toolkit.datasets import load_ring
    >>> ring = load_ring(100, random_state=0)
    >>> ring.points.shape, ring.labels.shape, ring.centres.shape, ring.scale
    ((100, 2), (100,), (8, 2), 0.01)
    """

    points: np.ndarray
    labels: np.ndarray
    centres: np.ndarray
    scale: float
    name: str = ""

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        return f"<PointSet {self.name!r}: {len(self)} points in {len(self.centres)} modes>"


def load_ring(
    n_samples: int = 2500,
    *,
    n_modes: int = 8,
    radius: float = 1.0,
    scale: float = 0.01,
    random_state: RandomState = None,
) -> PointSet:
    """Draw from a ring of normal modes, equally likely, as published: eight on the unit circle.

    Parameters
    ----------
    n_samples : int, default=2500
    n_modes : int, default=8
    radius : float, default=1.0
    scale : float, default=0.01
        Standard deviation of a mode along each axis.
    random_state : int, RandomState, Generator or None, default=None

    Returns
    -------
    PointSet

    References
    ----------
    .. [1] A. Srivastava et al., VEEGAN: reducing mode collapse in GANs using implicit variational learning,
       NeurIPS 2017.
    .. [2] Z. Lin et al., PacGAN: the power of two samples in generative adversarial networks, NeurIPS 2018.

    Examples
    --------
    >>> from toolkit.datasets import load_ring
    >>> load_ring(1000, random_state=0)
    <PointSet 'ring': 1000 points in 8 modes>
    """
    check_int("n_modes", n_modes)
    check_positive("radius", radius)
    angles = 2.0 * np.pi * np.arange(n_modes) / n_modes
    return _draw(radius * np.stack([np.cos(angles), np.sin(angles)], axis=1), scale, n_samples, random_state, "ring")


@usual_floating_point
def load_grid(
    n_samples: int = 2500,
    *,
    n_side: int = 5,
    spacing: float = 2.0,
    scale: float = 0.05,
    random_state: RandomState = None,
) -> PointSet:
    """Draw from a square grid of normal modes, equally likely, as published: 25 at -4, -2, 0, 2, 4.

    Parameters
    ----------
    n_samples : int, default=2500
    n_side : int, default=5
        Modes along each side.
    spacing : float, default=2.0
    scale : float, default=0.05
        Standard deviation of a mode along each axis.
    random_state : int, RandomState, Generator or None, default=None

    Returns
    -------
    PointSet

    References
    ----------
    .. [1] A. Srivastava et al., VEEGAN: reducing mode collapse in GANs using implicit variational learning,
       NeurIPS 2017.
    .. [2] Z. Lin et al., PacGAN: the power of two samples in generative adversarial networks, NeurIPS 2018.

    Examples
    --------
    >>> from toolkit.datasets import load_grid
    >>> load_grid(random_state=0).centres.min(axis=0).tolist()
    [-4.0, -4.0]
    """
    check_int("n_side", n_side)
    check_positive("spacing", spacing)
    line = spacing * (np.arange(n_side) - (n_side - 1) / 2.0)
    centres = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    return _draw(centres, scale, n_samples, random_state, "grid")


def _draw(centres, scale, n_samples, random_state, name):
    check_int("n_samples", n_samples)
    check_positive("scale", scale)
    generator = as_generator(random_state)
    labels = generator.integers(len(centres), size=n_samples)
    points = centres[labels] + scale * generator.normal(size=(n_samples, 2))
    return PointSet(points, labels, centres, float(scale), name)
