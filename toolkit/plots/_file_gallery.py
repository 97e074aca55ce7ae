"""Pictures of files with their names: a row a group, such as a fault, or a picture and its copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.labels import check_strings
from toolkit._core.printable import plot_text
from toolkit.plots._display import Display
from toolkit.plots._mosaic import GAP, draw_cell, frame_cell, row_name, unit_images
from toolkit.plots.style import MUTED, say_nothing, title_axes, title_of_none

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["FileGalleryDisplay"]

_NAME, _LINE = 0.2, 17  # room for a name below a picture, in widths of a picture; letters of a line of it


class FileGalleryDisplay(Display):
    """Pictures of files, each with a name below it, a row a group.

    Parameters
    ----------
    cells : DataFrame
        Columns group, column, name.
    images : ndarray of shape (n_cells, height, width[, 3])
        In the order of ``cells``, float in [0, 1].
    details : dict of str to str
        A quieter second line beside the name of a group.
    title : str, default=""

    See Also
    --------
    CorruptionGalleryDisplay : Examples of each kind, without names.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).random((3, 8, 8))
    >>> display = FileGalleryDisplay.from_predictions(images, ["a.png", "b.png", "c.png"], ["dark", "blurred", "dark"])
    >>> display.frame()[["group", "name"]].values.tolist()
    [['dark', 'a.png'], ['dark', 'c.png'], ['blurred', 'b.png']]
    """

    def __init__(self, cells: pd.DataFrame, images: NDArray, *, details: dict[str, str], title: str = "") -> None:
        self.cells = cells
        self.images = images
        self.details = details
        self.title = title

    @classmethod
    def from_predictions(
        cls,
        images: ArrayLike,
        names: Sequence[str],
        groups: Sequence[str],
        *,
        details: dict[str, str] | None = None,
        n_a_group: int = 8,
        title: str = "",
    ) -> Self:
        """Choose the first of each group, groups in the order in which they appear.

        Parameters
        ----------
        images : array-like of shape (n_samples, height, width[, 3])
        names, groups : sequence of str of shape (n_samples,)
        details : dict of str to str, default=None
            More about a group.
        n_a_group : int, default=8
        title : str, default=""

        Returns
        -------
        FileGalleryDisplay
        """
        import pandas as pd

        names, groups = check_strings("names", list(names)), check_strings("groups", list(groups))
        stack = np.asarray(images)
        for what, values in (("names", names), ("groups", groups)):
            if len(values) != len(stack):
                raise ValueError(f"{what} has {len(values)} entries, but there are {len(stack)} images.")
        table = pd.DataFrame({"group": groups, "name": names})
        table["column"] = table.groupby("group", sort=False).cumcount()
        order = list(dict.fromkeys(groups.tolist()))
        chosen = [i for group in order for i in np.flatnonzero(groups == group)[:n_a_group].tolist()]
        cells = table.loc[chosen, ["group", "column", "name"]].reset_index(drop=True)
        pictures = unit_images(stack[chosen])[0] if chosen else np.zeros((0, 1, 1), dtype=np.float32)
        return cls(cells, pictures, details=dict(details or {}), title=title)

    def frame(self) -> pd.DataFrame:
        """Pictures shown, a row each: group, column, name."""
        return self.cells.copy()

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
        rows = {group: row for row, group in enumerate(dict.fromkeys(self.cells["group"]))}
        n_rows = max(len(rows), 1)
        n_columns = int(self.cells["column"].max()) + 1 if len(self.cells) else 1
        aspect = self.images.shape[1] / self.images.shape[2] if len(self.images) else 1.0
        step = aspect + GAP + _NAME
        ax = self._take_axes(ax, (0.95 * n_columns + 2.4, 0.95 * step * n_rows + (0.5 if self.title else 0.15)))
        for image, group, column, name in zip(self.images, *(self.cells[key] for key in ("group", "column", "name"))):
            row = rows[group] * step / (aspect + GAP)  # in rows of the mosaic, which have no names
            draw_cell(ax, image, row, column, aspect)
            frame_cell(ax, row, column, aspect)
            left, under = column * (1 + GAP) + 0.5, rows[group] * step + aspect + 0.03
            ax.text(left, under, plot_text(_short(name)), ha="center", va="top", fontsize=5.5, color=MUTED)
        ax.set_axis_off()
        ax.set_xlim(-GAP, n_columns * (1 + GAP))
        ax.set_ylim(n_rows * step, -GAP)
        ax.set_aspect("equal")
        for group, row in rows.items():
            row_name(ax, row * step / (aspect + GAP), aspect, _broken(group), self.details.get(group, ""))
        if not len(self.cells):
            say_nothing(ax, "no file")
        title_axes(ax, self.title if len(self.cells) else title_of_none(self.title))
        return self


def _short(name):
    """The end of a path, which tells more than its beginning, in at most two lines."""
    if len(name) > 2 * _LINE:
        name = f"…{name[1 - 2 * _LINE :]}"
    return f"{name[:_LINE]}\n{name[_LINE:]}" if len(name) > _LINE else name


def _broken(words):
    """Words in lines that fit beside a row."""
    lines = [""]
    for word in words.split(" "):
        if len(lines[-1]) + len(word) > 22 and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines[:3])
