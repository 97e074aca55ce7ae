"""Two sets of rows that metrics compare: of the data and of samples, or of the data twice."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from toolkit.coverage._neighbour_figures import neighbour_figures

__all__ = ["RowPair"]


@dataclass(frozen=True)
class RowPair:
    """Equally many rows of two sets.

    Parameters
    ----------
    real_rows, sample_rows : ndarray of shape (n_rows, n_components + 1)
        Float64; the last column is the remainder: how far an image is from all that the features can show.
    n_neighbours : int
        Of the figures by nearest neighbours.
    """

    real_rows: NDArray[np.float64]
    sample_rows: NDArray[np.float64]
    n_neighbours: int

    @property
    def real(self) -> NDArray[np.float64]:
        """Features of the first set, of shape (n_rows, n_components)."""
        return self.real_rows[:, :-1]

    @property
    def samples(self) -> NDArray[np.float64]:
        """Features of the second set, of shape (n_rows, n_components)."""
        return self.sample_rows[:, :-1]

    @cached_property
    def neighbours(self) -> dict[str, float]:
        """All figures by nearest neighbours, by name: found once, whichever of them are asked for."""
        return neighbour_figures(self.real_rows, self.sample_rows, self.n_neighbours)
