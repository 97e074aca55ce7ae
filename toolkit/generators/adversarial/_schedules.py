"""How the learning rates move over a training: factors of the share that is done, by name."""

import math

__all__ = ["SCHEDULES"]


def constant(done: float) -> float:
    """The same rate to the end."""
    return 1.0


def linear(done: float) -> float:
    """In a line to nothing, as in Gulrajani et al. (2017)."""
    return 1.0 - done


def cosine(done: float) -> float:
    """Half a cosine to nothing, as in Loshchilov and Hutter (2017), "SGDR"."""
    return 0.5 * (1.0 + math.cos(math.pi * done))


SCHEDULES = {"constant": constant, "linear": linear, "cosine": cosine}
