"""A matrix of numbers as coloured, written cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolkit.plots.style import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.colors import Colormap, Normalize

__all__ = ["draw_matrix"]


def _luminance(rgba):
    return float(np.dot(rgba[:3], (0.299, 0.587, 0.114)))


def draw_matrix(
    ax: Axes,
    values: NDArray,
    texts: Sequence[Sequence[str]],
    *,
    cmap: Colormap,
    norm: Normalize,
    row_names: Sequence[str],
    column_names: Sequence[str],
    fontsize: float = 8.5,
) -> QuadMesh:
    """Draw cells with their text in black or white, whichever reads.

    Parameters
    ----------
    ax : matplotlib Axes
    values : ndarray of shape (n_rows, n_columns)
        NaN cells stay light grey.
    texts : list of list of str
    cmap : matplotlib Colormap
    norm : matplotlib Normalize
    row_names, column_names : list of str

    Returns
    -------
    matplotlib QuadMesh
    """
    n_rows, n_columns = values.shape
    cmap = cmap.with_extremes(bad="#eceff1")
    mesh = ax.pcolormesh(np.ma.masked_invalid(values), cmap=cmap, norm=norm, edgecolors="white", linewidth=1.2)
    for row in range(n_rows):
        for column in range(n_columns):
            colour = INK
            if np.isfinite(values[row, column]) and _luminance(cmap(norm(values[row, column]))) < 0.55:
                colour = "white"
            ax.text(
                column + 0.5,
                row + 0.5,
                texts[row][column],
                ha="center",
                va="center",
                fontsize=fontsize,
                color=colour,
            )
    ax.set_xlim(0, n_columns)
    ax.set_ylim(n_rows, 0)
    ax.set_yticks(np.arange(n_rows) + 0.5, row_names)
    slanted = max(map(len, column_names), default=0) > 7
    ax.set_xticks(
        np.arange(n_columns) + 0.5,
        column_names,
        rotation=40 if slanted else 0,
        ha="left" if slanted else "center",
        rotation_mode="anchor" if slanted else "default",
    )
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.tick_params(length=0, labelsize=9, labelcolor=INK)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.xaxis.label.set(color=INK, fontsize=10)
    ax.yaxis.label.set(color=INK, fontsize=10)
    return mesh
