"""``toolkit arithmetic``: teach a model to calculate, judge it on unseen queries, ask it."""

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from toolkit._core.printable import printable
from toolkit.cli import _options as options

__all__ = ["arithmetic"]


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
    source: Annotated[Side, typer.Option(help="What goes in.")] = Side.text,
    target: Annotated[Side, typer.Option(help="What comes out.")] = Side.text,
    operations: Annotated[str, typer.Option(metavar="SIGNS", help="+-, + or -.")] = "+-",
    digits: Annotated[int, typer.Option(min=1, max=4, help="Digits of a number at most.")] = 2,
    train_share: Annotated[float, typer.Option(help="Share of the queries to learn from.")] = 0.75,
    n_queries: Annotated[
        int | None, typer.Option(metavar="N", min=3, help="Only N of all queries.  [default: all]", show_default=False)
    ] = None,
    split: Annotated[Split, typer.Option(help="commutative: a+b and b+a stay together.")] = Split.random,
    hands: Annotated[Hands, typer.Option(help="Handwritten digits of picture queries: embedded ones, or MNIST.")] = (
        Hands.digits
    ),
    steps: Annotated[int, typer.Option(min=1, help="Steps of training.")] = 10_000,
    ask: Annotated[
        str | None,
        typer.Option(
            metavar="QUERY",
            help="Answer this query, such as 45+23. A model that is in the folder already answers without training.",
            show_default=False,
        ),
    ] = None,
    seed: options.Seed = 0,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the result goes, whole or not at all.")] = Path(
        "outputs/arithmetic"
    ),
    quiet: options.Quiet = False,
):
    """Learn to calculate from examples, text or pictures in and out.

    Writes summary.json, report.html, errors.csv, answers.png, losses.png and model, for toolkit.load.
    """
    if ask is not None and os.path.isdir(out / "model"):
        _answer_from(out, ask, source, target, quiet)
        return
    from toolkit.cli._outcome import carry_out
    from toolkit.studies import run_arithmetic

    _check(operations, digits, train_share, n_queries)
    if ask is not None:
        _check_query(ask, operations, digits)

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
        _say_answer(result.model, ask, hands.value, seed, out)


def _check(operations, digits, train_share, n_queries):
    """What :func:`make_arithmetic` would refuse is a mistake in use."""
    from toolkit.datasets import make_arithmetic

    try:
        make_arithmetic(operations, n_digits=digits, train_share=train_share, n_queries=n_queries, random_state=0)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _check_query(ask, operations, digits):
    import re

    found = re.match(rf"^\s*(\d{{1,{digits}}})([+-])(\d{{1,{digits}}})\s*$", ask)
    if found is None or found[2] not in operations:
        raise typer.BadParameter(
            f"{ask!r} is no query of one sign of {operations!r} between numbers of up to {digits} digits.",
            param_hint="--ask",
        )


def _answer_from(out, ask, source, target, quiet):
    """Answer from the folder of an earlier study."""
    import toolkit

    settings = json.loads((out / "summary.json").read_text(encoding="utf-8"))["settings"]
    _check_query(ask, settings["operations"], settings["n_digits"])
    model = toolkit.load(out / "model")
    given = (source.value, target.value)
    if given != ("text", "text") and given != (model.source, model.target):
        raise typer.BadParameter(f"{out} holds a model from {model.source} to {model.target}; choose another --out.")
    _say_answer(model, ask, settings["digits"] or "digits", settings["seed"], out)


def _say_answer(model, ask, hands, seed, out):
    """One line; a picture as well where there are pictures."""
    from toolkit.studies import ask_arithmetic

    asked, answer, text = ask_arithmetic(model, ask, digits=hands, seed=seed)
    if "image" in (model.source, model.target):
        from toolkit.plots import QueryPageDisplay

        first, sign, second = ask.strip().partition("+" if "+" in ask else "-")
        truth = str(int(first) + int(second) if sign == "+" else int(first) - int(second))
        QueryPageDisplay.from_predictions(asked, answer, [truth], read=[text or truth]).save(out / "asked.png")
    print(f"{ask.strip()}={text}" if text is not None else f"{ask.strip()}= in {printable(out / 'asked.png')}")
