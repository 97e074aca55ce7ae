"""A comparison of generators as a folder of files, which appears whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit._core.files import write_csv, write_json
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.showing import only_shows
from toolkit.studies._folder import check_target, whole_folder
from toolkit.studies.generators._findings import generator_findings
from toolkit.studies.generators._report import build_generators_report, generator_curves, generator_displays

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.studies.generators._run import GeneratorComparison

__all__ = ["GENERATORS_FILES", "check_comparison_target", "write_generator_comparison"]

GENERATORS_FILES = frozenset(
    {"generators.csv", "left_out.csv", "losses", "reconstructions.png", "report.html", "samples.png", "summary.json"}
)


def check_comparison_target(out: str | os.PathLike) -> None:
    """Refuse a folder that :func:`write_generator_comparison` would refuse, before the long work.

    Parameters
    ----------
    out : path-like

    Raises
    ------
    FileExistsError

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from toolkit.studies import check_comparison_target
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> check_comparison_target(folder / "new")
    >>> (folder / "notes.md").touch()
    >>> check_comparison_target(folder)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    FileExistsError: ... holds 'notes.md', which is no part of such a result, and would be lost: ...
    """
    check_target(out, GENERATORS_FILES)


@usual_floating_point
def write_generator_comparison(
    result: GeneratorComparison, out: str | os.PathLike, *, left_out: pd.DataFrame | None = None
) -> Path:
    """Write a comparison of generators into a folder, all at once.

    That is ``generators.csv``, ``summary.json``, ``samples.png``, ``reconstructions.png``, the curves of each generator
    in ``losses``, and ``report.html``.

    Parameters
    ----------
    result : GeneratorComparison
    out : path-like
    left_out : DataFrame, optional
        Files that are no images of the set, for ``left_out.csv``; by default those that the result knows of.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    FileExistsError
        If the folder holds something that no comparison wrote.

    Examples
    --------
    >>> import os, tempfile
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_generator_comparison, write_generator_comparison
    >>> found = run_generator_comparison(load_digits().images[:10], generators=["gan"], epochs=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(sorted(os.listdir(write_generator_comparison(found, f"{folder}/generators").parent)))
    ['generators.csv', 'losses', 'report.html', 'samples.png', 'summary.json']
    """
    out = Path(out)
    left_out = result.left_out if left_out is None else left_out
    displays, curves = generator_displays(result), generator_curves(result)
    with whole_folder(out, GENERATORS_FILES) as folder:
        write_csv(folder / "generators.csv", result.table)
        if left_out is not None and len(left_out):
            write_csv(folder / "left_out.csv", left_out)
        for name, display in displays.items():
            with only_shows(f"{name}.png"):
                display.save(folder / f"{name}.png")
        (folder / "losses").mkdir()
        for name, display in curves.items():
            with only_shows(f"losses/{name}.png"):
                display.save(folder / "losses" / f"{name}.png")
        build_generators_report(result, displays, curves).write(folder / "report.html")
        summary = {
            "findings": generator_findings(result),
            "settings": result.settings,
            "table": result.table.astype(object).where(result.table.notna(), None).to_dict(orient="records"),
            "versions": result.versions,
        }
        write_json(folder / "summary.json", summary)
    return out / "report.html"
