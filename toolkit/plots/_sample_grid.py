"""What a generator draws: a sheet of samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.plots._display import Display
from toolkit.plots._mosaic import draw_cell, frame_cell, open_mosaic, unit_images
from toolkit.plots.style import title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.random import RandomState
    from sklearn.base import BaseEstimator

    from toolkit._core.pixel_scale import PixelScale

__all__ = ["SampleGridDisplay"]


class SampleGridDisplay(Display):
    """Images side by side, in the order that they came.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width) or (n_images, height, width, 3)
        Float in [0, 1].
    n_columns : int
    title : str, default=""

    See Also
    --------
    LatentGridDisplay : What a grid of latent places decodes to.

    Examples
    --------
    >>> import numpy as np
    >>> SampleGridDisplay.from_predictions(np.zeros((5, 64))).frame()[["row", "column"]].values.tolist()
    [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1]]
    """

    def __init__(self, images: NDArray, *, n_columns: int, title: str = "") -> None:
        self.images = images
        self.n_columns = n_columns
        self.title = title

    @classmethod
    def from_predictions(
        cls,
        images: ArrayLike,
        *,
        n_columns: int | None = None,
        image_shape: tuple[int, ...] | None = None,
        scale: PixelScale | None = None,
        title: str = "",
    ) -> Self:
        """Hold images.

        Parameters
        ----------
        images : array-like of shape (n_images, height, width[, 3]) or (n_images, n_features)
        n_columns : int, default=None
            As many as make a square, when None.
        image_shape : tuple of int, default=None
            Of flat rows that are not square.
        scale : PixelScale, default=None
            From black to white; learnt from the images when None.
        title : str, default=""

        Returns
        -------
        SampleGridDisplay
        """
        images, _ = unit_images(images, image_shape, scale=scale)
        if n_columns is None:
            n_columns = math.ceil(math.sqrt(len(images)))
        if n_columns < 1:
            raise ValueError(f"n_columns must be at least 1, got {n_columns}.")
        return cls(images, n_columns=min(n_columns, len(images)), title=title)

    @classmethod
    def from_estimator(
        cls,
        model: BaseEstimator,
        n_samples: int = 25,
        *,
        n_columns: int | None = None,
        random_state: int | RandomState | None = None,
        title: str = "",
    ) -> Self:
        """Draw samples from a fitted generator.

        Parameters
        ----------
        model : estimator with ``sample``
        n_samples : int, default=25
        random_state : int, RandomState instance or None, default=None

        Returns
        -------
        SampleGridDisplay
        """
        return cls.from_predictions(
            model.sample(n_samples, random_state=random_state),
            n_columns=n_columns,
            image_shape=getattr(model, "image_shape_", None),
            scale=getattr(model, "pixel_scale_", None),
            title=title,
        )

    def frame(self) -> pd.DataFrame:
        """Images shown, a row each: row, column, mean and standard deviation of the pixels (0 to 1)."""
        import pandas as pd

        places, pixels = np.arange(len(self.images)), tuple(range(1, self.images.ndim))
        return pd.DataFrame(
            {
                "row": places // self.n_columns,
                "column": places % self.n_columns,
                "mean": self.images.mean(axis=pixels),
                "std": self.images.std(axis=pixels),
            }
        )

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the sheet.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        n_rows = -(-len(self.images) // self.n_columns)
        aspect = self.images.shape[1] / self.images.shape[2]
        size = (0.7 * self.n_columns + 0.1, 0.7 * aspect * n_rows + (0.45 if self.title else 0.1))
        ax = self._take_axes(ax, size)
        for place, image in enumerate(self.images):
            draw_cell(ax, image, place // self.n_columns, place % self.n_columns, aspect)
            frame_cell(ax, place // self.n_columns, place % self.n_columns, aspect)
        open_mosaic(ax, n_rows, self.n_columns, aspect)
        title_axes(ax, self.title)
        return self
