"""Decisions that a person made over an audit's proposals, read with suspicion and laid over its plan."""

import csv
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from toolkit._core.names import suggest
from toolkit._core.printable import given_text, printable
from toolkit._core.types import PathLike
from toolkit.audit.files._plan import FILE_ACTIONS, PLAN_COLUMNS
from toolkit.corruption import ALL_KINDS, kind_in_words
from toolkit.exceptions import DataFormatError

__all__ = ["IMAGE_ACTIONS", "decided_plan", "read_decisions", "read_plan"]

# What can become of an image of an array, in words.
IMAGE_ACTIONS = {
    "keep": "kept as it is",
    "leave_out": "left out",
    "repair": "repaired, as the audit did it",
    **{f"undo_{kind}": f"repaired as: {kind_in_words(kind)}" for kind in ALL_KINDS},
}

_COLUMNS = (*PLAN_COLUMNS, "index")
_MOST_BYTES = 2**28
_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\")


def read_decisions(path: PathLike) -> pd.DataFrame:
    """Decisions as the report's page exports them, from its JSON or its CSV.

    A CSV may have been through a spreadsheet: a byte order mark, semicolons or tabs between cells, other columns and
    another order of them are all right.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    DataFrame of str
        A row a decision: ``path`` or ``index``, ``sha256``, ``action`` and, where there are any, ``box`` and
        ``reason``.

    Raises
    ------
    DataFormatError
        The file is no such table; the message says what is missing.
    OSError
        It cannot be read.

    See Also
    --------
    decided_plan : Lays them over a plan.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "decisions.csv"
    >>> _ = file.write_text("path;sha256;action\\n'=1.png;ab;leave_out\\n")
    >>> read_decisions(file).to_dict(orient="records")
    [{'path': '=1.png', 'sha256': 'ab', 'action': 'leave_out'}]
    """
    what, content = printable(Path(path).name), _content(Path(path))
    rows = _from_json(content, what) if content.lstrip()[:1] in ("{", "[") else _from_csv(content, what)
    if not rows:
        return pd.DataFrame(columns=["path", "sha256", "action"], dtype=str)
    frame = pd.DataFrame(rows).fillna("")
    _check_columns(frame, what)
    return frame[[name for name in _COLUMNS if name in frame]]


def read_plan(path: PathLike) -> pd.DataFrame:
    """The plan that an audit wrote beside its report, ``plan.csv``.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    DataFrame of str

    Raises
    ------
    DataFormatError, OSError
        As :func:`read_decisions`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from toolkit.audit import read_plan
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "plan.csv"
    >>> _ = file.write_text("path,sha256,action,box,reason\\na.png,ab,rotate_90,,turned\\n")
    >>> read_plan(file).to_dict(orient="records")
    [{'path': 'a.png', 'sha256': 'ab', 'action': 'rotate_90', 'box': '', 'reason': 'turned'}]
    """
    what = printable(Path(path).name)
    frame = pd.DataFrame(_from_csv(_content(Path(path)), what))
    _check_columns(frame, what)
    return frame


def _content(path: Path) -> str:
    if path.stat().st_size > _MOST_BYTES:
        raise DataFormatError(
            f"{printable(path)} has {path.stat().st_size:,} bytes: no table of decisions is so large."
        )
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataFormatError(f"{printable(path)} is no text in UTF-8 ({error.reason}): export it again.") from None


def _from_json(content: str, what: str) -> list[dict[str, str]]:
    try:
        given = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataFormatError(f"{what} is no JSON that can be read: {printable(error)}") from None
    rows = given.get("decisions") if isinstance(given, dict) else given
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataFormatError(f"{what} must hold a list of decisions under 'decisions', an object each.")
    for row in rows:
        for name, value in row.items():
            if name in _COLUMNS and not isinstance(value, (str, int, type(None))):
                raise DataFormatError(f"{what}: {name} must be text, got {type(value).__name__} {value!r}.")
    return [{name: "" if row[name] is None else str(row[name]) for name in _COLUMNS if name in row} for row in rows]


