"""A comparison of generators in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.studies.generators._run import MEASURES, REAL

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.studies.generators._run import GeneratorComparison

__all__ = ["generator_findings", "mean_measures"]


def generator_findings(result: GeneratorComparison) -> list[str]:
    """The comparison in plain sentences.

    Parameters
    ----------
    result : GeneratorComparison

    Returns
    -------
    list of str

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import generator_findings, run_generator_comparison
    >>> found = run_generator_comparison(load_digits().images[:40], generators=["vae"], epochs=1)
    >>> generator_findings(found)[0].split(".")[0]
    'Closest to images never seen are the samples of vae'
    """
    means = mean_measures(result)
    floor = result.table.loc[result.table["generator"] == REAL, "frechet_distance"].iloc[0]
    drawn = means["frechet_distance"].dropna().sort_values()
    sentences = []
    if len(drawn):
        order = ", ".join(f"{name} {value:.3g}" for name, value in drawn.items())
        sentences.append(
            f"Closest to images never seen are the samples of {drawn.index[0]}. Fréchet distances: {order}; "
            f"real images of the training set: {floor:.3g}."
        )
    covered = means["coverage"].dropna().sort_values(ascending=False)
    if len(covered):
        order = ", ".join(f"{name} {value:.0%}" for name, value in covered.items())
        sentences.append(f"Share of unseen images that have a sample near them: {order}.")
    rebuilt = means["reconstruction_error"].dropna().sort_values()
    if len(rebuilt):
        order = ", ".join(f"{name} {value:.4f}" for name, value in rebuilt.items())
        sentences.append(f"Images never seen are rebuilt best by {rebuilt.index[0]}. Mean square a pixel: {order}.")
    spent = means["cpu_seconds"].dropna().sort_values()
    if len(spent):
        order = ", ".join(f"{name} {value:.1f} s" for name, value in spent.items())
        sentences.append(f"CPU time to fit: {order}.")
    failed = result.table.loc[result.table["error"].notna()]
    sentences += [f"{row.generator} with seed {row.seed} failed: {row.error}" for row in failed.itertuples()]
    return sentences


def mean_measures(result: GeneratorComparison) -> pd.DataFrame:
    """What was measured of each generator, as means over its seeds; a DataFrame."""
    table = result.table[result.table["generator"] != REAL]
    return table.groupby("generator", sort=False)[list(MEASURES)].mean()
