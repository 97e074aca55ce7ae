"""A small fully convolutional network that finds writing which was laid over a picture.

It sees the picture made so small that letters are a few strides high, and gives a map, one cell for eight pixels; the
cells that say most speak for the picture: a date in a corner covers few of them.
"""

import torch
from torch import nn
from torch.nn import functional

from toolkit.diagnostics.damage.network import luma_and_chroma

__all__ = ["STRIDE", "WritingNetwork"]

STRIDE = 8  # pixels of the picture a cell of the map stands for, in both directions
_CELLS = 6  # that speak for the picture: a short word covers as many


class WritingNetwork(nn.Module):
    """Pictures to the logarithm of how much likelier writing was laid over them than not.

    Parameters
    ----------
    widths : tuple of int, default=(24, 32, 48, 64, 96)
        Channels of the convolutions; the last width is that of two.

    Examples
    --------
    >>> import torch
    >>> from toolkit.diagnostics.damage.writing import WritingNetwork
    >>> network = WritingNetwork(widths=(4, 4, 8, 8, 8)).eval()
    >>> pictures = torch.zeros(2, 64, 96, 3, dtype=torch.uint8)
    >>> tuple(network(pictures).shape), tuple(network.map(pictures).shape)
    ((2,), (2, 8, 12))
    """

    def __init__(self, widths: tuple[int, int, int, int, int] = (24, 32, 48, 64, 96)):
        super().__init__()
        first, second, third, fourth, last = widths
        plan = [
            (4, first, 5, 2, 1),
            (first, second, 3, 1, 1),
            (second, third, 3, 2, 1),
            (third, fourth, 3, 1, 1),
            (fourth, last, 3, 2, 1),
            (last, last, 3, 1, 2),  # neighbouring letters count
        ]
        layers: list[nn.Module] = []
        for n_in, n_out, kernel, stride, dilation in plan:
            padding = dilation * (kernel // 2)
            convolution = nn.Conv2d(
                n_in, n_out, kernel, stride, padding, dilation, bias=False, padding_mode="replicate"
            )
            layers += [convolution, nn.BatchNorm2d(n_out), nn.ReLU()]
        self.body = nn.Sequential(*layers, nn.Conv2d(last, 1, 1))
        self.level = nn.Parameter(torch.tensor([1.0, 0.0]))  # of what the cells say, for the picture

    def map(self, pictures: torch.Tensor) -> torch.Tensor:
        """Log odds (batch, height / 8, width / 8) of uint8 pictures (batch, height, width, 3)."""
        luma, chroma = luma_and_chroma(pictures)
        with torch.autocast("cpu", enabled=False):
            fine = luma - functional.avg_pool2d(luma, 3, stride=1, padding=1, count_include_pad=False)
            channels = torch.cat([2 * luma - 1, 4 * chroma, (8 * fine).clamp(-4, 4)], dim=1)
        return self.body(channels.contiguous(memory_format=torch.channels_last))[:, 0].float()

    def of_map(self, cells: torch.Tensor) -> torch.Tensor:
        """What a map says of its picture: the mean of the cells that say most, calibrated."""
        flat = cells.flatten(1)
        return self.level[0] * flat.topk(min(_CELLS, flat.shape[1]), dim=1).values.mean(1) + self.level[1]

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Log odds (batch,) of uint8 pictures (batch, height, width, 3)."""
        return self.of_map(self.map(pictures))
