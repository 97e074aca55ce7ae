"""Statistics of images against each other: where the images that are unlike the others lie, and in what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike

from toolkit._core.labels import check_labels
from toolkit._core.parameters import check_positive_int
from toolkit.plots._display import Display
from toolkit.plots.style import INK, MUTED, colours_of, kind_order, plain_name, title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from toolkit.diagnostics import CorruptionDiagnostics

__all__ = ["StatisticsPairDisplay"]

_MOST_POINTS = 2000
_ALL = "all images"


class StatisticsPairDisplay(Display):
    """Scatter plots of each two of a few statistics, and the distribution of each on the diagonal.

    Parameters
    ----------
    values : DataFrame of shape (n_samples, n_statistics)
        The statistics that are drawn.
    groups : ndarray of str of shape (n_samples,), default=None
        What the points are coloured by, such as found kinds.
    title : str, default=""

    Attributes
    ----------
    axes_ : list of list of matplotlib Axes
        Row by row, the lower triangle and the diagonal; after ``plot``.

    See Also
    --------
    toolkit.diagnostics.CorruptionDiagnostics : Computes the statistics.

    Examples
    --------
    >>> import numpy as np
    >>> values = {"noise": [0.1, 0.2, 0.9], "blur": [0.3, 0.2, 0.1]}
    >>> StatisticsPairDisplay.from_predictions(values, ["clean", "clean", "blurred"]).frame()["group"].tolist()
    ['clean', 'clean', 'blurred']
    """

    def __init__(self, values: pd.DataFrame, *, groups: np.ndarray | None = None, title: str = "") -> None:
        self.values = values
        self.groups = groups
        self.title = title

    @classmethod
    def from_predictions(
        cls,
        values: pd.DataFrame | dict[str, ArrayLike],
        groups: ArrayLike | None = None,
        *,
        n_statistics: int = 4,
        title: str = "",
    ) -> Self:
        """Choose the statistics that tell most.

        Parameters
        ----------
        values : DataFrame of shape (n_samples, n_statistics), or dict of str to array-like of shape (n_samples,)
            Finite numbers.
        groups : array-like of shape (n_samples,), default=None
            Names. The statistics that part them best (F of an analysis of variance) are drawn; without groups those
            with the heaviest tails (kurtosis), in which the unlike images stand apart.
        n_statistics : int, default=4
        title : str, default=""

        Returns
        -------
        StatisticsPairDisplay
        """
        import pandas as pd

        values = pd.DataFrame(values).astype(float)
        if values.empty or not np.isfinite(values.to_numpy()).all():
            raise ValueError(f"values must be finite numbers, a row for each image, got shape {values.shape}.")
        if groups is not None:
            groups = check_labels("groups", groups).astype(str)
            if len(groups) != len(values):
                raise ValueError(f"groups has {len(groups)} entries, but values has {len(values)} rows.")
        check_positive_int("n_statistics", n_statistics)
        telling = _telling(values.to_numpy(), groups)
        chosen = np.sort(np.argsort(-telling, kind="stable")[:n_statistics])
        return cls(values.iloc[:, chosen].reset_index(drop=True), groups=groups, title=title)

    @classmethod
    def from_estimator(
        cls,
        diagnostics: CorruptionDiagnostics,
        X: ArrayLike,
        groups: ArrayLike | None = None,
        *,
        n_statistics: int = 4,
        title: str = "",
    ) -> Self:
        """Compute the statistics of X with a fitted ``CorruptionDiagnostics``; parameters as above."""
        import pandas as pd

        values = pd.DataFrame(np.asarray(diagnostics.transform(X)), columns=list(diagnostics.get_feature_names_out()))
        return cls.from_predictions(values, groups, n_statistics=n_statistics, title=title)

    def frame(self) -> pd.DataFrame:
        """A row for each image: the statistics drawn, and ``group``."""
        return self.values.assign(group=_ALL if self.groups is None else self.groups)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the plots; of more than 2,000 images evenly spaced ones.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The plots share its place. A new figure when None.

        Returns
        -------
        self
        """
        from matplotlib.lines import Line2D

        frame, names = self.frame(), list(self.values)
        frame = frame.iloc[np.unique(np.linspace(0, len(frame) - 1, min(len(frame), _MOST_POINTS)).astype(int))]
        order = kind_order(frame["group"])
        colours = colours_of(order)
        size = max(2.1 * len(names), 3.4)
        ax = self._take_axes(ax, (size, size))
        ax.set_axis_off()
        step = 1 / len(names)
        self.axes_ = [
            [
                ax.inset_axes((column * step, 1 - (row + 1) * step, 0.88 * step, 0.88 * step))
                for column in range(row + 1)
            ]
            for row in range(len(names))
        ]
        for row, panels in enumerate(self.axes_):
            for column, panel in enumerate(panels):
                self._draw(panel, frame, names[column], names[row], order, colours)
                panel.set_xlabel(plain_name(names[column]) if row == len(names) - 1 else "")
                panel.set_ylabel(plain_name(names[row]) if column == 0 else "")
        if self.groups is not None:
            handles = [
                Line2D([], [], marker="o", linestyle="", color=colours[name], label=plain_name(name)) for name in order
            ]
            ax.legend(handles=handles, loc="upper right", frameon=False, fontsize=9, labelcolor=INK)
        title_axes(ax, self.title)
        return self

    @staticmethod
    def _draw(ax, frame, first, second, order, colours):
        """One plot: a distribution on the diagonal, else points."""
        import seaborn as sns

        shared = {"data": frame, "x": first, "hue": "group", "hue_order": order, "palette": colours, "legend": False}
        if first == second:
            several = frame[first].nunique() > 1
            sns.histplot(**shared, bins=30 if several else 1, element="step", stat="density", common_norm=False, ax=ax)
            ax.set_yticks([])
        else:
            sns.scatterplot(**shared, y=second, s=12, linewidth=0, alpha=0.7, ax=ax)
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=7, colors=MUTED)
        ax.locator_params(axis="x", nbins=4)
        ax.xaxis.label.set(color=INK, fontsize=8)
        ax.yaxis.label.set(color=INK, fontsize=8)


def _telling(values, groups):
    """How much each column tells; nothing of one that is constant."""
    from scipy.stats import kurtosis
    from sklearn.feature_selection import f_classif

    varied = np.ptp(values, axis=0) > 0
    found = np.full(values.shape[1], -np.inf)
    if varied.any():
        some = values[:, varied]
        several = groups is not None and 1 < len(np.unique(groups)) < len(groups)
        found[varied] = np.nan_to_num(f_classif(some, groups)[0] if several else kurtosis(some, axis=0), nan=-1e300)
    return found
