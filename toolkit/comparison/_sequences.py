"""Architectures of sequence models, on shares of all queries, over seeds."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.jobs import Failed, run_jobs
from toolkit._core.names import check_names
from toolkit._core.random import check_seeds, spawn_seeds
from toolkit.comparison._answers import answer_accuracy

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.base import BaseEstimator

__all__ = ["SEQUENCE_MODELS", "compare_sequence_models"]

# Each differs from the one before it, or from the plain one, in as little as can be.
SEQUENCE_MODELS = {
    "repeat_vector": {"attention": False, "reverse_target": False},
    "teacher_forcing": {"attention": False, "reverse_target": False, "teacher_forcing": True},
    "attention": {"attention": True, "reverse_target": False},
    "bidirectional_attention": {"attention": True, "reverse_target": False, "bidirectional": True},
    "two_layers": {"attention": False, "reverse_target": False, "n_layers": 2},
    "reversed": {"attention": False, "reverse_target": True},
    "reversed_teacher_forcing": {"attention": False, "reverse_target": True, "teacher_forcing": True},
    "reversed_attention": {"attention": True, "reverse_target": True},
    "reversed_two_layers": {"attention": False, "reverse_target": True, "n_layers": 2},
}
_MEASURED = (
    "exact_match_seen",
    "exact_match_validation",
    "exact_match_unseen",
    "character_accuracy_seen",
    "character_accuracy_unseen",
    "fit_seconds",
    "cpu_seconds",
)


@usual_floating_point
def compare_sequence_models(
    models: "Sequence[str] | Mapping[str, dict[str, Any] | BaseEstimator] | None" = None,
    *,
    train_shares: Iterable[float] = (0.5, 0.1),
    seeds: Iterable[int] = (0,),
    operations: str = "+-",
    n_digits: int = 2,
    split: str = "random",
    n_jobs: int | None = 1,
    verbose: bool = False,
    **parameters: Any,
) -> "pd.DataFrame":
    """Fit every model on every share of the queries with every seed, text to text.

    Parameters
    ----------
    models : list of str, or dict of str to dict or ArithmeticSeq2Seq, optional
        Names from ``SEQUENCE_MODELS`` (all by default); or own names with parameters, or with estimators, which are
        cloned.
    train_shares : sequence of float, default=(0.5, 0.1)
        Of all queries; .05 more are for validation and the rest is unseen.
    seeds : iterable of int, default=(0,)
        Each chooses the split and the weights.
    operations, n_digits, split
        As in :func:`toolkit.datasets.make_arithmetic`.
    n_jobs : int, default=1
    verbose : bool, default=False
    **parameters
        Of every model, such as ``steps=2000``.

    Returns
    -------
    DataFrame
        One row per model x share x seed: ``model``, ``train_share``, ``seed``, exact match and accuracy by character
        on seen and unseen queries, exact match on the validation part, wall and CPU seconds to fit, ``n_weights``,
        ``status`` and ``error``. Choose by the validation part; the unseen queries are for reporting.

    Raises
    ------
    ValueError
        Unknown names, shares that leave a part empty, the same seed twice.

    Examples
    --------
    >>> table = compare_sequence_models(["reversed"], train_shares=[0.8], operations="+", n_digits=1, steps=20)
    >>> table[["model", "train_share", "seed", "status"]].values.tolist()
    [['reversed', 0.8, 0, 'ok']]
    """
    import pandas as pd

    from toolkit.datasets import make_arithmetic

    estimators = _resolve(models, parameters)
    shares, seeds = [float(share) for share in train_shares], check_seeds(seeds)
    sets = {
        (share, seed): make_arithmetic(
            operations, n_digits=n_digits, train_share=share, split=split, random_state=spawn_seeds(seed, 2)[0]
        )
        for share in shares
        for seed in seeds
    }
    cells = [(name, share, seed) for share in shares for seed in seeds for name in estimators]
    tasks = [
        {"estimator": estimators[name], "data": sets[share, seed], "seed": spawn_seeds(seed, 2)[1]}
        for name, share, seed in cells
    ]
    results = run_jobs(_cell, tasks, n_jobs=n_jobs, verbose=verbose, desc="comparing", on_error="record")
    rows = []
    for (name, share, seed), result in zip(cells, results):
        failed = isinstance(result, Failed)
        figures = dict.fromkeys((*_MEASURED, "n_weights"), np.nan) if failed else result
        rows.append(
            {
                "model": name,
                "train_share": share,
                "seed": seed,
                **figures,
                "status": "failed" if failed else "ok",
                "error": result.error if failed else "",
            }
        )
    table = pd.DataFrame(rows)
    table.attrs["greater_is_better"] = {name: "seconds" not in name for name in _MEASURED}
    return table


def _resolve(models, parameters):
    """Estimators by name."""
    from sklearn.base import clone

    from toolkit.sequence import ArithmeticSeq2Seq

    if models is None:
        models = tuple(SEQUENCE_MODELS)
    if not isinstance(models, dict):
        models = {name: SEQUENCE_MODELS[name] for name in check_names(models, SEQUENCE_MODELS, "sequence model")}
    if not models:
        raise ValueError("models must name at least one model, got none.")
    found = {}
    for name, given in models.items():
        estimator = ArithmeticSeq2Seq(**given) if isinstance(given, dict) else clone(given)
        found[str(name)] = estimator.set_params(**parameters)
        if (estimator.source, estimator.target) != ("text", "text"):
            raise ValueError(
                f"models[{name!r}] must go from text to text, got {estimator.source} to {estimator.target}."
            )
    return found


def _cell(estimator, data, seed):
    from sklearn.base import clone

    model = clone(estimator).set_params(random_state=seed)
    start, cpu = time.perf_counter(), time.process_time()
    model.fit(*data.part("train"))
    figures = {"fit_seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - cpu}
    for name, part in (("seen", "train"), ("validation", "validation"), ("unseen", "test")):
        queries, answers = data.part(part)
        if len(queries):
            measured = answer_accuracy(answers, model.predict(queries))
            figures |= {f"{measure}_{name}": value for measure, value in measured.items()}
    figures.pop("character_accuracy_validation", None)
    figures["n_weights"] = sum(weight.numel() for weight in model.network_.parameters())
    return {name: figures.get(name, np.nan) for name in (*_MEASURED, "n_weights")}
