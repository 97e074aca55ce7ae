"""Repair a generator: what it lacks is learnt or drawn more often, judged on held-out rows, and kept or reverted."""

import copy
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import fisher_exact
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from toolkit._core.layouts import as_array
from toolkit._core.parameters import check_choice, check_int, check_number
from toolkit._core.progress import tracked
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.types import RandomState
from toolkit.coverage._bins import row_divergences
from toolkit.coverage._drawing import draw_samples
from toolkit.coverage._draws import ReweightedGenerator
from toolkit.coverage._mode_coverage import ModeCoverage
from toolkit.coverage._record import CoverageRecord
from toolkit.coverage._verdict import _plain_p

__all__ = ["CoverageImprovement", "improve_coverage"]

ACTIONS = ("resume", "reweight")
_LEAST_HELD = 40
_MOST_WEIGHT = 10.0  # of a row in a bin that is never drawn, over one that is drawn as often as is due
_ROUND_ROWS = 6400  # of a pass at least: passes over few rows are few steps
_N_BOOTSTRAP = 1000
_QUANTILE = 0.95  # of held-out rows, beyond which a sample counts as far from the data


@dataclass(frozen=True)
class CoverageImprovement:
    """What was done to a generator, and what speaks for it.

    Parameters
    ----------
    model : object
        The repaired generator if ``kept``, else the one that was given.
    kept : bool
        Whether it is better on rows that nothing was decided on, and single samples are no worse.
    actions : tuple of str
        What was done to the repaired one: ``"resume"`` (trained on, rare rows more often), ``"reweight"`` (some of the
        draws left out), in order.
    before, after : CoverageRecord
        Of the generator as given and as repaired, on the held-out rows.
    steps : DataFrame
        A row an attempt: ``action``, ``round``, ``js``, ``lost_share`` and ``far`` on the rows that decisions
        rest on, ``chosen``.
    far_before, far_after : float
        Share of samples farther from the data than 95 % of held-out rows.
    p_value_js, p_value_far : float
        One-sided: that the divergence is lower, and that more of the repaired generator's samples are far.
    sentence : str

    Examples
    --------
    >>> from sklearn.neighbors import KernelDensity
    >>> from toolkit.coverage import improve_coverage
    >>> from toolkit.datasets import load_ring
    >>> ring = load_ring(600, random_state=0)
    >>> uneven = KernelDensity(bandwidth=0.01).fit(ring.points, sample_weight=1 + 4 * (ring.labels < 4))
    >>> found = improve_coverage(uneven, None, ring.points, n_samples=400)
    >>> found.kept, found.actions, found.after.js < found.before.js
    (True, ('reweight',), True)
    """

    model: Any
    kept: bool
    actions: tuple[str, ...]
    before: CoverageRecord
    after: CoverageRecord
    steps: pd.DataFrame = field(repr=False)
    far_before: float
    far_after: float
    p_value_js: float
    p_value_far: float
    sentence: str

    def frame(self) -> pd.DataFrame:
        """Before and after, on the held-out rows.

        Returns
        -------
        DataFrame
            A row a figure: ``figure``, ``before``, ``after``, ``expected`` (of a perfect sampler).
        """
        names = [name for name in self.before.figures if name in self.after.figures]
        rows = [
            (name, self.before.figures[name], self.after.figures[name], self.before.expected[name]) for name in names
        ]
        rows += [
            ("lost_share", self.before.lost_share, self.after.lost_share, 0.0),
            ("far", self.far_before, self.far_after, 1.0 - _QUANTILE),
        ]
        return pd.DataFrame(rows, columns=["figure", "before", "after", "expected"])


