"""A plan: what becomes of each file of a folder, a row a file."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from toolkit._core.names import suggest
from toolkit.audit.files._picture_actions import PICTURE_ACTIONS
from toolkit.audit.files._symmetries import SYMMETRIES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FILE_ACTIONS", "PLAN_COLUMNS", "Step", "checked_plan"]

# What can become of a file, in words.
FILE_ACTIONS = {
    "keep": "copied byte for byte",
    "leave_out": "not copied",
    "rotate_90": "turned by a quarter, counter-clockwise",
    "rotate_180": "turned by half",
    "rotate_270": "turned by a quarter, clockwise",
    "flip_horizontal": "mirrored, left for right",
    "flip_vertical": "mirrored, top for bottom",
    "transpose": "mirrored at the falling diagonal",
    "anti_transpose": "mirrored at the rising diagonal",
    "crop": "cut to a box",
    "invert": "light for dark",
    **{name: f"repaired: {action.words}" for name, action in PICTURE_ACTIONS.items()},
}
PLAN_COLUMNS = ("path", "sha256", "action", "box", "reason")
assert set(SYMMETRIES) < set(FILE_ACTIONS)


class Step(NamedTuple):
    """A row of a plan, checked."""

    path: str
    sha256: str
    action: str
    box: tuple[int, int, int, int] | None
    reason: str


def checked_plan(plan: pd.DataFrame) -> "list[Step]":
    """The rows of a plan, each understood.

    Parameters
    ----------
    plan : DataFrame
        ``path`` (within the folder, forward slashes), ``sha256`` of the file that the decision was made on (may be
        empty for what is left out) and ``action``; ``box`` of a cut ("left,top,right,lower" in pixels as shown; empty
        where the pixels shall show it) and ``reason`` may be missing.

    Returns
    -------
    list of Step

    Raises
    ------
    TypeError, ValueError
        The message names the column or the file, what came and what was expected.
    """
    if not isinstance(plan, pd.DataFrame):
        raise TypeError(f"plan must be a DataFrame, got {type(plan).__name__}.")
    lacking = [name for name in ("path", "sha256", "action") if name not in plan.columns]
    if lacking:
        raise ValueError(f"plan lacks the columns {', '.join(lacking)}; it has {', '.join(map(str, plan.columns))}.")
    twice = plan["path"][plan["path"].duplicated()]
    if len(twice):
        raise ValueError(f"plan names {twice.iloc[0]!r} twice: a row a file is expected.")
    return list(_steps(plan))


def _steps(plan: pd.DataFrame) -> "Iterator[Step]":
    for row in plan.to_dict(orient="records"):
        path, sha256, action = row["path"], _text(row["sha256"]), row["action"]
        if not isinstance(path, str) or not path:
            raise ValueError(f"plan must name a file in every row, got path {path!r}.")
        if not isinstance(action, str) or action not in FILE_ACTIONS:
            hint = suggest(action, FILE_ACTIONS)
            raise ValueError(
                f"plan asks for the action {action!r} on {path!r}.{hint} Valid: {', '.join(FILE_ACTIONS)}."
            )
        if action != "leave_out" and (len(sha256) != 64 or set(sha256) - set("0123456789abcdef")):
            raise ValueError(f"plan must give the sha256 of {path!r}, 64 hexadecimal digits, got {sha256!r}.")
        yield Step(path, sha256, action, _box(_text(row.get("box")), action, path), _text(row.get("reason")))


def _text(value: object) -> str:
    missing = value is None or (isinstance(value, (float, np.floating)) and np.isnan(value)) or value is pd.NA
    return "" if missing else str(value)


def _box(text: str, action: str, path: str) -> tuple[int, int, int, int] | None:
    if action != "crop" or not text:
        return None
    try:
        left, top, right, lower = (int(part) for part in text.strip("()").split(","))
    except ValueError:
        raise ValueError(
            f"plan must give the box of the cut of {path!r} as left,top,right,lower in pixels, got {text!r}."
        ) from None
    return left, top, right, lower
