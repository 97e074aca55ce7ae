"""How much of all queries a model must see: accuracy on the unseen ones by the share for training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

from toolkit.plots._display import Display
from toolkit.plots.style import colours_of, plain_name, say_nothing, tidy_axes, title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["AccuracyByShareDisplay"]


class AccuracyByShareDisplay(Display):
    """Accuracy of each model over the share of the queries that it learnt from; a band from worst to best seed.

    Parameters
    ----------
    table : DataFrame
        As :func:`toolkit.comparison.compare_sequence_models` returns it.
    metric : str, default="exact_match_unseen"
    title : str, default=""

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"model": ["a", "a"], "train_share": [0.1, 0.5], "exact_match_unseen": [0.4, 0.9]})
    >>> AccuracyByShareDisplay.from_predictions(table).frame()["mean"].tolist()
    [0.4, 0.9]
    """

    def __init__(self, table: pd.DataFrame, *, metric: str = "exact_match_unseen", title: str = "") -> None:
        self.table = table
        self.metric = metric
        self.title = title

    @classmethod
    def from_predictions(cls, table: pd.DataFrame, *, metric: str = "exact_match_unseen", title: str = "") -> Self:
        """Hold a table of cells.

        Parameters
        ----------
        table : DataFrame
            With ``model``, ``train_share`` and the metric; cells that failed are left out.
        metric : str, default="exact_match_unseen"
        title : str, default=""

        Returns
        -------
        AccuracyByShareDisplay
        """
        missing = {"model", "train_share", metric} - set(table.columns)
        if missing:
            raise ValueError(f"table must have the columns {', '.join(sorted(missing))}, got {list(table.columns)}.")
        return cls(table[table[metric].notna()], metric=metric, title=title)

    def frame(self) -> pd.DataFrame:
        """A row for each model and share: mean, worst and best over the seeds."""
        grouped = self.table.groupby(["model", "train_share"], sort=False)[self.metric]
        return grouped.agg(["mean", "min", "max"]).reset_index()

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the curves, each with its name at the right end.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        ax = self._take_axes(ax, (7.6, 4.4))
        frame = self.frame()
        if frame.empty:
            ax.set_axis_off()
            say_nothing(ax, f"no model has a value of {plain_name(self.metric)}")
            title_axes(ax, self.title)
            return self
        names = list(dict.fromkeys(frame["model"]))
        colours = colours_of(names)
        for place, name in enumerate(names):
            mine = frame[frame["model"] == name].sort_values("train_share")
            # A second round of colours is told from the first by its dashes.
            dashes = "-" if place < 8 else (0, (4, 2))
            ax.fill_between(mine["train_share"], mine["min"], mine["max"], color=colours[name], alpha=0.15, linewidth=0)
            ax.plot(
                mine["train_share"],
                mine["mean"],
                color=colours[name],
                linestyle=dashes,
                marker="o",
                markersize=4.5,
                linewidth=1.8,
                label=plain_name(name),
            )
        shares = np.sort(frame["train_share"].unique())
        ax.set_xscale("log")
        ax.minorticks_off()
        ax.set_xticks(shares, [f"{100 * share:g} %" for share in shares])
        ax.set_ylim(-0.02, 1.02)
        ax.set_xlabel("share of all queries learnt from")
        ax.set_ylabel(plain_name(self.metric))
        ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9)
        tidy_axes(ax)
        title_axes(ax, self.title)
        return self