def improve_coverage(
    model: Any,
    coverage: ModeCoverage | None,
    X: ArrayLike,
    y: ArrayLike | None = None,
    *,
    held_out: ArrayLike | None = None,
    actions: tuple[str, ...] = ACTIONS,
    n_rounds: int = 8,
    n_samples: int = 2000,
    held_out_share: float = 0.3,
    alpha: float = 0.05,
    random_state: RandomState = 0,
    verbose: bool = False,
) -> CoverageImprovement:
    """Make a generator reach what it misses, if that can be shown to succeed.

    Bins of the data with too few samples are found. A generator with ``partial_fit`` is trained on, on rows drawn more
    often the more their bin lacks; its draws, or those of the generator as it was, are thinned where there are too
    many. What is best on the rows that decisions rest on is held against the generator as given on others, by bins made
    of those. It is kept if the divergence there is lower by more than chance, and no more samples lie far from the
    data.

    Parameters
    ----------
    model : object with ``sample(n_samples, random_state=...)``
        Fitted; it is not changed. ``partial_fit(X)``, where it has it, trains on.
    coverage : ModeCoverage, optional
        Its parameters are used; it is fitted anew on parts of the rows. None takes the defaults.
    X : array-like of shape (n_rows, height, width[, 3]) or (n_rows, n_features)
        Data, such as the rows that were trained on.
    y : ignored
    held_out : array-like like ``X``, optional
        Rows that the last judgement rests on; None holds a share of ``X`` out.
    actions : tuple of {"resume", "reweight"}, default=("resume", "reweight")
    n_rounds : int, default=8
        Passes of training, over 6,400 rows at least; rates fall to nothing over them.
    n_samples : int, default=2000
        Drawn at each look.
    held_out_share : float in (0, 1), default=0.3
    alpha : float, default=0.05
        Level of both tests.
    random_state : int, RandomState instance or None, default=0
    verbose : bool, default=False
        Show a progress bar.

    Returns
    -------
    CoverageImprovement

    Raises
    ------
    ValueError
        A parameter out of range, or too few rows.

    Examples
    --------
    >>> from toolkit.coverage import improve_coverage
    >>> from toolkit.datasets import load_ring
    >>> from toolkit.generators import FlowMatching
    >>> ring = load_ring(900, random_state=0)
    >>> flow = FlowMatching(preset="rectified", max_steps=150, random_state=0).fit(ring.points[ring.labels != 3])
    >>> found = improve_coverage(flow, None, ring.points, n_rounds=1, n_samples=500)
    >>> found.after.lost_share < found.before.lost_share, found.steps["action"].tolist()[:3]
    (True, ['none', 'resume', 'reweight'])
    """
    check_is_fitted(model)
    for action in actions:
        check_choice("actions", action, ACTIONS)
    check_int("n_rounds", n_rounds)
    check_int("n_samples", n_samples, 100)
    for name, value in (("held_out_share", held_out_share), ("alpha", alpha)):
        check_number(name, value, high=1.0, above=True)
        if value == 1.0:
            raise ValueError(f"{name} must be below 1, got {value!r}.")
    rows = as_array(X)
    split_seed, draw_seed, judge_seed, order_seed = spawn_seeds(random_state, 4)
    if held_out is None:
        order = as_generator(split_seed).permutation(len(rows))
        n_held = math.ceil(held_out_share * len(rows))
        rows, held = rows[np.sort(order[n_held:])], rows[np.sort(order[:n_held])]
    else:
        held = as_array(held_out)
    if min(len(held), len(rows)) < _LEAST_HELD:
        raise ValueError(
            f"X must leave at least {_LEAST_HELD} rows on either side, got {len(rows)} and {len(held)} held out."
        )
    template = ModeCoverage(random_state=0) if coverage is None else coverage
    guide, judge = (clone(template).fit(part) for part in (rows, held))

    attempts = _Attempts(guide, n_samples, draw_seed, alpha)
    record = attempts.try_out(model, (), 0)
    if "resume" in actions and hasattr(model, "partial_fit"):
        _train_on(attempts, model, record, rows, n_rounds, as_generator(order_seed), verbose)
    if "reweight" in actions:
        for start, names in {id(each[0]): each for each in ((model, ()), attempts.best)}.values():
            attempts.try_out(ReweightedGenerator.of(start, guide, n_samples, draw_seed), (*names, "reweight"), 0)
    repaired, names = attempts.best
    return _judge(judge, model, repaired, names, attempts.frame(), n_samples, judge_seed, alpha)


class _Attempts:
    """What was tried, and which of it is best on the rows that decisions rest on.

    The best has the least divergence of those whose samples are not far from the data more often than at first.
    """

    def __init__(self, guide, n_samples, seed, alpha):
        self.guide, self.n_samples, self.seed, self.alpha = guide, n_samples, seed, alpha
        self.rows: list[dict] = []
        self.best: tuple[Any, tuple[str, ...]] = (None, ())
        self._chosen, self._first = 0, None

    def try_out(self, model, names, number):
        """Look at its samples; the record."""
        samples = draw_samples(model, self.n_samples, self.seed)
        record = self.guide.evaluate(samples)
        n_far = _count_far(self.guide, samples)
        if self._first is None:
            self._first = n_far
        self.rows.append(
            {
                "action": " + ".join(names) or "none",
                "round": number,
                "js": record.js,
                "lost_share": record.lost_share,
                "far": n_far / self.n_samples,
            }
        )
        worse = _more_far(self._first, n_far, self.n_samples) <= self.alpha
        if self.best[0] is None or (record.js < self.rows[self._chosen]["js"] and not worse):
            self.best, self._chosen = (model, tuple(names)), len(self.rows) - 1
        return record

    def frame(self):
        frame = pd.DataFrame(self.rows)
        frame["chosen"] = np.arange(len(frame)) == self._chosen
        return frame


