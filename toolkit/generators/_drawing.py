"""Draws of a generator in training, for whatever watches it: what trainers of GANs and of flows share."""

from collections.abc import Callable
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from toolkit.exceptions import DivergenceError

__all__ = ["DrawingMixin"]


class DrawingMixin:
    """What a trainer with ``draw_rows``, ``step``, ``random`` and a generator to keep draws while it trains."""

    draw_rows: Callable[..., NDArray] | None
    step: int
    random: torch.Generator
    device: torch.device

    def finished_generator(self) -> nn.Module:
        """The network to keep."""
        raise NotImplementedError

    def sample(self, n_samples: int = 1, **options: Any) -> NDArray:
        """Rows drawn from the network as trained so far, as by ``sample`` of the model; the training is not affected.

        Parameters
        ----------
        n_samples : int, default=1
        **options
            Of ``sample`` of the model, such as ``random_state``.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            In the layout, dtype and range of the training rows.

        Raises
        ------
        DivergenceError
            The network's weights are no longer finite.
        ValueError
            The trainer has no ``draw_rows``.
        """
        if self.draw_rows is None:
            raise ValueError("draw_rows must be given to a trainer that is to sample, got None.")
        network = self.finished_generator().cpu()
        if not all(bool(torch.isfinite(values).all()) for values in network.state_dict().values()):
            raise DivergenceError(f"The generator's weights are no longer finite at step {self.step}.", step=self.step)
        return self.draw_rows(network, n_samples, **options)

    def draw_seed(self) -> int:
        """A seed from the training's own randomness, for whatever else must go on where it stopped."""
        return int(torch.randint(2**31 - 1, (), generator=self.random, device=self.device))
