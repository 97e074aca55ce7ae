"""A small fully convolutional network that names how a patch of a picture was damaged.

Five convolutions, the first at the original resolution, since that is where noise, compression and blur are. Means and
maxima over the patch are taken together: noise is everywhere, a dead line is in one place.
"""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

__all__ = ["DAMAGES", "PatchNetwork", "folded", "luma_and_chroma"]

# What the network tells apart beside clean patches; kinds of the toolkit, several kinds of noise being one.
DAMAGES = (
    "noise",
    "salt_and_pepper",
    "hot_pixels",
    "gaussian_blur",
    "motion_blur",
    "jpeg",
    "pixelate",
    "scaled_up",
    "low_contrast",
    "dark",
    "overexposed",
    "clip_contrast",
    "colour_cast",
    "dead_lines",
    "moire",
)

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


class PatchNetwork(nn.Module):
    """Patches to logits of ``("clean", *DAMAGES)``.

    Parameters
    ----------
    n_outputs : int, default=1 + len(DAMAGES)
    widths : tuple of int, default=(32, 40, 64, 96)
        Channels of the convolutions; the last width is that of two.
    n_features : int, default=64
        Width of the layer before the last.

    Examples
    --------
    >>> import torch
    >>> from toolkit.diagnostics.damage.network import DAMAGES, PatchNetwork
    >>> network = PatchNetwork(widths=(4, 4, 8, 8), n_features=8).eval()
    >>> logits = network(torch.zeros(2, 32, 32, 3, dtype=torch.uint8))
    >>> tuple(logits.shape), len(DAMAGES)
    ((2, 16), 15)
    """

    def __init__(
        self,
        n_outputs: int = 1 + len(DAMAGES),
        *,
        widths: tuple[int, int, int, int] = (32, 40, 64, 96),
        n_features: int = 64,
    ):
        super().__init__()
        first, second, third, last = widths
        plan = [(4, first, 5, 2), (first, second, 3, 1), (second, third, 3, 2), (third, last, 3, 2), (last, last, 3, 1)]
        layers: list[nn.Module] = []
        for n_in, n_out, kernel, stride in plan:
            convolution = nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, bias=False)
            layers += [convolution, nn.BatchNorm2d(n_out), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.merge = nn.Sequential(
            nn.Linear(2 * last + 11, n_features, bias=False), nn.BatchNorm1d(n_features), nn.ReLU()
        )
        self.kinds = nn.Linear(n_features, n_outputs)

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Logits (batch, n_outputs) of uint8 patches (batch, height, width, 3)."""
        luma, chroma = luma_and_chroma(patches)
        with torch.autocast("cpu", enabled=False):
            fine = luma - functional.avg_pool2d(luma, 3, stride=1, padding=1, count_include_pad=False)
            channels = torch.cat([2 * luma - 1, 4 * chroma, (8 * fine).clamp(-4, 4)], dim=1)
            tones = _tones(luma, chroma)
        grid = self.body(channels.contiguous(memory_format=torch.channels_last)).float()  # (batch, last, h/8, w/8)
        pooled = torch.cat([grid.mean((2, 3)), grid.amax((2, 3)), tones], dim=1)
        return self.kinds(self.merge(pooled)).float()


def folded(body: nn.Sequential) -> nn.Sequential:
    """Convolutions that answer as they and the norms behind them do, to the last digits, in a fifth less time.

    Parameters
    ----------
    body : Sequential
        Of convolutions, norms and rectifiers, ready to answer (``eval``).

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> from toolkit.diagnostics.damage.network import folded
    >>> body = nn.Sequential(nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2), nn.ReLU()).eval()
    >>> image = torch.rand(1, 1, 8, 8)
    >>> len(folded(body)), torch.allclose(folded(body)(image), body(image), atol=1e-5)
    (2, True)
    """
    layers: list[nn.Module] = []
    for layer in body:
        if isinstance(layer, nn.BatchNorm2d):
            layers[-1] = fuse_conv_bn_eval(layers[-1], layer)
        else:
            layers.append(nn.ReLU(inplace=True) if isinstance(layer, nn.ReLU) else layer)
    return nn.Sequential(*layers).eval()


def luma_and_chroma(patches: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """What the networks see of colours: luma, and red and blue less it.

    Parameters
    ----------
    patches : Tensor of uint8 of shape (batch, height, width, 3)

    Returns
    -------
    Tensor of shape (batch, 1, height, width), Tensor of shape (batch, 2, height, width)
        Luma of ITU-R BT.601 in [0, 1]; red and blue less luma.

    Examples
    --------
    >>> import torch
    >>> from toolkit.diagnostics.damage.network import luma_and_chroma
    >>> luma, chroma = luma_and_chroma(torch.full((1, 2, 2, 3), 51, dtype=torch.uint8))
    >>> round(float(luma.mean()), 3), float(chroma.abs().max()) < 1e-6
    (0.2, True)
    """
    colours = torch.eye(3, dtype=torch.float32, device=patches.device)
    luma = colours.new_tensor(_LUMA)[:, None]
    with torch.autocast(patches.device.type, enabled=False):
        seen = patches.float() @ torch.cat([luma, colours[:, ::2] - luma], dim=1).div(255)
    return seen[..., 0].contiguous()[:, None], seen[..., 1:].permute(0, 3, 1, 2)


def _tones(luma: torch.Tensor, chroma: torch.Tensor) -> torch.Tensor:
    """How light and how coloured a patch is, what is cut off, and how large its steps are: (batch, 11)."""
    flat = luma.flatten(1)[:, ::4]  # a fourth of the pixels is enough for quantiles
    low, middle, high = torch.quantile(flat, flat.new_tensor([0.05, 0.5, 0.95]), dim=1)
    tint, spread = chroma.mean((2, 3)), chroma.std((2, 3))
    black, white = (luma < 0.004).float().mean((1, 2, 3)), (luma > 0.996).float().mean((1, 2, 3))
    step = (luma[..., 1:] - luma[..., :-1]).abs().mean((1, 2, 3)) + 1e-3
    return torch.cat(
        [torch.stack([low, middle, high, black, white], 1), tint, spread, torch.stack([high - low, step.log() / 4], 1)],
        1,
    )
