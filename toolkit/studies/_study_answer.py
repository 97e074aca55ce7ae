"""A study in five lines: what is wrong, what of it was undone, and whether a generator would learn all of the rest."""

from toolkit.studies.audit._findings import audit_answer
from toolkit.studies.collapse._findings import collapse_answer

__all__ = ["study_answer"]

_LINES = 5


def study_answer(result):
    """The answer that a report opens with; :func:`study_findings` says everything.

    Parameters
    ----------
    result : StudyResult

    Returns
    -------
    list of str
        At most five sentences.
    """
    lines = audit_answer(result.audit)
    n = f"{result.n_left:,} images that are clean or repaired"
    if result.collapse is None:
        return [*lines, f"Would a generator learn all of it? Not tried: {n} are too few."][:_LINES]
    headline, *rest = collapse_answer(result.collapse)
    lines.append(f"Would a generator learn all of the {n}? {headline}")
    return [*lines, *rest][:_LINES]
