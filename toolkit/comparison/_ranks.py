"""Ranks of methods within blocks: where differences of scale between data sets no longer matter."""

from typing import TYPE_CHECKING

import numpy as np

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.parameters import check_choice
from toolkit.comparison._metrics import METRICS
from toolkit.comparison._tables import check_same_sets, check_table, values_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["block_ranks", "rank_methods"]


def block_ranks(table, metric, block="data"):
    """Ranks of the methods in each block, 1 for the best.

    Parameters
    ----------
    table : DataFrame
        Of a comparison; methods must cover the same sets.
    metric : str
    block : {"data", "run"}, default="data"
        A block is a data set, its seeds averaged, or each single (data, seed).

    Returns
    -------
    DataFrame of shape (n_blocks, n_methods)
        Ties share their mean rank. A method with a failed cell in a block ranks last in it, tied with any other such.
    """
    import pandas as pd
    from scipy.stats import rankdata

    check_choice("block", block, ("data", "run"))
    check_same_sets(check_table(table, metric))
    cells = table.assign(value=values_of(table, metric)).pivot(index=["data", "seed"], columns="method", values="value")
    cells = cells[list(dict.fromkeys(table["method"]))]
    if block == "data":
        # A block in which a seed failed is failed: the mean of the rest would reward failing on the hard seeds.
        cells = cells.groupby("data", sort=False).agg(lambda values: values.mean(skipna=False))
    cost = -cells if METRICS[metric] else cells
    # Rounded, since sums in another order may part equal methods in the last digit.
    ranks = rankdata(np.nan_to_num(cost.to_numpy().round(12), nan=np.inf, posinf=np.inf), axis=1)
    return pd.DataFrame(ranks, index=cells.index, columns=cells.columns)


@usual_floating_point
def rank_methods(table: "pd.DataFrame", metric: str = "auroc", *, block: str = "data") -> "pd.DataFrame":
    """Mean ranks, the best method first.

    Parameters
    ----------
    table : DataFrame
        Of a comparison.
    metric : str, default="auroc"
    block : {"data", "run"}, default="data"
        Rank within each data set (seeds averaged) or within each (data, seed). Seeds of one set are no independent
        evidence: use ``"run"`` to look, not to test.

    Returns
    -------
    DataFrame
        Index method; mean_rank (ties share their mean), sd_rank, best (blocks in which it ranks first), n_blocks,
        n_failed (failed cells, which rank last).

    Raises
    ------
    ValueError
        If the methods cover different (data, seed) sets.

    See Also
    --------
    significance : Whether the difference of mean ranks means anything.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"method": ["a", "b"] * 2, "data": ["x", "x", "y", "y"], "seed": 0,
    ...                       "auroc": [0.9, 0.8, 0.7, 0.7]})
    >>> rank_methods(table)["mean_rank"].to_dict()
    {'a': 1.25, 'b': 1.75}
    """
    import pandas as pd

    ranks = block_ranks(table, metric, block)
    failed = values_of(table, metric).isna().groupby(table["method"]).sum()
    result = pd.DataFrame(
        {
            "mean_rank": ranks.mean(),
            "sd_rank": ranks.std(ddof=1),
            "best": (ranks.eq(ranks.min(axis=1), axis=0)).sum(),
            "n_blocks": len(ranks),
            "n_failed": failed.reindex(ranks.columns),
        }
    )
    return result.sort_values("mean_rank", kind="stable").rename_axis("method")
