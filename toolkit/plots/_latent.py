"""The latent space seen from above: where the images lie in it, and what its places decode to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.labels import check_numbers, check_strings
from toolkit._core.printable import plot_text
from toolkit.plots._display import Display
from toolkit.plots._mosaic import GAP, draw_cell, open_mosaic, unit_images
from toolkit.plots._spread_labels import spread_labels
from toolkit.plots.style import COLOURS, INK, MUTED, tidy_axes, title_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from sklearn.base import BaseEstimator

__all__ = ["LatentDisplay", "LatentGridDisplay"]

_MAX_GROUPS = 62  # as many letters and digits as EMNIST has
_FEW_GROUPS = 12  # names of more are written smaller


class LatentDisplay(Display):
    """Scatter of latent vectors in two dimensions, coloured by labels only if some are given.

    Parameters
    ----------
    points : ndarray of shape (n_samples, 2)
    labels : ndarray of str of shape (n_samples,), default=None
    axis_names : tuple of str
    title : str, default=""

    See Also
    --------
    LatentGridDisplay : What the places decode to.

    Examples
    --------
    >>> display = LatentDisplay.from_predictions([[0.0, 1.0], [2.0, 3.0]], ["a", "b"])
    >>> display.frame()["label"].tolist()
    ['a', 'b']
    """

    def __init__(
        self,
        points: NDArray,
        labels: NDArray | None = None,
        *,
        axis_names: tuple[str, str] = ("latent 1", "latent 2"),
        title: str = "",
    ) -> None:
        self.points = points
        self.labels = labels
        self.axis_names = axis_names
        self.title = title

    @classmethod
    def from_predictions(
        cls, latent: ArrayLike, labels: ArrayLike | None = None, *, max_points: int = 10_000, title: str = ""
    ) -> Self:
        """Hold latent vectors; of more than two dimensions the two principal components are shown.

        Parameters
        ----------
        latent : array-like of shape (n_samples, latent_dim)
        labels : array-like of shape (n_samples,), default=None
        max_points : int, default=10_000
            More are thinned out evenly.
        title : str, default=""

        Returns
        -------
        LatentDisplay
        """
        latent = check_numbers("latent", latent)
        if latent.ndim != 2 or not latent.size or not np.isfinite(latent).all():
            raise ValueError(f"latent must be finite numbers of shape (n_samples, latent_dim), got {latent.shape}.")
        if labels is not None:
            labels = check_strings("labels", labels)
            if len(labels) != len(latent):
                raise ValueError(f"labels has {len(labels)} entries, but there are {len(latent)} latent vectors.")
            if len(np.unique(labels)) > _MAX_GROUPS:
                raise ValueError(f"labels has {len(np.unique(labels))} different values; {_MAX_GROUPS} can be shown.")
        axis_names = ("latent 1", "latent 2")
        if latent.shape[1] == 1:
            latent = np.column_stack([latent, np.zeros(len(latent))])
        elif latent.shape[1] > 2:
            centred = latent - latent.mean(axis=0)
            latent = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
            axis_names = ("principal component 1 of the latent space", "principal component 2")
        step = -(-len(latent) // max_points)
        return cls(latent[::step], None if labels is None else labels[::step], axis_names=axis_names, title=title)

    @classmethod
    def from_estimator(
        cls,
        model: BaseEstimator,
        X: ArrayLike,
        labels: ArrayLike | None = None,
        *,
        max_points: int = 10_000,
        title: str = "",
    ) -> Self:
        """Encode images with a fitted model.

        Parameters
        ----------
        model : estimator with ``transform``
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        labels : array-like of shape (n_samples,), default=None

        Returns
        -------
        LatentDisplay
        """
        rows: Any = X
        step = -(-len(rows) // max_points)
        labels = None if labels is None else check_strings("labels", labels)[::step]
        return cls.from_predictions(model.transform(rows[::step]), labels, max_points=max_points, title=title)

    def frame(self) -> pd.DataFrame:
        """Points, a row each: first, second, label (missing without labels)."""
        import pandas as pd

        labels = [None] * len(self.points) if self.labels is None else self.labels
        return pd.DataFrame({"first": self.points[:, 0], "second": self.points[:, 1], "label": labels})

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the scatter; the name of each label stands at the median of its points, or near it where names are many.

        A thin line leads from a name that had to give way to the median.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        ax = self._take_axes(ax, (5.6, 5.4))
        size = float(np.clip(9000 / len(self.points), 2.0, 24.0))
        names = ["" for _ in self.points] if self.labels is None else self.labels
        colours = _label_colours(sorted(set(names)))
        # One scatter in the order of the data, so that no label covers the others.
        ax.scatter(
            *self.points.T, s=size, c=[colours[name] for name in names], alpha=0.6, linewidths=0, rasterized=True
        )
        ax.set_xlabel(self.axis_names[0])
        ax.set_ylabel(self.axis_names[1])
        tidy_axes(ax)
        title_axes(ax, self.title)
        if self.labels is not None:
            self._name_groups(ax, names, colours)
        return self

    def _name_groups(self, ax, names, colours):
        from matplotlib import patheffects

        groups = sorted(set(names))
        size = 12 if len(groups) <= _FEW_GROUPS else 9
        medians = np.array([np.median(self.points[names == name], axis=0) for name in groups])
        ax.figure.draw_without_rendering()  # so that axes have their final size
        shown = [plot_text(name) for name in groups]
        places = spread_labels(ax, medians, shown, size)
        halo = [patheffects.withStroke(linewidth=3.5, foreground="white")]
        for name, text_shown, place, median in zip(groups, shown, places, medians):
            if not np.array_equal(place, median):
                line = ax.plot(*np.stack([median, place]).T, color=colours[name], linewidth=0.9, zorder=3)[0]
                line.set_path_effects([patheffects.withStroke(linewidth=2.2, foreground="white")])
            text = ax.text(
                *place, text_shown, fontsize=size, fontweight="bold", color=colours[name], ha="center", va="center"
            )
            text.set_path_effects(halo)
            text.set_zorder(4)


class LatentGridDisplay(Display):
    """What a grid of places in the latent space decodes to: the manifold that a decoder has learnt.

    Parameters
    ----------
    images : ndarray of shape (n_rows, n_columns, height, width) or (n_rows, n_columns, height, width, 3)
        Float in [0, 1]; row 0 is on top.
    first, second : ndarray of shape (n_columns,) and (n_rows,)
        Latent values along the columns, left to right, and along the rows, top to bottom.
    dims : tuple of int
        Which two latent dimensions these are.
    title : str, default=""

    See Also
    --------
    LatentDisplay : Where the images lie.

    Examples
    --------
    >>> import numpy as np
    >>> display = LatentGridDisplay(np.zeros((2, 3, 4, 4)), np.array([-1, 0, 1]), np.array([1, -1]))
    >>> display.frame().shape
    (6, 4)
    """

    def __init__(
        self, images: NDArray, first: NDArray, second: NDArray, *, dims: tuple[int, int] = (0, 1), title: str = ""
    ) -> None:
        self.images = images
        self.first = first
        self.second = second
        self.dims = dims
        self.title = title

    @classmethod
    def from_estimator(
        cls, model: BaseEstimator, *, n_per_side: int = 20, dims: tuple[int, int] = (0, 1), title: str = ""
    ) -> Self:
        """Decode a grid with a fitted autoencoder or variational autoencoder.

        The lines of the grid part the latent density into equal shares (Kingma and Welling, 2014, figure 4): the
        standard normal prior, or a normal density with the moments of ``density_``. Other dimensions stay at its mean.

        Parameters
        ----------
        model : Autoencoder or VariationalAutoencoder
            Fitted, with at least two latent dimensions.
        n_per_side : int, default=20
        dims : tuple of int, default=(0, 1)
            Latent dimensions along the columns and the rows.
        title : str, default=""

        Returns
        -------
        LatentGridDisplay
        """
        from scipy.stats import norm

        if model.latent_dim_ < 2 or len(set(dims)) != 2 or not all(0 <= dim < model.latent_dim_ for dim in dims):
            raise ValueError(f"dims must be two of the {model.latent_dim_} latent dimensions, got {dims!r}.")
        if n_per_side < 2:
            raise ValueError(f"n_per_side must be at least 2, got {n_per_side}.")
        mean, deviation = _moments(getattr(model, "density_", None), model.latent_dim_)
        places = norm.ppf((np.arange(n_per_side) + 0.5) / n_per_side)
        first = mean[dims[0]] + deviation[dims[0]] * places
        second = mean[dims[1]] + deviation[dims[1]] * places[::-1]
        latent = np.tile(mean, (n_per_side**2, 1))
        latent[:, dims[0]], latent[:, dims[1]] = np.tile(first, n_per_side), np.repeat(second, n_per_side)
        images = model.inverse_transform(latent)
        images, _ = unit_images(images, model.image_shape_, scale=model.pixel_scale_)
        return cls(images.reshape(n_per_side, n_per_side, *images.shape[1:]), first, second, dims=dims, title=title)

    def frame(self) -> pd.DataFrame:
        """Cells, a row each: row, column, first, second."""
        import pandas as pd

        n_rows, n_columns = len(self.second), len(self.first)
        return pd.DataFrame(
            {
                "row": np.repeat(np.arange(n_rows), n_columns),
                "column": np.tile(np.arange(n_columns), n_rows),
                "first": np.tile(self.first, n_rows),
                "second": np.repeat(self.second, n_columns),
            }
        )

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the grid.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        n_rows, n_columns, height, width = self.images.shape[:4]
        aspect = height / width
        ax = self._take_axes(ax, (0.33 * n_columns + 0.8, 0.33 * aspect * n_rows + (0.9 if self.title else 0.6)))
        # One picture instead of hundreds of small ones.
        sheet = np.moveaxis(self.images, 2, 1).reshape(n_rows * height, n_columns * width, *self.images.shape[4:])
        draw_cell(ax, sheet, 0, 0, n_rows * aspect / n_columns)
        open_mosaic(ax, 1, 1, n_rows * aspect / n_columns)
        low, high = -GAP / 8, n_rows * aspect / n_columns + GAP / 8
        ax.set_xlim(low, 1 - low)
        ax.set_ylim(high, low)
        self._name_axes(ax, high)
        title_axes(ax, self.title)
        return self

    def _name_axes(self, ax, bottom):
        """Which latent values the edges of the grid stand for."""
        quiet = {"fontsize": 8, "color": MUTED}
        names = [f"latent {dim + 1}" for dim in self.dims]
        ax.text(0.0, bottom + 0.01, f"{self.first[0]:.2g}", ha="left", va="top", **quiet)
        ax.text(1.0, bottom + 0.01, f"{self.first[-1]:.2g}", ha="right", va="top", **quiet)
        ax.text(0.5, bottom + 0.01, names[0], ha="center", va="top", fontsize=9, color=INK)
        ax.text(-0.012, bottom, f"{self.second[-1]:.2g}", ha="right", va="bottom", **quiet)
        ax.text(-0.012, 0.0, f"{self.second[0]:.2g}", ha="right", va="top", **quiet)
        ax.text(-0.012, bottom / 2, names[1], ha="right", va="center", rotation=90, fontsize=9, color=INK)


def _moments(mixture, latent_dim):
    """Mean and standard deviation of each latent dimension; standard normal without a mixture."""
    if mixture is None:
        return np.zeros(latent_dim), np.ones(latent_dim)
    covariances = mixture.covariances_
    variances = covariances if mixture.covariance_type == "diag" else np.diagonal(covariances, axis1=1, axis2=2)
    mean = mixture.weights_ @ mixture.means_
    return mean, np.sqrt(mixture.weights_ @ (variances + (mixture.means_ - mean) ** 2))


def _label_colours(names):
    """A colour for each label; without labels one for all."""
    if len(names) == 1:
        return {names[0]: COLOURS[0]}
    # The ninth and tenth are this module's own, apart from the house's eight; beyond ten the names tell.
    palette = (*COLOURS, "#8C510A", "#1B1B1B")
    if len(names) <= len(palette):
        return dict(zip(names, palette))
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return {name: to_hex(colormaps["turbo"](0.05 + 0.9 * i / (len(names) - 1))) for i, name in enumerate(names)}
