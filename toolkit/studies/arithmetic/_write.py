"""A study of learned arithmetic as a folder of files, which appears whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit._core.files import write_csv, write_json
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.showing import only_shows
from toolkit.studies._folder import check_target, whole_folder
from toolkit.studies.arithmetic._findings import arithmetic_findings
from toolkit.studies.arithmetic._report import arithmetic_displays, build_arithmetic_report

if TYPE_CHECKING:
    from toolkit.studies.arithmetic._run import ArithmeticResult

__all__ = ["ARITHMETIC_FILES", "check_arithmetic_target", "write_arithmetic"]

ARITHMETIC_FILES = frozenset(
    {"answers.png", "asked.png", "attention.png", "errors.csv", "losses.png", "model", "report.html", "summary.json"}
)


def check_arithmetic_target(out: str | os.PathLike) -> None:
    """Refuse a folder that :func:`write_arithmetic` would refuse, before the long work.

    Parameters
    ----------
    out : path-like

    Raises
    ------
    FileExistsError

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from toolkit.studies import check_arithmetic_target
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> check_arithmetic_target(folder / "new")
    >>> (folder / "thesis.tex").touch()
    >>> check_arithmetic_target(folder)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    FileExistsError: ... holds 'thesis.tex', which is no part of such a result, and would be lost: ...
    """
    check_target(out, ARITHMETIC_FILES)


@usual_floating_point
def write_arithmetic(result: ArithmeticResult, out: str | os.PathLike) -> Path:
    """Write a study of arithmetic into a folder, all at once.

    That is ``summary.json``, ``report.html``, ``errors.csv``, pictures, and the model for :func:`toolkit.load`.

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

    Examples
    --------
    >>> import os, tempfile
    >>> from toolkit.studies import run_arithmetic, write_arithmetic
    >>> result = run_arithmetic(operations="+", n_digits=1, steps=2, hidden_size=4, attention=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(sorted(os.listdir(write_arithmetic(result, f"{folder}/sums").parent)))
    ['answers.png', 'errors.csv', 'losses.png', 'model', 'report.html', 'summary.json']
    """
    import toolkit

    out = Path(out)
    displays = arithmetic_displays(result)
    with whole_folder(out, ARITHMETIC_FILES) as folder:
        for name, display in displays.items():
            with only_shows(f"{name}.png"):
                display.save(folder / f"{name}.png")
        write_csv(folder / "errors.csv", result.errors)
        toolkit.save(result.model, folder / "model")
        summary = {
            "exact_match": result.exact_match,
            "findings": arithmetic_findings(result),
            "figures": result.measures,
            "settings": result.settings,
            "seconds": result.seconds,
            "errors": result.errors.to_dict(orient="records"),
            "versions": result.versions,
        }
        write_json(folder / "summary.json", summary)
        build_arithmetic_report(result, displays).write(folder / "report.html")
    return out / "report.html"
