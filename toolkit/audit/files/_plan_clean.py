"""plan_clean: from what was found of each file to what becomes of it."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from toolkit._core.names import check_names
from toolkit.audit.files._copies import copies_left_out
from toolkit.audit.files._encode import CannotWrite
from toolkit.audit.files._file_audit import FileAudit
from toolkit.audit.files._frame import LOSSY_FORMATS, frame_box
from toolkit.audit.files._pixel_plan import OF_PIXELS, PixelRepairs
from toolkit.audit.files._plan import PLAN_COLUMNS
from toolkit.audit.files._repair import stripped_content
from toolkit.corruption import kind_in_words
from toolkit.datasets import read_original
from toolkit.exceptions import DataFormatError

__all__ = ["EXACT_REPAIRS", "LEFT_OUT", "REPAIRS", "plan_clean"]

# What may be left out beside files that cannot be read, in words.
LEFT_OUT = {
    "exact_duplicates": "copies that are equal to the one kept",
    "near_duplicates": "copies that were changed, turned or mirrored",
    "blank": "pictures of one colour",
    "half_decoded": "pictures whose lower part is missing",
}
# What may be repaired: what it takes, and what confirms it.
REPAIRS = {
    "turns": "turned and mirrored pictures, where the networks' audit repaired them and its independent check agreed",
    "inversion": "light for dark, likewise",
    "frames": "bars around a picture, where the pixels show along which line they end",
    "noise": "noise, where a statistic of the pixels and a network of patches see it, and less of it afterwards",
    "blocks": "blocks of strong compression, likewise",
    "pixels": "single pixels that were lost, likewise",
    "lines": "rows and columns that were lost, likewise",
    "contrast": "faint pictures, likewise",
    "blur": "blur, likewise, where a network takes it out of pictures of the set that are blurred on purpose",
}
# What is repaired where nothing else is asked for: exact repairs. The others compute pixels anew.
EXACT_REPAIRS = ("turns", "inversion", "frames")
# What the restorer did to the small image is done to the file.
_EXACT = {
    "unrotate_90": ("turns", "rotate_270"),
    "unrotate_180": ("turns", "rotate_180"),
    "unrotate_270": ("turns", "rotate_90"),
    "unflip_horizontal": ("turns", "flip_horizontal"),
    "unflip_vertical": ("turns", "flip_vertical"),
    "untranspose": ("turns", "transpose"),
    "uninvert": ("inversion", "invert"),
}


def plan_clean(
    audit: FileAudit,
    *,
    leave_out: Sequence[str] = (),
    repairs: Sequence[str] = EXACT_REPAIRS,
    per_image: pd.DataFrame | None = None,
    strip_metadata: bool = False,
) -> pd.DataFrame:
    """What becomes of each file: kept, repaired exactly, or left out.

    A repair needs an independent check that confirms it. Exact ones are made by default; those that compute pixels
    anew, of noise or lost lines, where they are asked for (:func:`toolkit.restoration.repair_original`): of a classical
    and a learned one that which gains more on sound pictures of the folder, damaged on purpose
    (:func:`toolkit.restoration.choose_original_repair`).

    Parameters
    ----------
    audit : FileAudit
        Of a folder.
    leave_out : sequence of str, default=()
        What to leave out beside files that cannot be read: names of ``LEFT_OUT``, "exact_duplicates",
        "near_duplicates", "blank", "half_decoded". Of copies one is always kept, whatever else is left out; what has
        several frames is left out as the copy of a file that is equal in every byte, never as a changed copy.
    repairs : sequence of str, default=("turns", "inversion", "frames")
        What to repair, of ``REPAIRS``.
    per_image : DataFrame, optional
        Of an audit by networks of the same folder, with ``path``, ``kind``, ``confidence``, ``repaired`` and
        ``restorer``: turns, mirror images and inversions that it repaired are made to the files.
    strip_metadata : bool, default=False
        :func:`apply_plan` will be told to take out notes: a file that is not copied then, since its notes cannot be
        taken out without loss, stands for none of its copies.

    Returns
    -------
    DataFrame
        For :func:`apply_plan`: ``path``, ``sha256``, ``action``, ``box``, ``reason``, a row a file.

    Raises
    ------
    ValueError
        A name that is not known.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> from toolkit.audit import audit_files, plan_clean
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in ("a.png", "b.png"):
    ...     Image.effect_noise((32, 32), 50).save(folder / name)
    >>> _ = (folder / "c.png").write_bytes((folder / "a.png").read_bytes())
    >>> _ = (folder / "d.png").write_text("no picture")
    >>> plan = plan_clean(audit_files(folder, cache=False), leave_out=["exact_duplicates"])
    >>> plan.loc[plan["action"] != "keep", ["path", "action", "reason"]].values.tolist()
    [['c.png', 'leave_out', 'equal to a.png'], ['d.png', 'leave_out', 'not a picture: no known format']]
    """
    leave_out = check_names(leave_out, LEFT_OUT, "thing to leave out") if len(leave_out) else ()
    repairs = check_names(repairs, REPAIRS, "repair") if len(repairs) else ()
    table = audit.per_file
    confirmed = _confirmed(per_image, repairs)
    of_pixels = PixelRepairs(audit)
    files = table.to_dict(orient="records")
    lost = {file["path"]: reason for file in files if (reason := _why_lost(file, audit, leave_out))}
    if strip_metadata and {"exact_duplicates", "near_duplicates"} & set(leave_out):
        lost |= _not_stripped(audit, [file for file in files if file["path"] not in lost])
    copies, stay = copies_left_out(audit, leave_out, lost)
    rows = []
    for file in files:
        reason = lost.get(file["path"]) or copies.get(file["path"])
        if reason:
            action, box = "leave_out", ""
        else:
            action, box, reason = _decision(file, audit, repairs, confirmed, of_pixels)
            reason = reason or stay.get(file["path"], "")
        rows.append({"path": file["path"], "sha256": file["sha256"], "action": action, "box": box, "reason": reason})
    return pd.DataFrame(rows, columns=list(PLAN_COLUMNS))


def _confirmed(per_image: pd.DataFrame | None, repairs: Sequence[str]) -> dict[str, tuple[str, str]]:
    """What the networks' audit did to an image exactly, by path: action and reason."""
    if per_image is None or "path" not in per_image:
        return {}
    found = {}
    for row in per_image[per_image["repaired"] == 1].to_dict(orient="records"):
        group, action = _EXACT.get(row["restorer"], ("", ""))
        if group in repairs:
            words = kind_in_words(row["kind"])
            found[row["path"]] = (action, f"{words} ({row['confidence']:.2f}), confirmed by an independent check")
    return found


