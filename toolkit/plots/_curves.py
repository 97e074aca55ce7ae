"""ROC and precision-recall curves of several methods on one data set."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.labels import check_numbers
from toolkit.plots._display import Display
from toolkit.plots.style import INK, MUTED, colours_of, plain_name, tidy_axes, title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from sklearn.base import BaseEstimator

__all__ = ["PrecisionRecallDisplay", "RocDisplay"]


def _check(is_outlier, anomaly_scores, name):
    """Truth as booleans and scores by method name."""
    truth = np.asarray(is_outlier)
    if truth.ndim != 1 or truth.dtype.kind not in "bui" or not np.isin(truth, (0, 1)).all():
        raise ValueError("is_outlier must be one boolean (or 0 and 1) a sample.")
    truth = truth.astype(bool)
    if truth.all() or not truth.any():
        raise ValueError("is_outlier must hold outliers and inliers; a curve needs both.")
    if hasattr(anomaly_scores, "columns"):  # a frame, a column a method
        anomaly_scores = {column: anomaly_scores[column] for column in anomaly_scores.columns}
    if not isinstance(anomaly_scores, dict):
        anomaly_scores = {name: anomaly_scores}
    if not anomaly_scores:
        raise ValueError("anomaly_scores must hold the scores of at least one method, got none.")
    scores = {}
    for method, values in anomaly_scores.items():
        values = check_numbers(f"Scores of {method!r}", values)
        if values.shape != truth.shape or not np.isfinite(values).all():
            raise ValueError(f"Scores of {method!r} must be {len(truth)} finite numbers, got shape {values.shape}.")
        scores[str(method)] = values
    return truth, scores


class _CurveDisplay(Display):
    """What both curves share; a subclass says how a curve is computed and which axes it has."""

    _columns = ("x", "y")
    _summary = ""

    # What a subclass says.
    _labels: tuple[str, str]
    _legend_title: str
    _corner: str
    _drawstyle: str
    _curve: Callable
    _summarise: Callable
    _draw_chance: Callable

    def __init__(
        self,
        curves: dict[str, tuple[NDArray, NDArray, NDArray]],
        summaries: dict[str, float],
        prevalence: float,
        *,
        title: str = "",
    ) -> None:
        self.curves = curves
        self.summaries = summaries
        self.prevalence = prevalence
        self.title = title

    @classmethod
    def from_predictions(
        cls,
        is_outlier: ArrayLike,
        anomaly_scores: ArrayLike | dict[str, ArrayLike] | pd.DataFrame,
        *,
        name: str = "scores",
        title: str = "",
    ) -> Self:
        """Compute the curves.

        Parameters
        ----------
        is_outlier : array-like of bool of shape (n_samples,)
            The truth.
        anomaly_scores : array-like of shape (n_samples,), dict of str to array-like, or DataFrame
            Higher = more anomalous; a dict or frame holds several methods.
        name : str, default="scores"
            Name of a single array.
        title : str, default=""
        """
        truth, scores = _check(is_outlier, anomaly_scores, name)
        curves = {method: cls._curve(truth, values) for method, values in scores.items()}
        summaries = {method: cls._summarise(truth, values) for method, values in scores.items()}
        return cls(curves, summaries, float(truth.mean()), title=title)

    @classmethod
    def from_estimator(
        cls,
        detectors: BaseEstimator | dict[str, BaseEstimator],
        X: ArrayLike,
        is_outlier: ArrayLike,
        *,
        title: str = "",
    ) -> Self:
        """Score X with fitted detectors.

        Parameters
        ----------
        detectors : estimator or dict of str to estimator
            Fitted, with ``score_samples`` (higher = more normal).
        X : array-like
        is_outlier : array-like of bool of shape (n_samples,)
        title : str, default=""
        """
        if not isinstance(detectors, dict):
            detectors = {type(detectors).__name__: detectors}
        scores = {name: -np.asarray(detector.score_samples(X), float) for name, detector in detectors.items()}
        return cls.from_predictions(is_outlier, scores, title=title)

    def frame(self) -> pd.DataFrame:
        """The curves, a row a point: method, the two coordinates, threshold, and the method's summary."""
        import pandas as pd

        first, second = self._columns
        return pd.concat(
            [
                pd.DataFrame({"method": method, first: x, second: y, "threshold": cut})
                for method, (x, y, cut) in self.curves.items()
            ],
            ignore_index=True,
        ).assign(**{self._summary: lambda rows: rows["method"].map(self.summaries)})

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the curves, the best method first in the legend.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        ax = self._take_axes(ax, (5.4, 5.0))
        colours = colours_of(list(self.curves))
        for place, method in enumerate(sorted(self.curves, key=lambda m: -self.summaries[m])):
            x, y, _ = self.curves[method]
            ax.plot(
                x,
                y,
                color=colours[method],
                linewidth=1.8,
                # After the last colour of the palette the dashes tell methods apart.
                linestyle="-" if list(self.curves).index(method) < 8 else (0, (4, 1.5)),
                drawstyle=self._drawstyle,
                label=f"{plain_name(method)}  {self.summaries[method]:.3f}",
                zorder=3 + len(self.curves) - place,
            )
        self._draw_chance(ax)
        ax.set_xlabel(self._labels[0])
        ax.set_ylabel(self._labels[1])
        ax.set(xlim=(-0.015, 1.015), ylim=(-0.015, 1.015), aspect="equal")
        tidy_axes(ax)
        legend = ax.legend(frameon=True, fontsize=9, labelcolor=INK, title=self._legend_title, loc=self._corner)
        legend.get_frame().set(edgecolor="none", facecolor="white", alpha=0.85)
        legend.get_title().set(fontsize=8.5, color=MUTED)
        legend.set_alignment("left")
        legend.set_zorder(50)
        title_axes(ax, self.title)
        return self


