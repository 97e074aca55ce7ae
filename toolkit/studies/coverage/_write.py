"""Coverage as a folder of files, which appears whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit._core.files import write_csv, write_json
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.showing import only_shows
from toolkit.studies._folder import check_target, whole_folder
from toolkit.studies.coverage._differences import DIFFERENCES_FILES
from toolkit.studies.coverage._report import build_coverage_report, coverage_displays

if TYPE_CHECKING:
    from toolkit.studies.coverage._run import CoverageResult

__all__ = ["COVERAGE_FILES", "check_coverage_target", "write_coverage"]

COVERAGE_FILES = DIFFERENCES_FILES | {
    "bins.csv",
    "dropped.png",
    "evidence.csv",
    "figures.csv",
    "left_out.csv",
    "map.png",
    "missing.csv",
    "report.html",
    "samples.png",
    "scarce.png",
    "summary.json",
}


def check_coverage_target(out: str | os.PathLike) -> None:
    """Refuse a folder that :func:`write_coverage` would refuse, before the long work.

    Parameters
    ----------
    out : path-like

    Raises
    ------
    FileExistsError

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from toolkit.studies import check_coverage_target
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> check_coverage_target(folder / "new")
    >>> (folder / "samples.npz").touch()
    >>> check_coverage_target(folder)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    FileExistsError: ... holds 'samples.npz', which is no part of such a result, and would be lost: ...
    """
    check_target(out, COVERAGE_FILES)


@usual_floating_point
def write_coverage(result: CoverageResult, out: str | os.PathLike) -> Path:
    """Write tables, pictures and the report of samples into a folder, all at once.

    These are ``figures.csv``, ``bins.csv``, ``evidence.csv``, ``missing.csv``, ``summary.json``, ``samples.png``,
    ``dropped.png``, ``map.png``, ``report.html`` and, where there are any, ``scarce.png`` and ``left_out.csv``.

    Parameters
    ----------
    result : CoverageResult
    out : path-like

    Returns
    -------
    Path
        The report.

    Raises
    ------
    FileExistsError
        If the folder holds something that no such result wrote.

    Examples
    --------
    >>> import os, tempfile
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_coverage, write_coverage
    >>> images = load_digits().images
    >>> result = run_coverage(images[:100], images[100:200], with_map=False)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(sorted(os.listdir(write_coverage(result, f"{folder}/coverage").parent))[:5])
    ['bins.csv', 'dropped.png', 'evidence.csv', 'figures.csv', 'missing.csv']
    """
    out = Path(out)
    record, displays = result.record, coverage_displays(result)
    with whole_folder(out, COVERAGE_FILES) as folder:
        write_csv(folder / "figures.csv", record.frame())
        write_csv(folder / "bins.csv", record.bins)
        if result.left_out is not None and len(result.left_out):
            write_csv(folder / "left_out.csv", result.left_out)
        write_csv(folder / "evidence.csv", record.evidence())
        write_csv(folder / "missing.csv", result.tables()["missing"])
        write_json(
            folder / "summary.json",
            record.summary()
            | {
                "findings": result.findings(),
                "names": result.names,
                "notes": result.notes,
                "left_out": 0 if result.left_out is None else len(result.left_out),
                "versions": result.versions,
            },
        )
        for name, display in displays.items():
            with only_shows(f"{name}.png"):
                display.save(folder / f"{name}.png")
        build_coverage_report(result, displays).write(folder / "report.html")
    return out / "report.html"
