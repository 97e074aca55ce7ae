"""A matrix of numbers as coloured, written cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolkit.plots.style import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize

__all__ = ["draw_matrix"]


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
) -> None:
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
    """
    import seaborn as sns

    n_rows, n_columns = values.shape
    sns.heatmap(
        values,
        ax=ax,
        annot=np.asarray(texts),
        fmt="",
        annot_kws={"fontsize": fontsize},
        cmap=cmap.with_extremes(bad="#eceff1"),
        norm=norm,
        vmin=norm.vmin,  # or they are looked for in cells that may all be empty
        vmax=norm.vmax,
        cbar=False,
        linewidths=1.2,
        linecolor="white",
        xticklabels=False,
        yticklabels=False,
    )
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
    ax.xaxis.label.set(color=INK, fontsize=10)
    ax.yaxis.label.set(color=INK, fontsize=10)
