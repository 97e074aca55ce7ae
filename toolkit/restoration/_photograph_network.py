"""A small network that takes noise, blocks of JPEG or blur out of a photograph, at any size.

It works on pictures folded two by two, so that a convolution sees twice as far for a fourth of the pixels (FFDNet), and
most of its layers on pictures folded once more (a shallow U-Net, as in DRUNet). It is told which fault to take out, by
constant planes beside the picture, and where blocks begin, by waves of their length; it has to see by itself how much
of the fault is there.

References
----------
K. Zhang, W. Zuo and L. Zhang, "FFDNet: toward a fast and flexible solution for CNN-based image denoising", IEEE
Transactions on Image Processing 27, 2018.
K. Zhang, Y. Li, W. Zuo, L. Zhang, L. Van Gool and R. Timofte, "Plug-and-play image restoration with deep denoiser
prior", IEEE Transactions on Pattern Analysis and Machine Intelligence 44, 2022.
"""

import math

import torch
from torch import nn
from torch.nn import functional

__all__ = ["BLOCK", "MULTIPLE", "REACH", "TAUGHT", "PhotographNetwork"]

TAUGHT = ("noisy", "jpeg_blocks", "blurred")  # faults it can be told to take out, in the order of its planes
MULTIPLE = 4  # sides of what it is given
BLOCK = 8  # pixels a side of a block of JPEG
REACH = 44  # pixels from which on, at most, the picture makes a difference to an output; a multiple of MULTIPLE


class _Block(nn.Module):
    """Two convolutions whose answer is added to what they were given."""

    def __init__(self, width: int):
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return maps + self.second(functional.relu(self.first(maps)))


class PhotographNetwork(nn.Module):
    """A spoilt picture, and what is wrong with it, to the picture without.

    Parameters
    ----------
    widths : tuple of int, default=(32, 48)
        Channels at a half and at a fourth of the resolution.
    depth : int, default=3
        Blocks of two convolutions at a fourth of the resolution.
    """

    def __init__(self, widths: tuple[int, int] = (32, 48), depth: int = 3):
        super().__init__()
        half, fourth = widths
        self.head = nn.Conv2d(12 + len(TAUGHT) + 8, half, 3, padding=1)
        self.before = _Block(half)
        self.down = nn.Conv2d(4 * half, fourth, 1)
        self.body = nn.Sequential(*[_Block(fourth) for _ in range(depth)])
        self.up = nn.Conv2d(fourth, 4 * half, 1)
        self.after = _Block(half)
        self.tail = nn.Conv2d(half, 12, 3, padding=1)
        nn.init.zeros_(self.tail.weight)  # it begins by changing nothing
        nn.init.zeros_(self.tail.bias)

    def forward(self, pictures: torch.Tensor, faults: torch.Tensor, grids: torch.Tensor) -> torch.Tensor:
        """Pictures (batch, 3, height, width) without a fault.

        Pictures are from 0 to 1, their sides multiples of 4; faults are one-hot (batch, 3); grids (batch, 2) are the
        first row and column at which a block begins, NaN where that is not known.
        """
        folded = functional.pixel_unshuffle(pictures - 0.5, 2)  # (batch, 12, height / 2, width / 2)
        told = faults[:, :, None, None].expand(-1, -1, *folded.shape[2:])
        maps = torch.cat([folded, told, _waves(grids, *folded.shape[2:])], dim=1)
        maps = maps.contiguous(memory_format=torch.channels_last)
        fine = self.before(self.head(maps))
        coarse = self.body(self.down(functional.pixel_unshuffle(fine, 2)))  # (batch, fourth, height / 4, width / 4)
        change = self.tail(self.after(fine + functional.pixel_shuffle(self.up(coarse), 2)))
        return pictures + functional.pixel_shuffle(change.float(), 2)


def _waves(grids: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Where in its block each folded pixel lies, (batch, 8, height, width): zero where that is not known."""
    planes = []
    for axis, side in enumerate((height, width)):
        place = 2 * torch.arange(side, device=grids.device)[None] - grids[:, axis, None]  # (batch, side) in pixels
        angle = place * (2 * math.pi / BLOCK)
        waves = torch.stack([angle.cos(), angle.sin(), (2 * angle).cos(), (2 * angle).sin()], dim=1).nan_to_num(0)
        planes.append((waves[..., None] if axis == 0 else waves[:, :, None]).expand(-1, -1, height, width))
    return torch.cat(planes, dim=1)
