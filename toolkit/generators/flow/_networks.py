"""Networks that say how a point of the path moves: a small U-Net for images, layers for the rows of tables.

The U-Net is that of Ho et al. (2020), "Denoising diffusion probabilistic models", made small: the image is folded
(``patch`` x ``patch`` pixels to channels) before anything is computed at its full size, each grid has ``n_blocks``
residual blocks whose second norm is scaled and shifted by time and condition, and the coarsest has attention.
"""

import itertools
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from toolkit.generators.adversarial._dcgan import pad_to
from toolkit.generators.flow._gaussian import GaussianStart
from toolkit.nn import build

__all__ = ["NETWORKS", "FlowNetwork", "build_network"]

_TIME_FEATURES = 32
_FASTEST = 1000.0  # of the frequencies by which a time in [0, 1] is told
_LARGE = 64  # values of a row from which wide layers pay
_GROUP = 8  # channels of a group norm


def time_features(time):
    """Times (n,) as sines and cosines of many frequencies: (n, 32) (Vaswani et al., 2017)."""
    half = _TIME_FEATURES // 2
    frequencies = torch.exp(torch.linspace(0.0, math.log(_FASTEST), half, device=time.device, dtype=time.dtype))
    angles = time[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class _Setting(nn.Module):
    """What all blocks are told: time (n,) and weights of conditions (n, n_conditions) as (n, width)."""

    def __init__(self, width, n_conditions):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(_TIME_FEATURES, width), nn.SiLU(), nn.Linear(width, width))
        self.condition = nn.Linear(n_conditions, width, bias=False) if n_conditions else None

    def forward(self, time, conditions):
        setting = self.time(time_features(time))
        if self.condition is not None:
            # As large as what is said of time, of which one weight is a sum of many.
            setting = setting + math.sqrt(0.5 * self.condition.in_features) * self.condition(conditions)
        return functional.silu(setting)


