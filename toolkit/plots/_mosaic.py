"""Many small images on one pair of axes: cells in a grid, names beside rows and above columns."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.printable import plot_text
from toolkit.plots.style import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from toolkit._core.pixel_scale import PixelScale

__all__ = ["GAP", "draw_cell", "frame_cell", "open_mosaic", "row_name", "unit_images"]

# Space between two images, in widths of an image.
GAP = 0.08


def unit_images(
    X: ArrayLike, image_shape: tuple[int, ...] | None = None, *, scale: PixelScale | None = None
) -> tuple[NDArray, PixelScale]:
    """Images as a float32 stack within 0 to 1, and the scale that made it.

    Parameters
    ----------
    X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
    image_shape : tuple of int, default=None
    scale : PixelScale, default=None
        Learnt from X when None; handed on so that pictures shown side by side keep one grey scale.

    Returns
    -------
    images : ndarray of shape (n_samples, height, width) or (n_samples, height, width, 3)
    scale : PixelScale

    Raises
    ------
    ValueError
        There is no image.
    """
    from toolkit._core.images import as_stack
    from toolkit._core.pixel_scale import PixelScale

    if np.shape(X)[:1] == (0,):
        raise ValueError(f"There must be at least one image, got an array of shape {np.shape(X)}.")
    stack = as_stack(X, image_shape)
    scale = scale or PixelScale.learn(stack)
    return np.clip(scale.to_unit(stack), 0.0, 1.0), scale


def open_mosaic(ax: Axes, n_rows: float, n_columns: int, aspect: float) -> None:
    """Empty axes in units of one image's width; ``aspect`` is an image's height over its width."""
    ax.set_axis_off()
    ax.set_xlim(-GAP, n_columns * (1 + GAP))
    ax.set_ylim(n_rows * (aspect + GAP), -GAP)
    ax.set_aspect("equal")


def _corner(row, column, aspect):
    return column * (1 + GAP), row * (aspect + GAP)


@lru_cache
def _greys():
    """Grey levels of the unit interval: one table of colours for all cells, not one each."""
    from matplotlib import colormaps
    from matplotlib.colors import Normalize

    return colormaps["gray"], Normalize(0.0, 1.0)


def draw_cell(ax: Axes, image: NDArray, row: float, column: int, aspect: float) -> None:
    """One image into one cell, without smoothing: pixels are the subject."""
    from toolkit.plots._cell import Cell

    left, top = _corner(row, column, aspect)
    cmap, norm = _greys()
    # Not imshow, which has the axes look for limits anew with each image: they are those of the mosaic.
    extent = (left, left + 1, top + aspect, top)
    picture = Cell(ax, cmap=cmap, norm=norm, extent=extent, interpolation="nearest", zorder=1)
    picture.set_data(image)
    picture.set_clip_path(ax.patch)
    picture.set_in_layout(False)  # it lies within the axes; asking hundreds for their extent takes seconds
    ax.add_image(picture)


def frame_cell(ax: Axes, row: float, column: int, aspect: float, colour: str = "#c4cacf", width: float = 0.6) -> None:
    """A thin frame, without which a white image has no edge on a white page."""
    from matplotlib.patches import Rectangle

    left, top = _corner(row, column, aspect)
    frame = Rectangle((left, top), 1, aspect, fill=False, edgecolor=colour, linewidth=width, clip_on=False, zorder=2)
    frame.set_in_layout(False)
    ax.add_artist(frame)  # not add_patch, which asks for its extent; the limits are those of the mosaic


def row_name(ax: Axes, row: float, aspect: float, name: str, detail: str = "") -> None:
    """A name to the left of a row, with a quieter second line."""
    middle = row * (aspect + GAP) + aspect / 2
    shift = 0.13 * aspect if detail else 0.0
    ax.text(-0.18, middle - shift, plot_text(name), ha="right", va="center", fontsize=9, color=INK)
    if detail:
        ax.text(-0.18, middle + 1.6 * shift, plot_text(detail), ha="right", va="center", fontsize=7.5, color=MUTED)
