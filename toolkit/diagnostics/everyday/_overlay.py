"""Writing laid over a picture: thin strokes of one level, close together, on whatever is behind them."""

import numpy as np
from scipy import ndimage

__all__ = ["overlay"]

_WIDEST = 13  # pixels; wider than the strokes of captions and dates on a photograph of usual size
_CONTRAST = 40  # grey levels by which a stroke stands out
_CELL = (10, 20)  # rows and columns of a cell, about the height of a line of writing; every other row is looked at
_BINS = 16  # of levels: strokes are drawn in one colour
_CELLS = 5  # cells that a word covers at least


def _densest(excess, luma):
    """Share of strokes of one level in the cells that hold most of them."""
    rows, columns = luma.shape[1] // _CELL[0], luma.shape[2] // _CELL[1]
    if rows * columns < _CELLS:
        return 0.0
    tile, row, column = np.nonzero(excess > _CONTRAST)
    level = (luma[tile, row, column].astype(np.intp) * _BINS) >> 8
    inside = (row < rows * _CELL[0]) & (column < columns * _CELL[1])
    cell = (tile * rows + row // _CELL[0]) * columns + column // _CELL[1]
    n_cells = len(luma) * rows * columns
    counts = np.bincount((cell * _BINS + level)[inside], minlength=n_cells * _BINS).reshape(n_cells, _BINS)
    # Of each cell what its commonest level has beyond all the others: texture has strokes of every level.
    clear = np.maximum(2 * counts - counts.sum(axis=1, keepdims=True), 0)
    return float((np.sort(clear, axis=0)[-_CELLS:].mean(axis=0) / (_CELL[0] * _CELL[1])).max())


def overlay(views):
    """Share of bright or dark strokes of one level where they are densest."""
    luma = views.tiles[:, ::2].astype(np.uint8)  # every other row: strokes are upright enough, and it costs half
    if min(luma.shape[1:]) < _WIDEST:
        return {"even_strokes": np.nan}
    opened = ndimage.maximum_filter1d(ndimage.minimum_filter1d(luma, _WIDEST, axis=2), _WIDEST, axis=2)
    closed = ndimage.minimum_filter1d(ndimage.maximum_filter1d(luma, _WIDEST, axis=2), _WIDEST, axis=2)
    return {"even_strokes": max(_densest(luma - opened, luma), _densest(closed - luma, luma))}
