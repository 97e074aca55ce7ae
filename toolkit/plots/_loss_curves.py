"""Loss curves: how a training went, epoch by epoch; what is no loss has a panel of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from toolkit.plots._display import Display
from toolkit.plots.style import COLOURS, INK, plain_name, tidy_axes, title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from sklearn.base import BaseEstimator

__all__ = ["LossCurveDisplay"]

_NO_LOSS = ("epoch", "step", "seconds")
_VALIDATION = "validation_"
# What a name holds, and how its axis is called: the first that fits; everything else is a loss.
_PANELS = (("accuracy", "accuracy"), ("norm", "gradient norm"), ("learning_rate", "learning rate"))
_LEGEND_LINE, _LEGEND_WIDTH = 0.19, 4.5  # inches: height of a line of the legend, and width that two names take


class LossCurveDisplay(Display):
    """Curves of what a training loop recorded, a line for each name; those on rows held back are dashed.

    Losses, accuracies, gradient norms and learning rates have nothing in common but the epoch: each of these kinds has
    a panel of its own, one below the other, as far as they are there.

    Parameters
    ----------
    curves : DataFrame
        Long form: columns epoch, name, value.
    ylabel : str, default="loss"
        Of the panel of losses.
    log : bool or None, default=None
        Logarithmic axes of all but accuracies; None takes one for a panel whose values are positive and of which one
        curve spans more than a factor of thirty.
    title : str, default=""

    Attributes
    ----------
    axes_ : list of matplotlib Axes
        The panels from top to bottom, after ``plot``; ``ax_`` is the first.

    Examples
    --------
    >>> history = [{"epoch": 1, "step": 8, "seconds": 0.1, "loss": 0.5}, {"epoch": 2, "step": 16, "loss": 0.25}]
    >>> LossCurveDisplay.from_history(history).frame()["value"].tolist()
    [0.5, 0.25]
    """

    def __init__(self, curves: pd.DataFrame, *, ylabel: str = "loss", log: bool | None = None, title: str = "") -> None:
        self.curves = curves
        self.ylabel = ylabel
        self.log = log
        self.title = title

    @classmethod
    def from_history(
        cls,
        history: list[dict],
        names: Sequence[str] | None = None,
        *,
        ylabel: str = "loss",
        log: bool | None = None,
        title: str = "",
    ) -> Self:
        """Take the curves out of a ``history_``.

        Parameters
        ----------
        history : list of dict
            One entry per epoch.
        names : list of str, default=None
            What to draw; all that the entries hold but epoch, step and seconds when None. A name brings its
            ``validation_`` sibling along.
        ylabel : str, default="loss"
        log : bool or None, default=None
        title : str, default=""

        Returns
        -------
        LossCurveDisplay
        """
        import pandas as pd

        history = list(history)
        if not history:
            raise ValueError("history is empty: nothing was trained yet.")
        found = [name for name in dict.fromkeys(key for entry in history for key in entry) if name not in _NO_LOSS]
        if not found:
            raise ValueError(f"history holds no losses, but {', '.join(history[0]) or 'nothing'}.")
        if names is not None:
            unknown = [name for name in names if name not in found]
            if unknown:
                raise ValueError(f"names must be in the history ({', '.join(found)}), got {unknown[0]!r}.")
            found = [name for name in found if name in names or name.removeprefix(_VALIDATION) in names]
        rows = [
            (entry.get("epoch", place + 1), name, float(entry[name]))
            for name in found
            for place, entry in enumerate(history)
            if name in entry
        ]
        return cls(pd.DataFrame(rows, columns=["epoch", "name", "value"]), ylabel=ylabel, log=log, title=title)

    @classmethod
    def from_estimator(
        cls,
        model: BaseEstimator,
        names: Sequence[str] | None = None,
        *,
        ylabel: str = "loss",
        log: bool | None = None,
        title: str = "",
    ) -> Self:
        """The curves of a fitted model with ``history_``; parameters as for :meth:`from_history`."""
        return cls.from_history(model.history_, names, ylabel=ylabel, log=log, title=title)

    def frame(self) -> pd.DataFrame:
        """Points, a row each: epoch, name, value."""
        return self.curves.copy()

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None. Further panels share the place of the axes that are given.

        Returns
        -------
        self
        """
        groups: dict[str, list[str]] = {}
        for name in dict.fromkeys(self.curves["name"]):
            groups.setdefault(_panel_of(name) or self.ylabel, []).append(name)
        order = [label for label in (self.ylabel, *(label for _, label in _PANELS)) if label in groups]
        self._take_axes(ax, (6.6, 3.8 if len(order) == 1 else 1.2 + 2.4 * len(order)))
        self.axes_ = _panels(self.ax_, len(order), self._owns_figure)
        for panel, label in zip(self.axes_, order):
            self._draw(panel, groups[label], label)
        self.axes_[-1].set_xlabel("epoch")
        title_axes(self.ax_, self.title)
        return self

    def _draw(self, ax, names, label):
        """One panel."""
        from matplotlib.ticker import MaxNLocator

        bases = list(dict.fromkeys(name.removeprefix(_VALIDATION) for name in names))
        for name in names:
            own = self.curves[self.curves["name"] == name]
            held_back = name.startswith(_VALIDATION)
            ax.plot(
                own["epoch"],
                own["value"],
                color=COLOURS[bases.index(name.removeprefix(_VALIDATION)) % len(COLOURS)],
                linestyle="--" if held_back else "-",
                linewidth=1.8,
                marker="o" if len(own) < 3 else None,
                markersize=4,
                clip_on=len(own) >= 3,
                label=f"{plain_name(name)}: {own['value'].iloc[-1]:.4g}",
            )
        shown = self.curves[self.curves["name"].isin(names)]
        spans = shown.groupby("name")["value"].agg(["min", "max"])
        if label == "accuracy":
            ax.set_ylim(-0.03, 1.03)
        elif self.log or (self.log is None and (spans["min"] > 0).all() and (spans["max"] > 30 * spans["min"]).any()):
            ax.set_yscale("log")
            ax.yaxis.set_major_formatter("{x:g}")
            ax.yaxis.set_minor_formatter("")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlim(min(1, self.curves["epoch"].min()), max(2, math.ceil(self.curves["epoch"].max())))
        ax.set_ylabel(label)
        tidy_axes(ax)
        _legend_above(ax, len(names))


