"""Where an image is light, coloured and detailed, on a mesh of four by four.

By itself this is wrong of no image. Over a set it says which way up, round and coloured its images usually are: a turn,
a flip, a swap of channels and an inversion exchange these numbers or change their signs.
"""

import numpy as np

__all__ = ["CELLS", "LAYOUT_CHANNELS", "layout"]

CELLS = 4  # a side
LAYOUT_CHANNELS = ("luma", "red_blue", "green", "detail")
_SMALL = 64  # pixels a side in which detail is measured


def layout(views):
    """Mean luma, red less blue, green less both, and steepness, in each of 16 cells, row by row."""
    from PIL import Image

    side = _SMALL
    small = Image.fromarray(views.image).resize((side, side), Image.Resampling.BOX)
    small = np.asarray(small, dtype=np.float32) / 255
    if small.ndim == 2:
        small = np.repeat(small[:, :, None], 3, axis=2)
    red, green, blue = np.moveaxis(small, 2, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    steep = np.zeros_like(luma)
    steep[:, 1:-1] += np.abs(luma[:, 2:] - luma[:, :-2])
    steep[1:-1] += np.abs(luma[2:] - luma[:-2])
    channels = (luma, red - blue, green - (red + blue) / 2, np.log10(steep + 0.01))
    out = {}
    for name, channel in zip(LAYOUT_CHANNELS, channels):
        cells = channel.reshape(CELLS, side // CELLS, CELLS, side // CELLS).mean(axis=(1, 3))
        out |= {
            f"layout_{name}_{row}_{column}": float(cells[row, column])
            for row in range(CELLS)
            for column in range(CELLS)
        }
    return out
