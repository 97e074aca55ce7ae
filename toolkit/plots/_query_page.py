"""Queries and answers as pictures, a line each: what was asked, what was answered, and whether it is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.labels import check_strings
from toolkit._core.pixel_scale import PixelScale
from toolkit.plots._display import Display
from toolkit.plots.style import ACCENT, INK, MUTED, title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["QueryPageDisplay"]

_MOST = 24


class QueryPageDisplay(Display):
    """A page of queries with their answers; pictures are shown, text is written, mistakes are orange.

    Parameters
    ----------
    queries, answers : ndarray of str of shape (n_samples,) or of shape (n_samples, length, height, width)
    truth : ndarray of str of shape (n_samples,)
    read : ndarray of str of shape (n_samples,)
        What the answers say.
    title : str, default=""

    Examples
    --------
    >>> QueryPageDisplay.from_predictions(["1+2", "7-4"], ["3", "2"], ["3", "3"]).frame()["right"].tolist()
    [True, False]
    """

    def __init__(self, queries: NDArray, answers: NDArray, *, truth: NDArray, read: NDArray, title: str = "") -> None:
        self.queries = queries
        self.answers = answers
        self.truth = truth
        self.read = read
        self.title = title

    @classmethod
    def from_predictions(
        cls, queries: ArrayLike, answers: ArrayLike, truth: ArrayLike, *, read: ArrayLike | None = None, title: str = ""
    ) -> Self:
        """Hold queries, answers and the truth.

        Parameters
        ----------
        queries, answers : array-like of str, or of shape (n_samples, length, height, width)
        truth : array-like of str of shape (n_samples,)
        read : array-like of str of shape (n_samples,), default=None
            What a reader makes of picture answers; needed for those.
        title : str, default=""

        Returns
        -------
        QueryPageDisplay
        """
        queries, answers = (
            check_strings(name, values) if np.ndim(values) == 1 else np.asarray(values)
            for name, values in (("queries", queries), ("answers", answers))
        )
        truth = check_strings("truth", truth)
        if read is None and answers.ndim != 1:
            raise ValueError("read, what the answers say, must be given for answers that are pictures.")
        read = answers if read is None else check_strings("read", read)
        if not len(queries) == len(answers) == len(truth) == len(read) > 0:
            raise ValueError(
                "queries, answers, truth and read must be equally long and not empty, got lengths "
                f"{[len(queries), len(answers), len(truth), len(read)]}."
            )
        return cls(queries, answers, truth=truth, read=read, title=title)

    def frame(self) -> pd.DataFrame:
        """A row each: what the answer says, the truth, and whether they agree."""
        import pandas as pd

        return pd.DataFrame({"read": self.read, "truth": self.truth, "right": self.read == self.truth})

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw up to 24 lines in two columns.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        n = min(len(self.truth), _MOST)
        down = -(-n // 2) if n > 1 else 1
        lengths = [1.6 if side.ndim == 1 else side.shape[1] for side in (self.queries, self.answers)]
        wide = sum(lengths) + 5.2
        ax = self._take_axes(ax, (0.44 * wide * (2 if n > 1 else 1), 0.5 * down + (0.4 if self.title else 0.1)))
        for place in range(n):
            left, middle = (place // down) * wide, place % down + 0.5
            right = self.read[place] == self.truth[place]
            self._side(ax, self.queries, place, left, middle, lengths[0], INK, "right")
            ax.text(left + lengths[0] + 0.5, middle, "=", ha="center", va="center", fontsize=13, color=MUTED)
            start = left + lengths[0] + 1.0
            self._side(ax, self.answers, place, start, middle, lengths[1], INK if right else ACCENT, "left")
            note = "" if right else f"should be {self.truth[place]}"
            if self.answers.ndim > 1:
                note = f"reads {self.read[place] or 'nothing'}" + (f", {note}" if note else "")
            ax.text(
                start + lengths[1] + 0.2,
                middle,
                note,
                ha="left",
                va="center",
                fontsize=8,
                color=MUTED if right else ACCENT,
            )
        ax.set_xlim(-0.2, wide * (2 if n > 1 else 1))
        ax.set_ylim(down + 0.05, -0.05)
        ax.set_aspect("equal")
        ax.axis("off")
        title_axes(ax, self.title)
        return self

    def _side(self, ax, side, place, left, middle, length, colour, align):
        if side.ndim == 1:
            x = left + length if align == "right" else left
            ax.text(x, middle, str(side[place]), ha=align, va="center", fontsize=12, color=colour)
            return
        scale = PixelScale.learn(side)
        for number, picture in enumerate(side[place]):
            x = left + number
            ax.imshow(
                scale.to_unit(picture),
                cmap="gray_r",
                vmin=0,
                vmax=1,
                extent=(x + 0.02, x + 0.98, middle + 0.48, middle - 0.48),
                interpolation="nearest",
            )
