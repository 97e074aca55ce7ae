"""The gallery of what a generator never draws: real images, a row for each dropped mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.parameters import check_positive_int
from toolkit.plots._display import Display
from toolkit.plots._mosaic import draw_cell, frame_cell, open_mosaic, row_name, unit_images
from toolkit.plots.style import say_nothing, title_axes, title_of_none

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from toolkit._core.pixel_scale import PixelScale
    from toolkit.coverage import CoverageRecord, ModeCoverage

__all__ = ["DroppedModesDisplay"]


class DroppedModesDisplay(Display):
    """Real images from the parts of the data that samples hardly reach.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width) or (n_images, height, width, 3)
        Float in [0, 1].
    shown : DataFrame
        A row an image: dropped_mode, bin, row.
    shares : list of tuple of float
        Share of real rows and of samples in each dropped mode.
    title : str, default=""
    covered : bool, default=True
        Whether the samples passed for covering the data: what is said where no part was dropped.

    See Also
    --------
    CoverageMapDisplay : The map of modes.

    Examples
    --------
    >>> from toolkit.coverage import ModeCoverage
    >>> from toolkit.datasets import load_glyphs
    >>> data = load_glyphs(2000, classes="01234", random_state=0)
    >>> coverage = ModeCoverage(random_state=0).fit(data.images)
    >>> record = coverage.evaluate(data.images[data.labels != "0"])
    >>> display = DroppedModesDisplay.from_estimator(coverage, record)
    >>> set(data.labels[display.frame()["row"]].tolist())
    {'0'}
    """

    def __init__(
        self,
        images: NDArray,
        shown: pd.DataFrame,
        shares: list[tuple[float, float]],
        *,
        title: str = "",
        covered: bool = True,
    ) -> None:
        self.images = images
        self.shown = shown
        self.shares = shares
        self.title = title
        self.covered = covered

    @classmethod
    def from_predictions(
        cls,
        images: ArrayLike,
        shown: pd.DataFrame,
        shares: list[tuple[float, float]],
        *,
        image_shape: tuple[int, ...] | None = None,
        scale: PixelScale | None = None,
        title: str = "",
        covered: bool = True,
    ) -> Self:
        """Hold images of dropped modes.

        Parameters
        ----------
        images : array-like of shape (n_images, height, width[, 3]) or (n_images, n_features)
        shown : DataFrame
            A row an image: dropped_mode, bin, row.
        shares : list of tuple of float
            Of real rows and of samples, for each dropped mode.
        image_shape : tuple of int, default=None
            Of flat rows that are not square.
        scale : PixelScale, default=None
            From black to white; learnt from the images when None.
        title : str, default=""
        covered : bool, default=True
            Whether the samples passed for covering the data.

        Returns
        -------
        DroppedModesDisplay
        """
        images = np.asarray(images)
        if len(images) != len(shown):
            raise ValueError(f"shown has {len(shown)} rows, but there are {len(images)} images.")
        if len(images):
            images, _ = unit_images(images, image_shape, scale=scale)
        return cls(images, shown, list(shares), title=title, covered=covered)

    @classmethod
    def from_estimator(
        cls,
        coverage: ModeCoverage,
        record: CoverageRecord,
        *,
        n_per_mode: int = 12,
        max_modes: int = 12,
        title: str = "",
    ) -> Self:
        """Show what an evaluation found missing, the largest parts first.

        Parameters
        ----------
        coverage : ModeCoverage
            That made the record.
        record : CoverageRecord
        n_per_mode : int, default=12
        max_modes : int, default=12

        Returns
        -------
        DroppedModesDisplay
        """
        check_positive_int("n_per_mode", n_per_mode)
        check_positive_int("max_modes", max_modes)
        images, shown = coverage.dropped_examples(record, n_per_mode=n_per_mode)
        kept = (shown["dropped_mode"] < max_modes).to_numpy()
        shares = [(mode.real_share, mode.sample_share) for mode in record.dropped_modes[:max_modes]]
        return cls.from_predictions(
            images[kept],
            shown[kept].reset_index(drop=True),
            shares,
            scale=coverage.pixel_scale_,
            title=title,
            covered=any(part.name == "coverage" and part.passed for part in record.parts),
        )

    def frame(self) -> pd.DataFrame:
        """Images shown, a row each: dropped_mode, bin, row (of the data)."""
        return self.shown.copy()

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the gallery; a sentence where nothing was dropped.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        if not len(self.images):
            ax = self._take_axes(ax, (5.0, 0.9))
            ax.set_axis_off()
            if self.covered:
                say_nothing(ax, "None is missing: no part of the data was dropped.")
                title_axes(ax, title_of_none(self.title))
            else:  # as where all samples are one image: too few different ones to say of any bin that it is empty
                say_nothing(ax, "No single part can be named, and yet the data is not covered: see the verdict.")
                title_axes(ax, self.title)
            return self
        columns = self.shown.groupby("dropped_mode").cumcount()
        n_rows, n_columns = int(self.shown["dropped_mode"].max()) + 1, int(columns.max()) + 1
        aspect = self.images.shape[1] / self.images.shape[2]
        ax = self._take_axes(ax, (0.62 * n_columns + 2.1, 0.62 * aspect * n_rows + (0.5 if self.title else 0.15)))
        for image, row, column in zip(self.images, self.shown["dropped_mode"], columns):
            draw_cell(ax, image, row, column, aspect)
            frame_cell(ax, row, column, aspect)
        open_mosaic(ax, n_rows, n_columns, aspect)
        for row, (real, drawn) in enumerate(self.shares):
            row_name(ax, row, aspect, f"{real:.1%} of the data", f"{drawn:.1%} of the samples")
        title_axes(ax, self.title)
        return self