def _from_csv(content: str, what: str) -> list[dict[str, str]]:
    head = content.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        rows = list(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise DataFormatError(f"{what} is no CSV that can be read: {error}.") from None
    if not rows:
        raise DataFormatError(f"{what} is empty: a line of column names is expected.")
    names = [given_text(name).strip() for name in rows[0]]
    found = []
    for number, row in enumerate(rows[1:], 2):
        if not any(row):
            continue
        if len(row) != len(names):
            raise DataFormatError(f"{what}: row {number} has {len(row)} cells, the first has {len(names)}.")
        found.append({name: given_text(cell) for name, cell in zip(names, row) if name in _COLUMNS})
    return found or _nothing(names, what)


def _nothing(names: Iterable[str], what: str) -> list[dict[str, str]]:
    _check_columns(pd.DataFrame(columns=list(names)), what)
    return []


def _check_columns(frame: pd.DataFrame, what: str) -> None:
    missing = [name for name in ("sha256", "action") if name not in frame]
    if "path" not in frame and "index" not in frame:
        missing.insert(0, "path (or index)")
    if missing:
        raise DataFormatError(f"{what} lacks the columns {', '.join(missing)}; it has {', '.join(map(str, frame))}.")


def decided_plan(plan: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """A plan with a person's decisions in the place of what it proposed.

    Parameters
    ----------
    plan : DataFrame
        Of an audit: of files (:func:`plan_clean`), or of images by ``index``.
    decisions : DataFrame
        A row a decision, as :func:`read_decisions` gives them.

    Returns
    -------
    DataFrame
        A row for each row of ``plan``; the reason of what was decided is ``"decided by hand"``, or the one given.

    Raises
    ------
    ValueError
        A decision on a row that the plan does not have, on an absolute path or one with ``..``, on another content
        (its sha256 is not the plan's), twice on one row, or for an action that is not known. Nothing is decided then.

    Examples
    --------
    >>> plan = pd.DataFrame({"path": ["a.png"], "sha256": ["0" * 64], "action": ["rotate_90"], "reason": ["turned"]})
    >>> decided_plan(plan, plan.assign(action="keep", reason=""))[["action", "reason"]].values.tolist()
    [['keep', 'decided by hand']]
    """
    key = "path" if "path" in plan else "index"
    if not len(decisions):
        return plan.copy()
    if key not in decisions:
        other = "images of an array" if key == "path" else "files of a folder"
        raise ValueError(f"decisions are on {other}, by {', '.join(map(str, decisions))}; the audit is by {key}.")
    valid = FILE_ACTIONS if key == "path" else IMAGE_ACTIONS
    known = {str(row[key]): place for place, row in enumerate(plan.to_dict(orient="records"))}
    decided = plan.copy().reset_index(drop=True)
    for name in ("box", "reason"):
        if name not in decided:
            decided[name] = ""
    columns: dict[str, list[Any]] = {name: decided[name].tolist() for name in ("action", "box", "reason")}
    digests, seen = plan["sha256"].tolist(), set()
    for row in decisions.to_dict(orient="records"):
        name, action = str(row[key]), row["action"]
        _check_name(name, key, known)
        if name in seen:
            raise ValueError(f"decisions name {name!r} twice: one decision on each is expected.")
        seen.add(name)
        place = known[name]
        if row["sha256"] != digests[place]:
            raise ValueError(
                f"decisions on {name!r} are on another content than the audit's: its sha256 is {digests[place]!r}, "
                f"theirs {row['sha256']!r}."
            )
        if action not in valid:
            hint = suggest(action, valid)
            raise ValueError(f"decisions ask for {action!r} on {name!r}.{hint} Valid: {', '.join(valid)}.")
        same = action == columns["action"][place]
        columns["box"][place] = row.get("box") or (columns["box"][place] if same else "")
        columns["action"][place] = action
        columns["reason"][place] = row.get("reason") or "decided by hand"
    return decided.assign(**columns)


def _check_name(name: str, key: str, known: dict[str, int]) -> None:
    if key == "path" and (name.startswith("/") or _DRIVE.match(name)):
        raise ValueError(f"decisions name {name!r}, an absolute path: paths within the folder are expected.")
    if key == "path" and ".." in name.split("/"):
        raise ValueError(f"decisions name {name!r}, which leads out of the folder: paths within it are expected.")
    if name not in known:
        raise ValueError(f"decisions name {name!r}, which the audit does not have.{suggest(name, known)}")