class RocDisplay(_CurveDisplay):
    """Receiver operating characteristic of one or more methods.

    Parameters
    ----------
    curves : dict of str to tuple of ndarray
        False positive rate, true positive rate, threshold.
    summaries : dict of str to float
        Area under each curve.
    prevalence : float
        Share of outliers.
    title : str, default=""

    See Also
    --------
    PrecisionRecallDisplay : Tells more when outliers are rare.

    Examples
    --------
    >>> display = RocDisplay.from_predictions([0, 0, 1, 1], {"a": [0.1, 0.4, 0.35, 0.8]})
    >>> display.summaries
    {'a': 0.75}
    """

    _columns = ("false_positive_rate", "true_positive_rate")
    _labels = ("share of clean images flagged", "share of outliers found")
    _summary = "auroc"
    _legend_title = "area under the curve"
    _corner = "lower right"
    _drawstyle = "default"

    @staticmethod
    def _curve(truth, values):
        from sklearn.metrics import roc_curve

        return roc_curve(truth, values)

    @staticmethod
    def _summarise(truth, values):
        from sklearn.metrics import roc_auc_score

        return float(roc_auc_score(truth, values))

    def _draw_chance(self, ax):
        ax.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (2, 3)), zorder=2)


class PrecisionRecallDisplay(_CurveDisplay):
    """Precision against recall of one or more methods.

    Parameters
    ----------
    curves : dict of str to tuple of ndarray
        Recall, precision, threshold.
    summaries : dict of str to float
        Average precision.
    prevalence : float
        Share of outliers: what chance would score.
    title : str, default=""

    See Also
    --------
    RocDisplay : Does not depend on the share of outliers.

    Examples
    --------
    >>> display = PrecisionRecallDisplay.from_predictions([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], name="a")
    >>> display.summaries, display.prevalence
    ({'a': 1.0}, 0.5)
    """

    _columns = ("recall", "precision")
    _labels = ("recall: share of the outliers found", "precision: share of outliers in the flagged")
    _summary = "average_precision"
    _legend_title = "average precision"
    _corner = "lower left"
    _drawstyle = "steps-pre"

    @staticmethod
    def _curve(truth, values):
        from sklearn.metrics import precision_recall_curve

        precision, recall, threshold = precision_recall_curve(truth, values)
        # The last point (recall 0) flags nothing: its threshold is above every score.
        return recall, precision, np.append(threshold, np.inf)

    @staticmethod
    def _summarise(truth, values):
        from sklearn.metrics import average_precision_score

        return float(average_precision_score(truth, values))

    def _draw_chance(self, ax):
        ax.axhline(self.prevalence, color=MUTED, linewidth=1, linestyle=(0, (2, 3)), zorder=2)
