"""A small dense network that says how far an image was turned, shifted, magnified and slanted."""

import math

import torch
from torch import nn
from torch.nn import functional

from toolkit.nn import FusedAdam, StateMixin, autocast, native_precision

__all__ = ["PoseNetwork", "PoseTrainer"]

_SIDE = 32


class PoseNetwork(nn.Module):
    """Grey images and the kind of the distortion to six numbers.

    The six are cos and sin of the angle, the shifts in quarters of the width and of the height, the logarithm of the
    magnification, and the slant; each kind is trained on its own ones only.

    Parameters
    ----------
    image_shape : tuple
        ``(height, width)``; larger images are averaged down to 32 x 32 first.
    n_kinds : int
    """

    n_outputs = 6

    def __init__(self, image_shape, n_kinds, *, widths=(640, 256)):
        super().__init__()
        self.config = {"image_shape": tuple(image_shape), "n_kinds": n_kinds, "widths": tuple(widths)}
        self.shape = tuple(image_shape[:2])
        self.grid = (min(self.shape[0], _SIDE), min(self.shape[1], _SIDE))
        self.inward = nn.Linear(math.prod(self.grid), widths[0])
        self.kind = nn.Linear(n_kinds, widths[0], bias=False)
        self.middle = nn.Linear(*widths)
        self.outward = nn.Linear(widths[1], self.n_outputs)

    def forward(self, images, kinds):
        """``images``: (batch, height, width) in [0, 1]; ``kinds``: (batch, n_kinds), one-hot."""
        if self.grid != self.shape:
            images = functional.adaptive_avg_pool2d(images[:, None], self.grid)
        x = functional.relu(self.inward(images.flatten(1)) + self.kind(kinds))
        return self.outward(functional.relu(self.middle(x)))


class PoseTrainer(StateMixin):
    """Owns the optimiser of a :class:`PoseNetwork`; squared error on the outputs that each row's kind has."""

    _state = ("network", "optimiser", "step")

    def __init__(self, network, n_kinds, n_steps, *, rate=2e-3):
        self.network, self.n_kinds, self.n_steps, self.rate = network, n_kinds, max(n_steps, 1), rate
        self.optimiser = FusedAdam(network.parameters(), learning_rate=rate)
        self.step = 0

    def train_step(self, batch):
        images, kinds, targets = (
            batch  # uint8 (batch, height, width), int64 (batch,), float32 (batch, 6), NaN: not asked
        )
        self.step += 1
        self.optimiser.learning_rate = self.rate * max(1 - self.step / self.n_steps, 0.01)
        with autocast(native_precision()):
            answers = self.network(images.float() / 255, functional.one_hot(kinds, self.n_kinds).float()).float()
        asked = ~torch.isnan(targets)
        loss = torch.where(asked, answers - torch.nan_to_num(targets), 0.0).square().sum() / asked.sum().clamp(min=1)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return {"loss": loss.detach()}
