"""What an audit of files found, in sentences that say which files."""

from typing import TYPE_CHECKING

import pandas as pd

from toolkit._core.printable import printable

if TYPE_CHECKING:
    from toolkit.audit.files._file_audit import FileAudit

__all__ = ["counted", "file_findings", "listed"]

_NAMED = 3  # files that a sentence names
_FAULTS, _OF_A_FAULT = 8, 2  # faults that a sentence names, and files of each
_REASONS = 4  # why a fault cannot be judged, of as many as a sentence holds


def counted(n: int, noun: str = "file") -> str:
    """A number with its noun.

    >>> counted(1), counted(2000, "picture")
    ('1 file', '2,000 pictures')
    """
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def listed(paths: "pd.Series | list[str]", n_named: int = _NAMED) -> str:
    """The first few names, and how many there are besides.

    >>> listed(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    paths = list(paths)
    if len(paths) <= n_named:
        return paths[0] if len(paths) == 1 else f"{', '.join(paths[:-1])} and {paths[-1]}"
    return f"{', '.join(paths[:n_named])} and {len(paths) - n_named:,} more"


def file_findings(audit: "FileAudit") -> list[str]:
    """Sentences on the files of a folder, the most important first."""
    table = audit.per_file
    readable = table[table["readable"]]
    damaged, doubled = readable["damaged"], readable["duplicate_of"] != ""
    bad = int((~table["readable"]).sum() + (damaged | doubled).sum())
    name = printable(audit.survey.root.name)
    if bad:
        parts = [
            (int((~table["readable"]).sum()), "cannot be used", "cannot be used"),
            (int(damaged.sum()), "looks damaged", "look damaged"),
            (int(doubled.sum()), "is a copy of another", "are copies of another"),
        ]
        split = ", ".join(f"{n:,} {one if n == 1 else more}" for n, one, more in parts if n)
        first = f"{bad:,} of the {counted(len(table))} of {name} need{'s' * (bad == 1)} a look: {split}."
    else:
        first = f"All {counted(len(table))} of {name} can be read, and none looks damaged or is there twice."
    sentences = [first, *_unreadable(table), *_faults(audit), *_duplicates(audit), *_leaks(audit)]
    return sentences + _not_judged(audit)


def _unreadable(table: pd.DataFrame) -> list[str]:
    lost = table[~table["readable"]]
    if not len(lost):
        return []
    found = []
    for reason, rows in lost.groupby(lost["reason"].str.partition(":")[0], sort=False):
        found.append((len(rows), f"{reason} ({listed(rows['path'])})"))
    parts = [words for _, words in sorted(found, key=lambda part: -part[0])]
    return [f"Cannot be used: {'; '.join(parts)}."]


def _faults(audit: "FileAudit") -> list[str]:
    everyday = audit.everyday
    if everyday is None:
        return []
    said = []
    for damage, begins in ((True, "Looks damaged"), (False, "Unusual, and perhaps as it should be")):
        parts: list[tuple[int, str]] = []
        whole: list[str] = []
        for fault, row in everyday.competence.iterrows():
            if row["damage"] != damage or not row["n_flagged"]:
                continue
            if row["whole_set"]:
                whole.append(row["words"])
                continue
            flagged = everyday.flagged[fault]
            order = everyday.scores.loc[flagged, fault].sort_values(ascending=False, kind="stable")
            parts.append((int(row["n_flagged"]), f"{row['words']} ({listed(order.index, _OF_A_FAULT)})"))
        if parts:
            parts.sort(key=lambda part: -part[0])
            words = [words for _, words in parts[:_FAULTS]]
            if len(parts) > _FAULTS:
                rest = sum(n for n, _ in parts[_FAULTS:])
                words.append(f"{len(parts) - _FAULTS:,} rarer ones ({counted(rest)}), which the report names")
            said.append(f"{begins}: {'; '.join(words)}.")
        if whole:
            said.append(f"True of most of the set, and so perhaps of how it was made: {', '.join(whole)}.")
    if said:
        rate = f"{100 * everyday.false_alarms:g}"
        said.append(
            f"Lines are drawn so that about {rate}% of sound pictures pass one of damage, and as many one of a "
            "property; on real sets up to eight times as many did: look before you throw away."
        )
    return said


def _duplicates(audit: "FileAudit") -> list[str]:
    pairs, found = audit.duplicates.pairs, audit.duplicates.frame()
    sentences = []
    if len(pairs):
        kinds = {"exact": "equal", "near": "changed a little", "symmetry": "turned or mirrored", "": "copies of copies"}
        counts = found.loc[~found["keep"], "relation"].fillna("").value_counts()  # of each copy to the one to keep
        split = ", ".join(f"{counts[name]:,} {words}" for name, words in kinds.items() if name in counts)
        extra = int((~found["keep"]).sum())
        first = pairs.iloc[0]
        how = f", {first['difference']}" if first["difference"] else ""
        sentences.append(
            f"There {'is' if extra == 1 else 'are'} {counted(extra, 'redundant copy').replace('copys', 'copies')} in "
            f"{counted(len(audit.duplicates.representatives), 'group')} ({split}): {first['id_b']} is {first['id_a']}"
            f"{how}, for one."
        )
    conflicts = audit.conflicts
    if conflicts is not None and len(conflicts):
        first = conflicts.iloc[0]
        sentences.append(
            f"{counted(len(conflicts), 'pair')} of duplicates lie in different folders: if these are classes, somebody "
            f"labelled one picture twice ({first['id_a']} and {first['id_b']})."
        )
    if audit.duplicates.note and not audit.duplicates.measurable:
        sentences.append(f"Changed copies cannot be told here: {audit.duplicates.note}.".replace("..", "."))
    return sentences


def _leaks(audit: "FileAudit") -> list[str]:
    if audit.leaks is None or audit.other is None:
        return []
    other, pairs = printable(audit.other.root.name), audit.leaks.pairs
    if not len(pairs):
        return [f"No picture is in {other} as well."]
    first, n = pairs.iloc[0], pairs["id_a"].nunique()
    how = f", {first['difference']}" if first["difference"] else ""
    verb = "is" if n == 1 else "are"
    return [
        f"A leak: {counted(n, 'picture')} {verb} in {other} as well: {first['id_a']} is {first['id_b']} there{how}, "
        "for one."
    ]


def _not_judged(audit: "FileAudit") -> list[str]:
    if audit.everyday is None:
        return []
    missing = audit.everyday.competence[~audit.everyday.competence["applicable"]]
    if not len(missing):
        return []
    parts = [f"{row['words']} ({row['why_not']})" for _, row in missing.iterrows()]
    if len(parts) > _REASONS:
        more = f"{len(parts) - _REASONS:,} more; the table of what was looked for says why"
        return [f"Not judged here: {'; '.join(parts[:_REASONS])}; and {more}."]
    return [f"Not judged here: {'; '.join(parts)}."]
