"""What all displays share: axes of their own when none are given, and a picture for notebooks."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Self

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.inherited import import_matplotlib

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Display"]


class Display:
    """Base of the displays.

    A display that is given no axes makes a plain ``Figure`` instead of asking pyplot for one: nothing is registered
    globally, no backend is chosen, nothing has to be closed, and threads may draw at once. So a notebook shows it where
    it is the last thing of a cell, without a semicolon; of several in one cell ``display(...)`` shows each.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes drawn on; after ``plot``.
    figure_ : matplotlib Figure
        The figure of ``ax_``; after ``plot``.

    Examples
    --------
    >>> import os, tempfile
    >>> from matplotlib.figure import Figure
    >>> from toolkit.plots import Display, RocDisplay
    >>> display = RocDisplay.from_predictions([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> ax = Figure().add_subplot()
    >>> isinstance(display, Display), display.plot(ax).figure_ is ax.figure
    (True, True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = display.save(f"{folder}/roc.svg")
    ...     print(os.listdir(folder))
    ['roc.svg']
    """

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        usual_floating_point(cls)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw on ``ax``, or on a new figure; a display of one's own does that."""
        raise NotImplementedError

    def frame(self) -> pd.DataFrame:
        """What is drawn, as a tidy table; a display of one's own gives that."""
        raise NotImplementedError

    def save(self, path: str | os.PathLike, *, dpi: int = 150) -> Self:
        """Draw if need be and write the figure, whole or not at all; the suffix chooses the format."""
        from toolkit._core.files import atomic_path

        if not hasattr(self, "figure_"):
            self.plot()
        with atomic_path(path) as temporary:
            self.figure_.savefig(temporary, dpi=dpi, bbox_inches="tight", facecolor="white")
        return self

    def _take_axes(self, ax, figsize):
        """Set ``ax_`` and ``figure_``; without axes, make a figure of ``figsize`` inches."""
        import_matplotlib()
        self._owns_figure = ax is None
        if ax is None:
            from matplotlib.figure import Figure

            figure = Figure(figsize=figsize, layout="constrained", facecolor="white")
            ax = figure.add_subplot()
        self.ax_ = ax
        self.figure_ = ax.figure
        return ax

    def _repr_png_(self):
        # Axes that came from outside belong to a figure that the notebook shows by itself.
        if not getattr(self, "_owns_figure", False):
            return None
        buffer = io.BytesIO()
        self.figure_.savefig(buffer, format="png", dpi=120, bbox_inches="tight")
        return buffer.getvalue()
