"""How the anomaly scores lie, and where the threshold cuts them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.labels import check_labels, check_numbers
from toolkit.plots._display import Display
from toolkit.plots.style import INK, colours_of, kind_order, plain_name, tidy_axes, title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from sklearn.base import BaseEstimator

__all__ = ["ScoreHistogramDisplay"]

# More colours than this nobody tells apart in stacked bars.
_MAX_GROUPS = 7


class ScoreHistogramDisplay(Display):
    """Histogram of anomaly scores, by group where groups are given.

    Parameters
    ----------
    anomaly_scores : ndarray of shape (n_samples,)
        Higher = more anomalous.
    groups : ndarray of str of shape (n_samples,), default=None
        For example ``"clean"`` and ``"corrupted"``, or found kinds.
    threshold : float, default=None
        Scores above it count as outliers.
    n_bins : int, default=60
    score_name : str, default="anomaly score"
    title : str, default=""

    See Also
    --------
    RocDisplay : How well the scores part true groups.

    Examples
    --------
    >>> display = ScoreHistogramDisplay.from_predictions([0.0, 0.1, 0.9], threshold=0.5, n_bins=2)
    >>> display.frame()["count"].tolist()
    [2, 1]
    """

    def __init__(
        self,
        anomaly_scores: NDArray,
        *,
        groups: NDArray | None = None,
        threshold: float | None = None,
        n_bins: int = 60,
        score_name: str = "anomaly score",
        title: str = "",
    ) -> None:
        self.anomaly_scores = anomaly_scores
        self.groups = groups
        self.threshold = threshold
        self.n_bins = n_bins
        self.score_name = score_name
        self.title = title

    @classmethod
    def from_predictions(
        cls,
        anomaly_scores: ArrayLike,
        groups: ArrayLike | None = None,
        *,
        threshold: float | None = None,
        n_bins: int = 60,
        score_name: str = "anomaly score",
        title: str = "",
    ) -> Self:
        """Check the scores and hold them.

        Parameters
        ----------
        anomaly_scores : array-like of shape (n_samples,)
            Higher = more anomalous; finite.
        groups : array-like of shape (n_samples,), default=None
            Names, or booleans that are read as corrupted or clean. Of more than seven the smallest are put together as
            ``"other"``.
        threshold : float, default=None
        n_bins : int, default=60
        score_name, title : str

        Returns
        -------
        ScoreHistogramDisplay
        """
        scores = check_numbers("anomaly_scores", anomaly_scores)
        if scores.ndim != 1 or not len(scores) or not np.isfinite(scores).all():
            raise ValueError(f"anomaly_scores must be finite numbers in one dimension, got shape {scores.shape}.")
        if groups is not None:
            groups = check_labels("groups", groups)
            groups = np.where(groups, "corrupted", "clean") if groups.dtype == bool else groups.astype(str)
            if len(groups) != len(scores):
                raise ValueError(f"groups has {len(groups)} entries, but there are {len(scores)} scores.")
            groups = _few(groups)
        return cls(scores, groups=groups, threshold=threshold, n_bins=n_bins, score_name=score_name, title=title)

    @classmethod
    def from_estimator(
        cls,
        detector: BaseEstimator,
        X: ArrayLike,
        groups: ArrayLike | None = None,
        *,
        n_bins: int = 60,
        title: str = "",
    ) -> Self:
        """Score X with a fitted detector; its ``offset_``, where it has one, is the threshold.

        Parameters
        ----------
        detector : estimator with ``score_samples``
        X : array-like
        groups : array-like of shape (n_samples,), default=None

        Returns
        -------
        ScoreHistogramDisplay
        """
        offset = getattr(detector, "offset_", None)
        return cls.from_predictions(
            -np.asarray(detector.score_samples(X), dtype=float),
            groups,
            threshold=None if offset is None else -float(offset),
            n_bins=n_bins,
            title=title,
        )

    def frame(self) -> pd.DataFrame:
        """Bins, a row each: group, left, right, count."""
        import pandas as pd

        edges = self._edges()
        return pd.concat(
            [
                pd.DataFrame(
                    {
                        "group": name,
                        "left": edges[:-1],
                        "right": edges[1:],
                        "count": np.histogram(np.clip(self.anomaly_scores[rows], edges[0], edges[-1]), edges)[0],
                    }
                )
                for name, rows in self._parts()
            ],
            ignore_index=True,
        )

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the histogram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        ax = self._take_axes(ax, (7.0, 3.6))
        bins, parts = self.frame(), self._parts()
        colours = colours_of([name for name, _ in parts])
        below = np.zeros(len(self._edges()) - 1)
        for name, rows in parts:
            own = bins[bins["group"] == name]
            ax.bar(
                own["left"],
                own["count"],
                width=own["right"] - own["left"],
                bottom=below,
                align="edge",
                color=colours[name],
                edgecolor="white",
                linewidth=0.3,
                label=f"{plain_name(name)} ({rows.sum():,})",
            )
            below += own["count"].to_numpy()
        ax.set_xlabel(plain_name(self.score_name))
        ax.set_ylabel("images")
        tidy_axes(ax, grid="y")
        ax.set_ylim(0, below.max() * 1.12)
        if self.threshold is not None and np.isfinite(self.threshold):
            self._draw_threshold(ax)
        if len(parts) > 1 or self.threshold is not None:
            legend = ax.legend(fontsize=9, labelcolor=INK)
            legend.get_frame().set(edgecolor="none", facecolor="white", alpha=0.85)
        title_axes(ax, self.title)
        return self

    def _draw_threshold(self, ax):
        above = float((self.anomaly_scores > self.threshold).mean())
        name = f"threshold {self.threshold:.3g}: {above:.1%} above"
        ax.axvline(self.threshold, color=INK, linewidth=1.2, linestyle=(0, (4, 2)), label=name)

    def _parts(self):
        """Groups and their rows; the clean first, so that they lie at the bottom of the stack."""
        if self.groups is None:
            return [("all images", np.ones(len(self.anomaly_scores), dtype=bool))]
        return [(name, self.groups == name) for name in kind_order(self.groups)]

    def _edges(self):
        # A few extreme scores would squeeze all others into one bar: beyond this range they go into the end bins.
        low, high = self.anomaly_scores.min(), self.anomaly_scores.max()
        first, last = np.quantile(self.anomaly_scores, [0.005, 0.995])
        room = 0.5 * (last - first)
        if room > 0:
            low, high = max(low, first - room), min(high, last + room)
        if not high > low:
            low, high = low - 0.5, high + 0.5
        return np.linspace(low, high, self.n_bins + 1)


def _few(groups):
    """Names with all but the largest groups put together; clean and unknown keep their names."""
    names, counts = np.unique(groups, return_counts=True)
    if len(names) <= _MAX_GROUPS:
        return groups
    kept = [name for name in ("clean", "unknown") if name in names]
    by_size = [name for name in names[np.argsort(-counts, kind="stable")] if name not in kept]
    kept += by_size[: _MAX_GROUPS - 1 - len(kept)]
    return np.where(np.isin(groups, kept), groups, "other")
