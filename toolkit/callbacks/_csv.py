"""A training as a CSV file that grows while it runs."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit._core.files import write_text
from toolkit._core.printable import printable
from toolkit._core.types import PathLike
from toolkit.callbacks._events import TrainingLogger

__all__ = ["CSVLogger"]


class CSVLogger(TrainingLogger):
    """Hook that writes the losses of a training to a CSV file, a row an event, as they come.

    Parameters
    ----------
    path : path-like
    resume : bool, default=False
        The training goes on from a checkpoint: what the file holds of later steps goes, the rest stays.
    watch : sequence of hooks, default=()
        As in :class:`TrainingLogger`; their columns stand beside those of the losses.

    Raises
    ------
    FileExistsError
        ``path`` is there, and it is not ``resume``.

    Notes
    -----
    The first column is ``step``. A name that comes later becomes a new column, and the file is written anew once.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import pandas as pd
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.generators import VariationalAutoencoder
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "losses.csv"
    >>> X = load_digits().images[:64]
    >>> model = VariationalAutoencoder(epochs=3, random_state=0).fit(X, hooks=[CSVLogger(path)])
    >>> pd.read_csv(path)["epoch"].tolist()
    [1.0, 2.0, 3.0]
    """

    def __init__(self, path: PathLike, *, resume: bool = False, watch: Sequence[Any] = ()) -> None:
        super().__init__(watch=watch)
        self.path, self.resume = Path(path), resume
        if self.path.exists() and not resume:
            raise FileExistsError(
                f"{printable(path)} is there: remove it, choose another name, or say resume=True to go on with it."
            )
        self._columns: list[str] = []
        self._started = False

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Write a row."""
        if not self._started:
            self._start()
        new = [name for name in values if name not in self._columns]
        if new:
            self._columns = [*(self._columns or ["step"]), *new]
            self._rewrite(self._rows())
        with open(self.path, "a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, self._columns, lineterminator="\n").writerow({"step": step, **values})

    def _start(self) -> None:
        """Keep what an interrupted training wrote up to its checkpoint; without one, begin anew."""
        kept = [row for row in self._rows() if int(row["step"]) <= self.last_step] if self.resume else []
        self._columns = list(kept[0]) if kept else ["step"]
        self._rewrite(kept)
        self._started = True

    def _rows(self) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        with open(self.path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        # A last line that a crash cut off is no row.
        return [row for row in rows if None not in row and None not in row.values() and str(row.get("step")).isdigit()]

    def _rewrite(self, rows: list[dict[str, Any]]) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self._columns, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self.path, text.getvalue())
