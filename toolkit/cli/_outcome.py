"""What every command of a study does: have its folder to itself, run, write, and say what was found and where."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from toolkit._core.printable import printable
from toolkit.cli._held import hold
from toolkit.studies import StudyOutcome, reserve_result

__all__ = ["carry_out"]

Outcome = TypeVar("Outcome", bound=StudyOutcome)


def carry_out(
    kind: str,
    out: Path,
    run: Callable[[], Outcome],
    *,
    quiet: bool,
    keep: Callable[[Outcome], None] | None = None,
    say: Callable[[Outcome], list[str]] | None = None,
) -> Outcome:
    """Run a study and write it to a folder that was found fit for it before.

    Parameters
    ----------
    kind : str
        As :func:`toolkit.studies.reserve_result` knows it.
    out : Path
    run : callable
        Reads what the study is of and makes it; called once the folder is ours.
    quiet : bool
        Say nothing.
    keep : callable, optional
        Writes what is kept besides the folder. All is written before anything is said, since saying it may fail.
    say : callable, optional
        The sentences to print; by default the findings.

    Returns
    -------
    StudyOutcome
    """
    hold(reserve_result(kind, out))
    result = run()
    report = result.write(out)
    if keep is not None:
        keep(result)
    if not quiet:
        print(*(result.findings() if say is None else say(result)), "", f"Report: {printable(report)}", sep="\n")
    return result