def _legend_above(ax, n_names):
    """A legend over the curves, with the room that it takes: wherever it lay among them, it would hide one."""
    extent = ax.get_window_extent()
    width, inches = extent.width / ax.figure.dpi, extent.height / ax.figure.dpi
    n_columns = min(n_names, 2 if width > _LEGEND_WIDTH else 1)
    share = min((math.ceil(n_names / n_columns) * _LEGEND_LINE + 0.06) / inches, 0.5)
    ticks = ax.get_yticks()
    to_axis, from_axis = ax.yaxis.get_transform().transform, ax.yaxis.get_transform().inverted().transform
    low, high = to_axis(ax.get_ylim())
    ax.set_ylim(top=from_axis(low + (high - low) / (1 - share)))
    if ax.get_yscale() == "linear":
        ax.set_yticks([tick for tick in ticks if low <= tick <= high])
    ax.legend(loc="upper left", ncols=n_columns, frameon=False, fontsize=9, labelcolor=INK, borderaxespad=0.1)


def _panel_of(name):
    """How the axis of what is no loss is called."""
    return next((label for part, label in _PANELS if part in name), None)


def _panels(ax, n_panels, own_figure):
    """``ax`` and further axes below it: of the figure, or in the place that ``ax`` has in somebody else's."""
    if n_panels == 1:
        return [ax]
    if own_figure:
        figure, places = ax.figure, ax.figure.add_gridspec(n_panels, 1)
        ax.set_subplotspec(places[0])
        panels = [ax, *(figure.add_subplot(place, sharex=ax) for place in list(places)[1:])]
    else:
        from mpl_toolkits.axes_grid1 import make_axes_locatable

        divider = make_axes_locatable(ax)
        panels = [ax, *(divider.append_axes("bottom", "100%", pad=0.3, sharex=ax) for _ in range(n_panels - 1))]
    for panel in panels[:-1]:
        panel.tick_params(labelbottom=False)
    return panels
