"""A small convolutional network that names what was done to an image, and by how much.

Plain strided convolutions: on a processor they cost a third of the same network with pooling. The grid of the last
convolution is about 7 x 7 whatever the image size, so position still counts: a rotated digit is a matter of where.
"""

import math
from functools import cached_property
from weakref import WeakKeyDictionary

import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_weights, fuse_linear_bn_weights

from toolkit.nn import FusedAdam, StateMixin, autocast, native_precision

__all__ = ["KindModel", "KindNetwork", "one_cycle"]

# The one-cycle rate: the share of the steps in which it rises, how many times its beginning is below its peak and its
# end below its beginning, and between which values the decay of Adam's first moment falls and rises against it.
_RISING, _FIRST_BELOW, _LAST_BELOW, _MOMENTUM = 0.15, 25.0, 1e4, (0.95, 0.85)
# Pixels of images of which 128 are judged at a time.
_SMALL = 64 * 64
# Networks folded for judging, by their models: no part of what is saved of these.
_FOLDED: "WeakKeyDictionary[KindModel, tuple]" = WeakKeyDictionary()


class KindNetwork(nn.Module):
    """Images to logits of kinds, a direction of the angle, and a severity.

    Parameters
    ----------
    image_shape : tuple
        ``(height, width)`` or ``(height, width, 3)``.
    n_outputs : int
        Number of kinds, "clean" and "unknown" included.
    widths : tuple of int
        Channels of the first, the middle and the last convolution.
    n_features : int
        Width of the penultimate layer.

    Examples
    --------
    >>> import torch
    >>> from toolkit.diagnostics.identifier.network import KindNetwork
    >>> network = KindNetwork((28, 28), 5, widths=(4, 4, 8), n_features=16).eval()
    >>> [tuple(found.shape) for found in network(torch.zeros(2, 1, 28, 28))]
    [(2, 5), (2, 3), (2, 16)]
    """

    def __init__(
        self,
        image_shape: tuple[int, ...],
        n_outputs: int,
        *,
        widths: tuple[int, ...] = (32, 64, 96),
        n_features: int = 128,
    ):
        super().__init__()
        self.config = {
            "image_shape": tuple(image_shape),
            "n_outputs": n_outputs,
            "widths": tuple(widths),
            "n_features": n_features,
        }
        height, width = image_shape[:2]
        first, middle, last = widths
        halvings = max(0, round(math.log2(max(height, width) / 7)))
        plan = [(3 if len(image_shape) == 3 else 1, first, 5), (first, middle, 3)]
        plan += [(middle, middle, 3)] * max(0, halvings - 2) + [(middle, last, 3)]
        layers = []
        for index, (n_in, n_out, kernel) in enumerate(plan):
            stride = 2 if index < halvings else 1
            layers += [
                nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, bias=False),
                nn.BatchNorm2d(n_out),
                nn.ReLU(),
            ]
        side = 2**halvings
        found = (-(-height // side), -(-width // side))
        grid = (min(7, found[0]), min(7, found[1]))
        # Pooling to the size that is there already would change nothing and cost a fifth of the whole network.
        pooling = nn.Identity() if grid == found else nn.AdaptiveAvgPool2d(grid)
        self.body = nn.Sequential(*layers, pooling, nn.Flatten())
        self.layout = nn.Sequential(nn.BatchNorm1d(8), nn.Linear(8, 32), nn.ReLU())
        self.merge = nn.Sequential(
            nn.Linear(last * math.prod(grid) + 32, n_features, bias=False), nn.BatchNorm1d(n_features), nn.ReLU()
        )
        self.kinds = nn.Linear(n_features, n_outputs)
        self.amounts = nn.Linear(n_features, 3)  # cos and sin of the angle, logit of the severity

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        *convolutions, flatten = self.body
        grid = images
        for layer in convolutions:
            grid = layer(grid)
        if grid.requires_grad:
            # What comes back from the flat side lies the other way round in memory, and the backward pass of a ReLU
            # whose two arguments lie differently takes five times as long.
            grid.register_hook(_as_channels_last)
        both = torch.cat([flatten(grid), self.layout(_moments(images))], dim=1)
        features = self.merge(both)  # (batch, n_features)
        return self.kinds(features), self.amounts(features), features


def _to_input(images):
    """uint8 images (batch, height, width[, 3]) as float (batch, channels, height, width) in [0, 1]."""
    images = images.permute(0, 3, 1, 2) if images.ndim == 4 else images[:, None]
    return images.to(dtype=torch.float32, memory_format=torch.channels_last) / 255


def _as_channels_last(gradient):
    return gradient.contiguous(memory_format=torch.channels_last)


def _moments(images):
    """Mass, centre and second moments of each image, and to which side of the middle it leans: (batch, 8).

    Where the content lies to a fraction of a pixel is one sum away, but a network of small filters is slow to find it.
    Sets that were centred by their mass to whole pixels, as MNIST was, betray a flip by half a pixel.
    """
    grey = images.mean(dim=1)
    height, width = grey.shape[1:]
    y = torch.linspace(-1, 1, height) if height > 1 else torch.zeros(1)
    x = torch.linspace(-1, 1, width) if width > 1 else torch.zeros(1)
    rows, columns = grey.sum(2), grey.sum(1)  # (batch, height), (batch, width)
    mass = rows.sum(1).clamp(min=1e-3)
    cy, cx = rows @ y / mass, columns @ x / mass
    yy, xx = rows @ y.square() / mass - cy.square(), columns @ x.square() / mass - cx.square()
    xy = grey.flatten(1) @ torch.outer(y, x).flatten() / mass - cx * cy
    # The lean saturates after half a pixel, whatever the size of the image.
    lean_x, lean_y = (4 * cx * (width - 1) / 2).tanh(), (4 * cy * (height - 1) / 2).tanh()
    return torch.stack([mass / (height * width), cx, cy, xx, yy, xy, lean_x, lean_y], dim=1)


class KindModel(StateMixin):
    """A :class:`KindNetwork` with its optimiser: what the training loop calls.

    Parameters
    ----------
    network : KindNetwork
    n_steps : int
        Steps of the whole training, for the one-cycle learning rate.
    learning_rate : float
        Peak of the learning rate.

    Attributes
    ----------
    log_share : tensor of shape (n_outputs,)
        Logarithm of the share of each kind among the planted images. Added to the logits in training only, so that the
        logits themselves are likelihoods, whatever is planted how often (Menon et al., 2021, "Long-tail learning via
        logit adjustment").

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from toolkit.diagnostics.identifier.network import KindModel, KindNetwork
    >>> from toolkit.nn import build, torch_generator
    >>> network = build(lambda: KindNetwork((8, 8), 3, widths=(4, 4, 8), n_features=16), torch_generator(0))
    >>> model = KindModel(network, n_steps=10)
    >>> images = torch.arange(4 * 64, dtype=torch.uint8).reshape(4, 8, 8)
    >>> kind, angle, severity = torch.tensor([0, 1, 2, -1]), torch.full((4,), 0.5), torch.full((4,), torch.nan)
    >>> sorted(model.train_step((images, kind, angle, severity)))
    ['angle', 'kind', 'severity']
    >>> [found.shape for found in model.predict(images.numpy())]
    [(4, 3), (4, 3), (4, 16)]
    """

    _state = ("network", "optimiser", "step", "log_share", "errors")
    step = 0  # of models that were saved before it was counted here

    def __init__(self, network: KindNetwork, *, n_steps: int, learning_rate: float = 3e-3):
        # On a processor, channels-last convolutions of this size take four fifths of the time.
        self.network = network.to(memory_format=torch.channels_last)
        self._n_steps, self._learning_rate = max(n_steps, 8) + 1, learning_rate
        self._cooling: tuple[int, int] | None = None
        self.log_share = torch.zeros(network.kinds.out_features, dtype=torch.float32)
        self.errors = torch.zeros(
            network.kinds.out_features, 2, dtype=torch.float32
        )  # sum of losses and count, by kind

    # Made where something is learnt: a network that only judges needs no moments.
    @cached_property
    def optimiser(self) -> FusedAdam:
        """AdamW on the network's weights; each step sets its rate."""
        return FusedAdam(self.network.parameters(), learning_rate=self._learning_rate, weight_decay=1e-2)

    def _set_rate(self, optimiser):
        rate, momentum = one_cycle(self.step, self._n_steps, self._learning_rate)
        if self._cooling is not None:
            begun, n_steps = self._cooling
            rate *= max(1 - (self.step - begun) / n_steps, 0.0)
        optimiser.learning_rate, optimiser.betas = rate, (momentum, optimiser.betas[1])

    def train_step(self, batch: tuple[torch.Tensor, ...]) -> dict[str, torch.Tensor]:
        """One step on ``(images, kind, angle, severity)``.

        ``kind`` is -1 where only the angle is to be learnt; ``angle`` (radians) and ``severity`` are NaN where there
        is none.
        """
        images, kind, angle, severity = batch
        optimiser = self.optimiser
        self._set_rate(optimiser)  # of the step that a training which is gone on from has reached
        self.network.train()
        with autocast(native_precision()):
            logits, amounts, _ = self.network(_to_input(images))
        logits, amounts = logits.float(), amounts.float()
        losses = functional.cross_entropy(logits + self.log_share, kind, ignore_index=-1, reduction="none")
        named = kind >= 0
        loss_kind = losses.sum() / named.sum().clamp(min=1)
        direction = torch.stack([angle.cos(), angle.sin()], dim=1)
        loss_angle = _masked_mean((amounts[:, :2] - direction.nan_to_num()).square().sum(1), ~angle.isnan())
        loss_severity = _masked_mean((amounts[:, 2].sigmoid() - severity.nan_to_num()).square(), ~severity.isnan())
        optimiser.zero_grad()
        (loss_kind + 2.0 * loss_angle + loss_severity).backward()
        optimiser.step()
        self.step += 1
        with torch.no_grad():
            self.errors[:, 0].index_add_(0, kind[named], losses[named])
            self.errors[:, 1].index_add_(0, kind[named], torch.ones(int(named.sum())))
        return {"kind": loss_kind.detach(), "angle": loss_angle.detach(), "severity": loss_severity.detach()}

    def cool_down(self, n_steps: int) -> None:
        """Let the learning rate fall to nothing within the next ``n_steps``, whatever was planned."""
        self._cooling = (self.step, max(n_steps, 1))

    def mean_errors(self) -> NDArray:
        """Mean loss of each kind since the last call; NaN where a kind was not shown."""
        means = (self.errors[:, 0] / self.errors[:, 1]).numpy()
        self.errors = torch.zeros_like(self.errors)
        return means

    @torch.inference_mode()
    def predict(
        self, images: NDArray, *, batch_size: int | None = None, precision: str = "float32"
    ) -> tuple[NDArray, NDArray, NDArray]:
        """Log-likelihoods of kinds, directions and severities, and features, as arrays.

        Parameters
        ----------
        images : ndarray of uint8, of shape (n, height, width[, 3])
        batch_size : int, default=None
            Every batch is filled up to this size: how a row is answered, to the last digit, then does not depend on
            how many rows came with it. None is 128, and 64 of images above 64 x 64 pixels.
        precision : {"float32", "bfloat16"}, default="float32"
            In 16 bits log-likelihoods are off by some hundredths.

        Returns
        -------
        tuple of ndarray of shape (n, n_outputs), (n, 3), (n, n_features)
        """
        self.network.eval()
        network, outputs = self._fold(precision), []
        if batch_size is None:
            batch_size = 128 if math.prod(images.shape[1:3]) <= _SMALL else 64
        for start in range(0, len(images), batch_size):
            part = torch.from_numpy(images[start : start + batch_size])
            n_rows = len(part)
            if n_rows < batch_size:
                part = torch.cat([part, part.new_zeros((batch_size - n_rows, *part.shape[1:]))])
            logits, amounts, features = network(_to_input(part))
            amounts[:, 2] = amounts[:, 2].sigmoid()
            outputs.append((logits.log_softmax(1)[:n_rows], amounts[:n_rows], features[:n_rows]))
        return tuple(torch.cat(parts).numpy() for parts in zip(*outputs))

    def _fold(self, precision):
        """The network as it is now, for judging only; made anew when a value of it was changed."""
        now = tuple(value._version for value in (*self.network.parameters(), *self.network.buffers()))
        version, folded = _FOLDED.get(self, (None, {}))
        if version != now:
            _FOLDED[self] = now, (folded := {})
        if precision not in folded:
            folded[precision] = _Folded(self.network, precision)
        return folded[precision]


def one_cycle(step: int, n_steps: int, peak: float) -> tuple[float, float]:
    """Learning rate and decay of the first moment at a step (Smith and Topin, 2018, "Super-convergence").

    Both follow half a cosine up to the peak and another one down; digit by digit those of
    ``torch.optim.lr_scheduler.OneCycleLR``, whose optimisers torch takes seconds to import.

    Parameters
    ----------
    step : int
        The first is 0.
    n_steps : int
        Of the whole training; beyond, all stays as it is at the end.
    peak : float
        The highest learning rate.

    Returns
    -------
    tuple of float

    Examples
    --------
    >>> from toolkit.diagnostics.identifier.network import one_cycle
    >>> [tuple(round(value, 4) for value in one_cycle(step, 101, 1e-2)) for step in (0, 14, 100)]
    [(0.0004, 0.95), (0.01, 0.85), (0.0, 0.95)]
    """
    risen = float(_RISING * n_steps) - 1
    step, first = min(step, n_steps - 1), peak / _FIRST_BELOW
    high, low = _MOMENTUM
    if step <= risen:
        share = step / risen
        return _half_cosine(first, peak, share), _half_cosine(high, low, share)
    share = (step - risen) / (n_steps - 1 - risen)
    return _half_cosine(peak, first / _LAST_BELOW, share), _half_cosine(low, high, share)


def _half_cosine(start, end, share):
    return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)


class _Folded:
    """What a :class:`KindNetwork` says in evaluation, its batch norms folded into the layers beside them.

    The same but for last digits, in seven tenths of the time. In 16 bits are at most the convolutions and the product
    over their grid; moments and all that follows in 32.
    """

    def __init__(self, network, precision):
        self.network = network
        self.dtype = getattr(torch, precision)
        *layers, self.pooling, _ = network.body
        self.convolutions = []
        for convolution, norm in zip(layers[::3], layers[1::3]):
            weight, bias = fuse_conv_bn_weights(convolution.weight, None, *_statistics(norm))
            weight = weight.to(self.dtype, memory_format=torch.channels_last)
            self.convolutions.append((weight, bias.to(self.dtype), convolution.stride, convolution.padding))
        norm, linear, _ = network.layout
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        self.layout = linear.weight * scale, linear.bias + linear.weight @ (norm.bias - norm.running_mean * scale)
        linear, norm, _ = network.merge
        weight, self.bias = fuse_linear_bn_weights(linear.weight, None, *_statistics(norm))
        from_grid, from_layout = weight.tensor_split([weight.shape[1] - len(self.layout[0])], dim=1)
        self.from_grid, self.from_layout = from_grid.contiguous().to(self.dtype), from_layout.contiguous()

    def __call__(self, images):
        grid = images.to(self.dtype)
        for weight, bias, stride, padding in self.convolutions:
            grid = functional.conv2d(grid, weight, bias, stride, padding).relu_()
        layout = functional.linear(_moments(images), *self.layout).relu_()
        features = functional.linear(self.pooling(grid).flatten(1), self.from_grid).float()
        features = features.add_(functional.linear(layout, self.from_layout, self.bias)).relu_()
        return self.network.kinds(features), self.network.amounts(features), features


def _statistics(norm):
    return norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias


def _masked_mean(values, mask):
    return values[mask].sum() / mask.sum().clamp(min=1)
