"""A study of learned arithmetic as a folder of files, which appears whole or not at all."""

from pathlib import Path

from toolkit._core.files import write_csv, write_json
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.showing import only_shows
from toolkit.plots import AttentionDisplay, LossCurveDisplay, QueryPageDisplay
from toolkit.report import Report
from toolkit.studies._folder import check_target, whole_folder

__all__ = ["arithmetic_findings", "check_arithmetic_target", "write_arithmetic"]

_FILES = frozenset(
    {"answers.png", "asked.png", "attention.png", "errors.csv", "losses.png", "model", "report.html", "summary.json"}
)
_WAYS = {"text": "text", "image": "pictures"}


def check_arithmetic_target(out):
    """Refuse a folder that :func:`write_arithmetic` would refuse, before the long work.

    Raises
    ------
    FileExistsError
    """
    check_target(out, _FILES)


def arithmetic_findings(result):
    """The study in plain sentences.

    Parameters
    ----------
    result : ArithmeticResult

    Returns
    -------
    list of str
    """
    settings, figures, errors = result.settings, result.figures, result.errors
    by = ", as an independent reader reads them" if settings["target"] == "image" else ""
    sentences = [
        f"{100 * result.exact_match:.2f} % of {settings['n_unseen']:,} answers to unseen queries are right to the last "
        f"character{by}. The model learnt from {settings['n_train']:,} queries ({settings['split']} split), from "
        f"{_WAYS[settings['source']]} to {_WAYS[settings['target']]}."
    ]
    name = "the reader on real pictures of the answers"
    if name in figures:
        sentences.append(
            f"The reader itself is right on {100 * figures[name]:.2f} % of real handwriting of the same answers. "
            f"What was drawn varies {figures['spread of the hands, of real ones']:.2f} times as much as real digits."
        )
    if "queries read without a mistake" in figures:
        share = 100 * figures["queries read without a mistake"]
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


@usual_floating_point
def write_arithmetic(result, out) -> Path:
    """Write a study: ``summary.json``, ``report.html``, ``errors.csv``, pictures, and the model for
    :func:`toolkit.load`, all at once.

    Parameters
    ----------
    result : ArithmeticResult
    out : path-like

    Returns
    -------
    Path
        The report.

    Raises
    ------
    FileExistsError
        If the folder holds something that no such study wrote.
    """
    import toolkit

    out = Path(out)
    displays = {
        "answers": QueryPageDisplay.from_predictions(**result.shown),
        "losses": LossCurveDisplay.from_history(result.model.history_, _curves(result.model.history_)),
    }
    if result.attention is not None:
        displays["attention"] = AttentionDisplay.from_predictions(**result.attention)
    with whole_folder(out, _FILES) as folder:
        for name, display in displays.items():
            with only_shows(f"{name}.png"):
                display.save(folder / f"{name}.png")
        write_csv(folder / "errors.csv", result.errors)
        toolkit.save(result.model, folder / "model")
        summary = {
            "exact_match": result.exact_match,
            "findings": arithmetic_findings(result),
            "figures": result.figures,
            "settings": result.settings,
            "seconds": result.seconds,
            "errors": result.errors.to_dict(orient="records"),
            "versions": result.versions,
        }
        write_json(folder / "summary.json", summary)
        _report(result, displays).write(folder / "report.html")
    return out / "report.html"


def _curves(history):
    return [name for name in history[-1] if name in ("characters", "reading", "writing")]


def _report(result, displays):
    settings = result.settings
    report = Report(
        "Learning to calculate",
        f"{settings['operations']} on numbers of up to {settings['n_digits']} digits, "
        f"{_WAYS[settings['source']]} to {_WAYS[settings['target']]}",
        footer=", ".join(f"{package} {version}" for package, version in result.versions.items() if version) + ".",
    )
    report.findings(arithmetic_findings(result))
    report.facts({"exact match, unseen": f"{100 * result.exact_match:.2f} %"} | _shares(result.figures))
    report.section("Queries and answers", "Queries that the model never saw: mistakes first, then others, not chosen.")
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
