"""Figures on the files of a folder, by name."""

from __future__ import annotations

from toolkit.audit import JUDGED_FAULTS, FileAudit
from toolkit.plots import Display, FileGalleryDisplay
from toolkit.studies.folder._thumbnails import thumbnails

__all__ = ["file_displays"]

_A_ROW, _GROUPS = 8, 16  # pictures of each fault or group, and groups of duplicates, that are shown


def file_displays(files: FileAudit) -> dict[str, Display]:
    """Displays that the audit of files has something to show in.

    Returns
    -------
    dict of str to Display
        ``faulty_files`` (the surest of each fault), ``duplicates`` (what is kept, and its copies), ``leaks`` (a picture
        of this folder beside the one in the other).
    """
    displays: dict[str, Display] = {}
    shown, details = _surest(files.everyday)
    if shown:
        paths, words = zip(*shown)
        displays["faulty_files"] = FileGalleryDisplay.from_predictions(
            thumbnails(files.survey, paths), paths, words, details=details, n_a_group=_A_ROW
        )
    shown, details = _groups(files.duplicates)
    if shown:
        paths, groups = zip(*shown)
        displays["duplicates"] = FileGalleryDisplay.from_predictions(
            thumbnails(files.survey, paths), paths, groups, details=details, n_a_group=_A_ROW
        )
    if files.leaks is not None and files.other is not None and len(files.leaks.pairs):
        pairs = files.leaks.pairs.head(_GROUPS)
        theirs = thumbnails(files.other, pairs["id_b"])
        ours = thumbnails(files.survey, pairs["id_a"])
        names = [name for pair in zip(pairs["id_a"], pairs["id_b"]) for name in pair]
        groups = [f"leak {number}" for number in range(1, len(pairs) + 1) for _ in range(2)]
        images = [image for pair in zip(ours, theirs) for image in pair]
        details = {f"leak {number}": words for number, words in enumerate(pairs["difference"].fillna(""), 1)}
        displays["leaks"] = FileGalleryDisplay.from_predictions(images, names, groups, details=details)
    return displays


def _surest(everyday):
    """Path and words of what is shown; faults that most of the set has are left to the words."""
    shown, details = [], {}
    if everyday is None:
        return shown, details
    for damage in (True, False):
        for fault, row in everyday.competence.iterrows():
            if row["damage"] != damage or not row["n_flagged"] or row["whole_set"]:
                continue
            scores = everyday.scores.loc[everyday.flagged[fault], fault].sort_values(ascending=False, kind="stable")
            words = JUDGED_FAULTS[fault].words
            details[words] = f"{len(scores):,} file{'' if len(scores) == 1 else 's'}"
            shown += [(path, words) for path in scores.head(_A_ROW).index]
    return shown, details


def _groups(duplicates):
    """Path and group of what is kept and its copies, the largest groups first."""
    found = duplicates.frame()
    found = found[found["group"] >= 0]
    shown, details = [], {}
    sizes = found["group"].value_counts(sort=True)
    for number, group in enumerate(sizes.index[:_GROUPS], 1):
        rows = found[found["group"] == group].sort_values("keep", ascending=False, kind="stable")
        name = f"group {number}"
        how = [words for words in rows["difference"] if isinstance(words, str) and words]
        details[name] = how[0] if how else ""
        shown += [(path, name) for path in rows["id"].head(_A_ROW)]
    return shown, details
