"""Tables on the files of a folder, as files."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit._core.files import atomic_path, write_csv
from toolkit.audit import FileAudit

__all__ = ["FILE_TABLES", "file_summary", "per_file_table", "write_file_tables"]

FILE_TABLES = frozenset({"per_file.csv", "per_file.parquet", "duplicates.csv", "leaks.csv", "plan.csv"})
# Of an audit by networks, what goes beside a file, and under which name.
_OF_IMAGES = {"kind": "kind", "confidence": "kind_confidence", "anomaly_score": "anomaly_score"}


def per_file_table(
    files: FileAudit, per_image: pd.DataFrame | None = None, applied: pd.DataFrame | None = None
) -> pd.DataFrame:
    """One row a file: :attr:`FileAudit.per_file`, what networks say of it, and what was done.

    Parameters
    ----------
    files : FileAudit
    per_image : DataFrame, optional
        Of an audit of the same folder, with ``path``.
    applied : DataFrame, optional
        As :func:`toolkit.audit.apply_plan` gives it.
    """
    table = files.per_file
    scores = [name for name in table if name.startswith("score_")]
    if per_image is not None and "path" in per_image:
        known = per_image.drop_duplicates("path").set_index("path")
        for column, name in _OF_IMAGES.items():
            table[name] = table["path"].map(known[column])
    if applied is not None:
        known = applied.drop_duplicates("path").set_index("path")
        for column in ("action", "done"):
            table[column] = table["path"].map(known[column])
        table["done_note"] = table["path"].map(known["note"])
    return table[[name for name in table if name not in scores] + scores]


def write_file_tables(folder: Path, table: pd.DataFrame, files: FileAudit) -> None:
    """``per_file.csv``, ``per_file.parquet`` where pyarrow is installed, ``duplicates.csv`` and ``leaks.csv``."""
    rounded = table.copy()
    for name in rounded.columns[rounded.columns.str.startswith(("score_", "similarity", "kind_confidence"))]:
        rounded[name] = rounded[name].round(4)
    write_csv(folder / "per_file.csv", rounded)
    if find_spec("pyarrow") is not None:
        with atomic_path(folder / "per_file.parquet") as temporary:
            rounded.to_parquet(temporary, index=False)
    if len(files.duplicates.pairs):
        write_csv(folder / "duplicates.csv", files.duplicates.pairs.drop(columns=["row_a", "row_b"]))
    if files.leaks is not None and len(files.leaks.pairs):
        write_csv(folder / "leaks.csv", files.leaks.pairs.drop(columns=["row_a", "row_b"]))


def file_summary(files: FileAudit, applied: pd.DataFrame | None = None) -> dict[str, Any]:
    """What ``summary.json`` says of files."""
    table = files.per_file
    everyday = files.everyday
    summary: dict[str, Any] = {
        "n": len(table),
        "unreadable": int((~table["readable"]).sum()),
        "damaged": int(table["damaged"].sum()),
        "odd": int(table["odd"].sum()),
        "redundant": int((table["duplicate_of"] != "").sum()),
        "reused": files.survey.n_reused,
        "faults": None if everyday is None else {k: int(v) for k, v in everyday.flagged.sum().items() if v},
        "duplicates": {
            "groups": len(files.duplicates.representatives),
            "pairs": len(files.duplicates.pairs),
            "measurable": bool(files.duplicates.measurable),
            "note": files.duplicates.note,
        },
        "leaks": None if files.leaks is None else len(files.leaks.pairs),
    }
    if applied is not None:
        summary["cleaned"] = {name: int(n) for name, n in applied["done"].value_counts().items()}
    return summary
