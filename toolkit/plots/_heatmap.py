"""Which method finds which kind: AUROC by kind and method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike

from toolkit.plots._display import Display
from toolkit.plots._matrix import draw_matrix
from toolkit.plots.style import kind_name, kind_order, plain_name, title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from sklearn.base import BaseEstimator

__all__ = ["KindHeatmapDisplay"]


class KindHeatmapDisplay(Display):
    """Heat map of a figure per kind and method, AUROC as a rule.

    Parameters
    ----------
    matrix : DataFrame of shape (n_kinds, n_methods)
    metric : str, default="auroc"
    chance : float, default=0.5
        The value without merit, drawn white: blue is better, orange is worse than chance.
    add_mean : bool, default=True
        A last row with each method's mean over the kinds.
    title : str, default=""

    See Also
    --------
    toolkit.comparison.per_kind_matrix : Computes the matrix.

    Examples
    --------
    >>> import pandas as pd
    >>> matrix = pd.DataFrame({"iforest": [0.9, 0.5]}, index=["gaussian_noise", "rotate"])
    >>> KindHeatmapDisplay.from_predictions(matrix).frame()["auroc"].tolist()
    [0.9, 0.5]
    """

    def __init__(
        self,
        matrix: pd.DataFrame,
        *,
        metric: str = "auroc",
        chance: float = 0.5,
        add_mean: bool = True,
        title: str = "",
    ) -> None:
        self.matrix = matrix
        self.metric = metric
        self.chance = chance
        self.add_mean = add_mean
        self.title = title

    @classmethod
    def from_predictions(
        cls,
        matrix: pd.DataFrame | dict[str, ArrayLike],
        kinds: ArrayLike | None = None,
        *,
        metric: str = "auroc",
        chance: float = 0.5,
        add_mean: bool = True,
        title: str = "",
    ) -> Self:
        """Take a matrix as it is, or compute one from scores.

        Parameters
        ----------
        matrix : DataFrame of shape (n_kinds, n_methods), or dict of str to array-like of shape (n_samples,)
            Figures, or with ``kinds`` the anomaly scores of each method (higher = more anomalous).
        kinds : array-like of str of shape (n_samples,), default=None
            True kind of each sample, ``"clean"`` for none; then ``matrix`` holds scores.
        metric : str, default="auroc"
        chance : float, default=0.5
        add_mean : bool, default=True
        title : str, default=""

        Returns
        -------
        KindHeatmapDisplay
        """
        import pandas as pd

        if kinds is not None:
            from toolkit.comparison import per_kind_matrix

            matrix = per_kind_matrix(matrix, kinds)
        matrix = pd.DataFrame(matrix).astype(float)
        if not matrix.size:
            raise ValueError(f"matrix must hold at least one kind and one method, got shape {matrix.shape}.")
        order = [kind for kind in kind_order(matrix.index) if kind in matrix.index]
        return cls(matrix.loc[order], metric=metric, chance=chance, add_mean=add_mean, title=title)

    @classmethod
    def from_estimator(
        cls,
        detectors: BaseEstimator | dict[str, BaseEstimator],
        X: ArrayLike,
        kinds: ArrayLike,
        *,
        add_mean: bool = True,
        title: str = "",
    ) -> Self:
        """Score X with fitted detectors and tell the kinds apart.

        Parameters
        ----------
        detectors : estimator or dict of str to estimator
            Fitted, with ``score_samples`` (higher = more normal).
        X : array-like
        kinds : array-like of str of shape (n_samples,)

        Returns
        -------
        KindHeatmapDisplay
        """
        if not isinstance(detectors, dict):
            detectors = {type(detectors).__name__: detectors}
        scores = {name: -np.asarray(detector.score_samples(X), float) for name, detector in detectors.items()}
        return cls.from_predictions(scores, kinds, add_mean=add_mean, title=title)

    def frame(self) -> pd.DataFrame:
        """The matrix, a row a cell: kind, method, and the metric."""
        matrix = self.matrix.rename_axis(index="kind", columns="method")
        return matrix.reset_index().melt(id_vars="kind", var_name="method", value_name=self.metric)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the heat map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm

        matrix = self.matrix
        if self.add_mean and len(matrix) > 1:
            matrix = matrix.copy()
            matrix.loc["mean"] = self.matrix.mean()
        n_rows, n_columns = matrix.shape
        ax = self._take_axes(ax, (max(0.8 * n_columns + 2.6, 4.0), 0.31 * n_rows + 1.4))
        values = matrix.to_numpy(dtype=float)
        draw_matrix(
            ax,
            values,
            [["" if np.isnan(value) else f"{value:.2f}" for value in row] for row in values],
            cmap=LinearSegmentedColormap.from_list("merit", ["#B34700", "#F2B48A", "#FFFFFF", "#8CBEDF", "#00507D"]),
            norm=TwoSlopeNorm(self.chance, vmin=min(2 * self.chance - 1, 0.0), vmax=1.0),
            row_names=[kind_name(kind) for kind in matrix.index],
            column_names=[plain_name(method) for method in matrix.columns],
        )
        if len(matrix) > len(self.matrix):
            ax.axhline(len(self.matrix), color="white", linewidth=5)
            ax.get_yticklabels()[-1].set_fontweight("bold")
        title_axes(ax, self.title)
        return self
