"""One image at its original size, and the views of it that several statistics share.

Flaws of the pixel grid are seen in tiles at the original resolution, never in a smaller copy: noise, blocks and blur
are gone after a resize. An image of up to ``_WHOLE`` pixels is one tile; of a larger one nine tiles are taken, evenly
spread and at multiples of 8 pixels, so that the grid of JPEG has the same phase in all of them; for a bare one, as the
margin of a page, the nearest that shows something is taken. Colours are counted on every k-th pixel of a large image,
which keeps what is clipped clipped.
"""

from functools import cached_property

import numpy as np

from toolkit.diagnostics.everyday._places import shown_places

__all__ = ["ImageViews", "check_image"]

_WHOLE = 400_000  # pixels up to which an image is looked at whole
_TILE = 192  # pixels a side of a tile of a larger image
_COLOURS = 50_000  # pixels on which colours are counted, about
_LINES = 256  # samples along a row or column, about, where whole rows and columns are compared


def check_image(image):
    """An image as uint8 of shape (h, w) or (h, w, 3), transparency on white.

    Raises
    ------
    ValueError
        If it is no array of bytes or booleans of such a shape, or has no pixel.
    """
    image = np.asarray(image)
    if image.dtype == bool:
        image = image.astype(np.uint8) * np.uint8(255)
    if image.dtype != np.uint8:
        raise ValueError(f"image must be uint8 (0 to 255) or bool, got {image.dtype}.")
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (3, 4)) or 0 in image.shape:
        raise ValueError(f"image must be (height, width) or (height, width, 3 or 4) with pixels, got {image.shape}.")
    if image.ndim == 3 and image.shape[2] == 4:
        colour, alpha = image[:, :, :3], image[:, :, 3:]
        if (alpha == 255).all():
            return np.ascontiguousarray(colour)
        weight = alpha.astype(np.float32) / 255
        return np.rint(colour * weight + 255 * (1 - weight)).astype(np.uint8)
    return np.ascontiguousarray(image)


def _stride(length, wanted):
    return max(1, length // wanted)


class ImageViews:
    """What the statistics of one image share, each computed once and only when asked for.

    Parameters
    ----------
    image : ndarray
        As :func:`check_image` takes it.
    """

    def __init__(self, image):
        self.image = check_image(image)
        self.height, self.width = self.image.shape[:2]
        self.n_pixels = self.height * self.width

    @cached_property
    def luma(self):
        """Luma (ITU-R BT.601) as uint8 of shape (h, w)."""
        if self.image.ndim == 2:
            return self.image
        from PIL import Image  # three times as fast as weighted channels in numpy

        return np.asarray(Image.fromarray(self.image).convert("L"))

    @cached_property
    def histogram(self):
        """Share of the pixels at each of the 256 levels of luma."""
        from PIL import Image

        counts = np.array(Image.fromarray(self.luma).histogram(), dtype=np.float64)
        return counts / self.n_pixels

    @cached_property
    def tiles(self):
        """Luma at the original resolution as float32 of shape (n_tiles, h, w)."""
        if self.n_pixels <= _WHOLE:
            return self.luma[None].astype(np.float32)
        height, width = min(_TILE, self.height), min(_TILE, self.width)
        # A long strip keeps its tiles apart: fewer across, more along.
        down, across = (min(3, -(-side // tile)) for side, tile in ((self.height, height), (self.width, width)))
        tops = np.linspace(0, self.height - height, down).astype(int) // 8 * 8
        lefts = np.linspace(0, self.width - width, across).astype(int) // 8 * 8
        places = [(int(top), int(left)) for top in tops for left in lefts]
        places = shown_places(self.luma, places, (height, width))
        pieces = [self.luma[top : top + height, left : left + width] for top, left in places]
        return np.stack(pieces).astype(np.float32)

    @cached_property
    def across(self):
        """Steps from each pixel to the one on its right, (n_tiles, h, w - 1)."""
        return self.tiles[:, :, 1:] - self.tiles[:, :, :-1]

    @cached_property
    def down(self):
        """Steps from each pixel to the one below, (n_tiles, h - 1, w)."""
        return self.tiles[:, 1:] - self.tiles[:, :-1]

    @cached_property
    def rows(self):
        """Every row, at about 256 places along it: float32 of shape (h, samples)."""
        return self.luma[:, :: _stride(self.width, _LINES)].astype(np.float32)

    @cached_property
    def columns(self):
        """Every column, at about 256 places along it: float32 of shape (w, samples)."""
        return np.ascontiguousarray(self.luma[:: _stride(self.height, _LINES)].T).astype(np.float32)

    @cached_property
    def colours(self):
        """Some 50,000 pixels, evenly spread: float32 of shape (h', w', 3)."""
        step = max(1, int(np.sqrt(self.n_pixels / _COLOURS)))
        sample = self.image[::step, ::step].astype(np.float32)
        return sample if sample.ndim == 3 else np.repeat(sample[:, :, None], 3, axis=2)

    @cached_property
    def chroma(self):
        """Red less green and blue less green of ``colours``, (2, h', w')."""
        red, green, blue = np.moveaxis(self.colours, 2, 0)
        return np.stack([red - green, blue - green])

    @cached_property
    def is_grey(self):
        """Whether it has no colour beyond what JPEG leaves of a grey picture."""
        if self.image.ndim == 2:
            return True
        # In a dark picture colours are small, too: a fortieth of the light there is.
        light = 255 - int(np.searchsorted(np.cumsum(self.histogram[::-1]), 0.01))
        return bool((np.abs(self.chroma) <= np.clip(light / 40, 1.5, 6)).mean() > 0.999)
