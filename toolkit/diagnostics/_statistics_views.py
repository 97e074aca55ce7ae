"""What several statistics of a chunk of images share, computed once and only when asked for.

Products of matrices are taken in double precision, although the images are float32: their rounding depends on how many
images are multiplied at a time, and a statistic must not depend on its neighbours.
"""

from functools import cached_property

import numpy as np

from toolkit._core.images import to_grey

__all__ = ["COARSE_SIDE", "SMALLEST_SIDE", "Views", "frame_size", "pixel_sums"]

SMALLEST_SIDE = 4  # smaller images repeat their edge up to it, so that every neighbourhood exists
COARSE_SIDE = 32  # templates and projections see an image averaged down to at most this many pixels a side


def frame_size(image_shape):
    """Height and width in which the statistics see images of a shape, and of the coarse version."""
    height, width = (max(side, SMALLEST_SIDE) for side in image_shape[:2])
    factor = -(-max(height, width) // COARSE_SIDE)
    return (height, width), (-(-height // factor), -(-width // factor))


def pixel_sums(*factors):
    """Sum over the pixels of each image of the product of one or two arrays (n, height, width)."""
    first, *second = [np.ascontiguousarray(factor).reshape(len(factor), -1) for factor in factors]
    if not second:
        return first.sum(axis=1).astype(np.float64)
    # One dot product an image: unlike einsum, the order of summation does not depend on how many there are.
    return (first[:, None, :] @ second[0][:, :, None])[:, 0, 0].astype(np.float64)


def _exchange(values, i, j):
    """Order two arrays elementwise: the smaller to place i, the larger to place j."""
    values[i], values[j] = np.minimum(values[i], values[j]), np.maximum(values[i], values[j])


# Sorting network that brings the median of nine values to place 4 (Paeth, "Median finding on a 3 x 3 grid", 1990).
_MEDIAN_OF_NINE = (
    (1, 2), (4, 5), (7, 8), (0, 1), (3, 4), (6, 7), (1, 2), (4, 5), (7, 8), (0, 3),
    (5, 8), (4, 7), (3, 6), (1, 4), (2, 5), (4, 7), (4, 2), (6, 4), (4, 2),
)  # fmt: skip


class Views:
    """A chunk of images in the unit interval, and what is derived from it.

    Parameters
    ----------
    unit : ndarray of float32, of shape (n, height, width) or (n, height, width, 3)
    """

    def __init__(self, unit):
        missing = [(0, max(0, SMALLEST_SIDE - side)) for side in unit.shape[1:3]]
        if any(after for _, after in missing):
            unit = np.pad(unit, [(0, 0), *missing, *[(0, 0)] * (unit.ndim - 3)], mode="edge")
        self.unit = unit
        self.grey = np.ascontiguousarray(to_grey(unit), dtype=np.float32)
        self.n_images, self.height, self.width = self.grey.shape
        self.n_pixels = self.height * self.width

    @cached_property
    def padded(self):
        """Grey images with their edge repeated by one pixel."""
        return np.pad(self.grey, ((0, 0), (1, 1), (1, 1)), mode="edge")

    def neighbour(self, down, right):
        """The pixel that lies so many steps (-1, 0, 1) away, at each pixel."""
        rows = slice(1 + down, 1 + down + self.height)
        return self.padded[:, rows, slice(1 + right, 1 + right + self.width)]

    @cached_property
    def border(self):
        """Pixels of the outermost ring, (n, n_border)."""
        g = self.grey
        return np.concatenate([g[:, 0], g[:, -1], g[:, 1:-1, 0], g[:, 1:-1, -1]], axis=1)

    @cached_property
    def background(self):
        """Median of the outermost ring, (n,)."""
        middle = self.border.shape[1] // 2
        return np.partition(self.border, middle, axis=1)[:, middle]

    @cached_property
    def departure(self):
        """Grey value minus background."""
        return self.grey - self.background[:, None, None]

    @cached_property
    def ink(self):
        """How far each pixel departs from the background, whatever the polarity."""
        return np.abs(self.departure)

    @cached_property
    def row_tent(self):
        """Sum of a pixel's column with weights 1, 2, 1: the smooth half of a Sobel filter."""
        p = self.padded
        return p[:, :-2] + 2 * p[:, 1:-1] + p[:, 2:]  # (n, height, width + 2)

    @cached_property
    def gradients(self):
        """Sobel derivatives to the right and down, over 8 so that a ramp of slope one gives one."""
        p = self.padded
        column_tent = p[:, :, :-2] + 2 * p[:, :, 1:-1] + p[:, :, 2:]  # (n, height + 2, width)
        right = self.row_tent[:, :, 2:] - self.row_tent[:, :, :-2]
        down = column_tent[:, 2:] - column_tent[:, :-2]
        return right / 8, down / 8

    @cached_property
    def median(self):
        """Median of each pixel and its eight neighbours."""
        values = [self.neighbour(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
        for i, j in _MEDIAN_OF_NINE:
            _exchange(values, i, j)
        return values[4]

    @cached_property
    def coarse(self):
        """The departure from the background, averaged down to a template's size; flat rows of float64."""
        _, (height, width) = frame_size((self.height, self.width))
        factor = -(-max(self.height, self.width) // COARSE_SIDE)
        values = self.departure
        if factor > 1:
            after = (height * factor - self.height, width * factor - self.width)
            values = np.pad(values, ((0, 0), (0, after[0]), (0, after[1])), mode="edge")
            values = values.reshape(self.n_images, height, factor, width, factor).mean(axis=(2, 4))
        return values.reshape(self.n_images, -1).astype(np.float64)
