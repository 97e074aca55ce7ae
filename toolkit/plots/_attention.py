"""Where a decoder looks in the query as it writes each character of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.labels import check_numbers, check_strings
from toolkit._core.printable import plot_text
from toolkit.plots._display import Display
from toolkit.plots.style import INK, MUTED

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from toolkit.sequence import ArithmeticSeq2Seq

__all__ = ["AttentionDisplay"]

_MOST = 12
_COLUMNS = 4
_EMPTY = "\N{OPEN BOX}"  # the usual sign for a blank


class AttentionDisplay(Display):
    """Attention maps, one a query: answers from top to bottom, queries from left to right.

    A place that is blank, in a query or in an answer that is shorter than the longest, is marked with an open box.

    Parameters
    ----------
    weights : ndarray of shape (n_samples, target_length, source_length)
    queries, answers : ndarray of str of shape (n_samples,)
    title : str, default=""

    Examples
    --------
    >>> import numpy as np
    >>> display = AttentionDisplay.from_predictions(np.full((1, 2, 3), 1 / 3), ["1+2"], ["3"])
    >>> display.frame()[["query", "answer_place", "query_place"]].values.tolist()[-1]
    ['1+2', 1, 2]
    """

    def __init__(self, weights: NDArray, *, queries: NDArray, answers: NDArray, title: str = "") -> None:
        self.weights = weights
        self.queries = queries
        self.answers = answers
        self.title = title

    @classmethod
    def from_predictions(cls, weights: ArrayLike, queries: ArrayLike, answers: ArrayLike, *, title: str = "") -> Self:
        """Hold maps.

        Parameters
        ----------
        weights : array-like of shape (n_samples, target_length, source_length)
        queries, answers : array-like of str of shape (n_samples,)
            An answer shorter than ``target_length`` stands at its end, as ``reverse_target`` writes it.
        title : str, default=""

        Returns
        -------
        AttentionDisplay
        """
        weights = check_numbers("weights", weights)
        queries, answers = check_strings("queries", queries), check_strings("answers", answers)
        if weights.ndim != 3 or not len(weights) == len(queries) == len(answers) > 0:
            raise ValueError(
                f"weights must be maps (n_samples, target_length, source_length), a query and an answer each, got "
                f"shape {weights.shape}, {len(queries)} queries and {len(answers)} answers."
            )
        return cls(weights, queries=queries, answers=answers, title=title)

    @classmethod
    def from_estimator(cls, model: ArithmeticSeq2Seq, X: ArrayLike, *, title: str = "") -> Self:
        """Ask a fitted model with ``attention=True`` about text queries.

        Returns
        -------
        AttentionDisplay
        """
        answers = model.predict_text(X)
        if not model.reverse_target:
            answers = np.char.ljust(answers, model.target_length_)
        return cls.from_predictions(model.attention_weights(X), X, answers, title=title)

    def frame(self) -> pd.DataFrame:
        """A row a cell: query, answer, place in the answer, place in the query, weight."""
        import pandas as pd

        n, rows, columns = self.weights.shape
        sample, row, column = (index.ravel() for index in np.indices((n, rows, columns)))
        return pd.DataFrame(
            {
                "query": self.queries[sample],
                "answer": self.answers[sample],
                "answer_place": row,
                "query_place": column,
                "weight": self.weights.ravel(),
            }
        )

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw up to twelve maps.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        n, rows, columns = self.weights[:_MOST].shape
        across = min(n, _COLUMNS)
        down = -(-n // across)
        wide, high = columns + 2.0, rows + 2.2
        ax = self._take_axes(ax, (0.36 * wide * across, 0.36 * high * down + (0.3 if self.title else 0)))
        for place in range(n):
            left, top = (place % across) * wide + 1, (place // across) * high + 1.2
            ax.imshow(
                self.weights[place],
                cmap="Blues",
                vmin=0,
                vmax=1,
                extent=(left, left + columns, top + rows, top),
                interpolation="nearest",
            )
            query = self.queries[place].ljust(columns)
            answer = self.answers[place].rjust(rows)
            for column in range(columns):
                _label(ax, left + column + 0.5, top - 0.5, query[column])
            for row in range(rows):
                _label(ax, left - 0.5, top + row + 0.5, answer[row])
            edges = ([left, left + columns, left + columns, left, left], [top, top, top + rows, top + rows, top])
            ax.plot(*edges, color=MUTED, linewidth=0.8)
        ax.set_xlim(0, wide * across)
        ax.set_ylim(high * down, 0)
        ax.set_aspect("equal")
        ax.axis("off")
        if self.title:
            ax.set_title(plot_text(self.title), loc="left", fontsize=11, fontweight="bold", color=INK, pad=8)
        return self


def _label(ax, x, y, character):
    """A character of query or answer; a place that holds none has a mark, since the model writes there too."""
    empty = not character.strip()
    ax.text(
        x,
        y,
        _EMPTY if empty else character,
        ha="center",
        va="center",
        fontsize=10,
        color=MUTED if empty else INK,
        family="monospace",
    )