def _why_lost(file: dict[str, Any], audit: FileAudit, leave_out: Sequence[str]) -> str:
    """Why a file is left out, whatever it is a copy of; empty if it is not."""
    if not file["readable"]:
        return file["reason"]
    if file["link"]:
        return "link, not followed"
    for fault in ("blank", "half_decoded"):
        if fault in leave_out and _flagged(audit, file["path"]).get(fault, False):
            return f"{fault.replace('_', ' ')} ({file[f'score_{fault}']:.2f})"
    return ""


def _not_stripped(audit: FileAudit, files: list[dict[str, Any]]) -> dict[str, str]:
    """Of files with copies, those whose notes cannot be taken out, and why."""
    names = dict(zip(audit.survey.files["path"], audit.survey.names))
    found = {}
    for file in files:
        if file["duplicate_group"] >= 0:
            try:
                stripped_content((audit.survey.root / names[file["path"]]).read_bytes())
            except CannotWrite as error:
                found[file["path"]] = str(error)
            except OSError:  # of an archive, or gone: what becomes of it then is said where it is copied
                continue
    return found


def _flagged(audit: FileAudit, path: str) -> Any:
    return audit.everyday.flagged.loc[path] if audit.everyday is not None else {}


def _decision(
    file: dict[str, Any],
    audit: FileAudit,
    repairs: Sequence[str],
    confirmed: dict[str, tuple[str, str]],
    of_pixels: PixelRepairs,
) -> tuple[str, str, str]:
    path = file["path"]
    flagged = _flagged(audit, path)
    if path in confirmed:
        action, reason = confirmed[path]
        return action, "", reason
    if "turns" in repairs and file.get("turn"):
        return file["turn"], "", "turned, by what is in the picture, confirmed by its neighbours"
    if "frames" in repairs and flagged.get("framed", False) and not _whole_set(audit, "framed"):
        box, why_not = _box(audit, path)
        if box is not None:
            return "crop", ",".join(map(str, box)), f"frame ({file['score_framed']:.2f}), its edges found in the pixels"
        return "keep", "", f"frame ({file['score_framed']:.2f}) left: {why_not}"
    for group, fault in OF_PIXELS.items():
        if group in repairs and flagged.get(fault, False) and not _whole_set(audit, fault):
            return of_pixels.decision(file, fault)
    return "keep", "", ""


def _whole_set(audit: FileAudit, fault: str) -> bool:
    """Whether most of the set has it: then it is how the set was made, and no accident of one file."""
    return audit.everyday is not None and bool(audit.everyday.competence.loc[fault, "whole_set"])


def _box(audit: FileAudit, path: str) -> tuple[tuple[int, int, int, int] | None, str]:
    place = audit.survey.files["path"].tolist().index(path)
    try:
        pixels = read_original(audit.survey.root, audit.survey.names[place])
        return frame_box(pixels, lossy=audit.survey.files["format"].iloc[place] in LOSSY_FORMATS)
    except DataFormatError as error:
        return None, str(error)
