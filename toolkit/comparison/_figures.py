"""The figures of several tables in one file, for whoever wants to check them later."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit._core.files import write_json
from toolkit._core.types import PathLike
from toolkit._core.versions import versions

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["write_tables"]


def _label(value):
    """Names of rows and columns, those of several levels in one line; a count stays a number."""
    if isinstance(value, tuple):
        return " ".join(map(str, value)).strip()
    return value.item() if hasattr(value, "item") else value


def _plain_table(name, frame):
    import pandas as pd

    if isinstance(frame, pd.Series):
        frame = frame.to_frame()
    if not isinstance(frame, pd.DataFrame):
        raise ValueError(f"tables[{name!r}] must be a DataFrame or Series, got {type(frame).__name__}.")
    if frame.empty:
        raise ValueError(f"tables[{name!r}] must hold at least one row and one column, got shape {frame.shape}.")
    rows = frame.astype(object).where(frame.notna(), None)
    return {
        "columns": [str(_label(column)) for column in frame.columns],
        "index": [str(_label(label)) for label in frame.index],
        "rows": [
            [value if isinstance(value, (int, float, bool)) else _text(value) for value in row]
            for row in (map(_label, row) for row in rows.itertuples(index=False, name=None))
        ],
    }


def _text(value):
    return None if value is None else str(value)


def write_tables(tables: "Mapping[str, pd.DataFrame | pd.Series]", path: PathLike) -> Path:
    """Write tables as one JSON file, whole or not at all, with the versions that they were made with.

    A notebook ends with it: what it shows is for reading, this file is for checking and for other programs.

    Parameters
    ----------
    tables : dict of str to DataFrame or Series
    path : str or path
        Ends in ``.json``.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        No tables, one that is no frame or empty, or another suffix.

    See Also
    --------
    write_table : One frame as CSV or Markdown.

    Notes
    -----
    The file holds ``tables``, by name ``columns`` and ``index`` (as text; several levels joined by a space) and
    ``rows`` (numbers, truth values, text; a missing value is null), and ``versions``.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"auroc": [0.75]}, index=["lof"])
    >>> path = write_tables({"detectors": frame}, pathlib.Path(tempfile.mkdtemp()) / "results.json")
    >>> json.loads(path.read_text())["tables"]["detectors"]
    {'columns': ['auroc'], 'index': ['lof'], 'rows': [[0.75]]}
    """
    path = Path(path)
    if path.suffix != ".json":
        raise ValueError(f"path must end in .json, got {path.name!r}.")
    if not isinstance(tables, dict) or not tables:
        raise ValueError(f"tables must name at least one table, got {tables!r}.")
    content = {str(name): _plain_table(name, frame) for name, frame in tables.items()}
    write_json(path, {"tables": content, "versions": versions()})
    return path
