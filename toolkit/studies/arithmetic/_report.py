"""Learned arithmetic as one page: findings, queries with answers, mistakes, attention, losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.plots import AttentionDisplay, LossCurveDisplay, QueryPageDisplay
from toolkit.report import Report
from toolkit.studies.arithmetic._findings import WAYS, arithmetic_findings

if TYPE_CHECKING:
    from toolkit.plots import Display
    from toolkit.studies.arithmetic._run import ArithmeticResult

__all__ = ["arithmetic_displays", "build_arithmetic_report"]


def arithmetic_displays(result: ArithmeticResult) -> dict[str, Display]:
    """What the study shows, by the name of the picture.

    Parameters
    ----------
    result : ArithmeticResult

    Returns
    -------
    dict of str to Display
    """
    displays: dict[str, Display] = {
        "answers": QueryPageDisplay.from_predictions(**result.shown),
        "losses": LossCurveDisplay.from_history(result.model.history_, _curves(result.model.history_)),
    }
    if result.attention is not None:
        displays["attention"] = AttentionDisplay.from_predictions(**result.attention)
    return displays


def _curves(history):
    return [name for name in history[-1] if name in ("characters", "reading", "writing")]


def build_arithmetic_report(result: ArithmeticResult, displays: dict[str, Display]) -> Report:
    """Lay the result out on one page.

    Parameters
    ----------
    result : ArithmeticResult
    displays : dict of str to Display
        As made by :func:`arithmetic_displays`.

    Returns
    -------
    Report
    """
    settings = result.settings
    n_digits = settings["n_digits"]
    report = Report(
        "Learning to calculate",
        f"{settings['operations']} on numbers of up to {n_digits} digit{'s' if n_digits > 1 else ''}, "
        f"{WAYS[settings['source']]} to {WAYS[settings['target']]}",
        footer=", ".join(f"{package} {version}" for package, version in result.versions.items() if version) + ".",
    )
    report.findings(arithmetic_findings(result))
    report.facts({"exact match, unseen": f"{100 * result.exact_match:.2f} %"} | _shares(result.measures))
    report.section("Queries and answers", "Held-out queries: mistakes first, then others, not chosen.")
    report.figure(displays["answers"], "What was asked, what was answered.")
    report.section(
        "Where mistakes lie",
        "Carries are those of a sum, borrows those of the larger number less the smaller. An answer is right if every "
        "character is.",
    )
    formats = {"exact match": "{:.2%}", "character accuracy": "{:.2%}"}
    table = result.errors.rename(columns=lambda name: {"n_wrong": "wrong"}.get(name, name.replace("_", " ")))
    report.table(table, "Mistakes on unseen queries by kind of query.", formats=formats, index=False)
    if "attention" in displays:
        report.section(
            "Where the model looks",
            "Each row is a character of the answer, each column one of the query; darker is more attention. The answer "
            "is written from its last character up."
            if result.model.reverse_target
            else "Each row is a character of the answer, each column one of the query; darker is more attention.",
        )
        report.figure(displays["attention"], "Attention for a few unseen queries.")
    report.section("How it learnt")
    report.figure(displays["losses"], "Losses by epoch.")
    return report


def _shares(figures):
    return {
        name: (f"{value:.2f}" if "spread" in name or "milli" in name else f"{100 * value:.2f} %")
        for name, value in figures.items()
    }
