"""Images of noise by a trained network, row by row as far as the answer goes.

In single precision the last digits of a row's answer depend on how many rows are computed with it, so every batch is
filled up to the same size; noise that a solver adds on the way is drawn by the place of the batch.
"""

import itertools
from collections.abc import Callable
from contextlib import AbstractContextManager

import torch
from torch import nn

from toolkit.generators.flow._paths import PATHS, TARGETS
from toolkit.generators.flow._solvers import SOLVERS
from toolkit.nn import torch_generator

__all__ = ["draw_images"]

_BATCH = 64


@torch.inference_mode()
def draw_images(
    network: nn.Module,
    noise: torch.Tensor,
    conditions: torch.Tensor,
    *,
    path: str,
    target: str,
    solver: str,
    n_steps: int,
    guidance: float = 1.0,
    seed: int = 0,
    autocast: Callable[[], AbstractContextManager],
) -> torch.Tensor:
    """What noise becomes.

    Parameters
    ----------
    network : torch.nn.Module
        Left in evaluation mode.
    noise : tensor of shape (n, channels, height, width)
    conditions : tensor of shape (n, n_conditions)
    path, target, solver : str
    n_steps : int
    guidance : float, default=1.0
        How far past the answer without condition the answer with it is taken; one leaves it as it is.
    seed : int
        Of noise on the way.
    autocast : callable

    Returns
    -------
    tensor of shape (n, channels, height, width)
        In [-1, 1], on the processor.

    Examples
    --------
    >>> import contextlib
    >>> import numpy as np
    >>> import torch
    >>> from toolkit.generators.flow import build_network, draw_images, learn_gaussian
    >>> gaussian = learn_gaussian(np.full((4, 16), 0.5), None, 0, seed=0)
    >>> way = {"path": "linear", "target": "velocity"}
    >>> network = build_network("mlp", (1, 4, 4), widths=(8,), n_conditions=0, gaussian=gaussian, **way,
    ...                         generator=torch.Generator().manual_seed(0))
    >>> noise = torch.randn(3, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    >>> images = draw_images(network, noise, torch.zeros(3, 0), **way, solver="euler", n_steps=4,
    ...                      autocast=contextlib.nullcontext)
    >>> tuple(images.shape), round(images.mean().item(), 1)
    ((3, 1, 4, 4), 0.5)
    """
    network.eval()
    device = next(network.parameters()).device
    n_calls = 2 if guidance != 1.0 and conditions.shape[1] else 1
    times = SOLVERS[solver].times(n_steps, device)
    found = []
    for place, (start, given) in enumerate(zip(noise.split(_BATCH), conditions.split(_BATCH))):
        random = torch_generator(seed + place)
        x, weights = (_filled(part).to(device) for part in (start, given))
        past: dict = {}

        def look(points, time, weights=weights):
            answer = _answer(network, points, time, weights, guidance if n_calls == 2 else None, autocast)
            return TARGETS[target](PATHS[path], points, answer, time)

        for time, to in itertools.pairwise(times):
            extra = torch.randn(x.shape, generator=random).to(device) if SOLVERS[solver].random else None
            x = SOLVERS[solver].step(look, x, time, to, PATHS[path], extra, past)
        found.append(x[: len(start)].clamp(-1.0, 1.0).cpu())
    return torch.cat(found)


def _answer(network, points, time, weights, guidance, autocast):
    """The network's answer, pulled away from what it says without any condition (Ho and Salimans, 2022)."""
    if guidance is None:
        with autocast():
            return network(points, time.expand(len(points)), weights).float()
    both = torch.cat([points, points])
    with autocast():
        answer = network(both, time.expand(len(both)), torch.cat([weights, torch.zeros_like(weights)])).float()
    told, untold = answer.chunk(2)
    return untold + guidance * (told - untold)


def _filled(rows):
    n_rows = len(rows)
    return rows if n_rows == _BATCH else torch.cat([rows, rows.new_zeros((_BATCH - n_rows, *rows.shape[1:]))])
