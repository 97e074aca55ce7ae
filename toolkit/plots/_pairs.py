"""Before and after: what a repair did, image by image."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.labels import check_strings, check_truth
from toolkit._core.layouts import as_array, plain_stack
from toolkit.plots._display import Display
from toolkit.plots._mosaic import GAP, draw_cell, frame_cell, open_mosaic, row_name, unit_images
from toolkit.plots.style import INK, kind_name, kind_order, say_nothing, title_axes, title_of_none

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from toolkit.restoration import ImageRestorer

__all__ = ["RepairPairsDisplay"]

_LETTERS = 14  # of a line of a name above a pair


class RepairPairsDisplay(Display):
    """Images before and after their repair, and the clean copy where there is one.

    Parameters
    ----------
    pairs : DataFrame
        Columns index, kind, repaired; one row a pair.
    before, after : ndarray of shape (n_pairs, height, width) or (n_pairs, height, width, 3)
        Float in [0, 1].
    clean : ndarray, default=None
        As ``before``.
    n_columns : int, default=10
        Pairs side by side; more go into another band below.
    title : str, default=""

    See Also
    --------
    CorruptionGalleryDisplay : Examples of each kind.

    Examples
    --------
    >>> import numpy as np
    >>> before = np.zeros((3, 8, 8)); after = before.copy(); after[1] = 1.0
    >>> display = RepairPairsDisplay.from_predictions(before, after, ["clean", "invert", "clean"])
    >>> display.frame()["index"].tolist()
    [1]
    """

    def __init__(
        self,
        pairs: pd.DataFrame,
        before: NDArray,
        after: NDArray,
        *,
        clean: NDArray | None = None,
        n_columns: int = 10,
        title: str = "",
    ) -> None:
        self.pairs = pairs
        self.before = before
        self.after = after
        self.clean = clean
        self.n_columns = n_columns
        self.title = title

    @classmethod
    def from_predictions(
        cls,
        before: ArrayLike,
        after: ArrayLike,
        kinds: ArrayLike | None = None,
        *,
        clean: ArrayLike | None = None,
        repaired: ArrayLike | None = None,
        n_pairs: int = 10,
        n_columns: int = 10,
        image_shape: tuple[int, ...] | None = None,
        title: str = "",
    ) -> Self:
        """Choose pairs, taking turns between the kinds.

        Parameters
        ----------
        before, after : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        kinds : array-like of str of shape (n_samples,), default=None
            What was found in each image.
        clean : array-like, default=None
            The images before they were corrupted, where they are known.
        repaired : array-like of bool of shape (n_samples,), default=None
            Which pairs to choose from; those whose pixels differ when None.
        n_pairs : int, default=10
        n_columns : int, default=10
        image_shape : tuple of int, default=None
        title : str, default=""

        Returns
        -------
        RepairPairsDisplay
        """
        import pandas as pd

        before, after = plain_stack(as_array(before)), plain_stack(as_array(after))
        if before.shape != after.shape:
            raise ValueError(f"before and after must have one shape, got {before.shape} and {after.shape}.")
        n_samples = len(before)
        names = np.full(n_samples, "") if kinds is None else check_strings("kinds", kinds)
        if repaired is None:
            repaired = (before != after).any(axis=tuple(range(1, before.ndim)))
        else:
            repaired = check_truth("repaired", repaired, np.size(repaired))
        for what, values in (("kinds", names), ("repaired", repaired)):
            if len(values) != n_samples:
                raise ValueError(f"{what} has {len(values)} entries, but there are {n_samples} images.")
        index = _take_turns(names, repaired, n_pairs)
        pairs = pd.DataFrame({"index": index, "kind": names[index], "repaired": repaired[index]})
        # One grey scale for the pair: a repair must not look brighter because its range grew.
        from toolkit._core.images import as_stack
        from toolkit._core.pixel_scale import PixelScale

        few = before[:: max(1, n_samples // 2000)]
        scale = PixelScale.learn(as_stack(few, image_shape)) if n_samples else None
        pictures = [_pictures(X[index], image_shape, scale) for X in (before, after)]
        truth = None if clean is None else _pictures(plain_stack(as_array(clean))[index], image_shape, scale)
        return cls(pairs, *pictures, clean=truth, n_columns=n_columns, title=title)

    @classmethod
    def from_estimator(
        cls,
        restorer: ImageRestorer,
        X: ArrayLike,
        *,
        clean: ArrayLike | None = None,
        n_pairs: int = 10,
        n_columns: int = 10,
        title: str = "",
    ) -> Self:
        """Restore X with a fitted ``ImageRestorer`` and show what it changed.

        Parameters
        ----------
        restorer : ImageRestorer
            Fitted.
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        RepairPairsDisplay
        """
        after, repairs = restorer.restore(X)
        return cls.from_predictions(
            X,
            after,
            repairs["kind"],
            clean=clean,
            repaired=repairs["repaired"].astype(bool),
            n_pairs=n_pairs,
            n_columns=n_columns,
            image_shape=getattr(restorer, "image_shape_", None),
            title=title,
        )

    def frame(self) -> pd.DataFrame:
        """Pairs shown, a row each: index, kind, repaired, and the mean absolute change (0 to 1)."""
        change = np.abs(self.after - self.before)
        return self.pairs.assign(mean_change=change.mean(axis=tuple(range(1, change.ndim))))

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the pairs, before above after.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            A new figure when None.

        Returns
        -------
        self
        """
        lines = [("before", self.before), ("after", self.after)]
        if self.clean is not None:
            lines.append(("clean copy", self.clean))
        n_pairs = len(self.pairs)
        n_columns = max(min(self.n_columns, n_pairs), 1)
        n_bands = max(-(-n_pairs // n_columns), 1)
        aspect = self.before.shape[1] / self.before.shape[2] if n_pairs else 1.0
        # A band is its lines and one part-row above them that carries the names of the kinds.
        head = 0.42 / (aspect + GAP)
        band = len(lines) + head
        height = (0.78 if n_pairs else 0.3) * n_bands * band * (aspect + GAP) + (0.5 if self.title else 0.1)
        ax = self._take_axes(ax, (0.8 * n_columns + (1.0 if n_pairs else 2.0), height))
        for place, kind in enumerate(self.pairs["kind"]):
            row, column = (place // n_columns) * band + head, place % n_columns
            for line, (_, images) in enumerate(lines):
                draw_cell(ax, images[place], row + line, column, aspect)
                frame_cell(ax, row + line, column, aspect)
            left, top = column * (1 + GAP), row * (aspect + GAP)
            name = "\n".join(textwrap.wrap(kind_name(kind), _LETTERS))
            ax.text(left + 0.5, top - 0.06, name, ha="center", va="bottom", fontsize=7, color=INK, linespacing=1.1)
        open_mosaic(ax, n_bands * band, n_columns, aspect)
        for number in range(n_bands if n_pairs else 0):
            for line, (name, _) in enumerate(lines):
                row_name(ax, number * band + head + line, aspect, name)
        if not n_pairs:
            say_nothing(ax, "nothing was changed")
        title_axes(ax, self.title if n_pairs else title_of_none(self.title))
        return self


def _pictures(X, image_shape, scale):
    return unit_images(X, image_shape, scale=scale)[0] if len(X) else np.zeros((0, 1, 1), dtype=np.float32)


def _take_turns(kinds, eligible, n_pairs):
    """Indices that go round the kinds until there are ``n_pairs``, shown kind by kind."""
    queues = [np.flatnonzero(eligible & (kinds == kind)).tolist() for kind in kind_order(kinds[eligible])]
    chosen = [[] for _ in queues]
    turn = 0
    while sum(map(len, chosen)) < n_pairs and any(len(queue) > turn for queue in queues):
        for queue, taken in zip(queues, chosen):
            if turn < len(queue) and sum(map(len, chosen)) < n_pairs:
                taken.append(queue[turn])
        turn += 1
    return np.array([i for taken in chosen for i in taken], dtype=np.intp)
