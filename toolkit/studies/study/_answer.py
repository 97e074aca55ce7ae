"""A study in sentences: all findings, and the answer in five lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.studies.audit._findings import audit_answer, plain_findings
from toolkit.studies.collapse._findings import collapse_answer, collapse_findings

if TYPE_CHECKING:
    from toolkit.studies.study._run import StudyResult

__all__ = ["study_answer", "study_findings"]

_LINES = 5


def study_answer(result: StudyResult) -> list[str]:
    """The answer that a report opens with; :func:`study_findings` says everything.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    list of str
        At most five sentences.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import StudyResult, run_audit, study_answer
    >>> audit = run_audit(load_digits().images[:4], quick=True)
    >>> [sentence.split(":")[0] for sentence in study_answer(StudyResult(audit, None, n_left=4))]
    ['This set cannot be judged', 'What it can do is order the images', 'Would a generator learn all of it? Not tried']
    """
    lines = audit_answer(result.audit)
    n = f"{result.n_left:,} images that are clean or repaired"
    if result.collapse is None:
        return [*lines, f"Would a generator learn all of it? Not tried: {n} are too few."][:_LINES]
    headline, *rest = collapse_answer(result.collapse)
    lines.append(f"Would a generator learn all of the {n}? {headline}")
    return [*lines, *rest][:_LINES]


def study_findings(result: StudyResult) -> list[str]:
    """Findings of the audit, then of the collapse study, in plain sentences.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    list of str

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import StudyResult, plain_findings, run_audit, study_findings
    >>> audit = run_audit(load_digits().images[:4], quick=True)
    >>> study_findings(StudyResult(audit, None, n_left=4))[: len(plain_findings(audit))] == plain_findings(audit)
    True
    """
    return [*plain_findings(result.audit), *_learnt(result)]


def _learnt(result):
    n = f"{result.n_left:,} images that are clean or repaired"
    if result.collapse is None:
        return [f"Would a generator learn all of it? Not tried: {n} are too few."]
    return [f"Would a generator learn all of the {n}? It depends on its settings.", *collapse_findings(result.collapse)]
