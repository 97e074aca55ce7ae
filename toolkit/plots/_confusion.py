"""True against found kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike

from toolkit._core.labels import check_strings
from toolkit._core.printable import printable
from toolkit.plots._display import Display
from toolkit.plots._matrix import draw_matrix
from toolkit.plots.style import MUTED, kind_name, kind_order, title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from toolkit.diagnostics import CorruptionIdentifier

__all__ = ["KindConfusionDisplay"]


class KindConfusionDisplay(Display):
    """Confusion matrix of corruption kinds; needs the truth, so it checks, it never finds.

    Parameters
    ----------
    counts : DataFrame of shape (n_true_kinds, n_found_kinds)
        Number of images by true kind (rows) and found kind (columns).
    title : str, default=""

    Attributes
    ----------
    balanced_accuracy : float
        Mean over the true kinds of the share that was named right.

    See Also
    --------
    KindHeatmapDisplay : Which detector finds which kind.

    Examples
    --------
    >>> display = KindConfusionDisplay.from_predictions(
    ...     ["clean", "clean", "invert", "invert"], ["clean", "clean", "invert", "unknown"]
    ... )
    >>> display.balanced_accuracy
    0.75
    """

    def __init__(self, counts: pd.DataFrame, *, title: str = "") -> None:
        self.counts = counts
        self.title = title

    @classmethod
    def from_predictions(cls, kinds_true: ArrayLike, kinds_found: ArrayLike, *, title: str = "") -> Self:
        """Count.

        Parameters
        ----------
        kinds_true, kinds_found : array-like of str of shape (n_samples,)
        title : str, default=""

        Returns
        -------
        KindConfusionDisplay
        """
        import pandas as pd

        true = _printable(check_strings("kinds_true", kinds_true))
        found = _printable(check_strings("kinds_found", kinds_found))
        if true.shape != found.shape or true.ndim != 1 or not len(true):
            raise ValueError(
                f"kinds_true and kinds_found must pair up and not be empty, got shapes {true.shape} and {found.shape}."
            )
        counts = pd.crosstab(true, found)
        every = kind_order([*true, *found])
        # Every true kind has a column, also one that was never named: an empty column tells that.
        counts = counts.reindex(
            index=[kind for kind in every if kind in counts.index], columns=every, fill_value=0
        ).rename_axis(index="true", columns="found")
        return cls(counts, title=title)

    @classmethod
    def from_estimator(
        cls, identifier: CorruptionIdentifier, X: ArrayLike, kinds_true: ArrayLike, *, title: str = ""
    ) -> Self:
        """Identify X with a fitted ``CorruptionIdentifier`` and compare with the truth.

        Parameters
        ----------
        identifier : CorruptionIdentifier
            Fitted.
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        kinds_true : array-like of str of shape (n_samples,)

        Returns
        -------
        KindConfusionDisplay
        """
        return cls.from_predictions(kinds_true, identifier.identify(X)["kind"], title=title)

    @property
    def balanced_accuracy(self) -> float:
        """Mean over the true kinds of the share that was named right."""
        shares = self._shares()
        return float(np.mean([shares.at[kind, kind] for kind in shares.index]))

    def frame(self) -> pd.DataFrame:
        """The matrix, a row a cell: true, found, count, share of the true kind."""
        counts = self.counts.reset_index().melt(id_vars="true", value_name="count")
        shares = self._shares().reset_index().melt(id_vars="true", value_name="share")
        return counts.assign(share=shares["share"])

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the matrix; cells are shares of the true kind, in percent, rows carry their counts.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        from matplotlib.colors import LinearSegmentedColormap, PowerNorm

        shares = self._shares()
        n_rows, n_columns = shares.shape
        ax = self._take_axes(ax, (max(0.43 * n_columns + 2.6, 4.0), 0.33 * n_rows + 1.9))
        values = shares.to_numpy(dtype=float)
        totals = self.counts.sum(axis=1)
        draw_matrix(
            ax,
            values,
            [[_percent(value) for value in row] for row in values],
            cmap=LinearSegmentedColormap.from_list("share", ["#FFFFFF", "#8CBEDF", "#00507D"]),
            # A root, so that a confusion of a few percent shows.
            norm=PowerNorm(0.6, vmin=0.0, vmax=1.0),
            row_names=[f"{kind_name(kind)}  ({totals[kind]:,})" for kind in shares.index],
            column_names=[kind_name(kind) for kind in shares.columns],
            fontsize=7.5 if n_columns > 14 else 8.5,
        )
        ax.set_ylabel("true kind (images)")
        ax.set_xlabel("found, % of the true kind", labelpad=8)
        ax.text(
            1.0,
            -0.02,
            f"balanced accuracy {self.balanced_accuracy:.3f}",
            transform=ax.transAxes,
            ha="right",
            va="top",
            fontsize=9,
            color=MUTED,
        )
        title_axes(ax, self.title)
        return self

    def _shares(self):
        return self.counts.div(self.counts.sum(axis=1), axis=0)


def _percent(share):
    """Whole percents; nothing for nothing, and a trace is not rounded away."""
    if share == 0:
        return ""
    return "<1" if share < 0.005 else f"{max(100 * share, 1):.0f}"


def _printable(kinds):
    """Names as they can be drawn, and kept in a frame: where pyarrow is installed, pandas takes UTF-8 alone."""
    names, places = np.unique(kinds, return_inverse=True)
    return np.array([printable(name) for name in names], dtype=object)[places].reshape(kinds.shape)
