"""Learned arithmetic in plain sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolkit.studies.arithmetic._run import ArithmeticResult

__all__ = ["WAYS", "arithmetic_findings"]

WAYS = {"text": "text", "image": "pictures"}


def arithmetic_findings(result: ArithmeticResult) -> list[str]:
    """The study in plain sentences.

    Parameters
    ----------
    result : ArithmeticResult

    Returns
    -------
    list of str

    Examples
    --------
    >>> from toolkit.studies import arithmetic_findings, run_arithmetic
    >>> sentences = arithmetic_findings(run_arithmetic(operations="+", n_digits=1, steps=2, hidden_size=4))
    >>> sentences[0].split(". ")[-1]
    'The training set has 75 queries (random split), from text to text.'
    """
    settings, measures, errors = result.settings, result.measures, result.errors
    by = ", as an independent reader reads them" if settings["target"] == "image" else ""
    sentences = [
        f"{100 * result.exact_match:.2f} % of {settings['n_unseen']:,} answers to unseen queries are right to the last "
        f"character{by}. The training set has {settings['n_train']:,} queries ({settings['split']} split), from "
        f"{WAYS[settings['source']]} to {WAYS[settings['target']]}."
    ]
    name = "the reader on real pictures of the answers"
    if name in measures:
        sentences.append(
            f"The reader itself is right on {100 * measures[name]:.2f} % of real handwriting of the same answers. "
            f"What was drawn varies {measures['spread of the hands, of real ones']:.2f} times as much as real digits."
        )
    if "queries read without a mistake" in measures:
        share = 100 * measures["queries read without a mistake"]
        sentences.append(f"The model reads {share:.2f} % of the queries without a mistake; no answer can be surer.")
    groups = errors[(errors["by"] != "all") & (errors["n"] >= 20) & (errors["n_wrong"] > 0)]
    if len(groups):
        worst = groups.loc[groups["exact_match"].idxmin()]
        sentences.append(
            f"Mistakes are most frequent with {worst['by']} {worst['group']}: {worst['n_wrong']} of {worst['n']:,}."
        )
    elif errors["n_wrong"].iloc[0] == 0:
        sentences.append("There is no mistake among them.")
    return sentences
