"""The critical-difference diagram: mean ranks on a line, bars over what cannot be told apart."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Self

from toolkit._core.inherited import import_matplotlib
from toolkit.plots._display import Display
from toolkit.plots.style import ACCENT, INK, MUTED, plain_name, title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["CriticalDifferenceDisplay"]


class CriticalDifferenceDisplay(Display):
    """Mean ranks of methods, joined where a post-hoc test does not part them.

    Parameters
    ----------
    mean_ranks : Series of shape (n_methods,)
        1 is best.
    p_values : DataFrame of shape (n_methods, n_methods)
        Of the pairwise post-hoc test.
    alpha : float, default=0.05
        Pairs with a p value of at least ``alpha`` are joined.
    differs : bool, default=True
        Whether the test over all methods is significant; if not, no pair counts as told apart.
    note : str, default=""
        Written below: which test, over how many blocks, what it could not say.
    title : str, default=""

    See Also
    --------
    toolkit.comparison.rank_methods, toolkit.comparison.significance : Compute ranks and tests.

    References
    ----------
    J. Demsar, "Statistical comparisons of classifiers over multiple data sets", Journal of Machine Learning
    Research 7, 2006.

    Examples
    --------
    >>> import pandas as pd
    >>> ranks = pd.Series({"lof": 2.0, "iforest": 1.0})
    >>> p_values = pd.DataFrame([[1.0, 0.2], [0.2, 1.0]], index=ranks.index, columns=ranks.index)
    >>> CriticalDifferenceDisplay.from_predictions(ranks, p_values).frame()["method"].tolist()
    ['iforest']
    """

    def __init__(
        self,
        mean_ranks: pd.Series,
        p_values: pd.DataFrame,
        *,
        alpha: float = 0.05,
        differs: bool = True,
        note: str = "",
        title: str = "",
    ) -> None:
        self.mean_ranks = mean_ranks
        self.p_values = p_values
        self.alpha = alpha
        self.differs = differs
        self.note = note
        self.title = title

    @classmethod
    def from_predictions(
        cls,
        mean_ranks: pd.Series | dict[str, float],
        p_values: pd.DataFrame,
        *,
        alpha: float = 0.05,
        differs: bool = True,
        note: str = "",
        title: str = "",
    ) -> Self:
        """Take mean ranks and p values.

        Parameters
        ----------
        mean_ranks : Series or dict of str to float
        p_values : DataFrame of shape (n_methods, n_methods)
        alpha : float, default=0.05
        differs : bool, default=True
        note, title : str

        Returns
        -------
        CriticalDifferenceDisplay
        """
        import pandas as pd

        ranks = pd.Series(mean_ranks, dtype=float).sort_values(kind="stable")
        if len(ranks) < 2:
            raise ValueError(f"A comparison of ranks needs at least two methods, got {list(ranks.index)}.")
        p_values = pd.DataFrame(p_values)
        if set(p_values.index) != set(ranks.index) or set(p_values.columns) != set(ranks.index):
            raise ValueError(
                f"p_values must cover the methods {sorted(map(str, ranks.index))}, "
                f"got {sorted(map(str, p_values.index))}."
            )
        p_values = p_values.loc[ranks.index, ranks.index]
        return cls(ranks, p_values, alpha=alpha, differs=differs, note=note, title=title)

    @classmethod
    def from_table(
        cls, table: pd.DataFrame, metric: str = "auroc", *, test: str = "nemenyi", alpha: float = 0.05, title: str = ""
    ) -> Self:
        """Rank and test the methods of a comparison.

        Parameters
        ----------
        table : DataFrame
            Of :func:`toolkit.comparison.compare_detectors`.
        metric : str, default="auroc"
        test : {"nemenyi", "conover"}, default="nemenyi"
        alpha : float, default=0.05

        Returns
        -------
        CriticalDifferenceDisplay
            All methods are joined unless the test over all of them is significant.
        """
        from toolkit.comparison import significance

        result = significance(table, metric, test=test, alpha=alpha)
        return cls.from_predictions(
            result.mean_ranks,
            result.p_values,
            alpha=alpha,
            differs=result.differs,
            note=result.sentence,
            title=title,
        )

    def frame(self) -> pd.DataFrame:
        """Pairs of methods, a row each: method, mean_rank, other, p_value, told_apart."""
        pairs = self.p_values.rename_axis(index="method", columns="other").reset_index()
        pairs = pairs.melt(id_vars="method", var_name="other", value_name="p_value")
        pairs.insert(1, "mean_rank", pairs["method"].map(self.mean_ranks))
        pairs = pairs[pairs["method"] != pairs["other"]]
        order = {method: place for place, method in enumerate(self.mean_ranks.index)}
        pairs = pairs.assign(told_apart=(pairs["p_value"] < self.alpha) & self.differs)
        pairs = pairs.sort_values(["method", "other"], key=lambda names: names.map(order), kind="stable")
        # One row a pair, the better method first.
        keep = pairs["method"].map(order) < pairs["other"].map(order)
        return pairs[keep].reset_index(drop=True)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the diagram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        import warnings

        import_matplotlib()
        from scikit_posthocs import critical_difference_diagram

        names = {method: plain_name(method) for method in self.mean_ranks.index}
        ranks = self.mean_ranks.rename(index=names)
        p_values = self.p_values.rename(index=names, columns=names).fillna(1.0)
        if not self.differs:
            p_values = p_values.mask(p_values < 1.0, 1.0)
        ax = self._take_axes(ax, (7.5, 1.5 + 0.17 * len(ranks) + (0.35 if self.note else 0.0)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            critical_difference_diagram(
                ranks,
                p_values,
                alpha=self.alpha,
                ax=ax,
                label_fmt_left="{label}  {rank:.2f} ",
                label_fmt_right=" {rank:.2f}  {label}",
                label_props={"fontsize": 9.5},  # labels take the colour of their elbows
                marker_props={"color": INK, "s": 18, "zorder": 5},
                elbow_props={"color": INK, "linewidth": 0.8},
                crossbar_props={"color": ACCENT, "linewidth": 3.5, "solid_capstyle": "round"},
            )
        ax.tick_params(colors=MUTED, labelcolor=INK, labelsize=9)
        if self.note:
            note = textwrap.fill(self.note, 100)
            text = ax.text(0.0, -0.06, note, transform=ax.transAxes, va="top", fontsize=8.5, color=MUTED)
            # On someone's axes among others a long line must not push its neighbours aside.
            text.set_in_layout(self._owns_figure)
        title_axes(ax, self.title)
        return self
