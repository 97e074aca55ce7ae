"""Learning to calculate as a study: make the queries, teach a model, judge it on queries that it never saw."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.progress import Stages
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.versions import versions
from toolkit._core.watching import watched
from toolkit.comparison import answer_accuracy, answer_errors, handwriting_spread
from toolkit.datasets import ArithmeticSet, ImageSet, make_arithmetic, render_queries
from toolkit.report import Report
from toolkit.studies._result import StudyOutcome, figures_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from toolkit.sequence import ArithmeticSeq2Seq

__all__ = ["ArithmeticResult", "HandwritingSets", "ask_arithmetic", "load_handwriting", "run_arithmetic"]

_SHOWN = 24
_MAPS = 8


@dataclass(frozen=True)
class HandwritingSets:
    """Handwritten digits in three disjoint sets: for the model, for the judge, and for what is asked in the end."""

    model: ImageSet
    judge: ImageSet
    test: ImageSet


@dataclass(repr=False)
class ArithmeticResult(StudyOutcome):
    """What came out of :func:`run_arithmetic`.

    Parameters
    ----------
    model : ArithmeticSeq2Seq
    exact_match : float
        On the unseen queries; of answers that are pictures, as the independent reader reads them.
    measures : dict of str to float
        What else was measured: accuracy by character, on the validation part, of the judge, spread of the handwriting.
    errors : DataFrame
        See :func:`toolkit.comparison.answer_errors`.
    shown : dict
        ``queries``, ``answers``, ``truth`` and ``read`` of some unseen queries, mistakes first.
    attention : dict or None
        ``weights``, ``queries`` and ``answers`` of a few of them.
    settings : dict
    seconds : dict of str to float
    versions : dict of str to str

    Examples
    --------
    >>> from toolkit.studies import run_arithmetic
    >>> result = run_arithmetic(operations="+", n_digits=1, steps=2, hidden_size=4)
    >>> 0 <= result.exact_match <= 1, result.settings["n_train"], result.shown["queries"].shape
    (True, 75, (20,))
    >>> list(result.errors.columns[:3]), result.model.predict(["1+2"]).shape
    (['by', 'group', 'n'], (1,))
    """

    model: ArithmeticSeq2Seq
    exact_match: float
    measures: dict
    errors: pd.DataFrame
    shown: dict
    attention: dict | None
    settings: dict
    seconds: dict
    versions: dict = field(default_factory=versions)

    def findings(self) -> list[str]:
        """What was found, in sentences, the most important first."""
        from toolkit.studies.arithmetic._findings import arithmetic_findings

        return arithmetic_findings(self)

    def figures(self) -> dict[str, Figure]:
        """Matplotlib figures by name."""
        from toolkit.studies.arithmetic._report import arithmetic_displays

        return figures_of(arithmetic_displays(self))

    def tables(self) -> dict[str, pd.DataFrame]:
        """Frames by name: mistakes by kind of query."""
        return {"errors": self.errors}

    def report(self) -> Report:
        """The study as one page."""
        from toolkit.studies.arithmetic._report import arithmetic_displays, build_arithmetic_report

        return build_arithmetic_report(self, arithmetic_displays(self))

    def write(self, out: str | os.PathLike) -> Path:
        """Write the study as a folder of files: :func:`write_arithmetic`."""
        from toolkit.studies.arithmetic._write import write_arithmetic

        return write_arithmetic(self, out)


def load_handwriting(name: str = "digits", *, seed: int = 0, verbose: bool = False) -> HandwritingSets:
    """Handwritten digits for picture queries, in three disjoint sets.

    Parameters
    ----------
    name : {"digits", "mnist"}, default="digits"
        The embedded ones, shared out at random; or MNIST: halves of its train part, and its test part.
    seed : int, default=0
    verbose : bool, default=False

    Returns
    -------
    HandwritingSets

    Examples
    --------
    >>> digits = load_handwriting("digits")
    >>> len(digits.model), len(digits.judge), len(digits.test)
    (898, 539, 360)
    """
    from toolkit.datasets import fetch_mnist, load_digits

    if name == "digits":
        digits = load_digits()
        order = as_generator(seed).permutation(len(digits))
        first, second = int(0.5 * len(digits)), int(0.8 * len(digits))
        return HandwritingSets(*(digits.subset(np.sort(part)) for part in np.split(order, [first, second])))
    if name == "mnist":
        train, test = fetch_mnist(subset="train", verbose=verbose), fetch_mnist(subset="test", verbose=verbose)
        half = len(train) // 2
        return HandwritingSets(train.subset(slice(half)), train.subset(slice(half, None)), test)
    raise ValueError(f"digits must be 'digits' or 'mnist', got {name!r}.")


@usual_floating_point
def run_arithmetic(
    source: str = "text",
    target: str = "text",
    *,
    operations: str = "+-",
    n_digits: int = 2,
    train_share: float = 0.75,
    n_queries: int | None = None,
    split: str = "random",
    digits: str = "digits",
    seed: int = 0,
    reader_steps: int = 1500,
    verbose: bool = False,
    progress: Callable[[str, float], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
    **parameters: Any,
) -> ArithmeticResult:
    """Teach a model to calculate and judge it on queries that it never saw.

    Parameters
    ----------
    source, target : {"text", "image"}, default="text"
    operations, n_digits, train_share, n_queries, split
        As in :func:`toolkit.datasets.make_arithmetic`.
    digits : {"digits", "mnist"}, default="digits"
        Whose handwriting the pictures are in, see :func:`load_handwriting`.
    seed : int, default=0
    reader_steps : int, default=1500
        Training of the independent reader that judges picture answers. It learns from handwriting of its own.
    verbose : bool, default=False
    progress : callable, optional
        ``progress(stage, share)`` is told what is being done, and how much of the whole is done.
    should_stop : callable, optional
        ``should_stop()`` is asked time and again; when it returns True the work ends by :class:`StoppedError`.
    **parameters
        Of :class:`toolkit.sequence.ArithmeticSeq2Seq`.

    Returns
    -------
    ArithmeticResult

    Examples
    --------
    >>> found = run_arithmetic(operations="+", n_digits=1, steps=200, hidden_size=32)
    >>> 0 <= found.exact_match <= 1, found.settings["n_unseen"]
    (True, 20)
    """
    from toolkit.sequence import ArithmeticSeq2Seq

    seeds = dict(zip(("data", "model", "hands", "reader", "asked"), spawn_seeds(seed, 5)))
    data = make_arithmetic(
        operations,
        n_digits=n_digits,
        train_share=train_share,
        n_queries=n_queries,
        split=split,
        random_state=seeds["data"],
    )
    model = ArithmeticSeq2Seq(source, target=target, random_state=seeds["model"], verbose=verbose, **parameters)
    pictured = "image" in (source, target)
    shares = {"pictures": 0.05, "teaching": 0.7, "judging": 0.25} if pictured else {"teaching": 0.95, "judging": 0.05}
    with watched(progress, should_stop) as told, Stages(shares, verbose=verbose or told) as stages:
        model.set_params(verbose=verbose or told)
        hands = None
        if pictured:
            with stages("pictures"):
                hands = load_handwriting(digits, seed=seeds["hands"], verbose=verbose)
        given = _Given(data, hands, source, target, seeds["hands"])
        with stages("teaching"):
            cpu = process_time()
            model.fit(given.X("train"), given.y("train"), **given.texts(model))
            cpu = process_time() - cpu
        with stages("judging"):
            judge = _judge(given, reader_steps, seeds["reader"]) if target == "image" else None
            result = _judged(model, given, judge)
    settings = {
        "source": source,
        "target": target,
        "operations": data.operations,
        "n_digits": n_digits,
        "train_share": train_share,
        "n_queries": n_queries,
        "split": split,
        "seed": seed,
        "digits": digits if pictured else None,
        **{f"n_{name}": int((data.parts == part).sum()) for name, part in (("train", "train"), ("unseen", "test"))},
        "steps": model.steps,
        "parameters": parameters,
    }
    return ArithmeticResult(model, settings=settings, seconds={**stages.seconds, "teaching CPU": cpu}, **result)


class _Given:
    """Inputs and targets of each part, in the handwriting that belongs to it."""

    def __init__(self, data: ArithmeticSet, hands, source, target, seed):
        self.data, self.hands, self.source, self.target = data, hands, source, target
        self._seeds = dict(zip(("train", "validation", "test"), zip(*[iter(spawn_seeds(seed, 6))] * 2)))
        self._written: dict = {}

    def X(self, part):
        return self._side(part, 0) if self.source == "image" else self.data.part(part)[0]

    def y(self, part):
        return self._side(part, 1) if self.target == "image" else self.data.part(part)[1]

    def texts(self, model):
        queries, answers = self.data.part("train")
        found = {"source_text": queries} if self.source == "image" else {}
        if self.target == "image" and model.writer != "blurred":
            found["target_text"] = answers
        return found

    def _side(self, part, place):
        if (part, place) not in self._written:
            digits = {"train": self.hands.model, "validation": self.hands.judge, "test": self.hands.test}[part]
            self._written[part, place] = render_queries(
                self.data.part(part)[place],
                digits,
                length=(self.data.query_length, self.data.answer_length)[place],
                random_state=self._seeds[part][place],
            )
        return self._written[part, place]


def _judge(given, steps, seed):
    from toolkit.sequence import PictureReader

    answers = given.data.part("train")[1]
    pictures = render_queries(answers, given.hands.judge, length=given.data.answer_length, random_state=seed)
    return PictureReader(steps=steps, random_state=seed).fit(pictures, answers)


def _judged(model, given, judge):
    queries, truth = given.data.part("test")
    asked = given.X("test")
    start = perf_counter()
    answers = model.predict(asked)
    measures = {"milliseconds an answer": 1000 * (perf_counter() - start) / len(truth)}
    read = answers if judge is None else judge.read(answers)
    measured = answer_accuracy(truth, read)
    measures["character accuracy"] = measured["character_accuracy"]
    if (given.data.parts == "validation").any():
        measures["exact match, validation"] = model.score(
            given.X("validation"), given.data.part("validation")[1], reader=judge
        )
    if judge is not None:
        measures["the reader on real pictures of the answers"] = float((judge.read(given.y("test")) == truth).mean())
        real = given.hands.test
        flat = answers.reshape(-1, *answers.shape[2:])
        spread = handwriting_spread(flat, judge.read(flat[:, None]), real.images, np.asarray(real.labels).astype(str))
        measures["spread of the hands, of real ones"] = float(spread["spread"].mean())
    if model.source == "image":
        measures["queries read without a mistake"] = float((model.read_source(asked) == queries).mean())
    # Mistakes first, then others as they come: a page of right answers alone would show nothing.
    wrong, right = np.flatnonzero(read != truth), np.flatnonzero(read == truth)
    chosen = np.concatenate([wrong[: max(_SHOWN // 2, _SHOWN - len(right))], right])[:_SHOWN]
    shown = {"queries": asked[chosen], "answers": answers[chosen], "truth": truth[chosen], "read": read[chosen]}
    maps = None
    if model.attention and model.target_characters_ is not None:
        few = chosen[::-1][:_MAPS]
        written = model.predict_text(asked[few])
        if not model.reverse_target:
            written = np.char.ljust(written, model.target_length_)
        maps = {"weights": model.attention_weights(asked[few]), "queries": queries[few], "answers": written}
    return {
        "exact_match": measured["exact_match"],
        "measures": measures,
        "errors": answer_errors(queries, truth, read),
        "shown": shown,
        "attention": maps,
    }


def ask_arithmetic(
    model: ArithmeticSeq2Seq, query: str, *, digits: str = "digits", seed: int = 0
) -> tuple[NDArray, NDArray, str | None]:
    """One query to a fitted model.

    Parameters
    ----------
    model : ArithmeticSeq2Seq
    query : str
        Such as "45+23"; spaces do not matter.
    digits : str, default="digits"
        Whose handwriting the query is in, if the model takes pictures.
    seed : int, default=0
        Chooses among the pictures of each digit.

    Returns
    -------
    asked, answer : ndarray
        As the model takes and gives them, one row each.
    text : str or None
        The answer in characters; None for a model that knows pictures only.

    Examples
    --------
    >>> from toolkit.studies import ask_arithmetic, run_arithmetic
    >>> model = run_arithmetic(operations="+", n_digits=1, steps=2, hidden_size=4).model
    >>> asked, answer, text = ask_arithmetic(model, "4 + 5")
    >>> asked.tolist(), answer.shape, text == answer[0]
    (['4+5'], (1,), True)
    """
    asked = np.array(["".join(str(query).split())])
    if model.source == "image":
        hands = load_handwriting(digits, seed=seed)
        asked = render_queries(asked, hands.test, length=model.source_length_, random_state=seed)
    answer = model.predict(asked)
    return asked, answer, None if model.target_characters_ is None else str(model.predict_text(asked)[0])
