"""Settings side by side: mean and standard deviation over seeds, ranks, and unpaired tests against the first one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit.coverage import COVERAGE_METRICS

if TYPE_CHECKING:
    from toolkit.comparison import Significance
    from toolkit.studies.collapse._study import CollapseStudy

__all__ = ["compare_settings", "hardly_reached", "rank_settings", "settings_table"]

# The divergence first: it is what settings are ranked by.
_FIGURES = ("js", "lost_share", "missing_share", "bins_missing", *(name for name in COVERAGE_METRICS if name != "js"))
_OUTCOMES = ("undertrained", "collapsed", "partial", "complete", "diverged", "failed")


def hardly_reached(runs: pd.DataFrame) -> pd.Series:
    """Share of the real images where a run hardly draws, at each of its rows: what its outcome rests on.

    A few samples may show that much of the data is all but empty, though of no single bin that it is missing.

    Parameters
    ----------
    runs : DataFrame
        Rows of ``study.runs``; ``missing_share`` stands in where no ``lost_share`` was measured.

    Returns
    -------
    Series of float
        NaN where nothing was measured.

    Examples
    --------
    >>> hardly_reached(pd.DataFrame({"missing_share": [0.0, 0.5], "lost_share": [0.3, np.nan]})).tolist()
    [0.3, 0.5]
    """
    missing = runs.get("missing_share", pd.Series(np.nan, index=runs.index))
    return runs["lost_share"].fillna(missing) if "lost_share" in runs else missing


def settings_table(study: CollapseStudy) -> pd.DataFrame:
    """A row for each setting: its outcomes, and each figure's mean and standard deviation over the seeds.

    Parameters
    ----------
    study : CollapseStudy

    Returns
    -------
    DataFrame
        ``setting``, ``n_runs``, ``outcome`` (the most frequent one; of equals the worst), the number of each outcome,
        ``<figure>_mean`` and ``<figure>_sd`` (over the runs that finished; NaN for one run), ``seconds``. The outcome
        rests on ``lost_share``, the share of the real images that is hardly reached; ``missing_share`` is the part of
        it that lies in bins that are missing for certain.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_collapse_study, settings_table
    >>> images = load_digits().images[:100, ::2, ::2]
    >>> tiny = {"generator_widths": (8,), "discriminator_widths": (8,)}
    >>> settings = {"plain": tiny, "packed": {**tiny, "packing": 2}}
    >>> study = run_collapse_study(images, settings, seeds=[0], steps=1, n_samples=20)
    >>> settings_table(study)[["setting", "n_runs", "failed"]].values.tolist()
    [['plain', 1, 0], ['packed', 1, 0]]
    """
    rows = []
    for setting in study.settings:
        runs = study.final[study.final["setting"] == setting]
        counts = {outcome: int((runs["outcome"] == outcome).sum()) for outcome in _OUTCOMES}
        worst_first = ("failed", "diverged", "undertrained", "collapsed", "partial", "complete")
        row = {"setting": setting, "n_runs": len(runs), "outcome": max(worst_first, key=counts.__getitem__)}
        finished = runs[runs["status"] == "finished"]
        finished = finished.assign(lost_share=hardly_reached(finished))
        row |= counts
        for figure in _FIGURES:
            values = finished[figure] if figure in finished else pd.Series(dtype=float)
            row |= {f"{figure}_mean": values.mean(), f"{figure}_sd": values.std(ddof=1)}
        rows.append(row | {"seconds": runs["seconds"].mean()})
    return pd.DataFrame(rows)


def compare_settings(study: CollapseStudy, metric: str = "js") -> pd.DataFrame:
    """Each setting against the first one, over seeds, by Mann and Whitney's test.

    Unpaired: two settings with one seed share nothing but the seed's name. A run that diverged is worse than any that
    finished.

    Parameters
    ----------
    study : CollapseStudy
    metric : str, default="js"
        A column of ``study.runs``.

    Returns
    -------
    DataFrame
        ``setting``, ``difference`` (of means), ``p_value`` (two-sided), ``p_adjusted`` (Holm), ``smallest_p`` (which so
        few runs could reach), ``better`` (whether the mean rank is on the better side).

    References
    ----------
    H. B. Mann and D. R. Whitney, "On a test of whether one of two random variables is stochastically larger than the
    other", Annals of Mathematical Statistics 18, 1947. S. Holm, "A simple sequentially rejective multiple test
    procedure", Scandinavian Journal of Statistics 6, 1979.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import compare_settings, run_collapse_study
    >>> images = load_digits().images[:100, ::2, ::2]
    >>> tiny = {"generator_widths": (8,), "discriminator_widths": (8,)}
    >>> settings = {"plain": tiny, "packed": {**tiny, "packing": 2}}
    >>> study = run_collapse_study(images, settings, seeds=[0], steps=1, n_samples=20)
    >>> compare_settings(study)[["setting", "smallest_p"]].values.tolist()  # one run each can show nothing
    [['packed', 1.0]]
    """
    from math import comb

    from scipy.stats import mannwhitneyu

    from toolkit.comparison import METRICS

    greater = METRICS[metric]
    costs = {}
    for setting in study.settings:
        runs = study.final[study.final["setting"] == setting]
        values = runs[metric].where(runs["status"] == "finished").to_numpy(dtype=float)
        costs[setting] = np.nan_to_num(-values if greater else values, nan=np.inf)
    base = costs[study.baseline]
    rows = []
    for setting, values in costs.items():
        if setting == study.baseline:
            continue
        # Rounded, since the order of a sum may part equal runs in the last digit; all alike has no test.
        first, second = base.round(12), values.round(12)
        alike = len(set(first) | set(second)) == 1
        test = None if alike else mannwhitneyu(first, second, alternative="two-sided", method="auto")
        finite = values[np.isfinite(values)], base[np.isfinite(base)]
        both = all(len(part) for part in finite)
        sign = -1.0 if greater else 1.0
        rows.append(
            {
                "setting": setting,
                "difference": sign * float(finite[0].mean() - finite[1].mean()) if both else np.nan,
                "p_value": 1.0 if test is None else float(test.pvalue),
                "smallest_p": min(1.0, 2.0 / comb(len(first) + len(second), len(first))),
                "better": test is not None and bool(test.statistic > len(first) * len(second) / 2),
            }
        )
    table = pd.DataFrame(rows, columns=["setting", "difference", "p_value", "smallest_p", "better"])
    table.insert(3, "p_adjusted", _holm(table["p_value"].to_numpy(dtype=float)))
    return table


def _holm(p_values):
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    adjusted = np.empty(len(order))
    adjusted[order] = stepped.clip(max=1.0)
    return adjusted


def rank_settings(study: CollapseStudy, metric: str = "js") -> tuple[pd.DataFrame, Significance]:
    """Mean ranks of the settings over the seeds, and whether they differ, by :mod:`toolkit.comparison`.

    Parameters
    ----------
    study : CollapseStudy
        At least two settings.
    metric : str, default="js"

    Returns
    -------
    ranks : DataFrame
        Of :func:`toolkit.comparison.rank_methods`.
    outcome : Significance

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import rank_settings, run_collapse_study
    >>> images = load_digits().images[:100, ::2, ::2]
    >>> tiny = {"generator_widths": (8,), "discriminator_widths": (8,)}
    >>> settings = {"plain": tiny, "packed": {**tiny, "packing": 2}}
    >>> study = run_collapse_study(images, settings, seeds=[0], steps=1, n_samples=20)
    >>> ranks, outcome = rank_settings(study)
    >>> sorted(ranks.index), outcome.sentence
    (['packed', 'plain'], '1 run gives an order of the methods, but no test: at least two are needed.')
    """
    from toolkit.comparison import rank_methods, significance

    final = study.final
    table = pd.DataFrame(
        {
            "method": final["setting"],
            "data": study.facts["name"],
            "seed": final["seed"],
            "status": np.where(final["status"] == "finished", "ok", "failed"),
            metric: final.get(metric, np.nan),
        }
    )
    return rank_methods(table, metric, block="run"), significance(table, metric, block="run")
