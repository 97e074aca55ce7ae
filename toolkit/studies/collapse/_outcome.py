"""What became of a run, in a word: collapsed, or never learnt to draw? From label-free figures over its training."""

from __future__ import annotations

import math
from collections.abc import Sequence

from toolkit.coverage import COLLAPSED, RESEMBLING, name_outcome

__all__ = ["draws_the_data", "outcome_of"]


def outcome_of(status: str, checkpoints: Sequence[dict], *, n_real: int = 0) -> str:
    """A run in a word, from what it drew at its end and before.

    Parameters
    ----------
    status : str
    checkpoints : sequence of dict
        Figures of its checkpoints in order, the last one that to be judged: ``missing_share``, and where they were
        measured ``lost_share``, ``resembling``, ``resembling_expected`` and ``support``.
    n_real : int
        Images that coverage was measured against.

    Returns
    -------
    str
        ``"diverged"``, ``"failed"``, ``"undertrained"`` (hardly a sample ever resembled a real image, most of the
        data was never reached, and the samples are not alike either), ``"collapsed"`` (a quarter of the data or more is
        missing, though it draws, or once did, or all it draws is alike), ``"partial"`` (less is missing) or
        ``"complete"``. See :func:`toolkit.coverage.name_outcome`.

    Examples
    --------
    >>> outcome_of("finished", [{"missing_share": 0.5}]), outcome_of("finished", [{"missing_share": 0.0}])
    ('collapsed', 'complete')
    >>> noise = {"missing_share": 0.98, "resembling": 0.0, "resembling_expected": 0.9}
    >>> outcome_of("finished", [noise]), outcome_of("finished", [{"missing_share": 0.1}, noise])
    ('undertrained', 'collapsed')
    >>> outcome_of("diverged", [])
    'diverged'
    """
    if status != "finished":
        return status
    outcome, known = "complete", False
    for figures in checkpoints:
        outcome = name_outcome(
            _lost(figures),
            resembling=_number(figures, "resembling"),
            expected=_number(figures, "resembling_expected"),
            support=_number(figures, "support", math.inf),
            n_real=n_real,
            known=known,
        )
        known = known or draws_the_data(figures)
    return outcome


def draws_the_data(figures: dict) -> bool:
    """Whether a generator draws, at a checkpoint: its samples resemble real images, or reach most of them."""
    share, expected = _number(figures, "resembling"), _number(figures, "resembling_expected")
    return _lost(figures) < COLLAPSED or share >= RESEMBLING * expected


def _lost(figures):
    """The share that is missing, or where samples are few, all but empty."""
    return _number(figures, "lost_share", figures["missing_share"])


def _number(figures, name, missing=math.nan):
    """JSON has null for infinity and for what is not known."""
    value = figures.get(name)
    return missing if value is None else value
