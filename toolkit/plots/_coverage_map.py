"""The map of modes: where the data lies, and where samples do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from toolkit.plots._display import Display
from toolkit.plots.style import ACCENT, COLOURS, INK, MUTED, title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from sklearn.base import BaseEstimator

    from toolkit.coverage import ModeCoverage

__all__ = ["CoverageMapDisplay"]

_LOST, _POOR = 0.25, 0.5  # of the samples due, below which a mode is marked


class CoverageMapDisplay(Display):
    """Real and generated points on one map, mode by mode.

    Each mode is labelled with the samples it holds, as a multiple of what is due: ``×1.0`` is a perfect sampler. Modes
    that are hardly reached are ringed. The map is for reading; verdicts rest on the bins of ``ModeCoverage``.

    Parameters
    ----------
    points : DataFrame
        Columns x, y, source (``"real"`` or ``"generated"``), mode.
    modes : DataFrame
        Columns mode, x, y, real, generated, ratio.
    title : str, default=""

    See Also
    --------
    DroppedModesDisplay : Pictures of what samples do not reach.

    Examples
    --------
    >>> from toolkit.coverage import ModeCoverage
    >>> from toolkit.datasets import load_ring
    >>> coverage = ModeCoverage(random_state=0).fit(load_ring(500, random_state=0).points)
    >>> display = CoverageMapDisplay.from_estimator(coverage, load_ring(100, n_modes=4, random_state=1).points)
    >>> int((display.modes["generated"] == 0).sum())
    4
    """

    def __init__(self, points: pd.DataFrame, modes: pd.DataFrame, *, title: str = "") -> None:
        self.points = points
        self.modes = modes
        self.title = title

    @classmethod
    def from_predictions(cls, points: pd.DataFrame, modes: pd.DataFrame, *, title: str = "") -> Self:
        """Hold a map.

        Parameters
        ----------
        points : DataFrame
            Columns x, y, source, mode.
        modes : DataFrame
            Columns mode, x, y, real, generated, ratio.
        title : str, default=""

        Returns
        -------
        CoverageMapDisplay
        """
        for name, frame, columns in (
            ("points", points, ("x", "y", "source", "mode")),
            ("modes", modes, ("mode", "x", "y", "real", "generated", "ratio")),
        ):
            absent = [column for column in columns if column not in frame]
            if absent:
                raise ValueError(f"{name} must have the columns {', '.join(columns)}; it lacks {', '.join(absent)}.")
        if not len(points):
            raise ValueError("points must hold at least one row: a map of nothing shows nothing.")
        return cls(points, modes, title=title)

    @classmethod
    def from_estimator(
        cls,
        coverage: ModeCoverage,
        samples: ArrayLike | BaseEstimator | None = None,
        *,
        title: str = "",
        **options: Any,
    ) -> Self:
        """Map samples with the data of a fitted ``ModeCoverage``.

        Parameters
        ----------
        coverage : ModeCoverage
        samples : array-like, object with ``sample``, or None
            None maps the data alone.
        **options
            Of ``ModeCoverage.view``.

        Returns
        -------
        CoverageMapDisplay
        """
        view = coverage.view(samples, **options)
        return cls.from_predictions(view.points, view.modes, title=title)

    def frame(self) -> pd.DataFrame:
        """Modes shown, a row each."""
        return self.modes.copy()

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        ax = self._take_axes(ax, (7.2, 6.0))
        real = self.points[self.points["source"] == "real"]
        drawn = self.points[self.points["source"] == "generated"]
        size = float(np.clip(4000 / max(len(self.points), 1), 2.0, 18.0))
        # Both colours must stay visible where they meet: rings for the data, dots for samples.
        ax.scatter(
            real["x"], real["y"], s=2.2 * size, color=COLOURS[0], alpha=0.35, linewidths=0, label="real", zorder=2
        )
        if len(drawn):
            ax.scatter(
                drawn["x"], drawn["y"], s=size, color=ACCENT, alpha=0.6, linewidths=0, label="generated", zorder=3
            )
        for mode in self.modes.itertuples():
            self._mark(ax, mode, compared=bool(len(drawn)))
        ax.set_xticks([])
        ax.set_yticks([])
        for side in ax.spines.values():
            side.set_visible(False)
        ax.set_aspect("equal", adjustable="datalim")
        ax.margins(0.08)
        ax.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=2, frameon=False, fontsize=9, markerscale=2.5,
            labelcolor=INK,
        )  # fmt: skip
        title_axes(ax, self.title)
        return self

    @staticmethod
    def _mark(ax, mode, *, compared):
        lost = compared and mode.ratio < _LOST
        text = f"×{mode.ratio:.1f}" if compared else f"{mode.real:,}"
        colour = ACCENT if compared and mode.ratio < _POOR else INK
        if lost:
            ring = {"facecolors": "none", "edgecolors": ACCENT, "linewidths": 1.4, "linestyles": "--"}
            ax.scatter([mode.x], [mode.y], s=900, zorder=4, **ring)
        ax.text(
            mode.x,
            mode.y,
            text,
            ha="center",
            va="center",
            fontsize=8.5,
            fontweight="bold" if lost else "normal",
            color=colour,
            bbox={
                "boxstyle": "round,pad=0.2",
                "facecolor": "white",
                "edgecolor": MUTED,
                "linewidth": 0.4,
                "alpha": 0.85,
            },
            zorder=5,
        )
