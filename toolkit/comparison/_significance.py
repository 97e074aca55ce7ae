"""Do the ranks differ by more than chance? Friedman's test, post-hoc tests, and what they cannot say."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.inherited import import_matplotlib
from toolkit._core.parameters import check_choice, check_int, is_number
from toolkit._core.random import as_generator
from toolkit.comparison._ranks import block_ranks

__all__ = ["Significance", "significance"]

# scipy calls the chi-square approximation of Friedman's statistic reliable beyond this many blocks.
_ENOUGH_BLOCKS = 10


@dataclass(frozen=True)
class Significance:
    """Outcome of a comparison of ranks.

    Attributes
    ----------
    metric : str
    mean_ranks : Series of shape (n_methods,)
        1 is best; best first.
    n_blocks, n_methods : int
    statistic : float
        Friedman's chi-square; for two methods Wilcoxon's signed-rank statistic. NaN where there is no test.
    p_value : float
        By scipy.
    p_permutation : float
        Of Friedman's statistic under random permutations of the ranks within blocks: right also for few blocks.
    smallest_p : float
        The smallest p value any outcome could reach with so few blocks and methods.
    test : str
        Name of the post-hoc test.
    p_values : DataFrame of shape (n_methods, n_methods)
        Of the post-hoc test, adjusted for the number of pairs; NaN where there is no test.
    alpha : float
    reliable : bool
        More than ten blocks, so that the approximations of the tests hold.
    sentence : str
        The outcome in plain words, with its limits.

    Examples
    --------
    >>> import pandas as pd
    >>> from toolkit.comparison import significance
    >>> table = pd.DataFrame({"method": ["a", "b"] * 9, "data": [f"set {i // 2}" for i in range(18)], "seed": 0,
    ...                       "auroc": [0.9, 0.8] * 9})
    >>> result = significance(table)
    >>> result.test, result.differs, bool(result.told_apart.loc["a", "b"])
    ('wilcoxon', True, True)
    >>> result.mean_ranks.to_dict(), round(result.smallest_p, 4)
    ({'a': 1.0, 'b': 2.0}, 0.0039)
    """

    metric: str
    mean_ranks: pd.Series
    n_blocks: int
    n_methods: int
    statistic: float
    p_value: float
    p_permutation: float
    smallest_p: float
    test: str
    p_values: pd.DataFrame
    alpha: float
    reliable: bool
    sentence: str

    @property
    def differs(self) -> bool:
        """Whether the test over all methods is significant: only then do pairs count as different."""
        # Few blocks: the permutation test is right where the approximation is not.
        p_value = self.p_value if self.reliable else self.p_permutation
        return bool(self.smallest_p <= self.alpha and p_value < self.alpha)

    @property
    def told_apart(self) -> pd.DataFrame:
        """Pairs that the tests part, True off the diagonal; DataFrame of shape (n_methods, n_methods)."""
        return (self.p_values < self.alpha) & self.differs


def _friedman_statistic(ranks):
    """Friedman's chi-square with correction for ties, for ranks of shape (..., n_blocks, n_methods)."""
    n_blocks, n_methods = ranks.shape[-2:]
    between = ((ranks.sum(axis=-2) - n_blocks * (n_methods + 1) / 2) ** 2).sum(axis=-1)
    within = ((ranks - (n_methods + 1) / 2) ** 2).sum(axis=(-2, -1))
    return (n_methods - 1) * between / within


def _permutation_p(ranks, n_permutations, generator):
    observed = _friedman_statistic(ranks)
    reached = 0
    for start in range(0, n_permutations, 1000):
        size = min(1000, n_permutations - start)
        shuffled = generator.permuted(np.broadcast_to(ranks, (size, *ranks.shape)), axis=-1)
        reached += int((_friedman_statistic(shuffled) >= observed - 1e-9).sum())
    # The observed arrangement is one of the possible ones, so p is never zero.
    return (reached + 1) / (n_permutations + 1)


def _pairs(ranks, test):
    """Pairwise p values of the post-hoc test."""
    import_matplotlib()  # which the next package imports
    import scikit_posthocs

    if test == "nemenyi":
        p_values = scikit_posthocs.posthoc_nemenyi_friedman(ranks)
    else:
        p_values = scikit_posthocs.posthoc_conover_friedman(ranks, p_adjust="holm")
    return pd.DataFrame(np.asarray(p_values, float), index=ranks.columns, columns=ranks.columns).clip(0, 1)


