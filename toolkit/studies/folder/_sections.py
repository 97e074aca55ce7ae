"""The part of a page that is on files: which are bad and why, what is there twice, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from toolkit.audit import FileAudit
from toolkit.report import Report

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["add_file_sections", "file_facts"]

_LISTED = 200


def file_facts(files: FileAudit) -> dict[str, object]:
    """Key figures."""
    table = files.per_file
    return {
        "files": len(table),
        "cannot be used": int((~table["readable"]).sum()),
        "look damaged": int(table["damaged"].sum()),
        "unusual": int((table["odd"] & ~table["damaged"]).sum()),
        "redundant copies": int((table["duplicate_of"] != "").sum()),
        **({} if files.leaks is None else {"in the other folder, too": int((table["leak"] != "").sum())}),
    }


def add_file_sections(
    report: Report, files: FileAudit, figures: Mapping[str, Figure], applied: pd.DataFrame | None = None
) -> Report:
    """Add what was found of the files of a folder to a report, and return it."""
    table = files.per_file
    _bad(report, files, table, figures)
    _duplicates(report, files, figures)
    _leaks(report, files, figures)
    _kinds_of_files(report, files, table)
    if applied is not None:
        _applied(report, applied)
    return report


def _bad(report, files, table, figures):
    report.section(
        "Files that need a look",
        "Every file was opened once, and judged at its own size by what is usual in this folder. Confidence is from 0 "
        "to 1; at one half a sound picture would be flagged at the stated rate. Damage means that something was lost; "
        "what is merely unusual may be just as it should be. All files have their row in per_file.csv.",
    )
    lost = table[~table["readable"]]
    if len(lost):
        report.table(lost[["path", "reason", "bytes"]], "Files that cannot be used, and why.", max_rows=_LISTED)
    if "faulty_files" in figures:
        report.figure(figures["faulty_files"], "The surest of each fault and of each unusual property, by file.")
    for column, others, caption in (
        ("damaged", None, "Files that look damaged, and what is wrong with each."),
        ("odd", "damaged", "Files that are unusual in this folder, and perhaps as they should be."),
    ):
        rows = table[table[column] & (True if others is None else ~table[others])]
        if len(rows):
            shown = rows[["path", "findings", "width", "height"]]
            order = rows.filter(like="score_").max(axis=1).sort_values(ascending=False, kind="stable").index
            report.table(shown.loc[order].reset_index(drop=True), caption, max_rows=_LISTED)
    if files.everyday is not None:
        competence = files.everyday.competence
        shown = competence[["words", "damage", "n_judged", "n_flagged", "usual", "level", "recall", "why_not"]].rename(
            columns={
                "words": "an image is",
                "n_judged": "judged",
                "n_flagged": "flagged",
                "level": "flagged from",
                "recall": "found of those changed on purpose",
                "why_not": "why not",
            }
        )
        shown["why not"] = shown["why not"].replace("", "—")
        report.table(
            shown.reset_index(drop=True),
            f"What was looked for, so that {100 * files.everyday.false_alarms:g}% of sound pictures are flagged; "
            "usual value and level are medians over the pictures, in the units of the statistic.",
            max_rows=None,
        )


def _duplicates(report, files, figures):
    found, pairs = files.duplicates, files.duplicates.pairs
    report.section("Pictures that are there twice", _sentence(found))
    if "duplicates" in figures:
        report.figure(figures["duplicates"], "Groups of one picture; the first of each row is the one to keep.")
    if len(pairs):
        report.table(_plain(pairs), "Pairs, and how the second differs.", max_rows=_LISTED)
    conflicts = files.conflicts
    if conflicts is not None and len(conflicts):
        report.note(
            f"{len(conflicts):,} of these pairs lie in different folders. If the folders are classes, one picture has "
            "two labels."
        )
        report.table(
            conflicts[["id_a", "label_a", "id_b", "label_b", "relation"]].rename(columns=_WORDS),
            "Duplicates in different folders.",
            max_rows=_LISTED,
        )


def _sentence(found):
    note = found.note.strip()
    if note and not note.endswith("."):
        note += "."
    note = note[:1].upper() + note[1:]
    words = "Equal pictures, and pictures that were changed a little, cropped, turned or mirrored, whatever their size."
    return f"{words} {note}".strip()


_WORDS = {"id_a": "file", "id_b": "is also", "label_a": "in", "label_b": "and in"}


def _plain(pairs):
    columns = ["id_a", "id_b", "relation", "symmetry", "difference", "similarity"]
    return pairs[columns].rename(columns=_WORDS)


def _leaks(report, files, figures):
    if files.leaks is None:
        return
    pairs = files.leaks.pairs
    report.section(
        "Pictures that are in the other folder, too",
        f"{files.other.root.name}: a picture in both lets what is trained on one look better on the other than it is."
        if len(pairs)
        else f"No picture of this folder was found in {files.other.root.name}.",
    )
    if "leaks" in figures:
        report.figure(figures["leaks"], "A picture of this folder, and beside it the one in the other.")
    if len(pairs):
        report.table(_plain(pairs), "Pairs, and how they differ.", max_rows=_LISTED)


def _kinds_of_files(report, files, table):
    there = table[table["readable"]]
    if not len(there):
        return
    report.section("What the files are")
    groups = there.groupby(["format", "mode", "depth", "alpha"], sort=False)
    counts = groups.agg(files=("path", "size"), smallest=("width", "min"), largest=("width", "max")).reset_index()
    counts = counts.rename(columns={"smallest": "least width", "largest": "greatest width", "alpha": "opacity"})
    report.table(counts.sort_values("files", ascending=False, ignore_index=True), "Formats, modes and depths.")
    notes = there.loc[there["note"] != "", ["path", "note"]]
    if len(notes):
        report.table(notes, "What was done beyond the ordinary to look at a file.", max_rows=50)


def _applied(report, applied):
    counts = applied["done"].value_counts()
    words = ", ".join(f"{n:,} {name}" for name, n in counts.items())
    report.section(
        "The cleaned copy",
        f"{words}. Kept files are copied byte for byte, but for their notes where these were to be taken out; repaired "
        "ones have their own size and format, and what is said of them was measured on the file as written and read "
        "again (psnr in dB, exact where every pixel is as the repair says). Nothing in the folder that was given has "
        "changed.",
    )
    refused = applied["note"].astype(str).str.startswith("not repaired: ")
    touched = applied[(applied["done"] != "kept") | refused].assign(psnr=lambda rows: rows["psnr"].map(_decibels))
    if len(touched):
        columns = ["path", "done", "action", "note", "width", "height", "psnr"]
        report.table(touched[columns], "Files that were repaired, could not be, or were left out.", max_rows=_LISTED)


def _decibels(value):
    return "" if value != value else "exact" if value == float("inf") else f"{value:.1f}"
