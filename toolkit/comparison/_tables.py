"""Tables of comparisons: checked, joined, made long, made readable."""

from typing import TYPE_CHECKING

import numpy as np

from toolkit._core.names import lookup
from toolkit._core.parameters import check_int
from toolkit.comparison._metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_same_sets", "check_table", "combine_tables", "melt_metrics", "pivot_table"]

_KEYS = ["method", "data", "seed"]


def check_table(table, metric=None):
    """A frame with the columns of a comparison, no cell twice, and figures only where a cell did not fail."""
    import pandas as pd

    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"table must be a DataFrame of a comparison, got {type(table).__name__}.")
    missing = [column for column in _KEYS if column not in table.columns]
    if missing or table.empty:
        raise ValueError(f"table must hold rows with the columns {_KEYS}, missing: {missing or 'every row'}.")
    if metric is not None:
        lookup({m: m for m in METRICS if m in table.columns}, metric, "metric")
    twice = table[table.duplicated(_KEYS)]
    if len(twice):
        raise ValueError(f"table holds a cell twice: {dict(twice.iloc[0][_KEYS])}.")
    return table


def check_same_sets(table):
    """Refuse methods that were not judged on the same sets with the same seeds: their figures do not compare."""
    covered = {method: set(zip(rows["data"], rows["seed"])) for method, rows in table.groupby("method", sort=False)}
    first, expected = next(iter(covered.items()))
    for method, cells in covered.items():
        if cells != expected:
            differing = sorted(cells ^ expected, key=str)[:3]
            raise ValueError(
                f"Methods were judged on different sets: {first!r} and {method!r} differ in "
                f"{', '.join(f'(data={data!r}, seed={seed})' for data, seed in differing)}. Run the missing cells."
            )
    if "data_id" in table.columns:
        known = table.dropna(subset=["data_id"])
        for name, ids in known.groupby("data")["data_id"]:
            if ids.nunique() > 1:
                raise ValueError(
                    f"Methods were judged on different sets: the name {name!r} stands for {ids.nunique()} sets of "
                    f"different content (data_id {', '.join(sorted(ids.unique()))})."
                )
    return table


def values_of(table, metric):
    """The metric's column, NaN where the cell failed whatever stands there."""
    values = table[metric].astype(float)
    return values.where(table["status"] == "ok") if "status" in table.columns else values


def combine_tables(*tables: "pd.DataFrame") -> "pd.DataFrame":
    """Join tables of comparisons of different methods on the same sets.

    Parameters
    ----------
    *tables : DataFrame
        Of :func:`compare_detectors` or :func:`compare_restorers`, also read back from CSV.

    Returns
    -------
    DataFrame

    Raises
    ------
    ValueError
        A cell twice, or methods that cover different (data, seed) sets, or one name for sets of different content.

    Examples
    --------
    >>> import pandas as pd
    >>> one = pd.DataFrame({"method": ["a"], "data": ["x"], "seed": [0], "auroc": [0.9]})
    >>> two = pd.DataFrame({"method": ["b"], "data": ["y"], "seed": [0], "auroc": [0.8]})
    >>> combine_tables(one, two)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: Methods were judged on different sets: 'a' and 'b' differ in (data='x', seed=0), (data='y', ...
    """
    import pandas as pd

    if not tables:
        raise ValueError("At least one table is needed, got none.")
    table = pd.concat([check_table(table) for table in tables], ignore_index=True)
    check_same_sets(check_table(table))
    table.attrs["greater_is_better"] = {metric: METRICS[metric] for metric in METRICS if metric in table.columns}
    return table


def melt_metrics(table: "pd.DataFrame") -> "pd.DataFrame":
    """The long form: one row per method x data x seed x metric.

    Parameters
    ----------
    table : DataFrame
        Of a comparison.

    Returns
    -------
    DataFrame
        method, data, seed, metric, value, greater_is_better, and status and error where the table has them.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"method": ["a"], "data": ["x"], "seed": [0], "auroc": [0.9], "fit_seconds": [1.5]})
    >>> melt_metrics(table)[["metric", "value", "greater_is_better"]].values.tolist()
    [['auroc', 0.9, True], ['fit_seconds', 1.5, False]]
    """
    check_table(table)
    metrics = [metric for metric in METRICS if metric in table.columns]
    if not metrics:
        raise ValueError(f"table has none of the metrics {', '.join(METRICS)}.")
    kept = [column for column in ("status", "error") if column in table.columns]
    clean = table.assign(**{metric: values_of(table, metric) for metric in metrics})
    long = clean.melt(id_vars=_KEYS + kept, value_vars=metrics, var_name="metric", value_name="value")
    long["greater_is_better"] = long["metric"].map(METRICS)
    return long[[*_KEYS, "metric", "value", "greater_is_better", *kept]]


def pivot_table(
    table: "pd.DataFrame", metric: str = "auroc", *, precision: int = 3, as_text: bool = True
) -> "pd.DataFrame":
    """Methods down, data sets across: mean ± sd over the seeds, the best method first.

    Parameters
    ----------
    table : DataFrame
        Of a comparison.
    metric : str, default="auroc"
    precision : int, default=3
        Decimals of the text.
    as_text : bool, default=True
        ``"0.912 ± 0.013"``; False gives numbers under (data, mean | sd | n_ok | n_failed).

    Returns
    -------
    DataFrame
        One seed has no spread, so none is written. A cell of which seeds failed says so beside the mean of the others;
        one of which all failed says ``failed``. The text form ends with ``mean``, over the sets, empty for a method
        that failed anywhere, since it would be a mean over other sets.

    Raises
    ------
    ValueError
        If the methods cover different sets.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"method": "a", "data": "x", "seed": [0, 1], "auroc": [0.8, 0.9]})
    >>> pivot_table(table).loc["a", "x"]
    '0.850 ± 0.071'
    """
    import pandas as pd

    check_int("precision", precision, low=0)
    check_same_sets(check_table(table, metric))
    cells = (
        table.assign(value=values_of(table, metric))
        .groupby(["method", "data"], sort=False)["value"]
        .agg(mean="mean", sd="std", n_ok="count", n_failed=lambda values: values.isna().sum())
    )
    numbers = cells.unstack("data").swaplevel(axis=1)
    names = list(dict.fromkeys(table["data"]))
    numbers = numbers[[(name, figure) for name in names for figure in ("mean", "sd", "n_ok", "n_failed")]]
    failed = numbers.xs("n_failed", axis=1, level=1).sum(axis=1) > 0
    overall = numbers.xs("mean", axis=1, level=1).mean(axis=1).where(~failed)
    order = overall.sort_values(ascending=not METRICS[metric], na_position="last", kind="stable").index
    numbers = numbers.loc[order].rename_axis(columns=["data", metric])
    if not as_text:
        return numbers
    text = pd.DataFrame(index=order)
    for name in names:
        text[name] = [_cell_text(row, precision) for row in numbers[name].itertuples(index=False)]
    if len(names) > 1:
        text["mean"] = [_number_text(value, precision) for value in overall[order]]
    return text.rename_axis("method")


def _number_text(value, precision):
    return "" if np.isnan(value) else f"{value:.{precision}f}"


def _cell_text(cell, precision):
    if not cell.n_ok:
        return "failed"
    text = _number_text(cell.mean, precision)
    if cell.n_ok > 1:
        text += f" ± {_number_text(cell.sd, precision)}"
    return text + (f" ({int(cell.n_failed)} of {int(cell.n_ok + cell.n_failed)} failed)" if cell.n_failed else "")
