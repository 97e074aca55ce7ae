"""An audit as a folder of files, which appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from toolkit._core.files import write_csv, write_json
from toolkit._core.floating_point import usual_floating_point
from toolkit.datasets import save_npz
from toolkit.report import write_figures
from toolkit.studies._folder import check_target, whole_folder
from toolkit.studies.audit._figures import audit_figures
from toolkit.studies.audit._findings import plain_findings
from toolkit.studies.audit._report import build_report, plan_of, undoable_kinds
from toolkit.studies.folder._write import FILE_TABLES, file_summary, per_file_table, write_file_tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from toolkit.studies.audit._outcome import AuditResult

__all__ = ["AUDIT_FILES", "check_audit_target", "fill_audit_folder", "summarise", "write_audit"]

AUDIT_FILES = FILE_TABLES | {
    *(
        "auditor",
        "detectors.csv",
        "figures",
        "left_out.csv",
        "per_image.csv",
        "repaired.npz",
        "plan.csv",
        "report.html",
        "summary.json",
    )
}


def check_audit_target(out: str | os.PathLike) -> None:
    """Refuse a folder that :func:`write_audit` would refuse: worth knowing before the long work.

    Parameters
    ----------
    out : path-like

    Raises
    ------
    FileExistsError

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from toolkit.studies import check_audit_target
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> check_audit_target(folder / "new")
    >>> (folder / "holiday.jpg").touch()
    >>> check_audit_target(folder)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    FileExistsError: ... holds 'holiday.jpg', which is no part of such a result, and would be lost: ...
    """
    check_target(out, AUDIT_FILES)


def _records(frame):
    """A table for JSON: a list of rows, or None."""
    return None if frame is None else frame.to_dict(orient="records")


def summarise(result: AuditResult) -> dict:
    """What ``summary.json`` holds: findings, counts, tables, timings, versions.

    Parameters
    ----------
    result : AuditResult

    Returns
    -------
    dict
    """
    rows = result.per_image
    low, high = result.prevalence_interval
    flagged = int(result.flagged.sum())
    return {
        "findings": plain_findings(result),
        "settings": result.settings,
        "images": {
            "n": len(result),
            "shape": list(result.images.shape[1:]),
            "dtype": result.images.dtype.name,
        },
        "files": _files(result),
        "per_file": None if result.files is None else file_summary(result.files, result.applied),
        "counts": {
            "clean": int((rows["kind"] == "clean").sum()),
            "corrupted": flagged,
            "unknown": int((rows["kind"] == "unknown").sum()),
            "repaired": int(rows["repaired"].sum()),
            "left_alone": int((result.flagged & (rows["repaired"] == 0)).sum()),
            "by_kind": result.counts.to_dict(),
        },
        "prevalence": {"estimate": result.prevalence, "low": low, "high": high},
        "competence": {
            "judgeable": result.judgeable,
            "reasons": list(result.reasons),
            "held_out_auroc": result.held_out_auroc,
            "kinds": _records(result.competence),
        },
        "tables": {
            "by_kind": _records(result.by_kind),
            "by_restorer": _records(result.by_restorer),
            "detectors": _records(result.detectors),
            "truth_per_kind": _records(result.truth_per_kind),
            "repairs_per_kind": _records(result.repairs_per_kind),
        },
        "truth": result.truth,
        "timings": result.timings,
        "versions": result.versions,
    }


def _files(result):
    """Of a folder of pictures: what was done to it, how many files are no images of it, and the files flagged."""
    rows = result.per_image
    if "path" not in rows:
        return None
    flagged = rows.loc[result.flagged, ["path", "index", "kind", "confidence", "repaired"]]
    return {
        "notes": result.settings["notes"],
        "left_out": 0 if result.left_out is None else len(result.left_out),
        "flagged": _records(flagged.sort_values("confidence", ascending=False, kind="stable")),
    }


def _keep_auditor(result, path):
    """What repairs images as other kinds, once somebody has looked; nothing where nothing can be undone."""
    if result.auditor is None or not undoable_kinds(result):
        return
    import toolkit

    # One with an identifier of somebody's own cannot be saved: all else is written, and `apply` says what is missing.
    with contextlib.suppress(TypeError):
        toolkit.save(result.auditor, path)


@usual_floating_point
def write_audit(result: AuditResult, out: str | os.PathLike, *, figures: dict[str, Figure] | None = None) -> Path:
    """Write an audit as files: all of them appear at once, in the place of an earlier audit's folder.

    Parameters
    ----------
    result : AuditResult
    out : path-like
        Folder for ``per_image.csv``, ``plan.csv`` (what becomes of each unless somebody decides otherwise),
        ``left_out.csv`` (files of a folder that are no images of it), ``repaired.npz``, ``detectors.csv``,
        ``summary.json``, ``figures/*.png`` and ``report.html``; of a folder whose files were looked at also
        ``per_file.csv`` (and ``.parquet``, where pyarrow is installed), ``duplicates.csv`` and ``leaks.csv``; of images
        of an array ``auditor``, what was learned, by which :func:`apply_decisions` repairs images anew.
    figures : dict of str to Figure, optional
        Of the audit, where they have been drawn already; as ``result.figures()`` gives them.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    FileExistsError
        If the folder holds something that no audit wrote.

    Examples
    --------
    >>> import os, tempfile
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_audit, write_audit
    >>> result = run_audit(load_digits().images[:4], quick=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(sorted(os.listdir(write_audit(result, f"{folder}/audit").parent)))
    ['detectors.csv', 'figures', 'per_image.csv', 'plan.csv', 'repaired.npz', 'report.html', 'summary.json']
    """
    fill_audit_folder(result, Path(out), figures)
    return Path(out) / "report.html"


def fill_audit_folder(
    result: AuditResult, out: Path, figures: dict[str, Figure] | None = None
) -> dict[str, Figure | bytes]:
    """Do what :func:`write_audit` says, and return the figures as further pages should be given them.

    Parameters
    ----------
    result : AuditResult
    out : Path
    figures : dict of str to Figure, optional

    Returns
    -------
    dict of str to Figure or bytes
        Of :func:`toolkit.report.write_figures`.
    """
    with whole_folder(out, AUDIT_FILES) as folder:
        write_csv(folder / "per_image.csv", result.per_image)
        write_csv(folder / "detectors.csv", result.detectors)
        if result.left_out is not None and len(result.left_out):
            write_csv(folder / "left_out.csv", result.left_out)
        if result.files is not None:
            table = per_file_table(result.files, result.per_image, result.applied)
            write_file_tables(folder, table, result.files)
        write_csv(folder / "plan.csv", plan_of(result))
        save_npz(folder / "repaired.npz", np.asarray(result.repaired))
        if result.files is None:
            _keep_auditor(result, folder / "auditor")
        (folder / "figures").mkdir()
        shown = write_figures(folder / "figures", audit_figures(result) if figures is None else figures)
        build_report(result, shown).write(folder / "report.html")
        # Last, so that a folder with a summary is a whole one even where somebody copied it by hand.
        write_json(folder / "summary.json", summarise(result))
    return shown