def _norm(n_channels):
    return nn.GroupNorm(max(1, math.gcd(n_channels // _GROUP, n_channels)), n_channels)


class _Block(nn.Module):
    """Norm, rectifier, convolution, twice over, beside a short cut; (n, n_in, h, w) to (n, n_out, h, w)."""

    def __init__(self, n_in, n_out, n_setting):
        super().__init__()
        self.norm_in, self.norm_out = _norm(n_in), _norm(n_out)
        self.first = nn.Conv2d(n_in, n_out, 3, padding=1)
        self.second = nn.Conv2d(n_out, n_out, 3, padding=1)
        self.setting = nn.Linear(n_setting, 2 * n_out)
        self.short_cut = nn.Conv2d(n_in, n_out, 1) if n_in != n_out else nn.Identity()

    def forward(self, x, setting):
        scale, shift = self.setting(setting)[:, :, None, None].chunk(2, dim=1)
        y = self.first(functional.silu(self.norm_in(x)))
        y = self.second(functional.silu(self.norm_out(y) * (1.0 + scale) + shift))
        return y + self.short_cut(x)

    def start_from_nothing(self):
        """A block that adds nothing yet lets the first steps see the whole depth."""
        for layer in (self.second, self.setting):
            nn.init.zeros_(layer.weight)


class _Attention(nn.Module):
    """Every place of a grid looks at every other; (n, c, h, w) to the same."""

    def __init__(self, n_channels):
        super().__init__()
        self.norm = _norm(n_channels)
        self.asked = nn.Conv2d(n_channels, 3 * n_channels, 1)
        self.answer = nn.Conv2d(n_channels, n_channels, 1)

    def forward(self, x):
        query, key, value = self.asked(self.norm(x)).flatten(2).transpose(1, 2).chunk(3, dim=2)  # (n, h w, c)
        found = functional.scaled_dot_product_attention(query, key, value)
        return x + self.answer(found.transpose(1, 2).reshape(x.shape))

    def start_from_nothing(self):
        nn.init.zeros_(self.answer.weight)


class _UNetFlow(nn.Module):
    """Points (n, channels, height, width), times (n,) and weights of conditions to answers like the points.

    Parameters
    ----------
    image_shape : sequence of int
        ``(channels, height, width)``; sides that do not divide are made larger and cropped.
    widths : sequence of int
        Channels of each grid, the finest first.
    n_blocks : int, default=1
        Residual blocks of a grid, on the way down and on the way up.
    patch : int, default=2
        Side of the squares of pixels that become the channels of one place of the finest grid.
    n_conditions : int, default=0
    """

    def __init__(self, image_shape, *, widths=(32, 64), n_blocks=1, patch=2, n_conditions=0):
        super().__init__()
        self.config = {
            "image_shape": list(image_shape),
            "widths": list(widths),
            "n_blocks": n_blocks,
            "patch": patch,
            "n_conditions": n_conditions,
        }
        channels, self.height, self.width = image_shape
        self.patch, step = patch, patch * 2 ** (len(widths) - 1)
        self.padded = tuple(-(-side // step) * step for side in (self.height, self.width))
        n_setting = 4 * widths[0]
        self.setting = _Setting(n_setting, n_conditions)
        self.start = nn.Conv2d(channels * patch**2, widths[0], 3, padding=1)
        self.down, self.halving = nn.ModuleList(), nn.ModuleList()
        for level, width in enumerate(widths):
            if level:
                self.halving.append(nn.Conv2d(widths[level - 1], width, 3, stride=2, padding=1))
            self.down.extend(_Block(width, width, n_setting) for _ in range(n_blocks))
        self.middle = nn.ModuleList([_Block(widths[-1], widths[-1], n_setting), _Attention(widths[-1])])
        self.up, self.doubling = nn.ModuleList(), nn.ModuleList()
        for level in reversed(range(len(widths))):
            # Beside what comes from below, each block has the answer of the one opposite on the way down.
            self.up.extend(_Block(2 * widths[level], widths[level], n_setting) for _ in range(n_blocks))
            if level:
                self.doubling.append(nn.Conv2d(widths[level], widths[level - 1], 1))
        self.finish = nn.Sequential(
            _norm(widths[0]), nn.SiLU(), nn.Conv2d(widths[0], channels * patch**2, 3, padding=1)
        )
        self.n_blocks = n_blocks

    def forward(self, x, time, conditions):
        setting = self.setting(time, conditions)
        x = self.start(functional.pixel_unshuffle(pad_to(x, *self.padded), self.patch))
        kept, down = [], iter(self.down)
        for halving in (None, *self.halving):
            x = x if halving is None else halving(x)
            for block in itertools.islice(down, self.n_blocks):
                x = block(x, setting)
                kept.append(x)
        block, attention = self.middle
        x = attention(block(x, setting))
        up = iter(self.up)
        for doubling in (*self.doubling, None):
            for block in itertools.islice(up, self.n_blocks):
                x = block(torch.cat([x, kept.pop()], dim=1), setting)
            if doubling is not None:
                x = functional.interpolate(doubling(x), scale_factor=2.0)
        return functional.pixel_shuffle(self.finish(x), self.patch)[:, :, : self.height, : self.width]

    def start_from_nothing(self):
        """The answer starts as zero, and so does what each block adds."""
        for layer in self.modules():
            if isinstance(layer, (_Block, _Attention)):
                layer.start_from_nothing()
        nn.init.zeros_(self.finish[-1].weight)


class _MLPFlow(nn.Module):
    """The same for images of any kind as one row of numbers, by layers of which each is told time and condition.

    Parameters
    ----------
    image_shape : sequence of int
    widths : sequence of int, default=(128, 128, 128)
        Layers of one width are joined past each other (He et al., 2016).
    n_conditions : int, default=0
    """

    def __init__(self, image_shape, *, widths=(128, 128, 128), n_conditions=0):
        super().__init__()
        self.config = {"image_shape": list(image_shape), "widths": list(widths), "n_conditions": n_conditions}
        n_values, n_setting = math.prod(image_shape), min(widths[0], 128)
        self.setting = _Setting(n_setting, n_conditions)
        sizes = [n_values, *widths]
        self.layers = nn.ModuleList([nn.Linear(n_in, n_out) for n_in, n_out in itertools.pairwise(sizes)])
        self.norms = nn.ModuleList([nn.LayerNorm(n_out, elementwise_affine=False) for n_out in widths])
        self.told = nn.ModuleList([nn.Linear(n_setting, 2 * n_out) for n_out in widths])
        self.finish = nn.Linear(widths[-1], n_values)

    def forward(self, x, time, conditions):
        setting = self.setting(time, conditions)
        y = x.flatten(1)
        for layer, norm, told in zip(self.layers, self.norms, self.told):
            scale, shift = told(setting).chunk(2, dim=1)
            answer = functional.silu(norm(layer(y)) * (1.0 + scale) + shift)
            y = y + answer if answer.shape == y.shape else answer
        return self.finish(y).reshape(x.shape)

    def start_from_nothing(self):
        """The answer starts as zero."""
        nn.init.zeros_(self.finish.weight)


def unet_widths(height: int, width: int, patch: int) -> tuple[int, ...]:
    """Channels of each grid, which is halved until its shorter side is 8 at most.

    Examples
    --------
    >>> unet_widths(28, 28, 2), unet_widths(64, 64, 2)
    ((32, 64), (32, 64, 64))
    """
    n_grids, side = 1, -(-min(height, width) // patch)
    while side > 8:
        side, n_grids = -(-side // 2), n_grids + 1
    return (32, *[64] * (n_grids - 1))


def _unet(image_shape, widths, n_conditions):
    _, height, width = image_shape
    patch = 2 if min(height, width) >= 16 else 1
    return _UNetFlow(
        image_shape, widths=widths or unet_widths(height, width, patch), patch=patch, n_conditions=n_conditions
    )


def _mlp(image_shape, widths, n_conditions):
    if widths is None:
        widths = (1024, 1024, 1024) if math.prod(image_shape) >= _LARGE else (128, 128, 128)
    return _MLPFlow(image_shape, widths=widths, n_conditions=n_conditions)


NETWORKS = {"unet": _unet, "mlp": _mlp}


class FlowNetwork(nn.Module):
    """What normal data would answer, and what a network has learnt to add to it.

    Parameters
    ----------
    image_shape : sequence of int
        ``(channels, height, width)``.
    architecture : str
        A name in :data:`NETWORKS`.
    widths : sequence of int or None
        None is the architecture's usual.
    n_conditions, n_components : int
    path, target : str
    """

    def __init__(self, image_shape, *, architecture, widths, n_conditions, n_components, path, target):
        super().__init__()
        self.config = {
            "image_shape": list(image_shape),
            "architecture": architecture,
            "widths": None if widths is None else list(widths),
            "n_conditions": n_conditions,
            "n_components": n_components,
            "path": path,
            "target": target,
        }
        self.target = target
        self.start = GaussianStart(math.prod(image_shape), n_components, n_conditions, path)
        self.core = NETWORKS[architecture](tuple(image_shape), widths, n_conditions)

    def forward(self, x, time, conditions):
        return getattr(self.start(x, time, conditions), self.target) + self.core(x, time, conditions)


def build_network(
    architecture: str,
    image_shape: tuple[int, int, int],
    *,
    widths: Sequence[int] | None,
    n_conditions: int,
    gaussian: dict[str, np.ndarray],
    path: str,
    target: str,
    generator: torch.Generator,
) -> nn.Module:
    """The network of that name, its weights drawn from ``generator``.

    Parameters
    ----------
    architecture : str
        A name in :data:`NETWORKS`.
    image_shape : tuple
        ``(channels, height, width)``.
    widths : sequence of int or None
        None is the architecture's usual.
    n_conditions : int
    gaussian : dict of str to ndarray
        Of :func:`~toolkit.generators.flow._gaussian.learn_gaussian`.
    path, target : str
    generator : torch.Generator

    Returns
    -------
    torch.nn.Module
        Points (n, channels, height, width), times (n,) and weights of conditions (n, n_conditions) to what ``target``
        names, of the shape of the points.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from toolkit.generators.flow import build_network, learn_gaussian
    >>> gaussian = learn_gaussian(np.zeros((4, 16)), None, 0, seed=0)
    >>> network = build_network("mlp", (1, 4, 4), widths=(8,), n_conditions=0, gaussian=gaussian, path="linear",
    ...                         target="velocity", generator=torch.Generator().manual_seed(0))
    >>> tuple(network(torch.zeros(3, 1, 4, 4), torch.zeros(3), torch.zeros(3, 0)).shape)
    (3, 1, 4, 4)
    """
    network = build(
        lambda: FlowNetwork(
            image_shape,
            architecture=architecture,
            widths=widths,
            n_conditions=n_conditions,
            n_components=len(gaussian["variances"]),
            path=path,
            target=target,
        ),
        generator,
    )
    for name, values in gaussian.items():
        getattr(network.start, name).copy_(torch.from_numpy(np.array(values)))
    network.core.start_from_nothing()
    return network
