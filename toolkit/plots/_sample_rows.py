"""Rows of images under each other, a name to each row: what several generators draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.plots._display import Display
from toolkit.plots._mosaic import draw_cell, frame_cell, open_mosaic, row_name, unit_images
from toolkit.plots.style import title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from toolkit._core.pixel_scale import PixelScale

__all__ = ["SampleRowsDisplay"]


class SampleRowsDisplay(Display):
    """Images in named rows.

    Parameters
    ----------
    rows : dict of str to ndarray of shape (n_images, height, width[, 3])
        Float in [0, 1]; all images of one shape.
    details : dict of str to str
        Small print under a name.
    title : str, default=""

    See Also
    --------
    SampleGridDisplay : Images of a single source.

    Examples
    --------
    >>> import numpy as np
    >>> rows = {"images": np.zeros((3, 8, 8)), "samples": np.ones((2, 8, 8))}
    >>> SampleRowsDisplay.from_predictions(rows).frame().groupby("name")["mean"].mean().tolist()
    [0.0, 1.0]
    """

    def __init__(self, rows: dict[str, NDArray], *, details: dict[str, str], title: str = "") -> None:
        self.rows = rows
        self.details = details
        self.title = title

    @classmethod
    def from_predictions(
        cls,
        rows: Mapping[str, ArrayLike],
        *,
        details: dict[str, str] | None = None,
        image_shape: tuple[int, ...] | None = None,
        scale: PixelScale | None = None,
        title: str = "",
    ) -> Self:
        """Hold rows of images.

        Parameters
        ----------
        rows : dict of str to array-like of shape (n_images, height, width[, 3]) or (n_images, n_features)
        details : dict of str to str, default=None
        image_shape : tuple of int, default=None
            Of flat rows that are not square.
        scale : PixelScale, default=None
            From black to white; learnt from all the images when None.
        title : str, default=""

        Returns
        -------
        SampleRowsDisplay
        """
        if not rows:
            raise ValueError("rows must name at least one row of images, got none.")
        names = [str(name) for name in rows]
        parts = [np.asarray(part) for part in rows.values()]
        lengths = [len(part) for part in parts]
        together, _ = unit_images(np.concatenate(parts), image_shape, scale=scale)
        parts = np.split(together, np.cumsum(lengths)[:-1])
        return cls(dict(zip(names, parts)), details=dict(details or {}), title=title)

    def frame(self) -> pd.DataFrame:
        """Images shown, a row each: name, column, mean and standard deviation of the pixels (0 to 1)."""
        import pandas as pd

        return pd.concat(
            [
                pd.DataFrame(
                    {
                        "name": name,
                        "column": np.arange(len(images)),
                        "mean": images.mean(axis=tuple(range(1, images.ndim))),
                        "std": images.std(axis=tuple(range(1, images.ndim))),
                    }
                )
                for name, images in self.rows.items()
            ],
            ignore_index=True,
        )

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the rows.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        n_columns = max(len(images) for images in self.rows.values())
        shape = next(iter(self.rows.values())).shape
        aspect = shape[1] / shape[2]
        size = (0.7 * n_columns + 2.0, 0.78 * aspect * len(self.rows) + (0.45 if self.title else 0.1))
        ax = self._take_axes(ax, size)
        for row, (name, images) in enumerate(self.rows.items()):
            for column, image in enumerate(images):
                draw_cell(ax, image, row, column, aspect)
                frame_cell(ax, row, column, aspect)
            row_name(ax, row, aspect, name, self.details.get(name, "" if len(images) else "none"))
        open_mosaic(ax, len(self.rows), n_columns, aspect)
        title_axes(ax, self.title)
        return self
