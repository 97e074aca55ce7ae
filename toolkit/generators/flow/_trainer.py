"""One step of flow matching: a point between noise and data, and how it moves (Lipman et al., 2023)."""

import contextlib
import copy
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from toolkit.generators._drawing import DrawingMixin
from toolkit.generators.adversarial import SCHEDULES, as_signed_images
from toolkit.generators.adversarial._averaging import MovingAverage
from toolkit.generators.flow._coupling import COUPLINGS
from toolkit.generators.flow._paths import PATHS, TARGETS, mix, velocity
from toolkit.generators.flow._times import draw_times
from toolkit.nn import FusedAdam

__all__ = ["FlowTrainer"]

_WARM_UP = 50  # steps of a rising rate: the first gradients of a network that answers nothing are large


class FlowTrainer(DrawingMixin):
    """A network with its optimiser, trained by :func:`toolkit.nn.fit_loop`.

    Parameters
    ----------
    network : torch.nn.Module
        Trained in place, on the device it is on.
    random : torch.Generator
        On the device of the network.
    total_steps : int
        The planned length; zero where none is known.
    path, target, coupling, times, lr_schedule : str
    n_conditions : int, default=0
        Batches then have codes of conditions beside the images.
    condition_dropout : float, default=0.0
        Share of the rows that learn without their condition, for guidance.
    learning_rate : float
    betas : tuple of two floats
    weight_averaging : float or None
    autocast : callable
        Returns the context in which the network is called.
    draw_rows : callable, optional
        ``draw_rows(network, n_samples, **options)`` gives rows of a finished network: what :meth:`sample` needs.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from toolkit.generators.flow import FlowTrainer, build_network, learn_gaussian
    >>> random = torch.Generator().manual_seed(0)
    >>> network = build_network("mlp", (1, 4, 4), widths=(8,), n_conditions=0, path="linear", target="velocity",
    ...                         gaussian=learn_gaussian(np.zeros((4, 16)), None, 0, seed=0), generator=random)
    >>> trainer = FlowTrainer(network, random=random, total_steps=10)
    >>> sorted(trainer.train_step(torch.full((4, 4, 4), 0.5))), trainer.step
    (['loss'], 1)
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        random: torch.Generator,
        total_steps: int,
        path: str = "linear",
        target: str = "velocity",
        coupling: str = "independent",
        times: str = "uniform",
        lr_schedule: str = "cosine",
        n_conditions: int = 0,
        condition_dropout: float = 0.0,
        learning_rate: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_averaging: float | None = 0.999,
        autocast: Callable[[], AbstractContextManager] = contextlib.nullcontext,
        draw_rows: Callable[..., NDArray] | None = None,
    ):
        self.network, self.random, self.device = network.train(), random, random.device
        self.total_steps, self.step = total_steps, 0
        self.share: float | None = None
        self.path, self.target, self.coupling, self.times = PATHS[path], target, COUPLINGS[coupling], times
        self.schedule, self.n_conditions, self.condition_dropout = lr_schedule, n_conditions, condition_dropout
        self.learning_rate, self.autocast, self.draw_rows = learning_rate, autocast, draw_rows
        self.optimiser = FusedAdam(network.parameters(), learning_rate=learning_rate, betas=betas)
        self.average = None if weight_averaging is None else MovingAverage(network, weight_averaging)

    @property
    def follows_plan(self) -> bool:
        """Whether what a step does depends on how many there are to be."""
        return self.schedule != "constant"

    def set_share(self, share: float) -> None:
        """How much of the training is done, for schedules that follow a clock instead of steps."""
        self.share = share

    def train_step(self, batch: torch.Tensor | tuple[torch.Tensor, torch.Tensor]) -> dict[str, torch.Tensor]:
        """One step on images (n, height, width[, 3]), and codes (n,) where there are conditions."""
        data, noise, time, weights = self._draw(batch)
        spread = time[:, None, None, None]
        points = mix(self.path, data, noise, spread)
        with self.autocast():
            answer = self.network(points, time, weights).float()
        if self.target == "noise":
            wanted = noise
        else:
            wanted = velocity(self.path, data, noise, spread)
            answer = TARGETS[self.target](self.path, points, answer, spread).velocity
        loss = functional.mse_loss(answer, wanted)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.learning_rate = self.learning_rate * self._factor()
        self.optimiser.step()
        if self.average is not None:
            self.average.update()
        self.step += 1
        return {"loss": loss.detach()}

    def _draw(self, batch):
        """Data, noise, times and weights of conditions, a row each."""
        images, codes = batch if isinstance(batch, tuple) else (batch, None)
        data = as_signed_images(images)
        noise = torch.randn(data.shape, generator=self.random, device=self.device)
        noise = self.coupling(data, noise, codes)
        time = draw_times(self.times, len(data), self.random)
        return data, noise, time, self._weights(codes, len(data))

    def finished_generator(self) -> nn.Module:
        """The network to keep, averaged if asked for."""
        network = copy.deepcopy(self.network if self.average is None else self.average.network)
        return network.requires_grad_(True).eval()

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on as if nothing had happened."""
        return {
            "network": self.network.state_dict(),
            "average": {} if self.average is None else self.average.network.state_dict(),
            "average_step": 0 if self.average is None else self.average.step,
            "optimiser": self.optimiser.state_dict(),
            "random": self.random.get_state(),
            "step": self.step,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from :meth:`state_dict`."""
        self.network.load_state_dict(state["network"])
        if self.average is not None:
            self.average.network.load_state_dict(state["average"])
            self.average.step = int(state["average_step"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.random.set_state(state["random"].cpu())
        self.step = int(state["step"])

    def _weights(self, codes, n_rows):
        """Weights of conditions (n, n_conditions), all zero for rows that learn without."""
        if codes is None:
            return torch.zeros((n_rows, self.n_conditions), device=self.device)
        weights = functional.one_hot(codes.long(), self.n_conditions).float()
        if self.condition_dropout:
            kept = torch.rand((n_rows, 1), generator=self.random, device=self.device) >= self.condition_dropout
            weights = weights * kept
        return weights

    def _factor(self):
        done = self.step / self.total_steps if self.step < self.total_steps else 1.0
        done = done if self.share is None else min(self.share, 1.0)
        planned = SCHEDULES[self.schedule](done) if done < 1.0 or self.share is not None else 1.0
        return planned * min(1.0, (self.step + 1) / _WARM_UP)
