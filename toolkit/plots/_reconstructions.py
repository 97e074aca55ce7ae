"""Originals above what a model rebuilt of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.layouts import as_array, plain_stack
from toolkit.plots._display import Display
from toolkit.plots._mosaic import GAP, draw_cell, frame_cell, open_mosaic, row_name, unit_images
from toolkit.plots.style import title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from sklearn.base import BaseEstimator

__all__ = ["ReconstructionDisplay"]


class ReconstructionDisplay(Display):
    """Images and their reconstructions, in pairs one above the other.

    Parameters
    ----------
    index : ndarray of int of shape (n_images,)
        Positions in the data.
    originals, rebuilt : ndarray of shape (n_images, height, width) or (n_images, height, width, 3)
        Float in [0, 1].
    n_columns : int, default=10
    title : str, default=""

    See Also
    --------
    RepairPairsDisplay : Before and after a repair.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).random((6, 8, 8))
    >>> display = ReconstructionDisplay.from_predictions(images, images * 0 + 0.5, n_images=3)
    >>> display.frame()["index"].tolist()
    [0, 2, 5]
    """

    def __init__(
        self, index: NDArray, originals: NDArray, rebuilt: NDArray, *, n_columns: int = 10, title: str = ""
    ) -> None:
        self.index = index
        self.originals = originals
        self.rebuilt = rebuilt
        self.n_columns = n_columns
        self.title = title

    @classmethod
    def from_predictions(
        cls,
        X: ArrayLike,
        rebuilt: ArrayLike,
        *,
        n_images: int = 20,
        n_columns: int = 10,
        image_shape: tuple[int, ...] | None = None,
        title: str = "",
    ) -> Self:
        """Choose images, evenly spread over the data.

        Parameters
        ----------
        X, rebuilt : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        n_images : int, default=20
        n_columns : int, default=10
        image_shape : tuple of int, default=None
            Of flat rows that are not square.
        title : str, default=""

        Returns
        -------
        ReconstructionDisplay
        """
        X, rebuilt = plain_stack(as_array(X)), plain_stack(as_array(rebuilt))
        if X.shape != rebuilt.shape:
            raise ValueError(f"X and rebuilt must have one shape, got {X.shape} and {rebuilt.shape}.")
        index = _spread(len(X), n_images)
        # One grey scale for both: a reconstruction must not look better because its range grew.
        _, scale = unit_images(X, image_shape)
        originals, rebuilt = (unit_images(part[index], image_shape, scale=scale)[0] for part in (X, rebuilt))
        return cls(index, originals, rebuilt, n_columns=n_columns, title=title)

    @classmethod
    def from_estimator(
        cls, model: BaseEstimator, X: ArrayLike, *, n_images: int = 20, n_columns: int = 10, title: str = ""
    ) -> Self:
        """Rebuild images with a fitted model.

        Parameters
        ----------
        model : estimator with ``reconstruct``
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        ReconstructionDisplay
        """
        chosen = plain_stack(as_array(X))
        index = _spread(len(chosen), n_images)
        chosen = chosen[index]
        display = cls.from_predictions(
            chosen,
            model.reconstruct(chosen),
            n_images=n_images,
            n_columns=n_columns,
            image_shape=getattr(model, "image_shape_", None),
            title=title,
        )
        display.index = index
        return display

    def frame(self) -> pd.DataFrame:
        """Images shown, a row each: index, and the mean squared error in units of the range."""
        import pandas as pd

        error = np.square(self.rebuilt - self.originals)
        return pd.DataFrame({"index": self.index, "mse": error.mean(axis=tuple(range(1, error.ndim)))})

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the pairs.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        n_images = len(self.index)
        n_columns = max(1, min(self.n_columns, n_images))
        n_bands = -(-n_images // n_columns)
        aspect = self.originals.shape[1] / self.originals.shape[2]
        band = 2.0 + 0.15 / (aspect + GAP)  # two lines and a little air
        height = 0.7 * (n_bands * band * (aspect + GAP)) + (0.5 if self.title else 0.1)
        ax = self._take_axes(ax, (0.7 * n_columns * (1 + GAP) + 0.8, height))
        for place in range(n_images):
            row, column = (place // n_columns) * band, place % n_columns
            for line, images in enumerate((self.originals, self.rebuilt)):
                draw_cell(ax, images[place], row + line, column, aspect)
                frame_cell(ax, row + line, column, aspect)
        open_mosaic(ax, n_bands * band, n_columns, aspect)
        for number in range(n_bands):
            for line, name in enumerate(("original", "rebuilt")):
                row_name(ax, number * band + line, aspect, name)
        title_axes(ax, self.title)
        return self


def _spread(n_samples, n_images):
    """Positions of at most ``n_images`` rows, first and last included."""
    if n_images < 1 or n_samples < 1:
        raise ValueError(f"n_images and the data must not be empty, got n_images={n_images} and {n_samples} rows.")
    return np.unique(np.linspace(0, n_samples - 1, min(n_images, n_samples)).astype(int))
