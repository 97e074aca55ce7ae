"""``toolkit arithmetic``: teach a model to calculate, judge it on unseen queries, ask it."""

import json
import os
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from toolkit._core.printable import printable
from toolkit.cli import _options as options

__all__ = ["arithmetic"]

MODEL = "model"
# Options that say which study it is, and what its settings call them.
_SETTINGS = {
    "source": "source",
    "target": "target",
    "operations": "operations",
    "digits": "n_digits",
    "train_share": "train_share",
    "n_queries": "n_queries",
    "split": "split",
    "hands": "digits",
    "steps": "steps",
    "seed": "seed",
}


class Side(StrEnum):
    """What goes in or comes out."""

    text = "text"
    image = "image"


class Split(StrEnum):
    """How queries are shared out."""

    random = "random"
    commutative = "commutative"


class Hands(StrEnum):
    """Whose handwriting."""

    digits = "digits"
    mnist = "mnist"


def arithmetic(
    context: typer.Context,
    source: Annotated[Side, typer.Option(help="What goes in.")] = Side.text,
    target: Annotated[Side, typer.Option(help="What comes out.")] = Side.text,
    operations: Annotated[str, typer.Option(metavar="SIGNS", help="+-, + or -.")] = "+-",
    digits: Annotated[int, typer.Option(min=1, max=4, help="Digits of a number at most.")] = 2,
    train_share: Annotated[float, typer.Option(help="Share of the queries to learn from.")] = 0.75,
    n_queries: Annotated[
        int | None, typer.Option(metavar="N", min=3, help="Only N of all queries.  [default: all]", show_default=False)
    ] = None,
    split: Annotated[Split, typer.Option(help="commutative: a+b and b+a stay together.")] = Split.random,
    hands: Annotated[
        Hands,
        typer.Option(
            "--handwriting", "--hands", help="Handwritten digits of picture queries: embedded ones, or MNIST."
        ),
    ] = Hands.digits,
    steps: Annotated[int, typer.Option(min=1, help="Steps of training.")] = 10_000,
    ask: Annotated[
        str | None,
        typer.Option(
            metavar="QUERY",
            help="Answer this query, such as 45+23. A model that is in the folder already answers without training; "
            "options that it was not trained with are an error.",
            show_default=False,
        ),
    ] = None,
    seed: options.Seed = 0,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the result goes, whole or not at all.")] = Path(
        "outputs/arithmetic"
    ),
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
):
    """Learn to calculate from examples, text or pictures in and out.

    Writes summary.json, report.html, errors.csv, answers.png, losses.png and model, for toolkit.load. A model in the
    folder is asked, or replaced with --overwrite.
    """
    if os.path.exists(out / MODEL) and not overwrite:
        if ask is None:
            raise typer.BadParameter(
                f"{out} holds a finished model: --ask asks it, --overwrite trains anew in its place, and another --out "
                "keeps both.",
                param_hint="--out",
            )
        _answer_from(out, ask, _named(context), quiet)
        return
    from toolkit.cli._outcome import carry_out
    from toolkit.studies import run_arithmetic

    _check(operations, digits, train_share, n_queries)
    if ask is not None:
        ask = _check_query(ask, operations, digits)

    def run():
        return run_arithmetic(
            source.value,
            target.value,
            operations=operations,
            n_digits=digits,
            train_share=train_share,
            n_queries=n_queries,
            split=split.value,
            digits=hands.value,
            seed=seed,
            steps=steps,
            verbose=not quiet,
        )

    result = carry_out("arithmetic", out, run, quiet=quiet)
    if ask is not None:
        _say_answer(result.model, ask, result.settings, result.exact_match, out, quiet)


def _check(operations, digits, train_share, n_queries):
    """What :func:`make_arithmetic` would refuse is a mistake in use."""
    from toolkit.datasets import make_arithmetic

    try:
        make_arithmetic(operations, n_digits=digits, train_share=train_share, n_queries=n_queries, random_state=0)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _check_query(ask, operations, digits):
    """The query without its spaces, if it is one."""
    found = re.fullmatch(rf"(\d{{1,{digits}}})([+-])(\d{{1,{digits}}})", "".join(ask.split()), flags=re.ASCII)
    if found is None or found[2] not in operations:
        raise typer.BadParameter(
            f"{ask!r} is no query of one sign of {operations!r} between numbers of up to {digits} "
            f"digit{'s' if digits > 1 else ''}.",
            param_hint="--ask",
        )
    return found[0]


def _named(context):
    """The options of a study that the caller gave, as settings of the study have them."""
    return {
        setting: getattr(context.params[option], "value", context.params[option])
        for option, setting in _SETTINGS.items()
        if context.get_parameter_source(option).name not in ("DEFAULT", "DEFAULT_MAP")
    }


def _answer_from(out, ask, named, quiet):
    """Answer from the folder of an earlier study, which must be one of the settings that were named."""
    import toolkit
    from toolkit.exceptions import DataFormatError

    try:
        summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
        settings, exact_match = summary["settings"], float(summary["exact_match"])
        operations, n_digits = str(settings["operations"]), int(settings["n_digits"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DataFormatError(f"{printable(out / 'summary.json')} is no summary of such a study: {error}") from error
    for setting, value in named.items():
        earlier = settings.get(setting, value)  # version 0.1 did not keep all of them
        if setting == "operations":
            value, earlier = "".join(sorted(set(value))), "".join(sorted(set(operations)))
        if value != earlier and not (setting == "digits" and earlier is None):  # a model of text has no handwriting
            option = next(option for option, name in _SETTINGS.items() if name == setting).replace("_", "-")
            option = {"hands": "handwriting"}.get(option, option)
            raise typer.BadParameter(
                f"{out} holds a model of {option} {earlier}, not {value}: leave --{option} out to ask that model, "
                "--overwrite trains anew in its place, and another --out keeps both.",
                param_hint=f"--{option}",
            )
    ask = _check_query(ask, operations, n_digits)
    _say_answer(toolkit.load(out / MODEL), ask, settings, exact_match, out, quiet)


def _say_answer(model, ask, settings, exact_match, out, quiet):
    """The answer, as a picture as well where there are pictures, how sure the model is, and how right it was."""
    from toolkit.studies import ask_arithmetic

    asked, answer, text = ask_arithmetic(model, ask, digits=settings["digits"] or "digits", seed=settings["seed"])
    first, sign, second = ask.partition("+" if "+" in ask else "-")
    truth = str(int(first) + int(second) if sign == "+" else int(first) - int(second))
    if "image" in (model.source, model.target):
        from toolkit.plots import QueryPageDisplay

        QueryPageDisplay.from_predictions(asked, answer, [truth], read=[text or truth]).save(out / "asked.png")
    print(f"{ask}={text}" if text is not None else f"{ask}= in {printable(out / 'asked.png')}")
    if quiet:
        return
    if text is not None:
        sure = f"The model gives its answer a probability of {model.answer_probability(asked)[0]:.2f}"
        print(f"{sure}, and it is {'right' if text == truth else f'wrong: {truth}'}.")
    print(f"Of {settings['n_unseen']:,} queries that were held out, {exact_match:.1%} were answered right.")
