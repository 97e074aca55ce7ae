"""What an audit points at, a row a file or an image, with what would become of it: the table that is decided on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from toolkit.audit import FILE_ACTIONS, JUDGED_FAULTS, FileAudit
from toolkit.corruption import kind_in_words
from toolkit.restoration import restorer_in_words
from toolkit.studies.folder._write import per_file_table

__all__ = ["file_choices", "image_choices", "image_plan"]

# A person may name what is wrong with a file that was named otherwise, or not at all: what is not exact is done where
# its own checks see the fault as well.
_REPAIRS = tuple(action for action in FILE_ACTIONS if action not in ("keep", "leave_out"))
_COPIES = {"exact": "equal copy", "near": "changed copy", "symmetry": "turned or mirrored copy"}
_UNFLAGGED = ("clean", "unjudged", "")


def file_choices(files: FileAudit, plan: pd.DataFrame, per_image: pd.DataFrame | None = None) -> pd.DataFrame:
    """Every file that something was found of, the most anomalous first.

    Parameters
    ----------
    files : FileAudit
    plan : DataFrame
        As :func:`toolkit.audit.plan_clean` gives it.
    per_image : DataFrame, optional
        Of an audit by networks of the same folder, with ``path``.

    Returns
    -------
    DataFrame
        As :meth:`toolkit.report.Report.choices` takes it, with ``path``, ``sha256``, ``box`` and ``readable``.
    """
    table = per_file_table(files, per_image)
    by_path = plan.set_index("path")
    faults = _faults(files)
    rows = []
    for file in table.to_dict(orient="records"):
        path = file["path"]
        step = by_path.loc[path]
        kinds = {} if file["readable"] else {"cannot be used": 1.0}
        kinds |= faults.get(path, {})
        if file["duplicate_of"]:
            kinds[_COPIES.get(file["relation"], "copy")] = file["similarity"]
        kind = file.get("kind")
        if isinstance(kind, str) and kind not in _UNFLAGGED:
            kinds[kind_in_words(kind, short=True)] = file["kind_confidence"]
        if not kinds and step["action"] == "keep":
            continue
        # A link, a pipe or what could not be read is never copied.
        choices = ["leave_out"] if file["link"] or not file["sha256"] else ["keep", "leave_out"]
        if file["readable"] and not file["link"]:
            choices += _REPAIRS
        confidence = max([value for value in kinds.values() if value == value], default=np.nan)
        rows.append(
            {
                "name": path,
                "kinds": tuple(kinds),
                "confidence": confidence,
                "anomaly": file.get("anomaly_score", np.nan),
                "outcome": _outcome(file, step),
                "note": _note(file, step),
                "action": step["action"],
                "choices": tuple(choices),
                "path": path,
                "sha256": file["sha256"],
                "box": step["box"],
                "readable": bool(file["readable"]),
            }
        )
    return _sorted(rows, ("path", "sha256", "box", "readable"))


def _faults(files):
    """Of each picture, the words of its faults and how sure."""
    if files.everyday is None:
        return {}
    scores, flagged = files.everyday.scores, files.everyday.flagged
    words = [JUDGED_FAULTS[name].words for name in scores]
    rows = zip(scores.index, scores.to_numpy(), flagged.to_numpy())
    return {path: {words[k]: float(row[k]) for k in np.flatnonzero(flags)} for path, row, flags in rows if flags.any()}


def _outcome(file, step):
    if not file["readable"]:
        return "cannot be used"
    return {"keep": "kept as it is", "leave_out": "left out"}.get(step["action"], "repaired")


def _note(file, step):
    said = [file["reason"] if not file["readable"] else "", file["findings"]]
    if file["duplicate_of"]:
        how = f" ({file['difference']})" if file["difference"] else ""
        said.append(f"copy of {file['duplicate_of']}{how}")
    said.append(step["reason"] if step["reason"] != file["reason"] else "")
    return "; ".join(dict.fromkeys(part for part in said if part))


def _sorted(rows, more):
    columns = ["name", "kinds", "confidence", "anomaly", "outcome", "note", "action", "choices", *more]
    frame = pd.DataFrame(rows, columns=columns)
    by = "anomaly" if frame["anomaly"].notna().all() else "confidence"
    return frame.sort_values(by, ascending=False, kind="stable", na_position="last", ignore_index=True)


def image_plan(images: np.ndarray, per_image: pd.DataFrame) -> pd.DataFrame:
    """What becomes of each image of an array: repaired where the audit repaired it, else kept.

    Parameters
    ----------
    images : ndarray of shape (n, ...)
    per_image : DataFrame

    Returns
    -------
    DataFrame
        ``index``, ``sha256`` (of the image's pixels, as :func:`pixels_sha256`), ``action`` and ``reason``.
    """
    repaired = per_image["repaired"].to_numpy() == 1
    reasons = [
        f"{kind_in_words(kind, short=True)} ({sure:.2f}), confirmed by an independent check" if done else ""
        for kind, sure, done in zip(per_image["kind"], per_image["confidence"], repaired)
    ]
    return pd.DataFrame(
        {
            "index": np.arange(len(images)),
            "sha256": [pixels_sha256(image) for image in images],
            "action": np.where(repaired, "repair", "keep"),
            "reason": reasons,
        }
    )


def pixels_sha256(image: np.ndarray) -> str:
    """Hexadecimal sha256 of the values of one image: row by row, little-endian."""
    values = np.ascontiguousarray(image)
    return hashlib.sha256(values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()).hexdigest()


def image_choices(per_image: pd.DataFrame, plan: pd.DataFrame, undoable: Sequence[str] = ()) -> pd.DataFrame:
    """Every image that was flagged, the most anomalous first.

    Parameters
    ----------
    per_image : DataFrame
    plan : DataFrame
        As :func:`image_plan` gives it.
    undoable : sequence of str, default=()
        Kinds that the audit can undo.

    Returns
    -------
    DataFrame
        As :meth:`toolkit.report.Report.choices` takes it, with ``index`` and ``sha256``.
    """
    flagged = ~per_image["kind"].isin(_UNFLAGGED).to_numpy()
    rows = []
    for place in np.flatnonzero(flagged):
        row, step = per_image.iloc[place], plan.iloc[place]
        done = row["repaired"] == 1
        others = [f"undo_{kind}" for kind in undoable if not (done and kind == row["kind"])]
        rows.append(
            {
                "name": str(row.get("path", row["index"])),
                "kinds": (kind_in_words(row["kind"], short=True),),
                "confidence": row["confidence"],
                "anomaly": row["anomaly_score"],
                "outcome": "repaired" if done else "left as given",
                "note": restorer_in_words(row["restorer"]) if done else "",
                "action": step["action"],
                "choices": ("keep", "leave_out", *(["repair"] if done else []), *others),
                "index": int(place),
                "sha256": step["sha256"],
            }
        )
    return _sorted(rows, ("index", "sha256"))