def _train_on(attempts, model, record, rows, n_rounds, generator, verbose):
    """Passes over rows that are drawn by what their bins lack; each is looked at."""
    trained, bins = copy.deepcopy(model), attempts.guide.bins_
    rounds, n_drawn = range(1, n_rounds + 1), max(len(rows), _ROUND_ROWS)
    # A training that goes on at a full rate blurs what one that came to rest has learnt: it comes to rest again.
    rate = getattr(trained, "settings_", {}).get("learning_rate")
    for number in tracked(rounds, n_rounds, desc="improve coverage", verbose=verbose):
        lacking = _bin_weights(record)[bins]
        if rate is not None:
            trained.set_params(learning_rate=rate * 0.5 * (1.0 + math.cos(math.pi * (number - 0.5) / n_rounds)))
        trained.partial_fit(rows[generator.choice(len(rows), n_drawn, p=lacking / lacking.sum())])
        record = attempts.try_out(copy.deepcopy(trained), ("resume",), number)


def _bin_weights(record):
    """How many times as often as they are the rows of a bin are to be learnt."""
    ratio = record.bins["ratio"].to_numpy()
    return np.clip(1.0 / np.maximum(ratio, 1.0 / _MOST_WEIGHT), 1.0, _MOST_WEIGHT)


def _count_far(coverage, samples):
    """Samples farther from the data than most of the rows that its judge of fidelity has held out; NaN without one."""
    judge = coverage._fidelity
    if judge is None:
        return math.nan
    scores = judge.scores(coverage._samples(samples), coverage.pixel_scale_)
    return float((scores["distance"] > np.quantile(judge.held["distance"], _QUANTILE)).sum())


def _more_far(before, after, n_samples):
    """p-value, one-sided, that more are far after than before (Fisher's exact test); 1 where it cannot be told."""
    if math.isnan(before) or math.isnan(after):
        return 1.0
    table = [[int(after), n_samples - int(after)], [int(before), n_samples - int(before)]]
    return float(fisher_exact(table, alternative="greater").pvalue)


def _less_divergence(before, after, generator):
    """p-value, one-sided, that the divergence is lower after than before: by bootstrap of both samples' counts."""
    real = before.bins["real_share"].to_numpy()
    drawn = []
    for record in (before, after):
        counts = record.bins["samples"].to_numpy()
        draws = generator.multinomial(counts.sum(), counts / counts.sum(), size=_N_BOOTSTRAP) / counts.sum()
        drawn.append(row_divergences(np.broadcast_to(real, draws.shape), draws))
    return float((1 + (drawn[0] <= drawn[1]).sum()) / (1 + _N_BOOTSTRAP))


def _judge(judge, model, repaired, names, steps, n_samples, seed, alpha):
    """Hold the repaired one against the one given, on rows that nothing was decided on."""
    samples = [draw_samples(each, n_samples, seed) for each in (model, repaired)]
    before, after = (judge.evaluate(rows) for rows in samples)
    n_far = [_count_far(judge, rows) for rows in samples]
    p_js = _less_divergence(before, after, as_generator(seed)) if names else 1.0
    p_far = _more_far(*n_far, n_samples)
    kept = bool(names) and p_js <= alpha and p_far > alpha
    changed = f"the divergence of the bins went from {before.js:.4f} to {after.js:.4f} on held-out rows"
    if not names:
        sentence = "Nothing that was tried was better than the generator as it was; it is returned unchanged."
    elif kept:
        sentence = (
            f"Kept ({' and '.join(names)}): {changed} (p {_plain_p(p_js)}), and no more samples lie far from them."
        )
    elif p_far <= alpha:
        sentence = f"Reverted: more samples lie far from held-out rows than before (p {_plain_p(p_far)})."
    else:
        sentence = f"Reverted: {changed}, which may be chance (p {_plain_p(p_js)})."
    return CoverageImprovement(
        model=repaired if kept else model,
        kept=kept,
        actions=names,
        before=before,
        after=after,
        steps=steps,
        far_before=n_far[0] / n_samples,
        far_after=n_far[1] / n_samples,
        p_value_js=p_js,
        p_value_far=p_far,
        sentence=sentence,
    )
