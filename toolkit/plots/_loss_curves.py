"""Loss curves: how a training went, epoch by epoch."""

import math

from toolkit.plots._display import Display
from toolkit.plots._style import COLOURS, INK, plain_name, tidy_axes, title_axes

__all__ = ["LossCurveDisplay"]

_NO_LOSS = ("epoch", "step", "seconds")
_VALIDATION = "validation_"


class LossCurveDisplay(Display):
    """Curves of what a training loop recorded, a line for each name; those on rows held back are dashed.

    Parameters
    ----------
    curves : DataFrame
        Long form: columns epoch, name, value.
    ylabel : str, default="loss"
    log : bool or None, default=None
        Logarithmic axis; None takes one if all values are positive and one curve spans more than a factor of thirty.
    title : str, default=""

    Examples
    --------
    >>> history = [{"epoch": 1, "step": 8, "seconds": 0.1, "loss": 0.5}, {"epoch": 2, "step": 16, "loss": 0.25}]
    >>> LossCurveDisplay.from_history(history).frame()["value"].tolist()
    [0.5, 0.25]
    """

    def __init__(self, curves, *, ylabel="loss", log=None, title=""):
        self.curves = curves
        self.ylabel = ylabel
        self.log = log
        self.title = title

    @classmethod
    def from_history(cls, history, names=None, *, ylabel="loss", log=None, title=""):
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
    def from_estimator(cls, model, names=None, *, ylabel="loss", log=None, title=""):
        """The curves of a fitted model with ``history_``; parameters as for :meth:`from_history`."""
        return cls.from_history(model.history_, names, ylabel=ylabel, log=log, title=title)

    def frame(self):
        """Points, a row each: epoch, name, value."""
        return self.curves.copy()

    def plot(self, ax=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        from matplotlib.ticker import MaxNLocator

        ax = self._take_axes(ax, (6.6, 3.8))
        names = list(dict.fromkeys(self.curves["name"]))
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
                label=f"{plain_name(name)}: {own['value'].iloc[-1]:.4g}",
            )
        spans = self.curves.groupby("name")["value"].agg(["min", "max"])
        if self.log or (self.log is None and (spans["min"] > 0).all() and (spans["max"] > 30 * spans["min"]).any()):
            ax.set_yscale("log")
            ax.yaxis.set_major_formatter("{x:g}")
            ax.yaxis.set_minor_formatter("")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlim(min(1, self.curves["epoch"].min()), max(2, math.ceil(self.curves["epoch"].max())))
        ax.set_xlabel("epoch")
        ax.set_ylabel(self.ylabel)
        tidy_axes(ax)
        ax.legend(frameon=False, fontsize=9, labelcolor=INK)
        title_axes(ax, self.title)
        return self
