"""At which times of the path a network learns, by name: uniform ones that are spread evenly over a batch, bent.

Spread evenly, the loss of a batch varies less (Kingma et al., 2021, "Variational diffusion models", appendix I.1).
"""

import torch

__all__ = ["TIMES", "draw_times"]


def uniform(even: torch.Tensor) -> torch.Tensor:
    """Every time alike."""
    return even


def logit_normal(even: torch.Tensor) -> torch.Tensor:
    """More often in the middle, where most is to be learnt (Esser et al., 2024, "Scaling rectified flow transformers").

    Examples
    --------
    >>> import torch
    >>> [round(value, 3) for value in logit_normal(torch.tensor([0.1, 0.5])).tolist()]
    [0.217, 0.5]
    """
    return torch.sigmoid(torch.special.ndtri(even.clamp(1e-6, 1.0 - 1e-6)))


TIMES = {"uniform": uniform, "logit_normal": logit_normal}


def draw_times(name: str, n_rows: int, random: torch.Generator) -> torch.Tensor:
    """Times (n_rows,) in no order."""
    start = torch.rand((), generator=random, device=random.device)
    even = (start + torch.arange(n_rows, device=random.device) / n_rows) % 1.0
    return TIMES[name](even[torch.randperm(n_rows, generator=random, device=random.device)])