@usual_floating_point
def significance(
    table: pd.DataFrame,
    metric: str = "auroc",
    *,
    test: str = "nemenyi",
    alpha: float = 0.05,
    block: str = "data",
    n_permutations: int = 10_000,
) -> Significance:
    """Test whether methods rank differently, all together and pair by pair.

    Parameters
    ----------
    table : DataFrame
        Of a comparison; every method on the same (data, seed) sets.
    metric : str, default="auroc"
    test : {"nemenyi", "conover"}, default="nemenyi"
        Post-hoc test of scikit-posthocs; Conover's has more power and is adjusted by Holm's method. With two methods
        Wilcoxon's signed-rank test takes the place of both.
    alpha : float, default=0.05
    block : {"data", "run"}, default="data"
        What counts as one independent observation. Seeds of one data set are not independent: with ``"run"`` the p
        values come out too small, and the sentence says so.
    n_permutations : int, default=10000

    Returns
    -------
    Significance

    Raises
    ------
    ValueError
        Fewer than two methods, or methods that cover different sets.

    Notes
    -----
    With one block there is no test: p values are NaN. With few blocks even a perfect order may be unable to reach
    ``alpha``; ``smallest_p`` tells (1 / k!^(n-1) for n blocks and k methods). Pairs count as different only when the
    test over all methods is significant as well (``told_apart``).

    References
    ----------
    J. Demsar, "Statistical comparisons of classifiers over multiple data sets", Journal of Machine Learning Research 7,
    2006.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"method": ["a", "b", "c"] * 2, "data": ["x"] * 3 + ["y"] * 3, "seed": 0,
    ...                       "auroc": [0.9, 0.8, 0.7] * 2})
    >>> result = significance(table)
    >>> result.mean_ranks.to_dict(), round(result.smallest_p, 3)
    ({'a': 1.0, 'b': 2.0, 'c': 3.0}, 0.167)
    >>> print(result.sentence)
    2 data sets and 3 methods are too few: no outcome could be significant at 0.05.
    """
    check_choice("test", test, ("nemenyi", "conover"))
    if not is_number(alpha) or not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha!r}.")
    check_int("n_permutations", n_permutations)
    ranks = block_ranks(table, metric, block)
    n_blocks, n_methods = ranks.shape
    if n_methods < 2:
        raise ValueError(f"A comparison needs at least two methods, got {list(ranks.columns)}.")
    if n_methods == 2:
        test = "wilcoxon"
    none = pd.DataFrame(np.nan, index=ranks.columns, columns=ranks.columns)
    statistic = p_value = p_permutation = math.nan
    p_values = none
    tied = bool((ranks.nunique(axis=1) == 1).all())
    if tied:
        statistic, p_value, p_permutation, p_values = 0.0, 1.0, 1.0, none.fillna(1.0)
    elif n_blocks > 1:
        if n_methods == 2:
            statistic, p_value = _wilcoxon(table, metric, ranks, block)
            p_values = none.fillna(p_value)
        else:
            from scipy.stats import friedmanchisquare

            statistic, p_value = (float(x) for x in friedmanchisquare(*ranks.to_numpy().T))
            p_values = _pairs(ranks, test)
        p_permutation = _permutation_p(ranks.to_numpy(), n_permutations, as_generator(0))
    if n_blocks > 1:
        np.fill_diagonal(values := p_values.to_numpy(copy=True), 1.0)
        p_values = pd.DataFrame(values, index=ranks.columns, columns=ranks.columns)
    mean_ranks = ranks.mean().sort_values(kind="stable").rename("mean_rank").rename_axis("method")
    smallest = 1.0 if n_blocks < 2 else float(math.factorial(n_methods)) ** -(n_blocks - 1)
    result = {
        "metric": metric,
        "mean_ranks": mean_ranks,
        "n_blocks": n_blocks,
        "n_methods": n_methods,
        "statistic": statistic,
        "p_value": p_value,
        "p_permutation": p_permutation,
        "smallest_p": smallest,
        "test": test,
        "p_values": p_values.loc[mean_ranks.index, mean_ranks.index],
        "alpha": alpha,
        "reliable": n_blocks > _ENOUGH_BLOCKS and block == "data",
    }
    return Significance(**result, sentence=_sentence(result, block))


def _wilcoxon(table, metric, ranks, block):
    """Wilcoxon's signed-rank test on the figures of two methods; on their ranks where a cell failed."""
    from scipy.stats import wilcoxon

    from toolkit.comparison._tables import values_of

    cells = table.assign(value=values_of(table, metric)).pivot(index=["data", "seed"], columns="method", values="value")
    if block == "data":
        cells = cells.groupby("data", sort=False).agg(lambda values: values.mean(skipna=False))
    cells = cells[list(ranks.columns)]
    values = ranks.to_numpy() if cells.isna().any(axis=None) else cells.to_numpy()
    outcome = wilcoxon(*values.T, zero_method="pratt")
    return float(outcome.statistic), float(outcome.pvalue)


def _sentence(result, block):
    n_blocks, n_methods, alpha = result["n_blocks"], result["n_methods"], result["alpha"]
    blocks = f"{n_blocks} {'data set' if block == 'data' else 'run'}{'s' if n_blocks != 1 else ''}"
    if n_blocks < 2:
        return f"{blocks} gives an order of the methods, but no test: at least two are needed."
    if result["smallest_p"] > alpha:
        return f"{blocks} and {n_methods} methods are too few: no outcome could be significant at {alpha:g}."
    p_value = result["p_value"] if result["reliable"] else result["p_permutation"]
    name = "Wilcoxon" if n_methods == 2 else "Friedman"
    if p_value >= alpha:
        text = f"Over {blocks} the {n_methods} methods cannot be told apart ({name} p = {p_value:.3g})."
    else:
        upper = result["p_values"].to_numpy()[np.triu_indices(n_methods, 1)]
        apart = int((upper < alpha).sum())
        text = f"Over {blocks} the methods differ ({name} p = {p_value:.3g})"
        text += "." if n_methods == 2 else f"; {result['test'].title()}'s test parts {apart} of {len(upper)} pairs."
    if block == "run":
        text += " Seeds of one data set are not independent, so p values are too small."
    elif not result["reliable"]:
        text += f" With no more than {_ENOUGH_BLOCKS} blocks pairwise p values are rough."
    return text
