"""Frames as rows of formatted cells, ready for the page."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Table", "build_table", "format_value"]


@dataclass(frozen=True)
class Table:
    """What the template needs of a table: text, and which columns hold numbers."""

    columns: tuple
    numeric: tuple
    rows: tuple
    n_rows: int
    has_index: bool

    @property
    def is_cut(self) -> bool:
        return self.n_rows > len(self.rows)


def format_value(value: object, precision: int = 3) -> str:
    """One cell as a person reads it.

    Parameters
    ----------
    value : object
    precision : int, default=3
        Decimals of a float; small and large ones keep that many significant digits instead.

    Returns
    -------
    str
        Missing values are a dash, thousands are set apart by commas.

    Examples
    --------
    >>> format_value(0.98765), format_value(20000), format_value(float("nan")), format_value(True)
    ('0.988', '20,000', '—', 'yes')
    """
    if value is None:
        return "—"
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        return "yes" if value else "no"
    if isinstance(value, numbers.Integral):
        return f"{int(value):,}"
    if isinstance(value, numbers.Real):
        value = float(value)
        if math.isnan(value):
            return "—"
        if math.isinf(value):
            return "∞" if value > 0 else "-∞"
        if value and (abs(value) < 10**-precision or abs(value) >= 1e7):
            return f"{value:.{precision}g}"
        return f"{value:,.{precision}f}"
    if type(value).__name__ == "NAType" or value != value:  # pandas.NA, which compares as itself, and NaT
        return "—"
    if isinstance(value, tuple):
        return " · ".join(format_value(part, precision) for part in value)
    return str(value)


def _format_with(value, template, precision):
    """A column's own format, which a missing value or a text in that column passes by."""
    missing = isinstance(value, numbers.Real) and not math.isfinite(value)
    if template is None or missing or not isinstance(value, numbers.Number):
        return format_value(value, precision)
    return template.format(value)


def build_table(
    frame: pd.DataFrame | pd.Series,
    *,
    precision: int = 3,
    formats: dict[str, str] | None = None,
    max_rows: int | None = 100,
    index: bool | None = None,
) -> Table:
    """Turn a frame into a :class:`Table`.

    Parameters
    ----------
    frame : DataFrame or Series
    precision : int, default=3
    formats : dict of column to str, default=None
        Python format strings such as ``"{:.1%}"``.
    max_rows : int or None, default=100
        More rows than that are cut; the caption says so.
    index : bool, default=None
        Show the index; None shows it unless it is the plain 0, 1, 2, ...

    Returns
    -------
    Table
    """
    import pandas as pd

    if isinstance(frame, pd.Series):
        frame = frame.to_frame(name="value" if frame.name is None else frame.name)
    if not isinstance(frame, pd.DataFrame):
        raise TypeError(f"frame must be a pandas DataFrame or Series, got {type(frame).__name__}.")
    formats = formats or {}
    unknown = [column for column in formats if column not in frame.columns]
    if unknown:
        raise ValueError(f"formats names columns that the frame lacks: {unknown}; it has {list(frame.columns)}.")
    if index is None:
        index = not isinstance(frame.index, pd.RangeIndex)
    shown = frame if max_rows is None else frame.iloc[:max_rows]
    columns, numeric, cells = [], [], []
    if index:
        name = frame.index.name if frame.index.nlevels == 1 else " · ".join(str(n or "") for n in frame.index.names)
        columns.append(name or "")
        numeric.append(False)
        cells.append([format_value(value, precision) for value in shown.index])
    for position, column in enumerate(frame.columns):
        values = shown.iloc[:, position]
        columns.append(format_value(column, precision) if isinstance(column, tuple) else str(column))
        numeric.append(pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values))
        cells.append([_format_with(value, formats.get(column), precision) for value in values.tolist()])
    rows = tuple(zip(*cells)) if cells else ()
    return Table(tuple(columns), tuple(numeric), rows, len(frame), bool(index))
