"""Tables as files and as text for people."""

from pathlib import Path
from typing import TYPE_CHECKING

from toolkit._core.files import csv_text, write_text
from toolkit._core.parameters import check_int
from toolkit._core.types import PathLike

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["to_markdown", "write_table"]


def _escaped(value):
    return value.replace("|", "\\|").replace("\n", " ") if isinstance(value, str) else value


def to_markdown(frame: "pd.DataFrame | pd.Series", *, precision: int = 3, index: bool | None = None) -> str:
    """A frame as a Markdown table.

    Parameters
    ----------
    frame : DataFrame or Series
    precision : int, default=3
        Decimals of floats.
    index : bool, default=None
        Write the index; None writes it unless it merely counts.

    Returns
    -------
    str
        Bars and line breaks within cells are escaped; a missing figure is an empty cell.

    Examples
    --------
    >>> import pandas as pd
    >>> print(to_markdown(pd.DataFrame({"method": ["lof"], "auroc": [0.91234]})))
    | method   |   auroc |
    |:---------|--------:|
    | lof      |   0.912 |
    """
    import pandas as pd

    check_int("precision", precision, low=0)
    if isinstance(frame, pd.Series):
        frame = frame.to_frame()
    if index is None:
        index = not isinstance(frame.index, pd.RangeIndex)
    if index:
        frame = frame.reset_index()
    columns = [" ".join(map(str, c)) if isinstance(c, tuple) else str(c) for c in frame.columns]
    # Text stays text: "007" and "1e5" are names, not numbers.
    texts = _texts(frame)
    frame = frame.map(_escaped).set_axis([_escaped(column) for column in columns], axis=1)
    frame = frame.astype(object).where(frame.notna(), None)
    return frame.to_markdown(index=False, floatfmt=f".{precision}f", missingval="", disable_numparse=texts)


def _texts(frame):
    """Positions of the columns that tabulate must not read as numbers."""
    from pandas.api.types import is_numeric_dtype

    return [place for place in range(frame.shape[1]) if not is_numeric_dtype(frame.iloc[:, place])]


def write_table(frame: "pd.DataFrame | pd.Series", path: PathLike, *, precision: int = 3) -> Path:
    """Write a frame as CSV or Markdown, whole or not at all.

    Parameters
    ----------
    frame : DataFrame or Series
    path : str or path
        ``.csv`` keeps every digit; ``.md`` is for reading.
    precision : int, default=3
        Decimals in Markdown.

    Returns
    -------
    Path

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"method": ["lof"], "auroc": [0.91234]})
    >>> path = write_table(frame, tempfile.mkdtemp() + "/table.md", precision=2)
    >>> print(path.read_text())
    | method   |   auroc |
    |:---------|--------:|
    | lof      |    0.91 |
    """
    import pandas as pd

    path = Path(path)
    if path.suffix == ".csv":
        text = csv_text(frame, index=not isinstance(frame.index, pd.RangeIndex))
    elif path.suffix == ".md":
        text = to_markdown(frame, precision=precision) + "\n"
    else:
        raise ValueError(f"path must end in .csv or .md, got {path.name!r}.")
    write_text(path, text)
    return path
