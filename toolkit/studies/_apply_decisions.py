"""What was decided on a report's page, carried out: a cleaned copy of a folder, or of an array's images."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from toolkit._core.files import write_csv
from toolkit._core.images import as_stack
from toolkit._core.printable import printable, printable_names
from toolkit._core.types import PathLike
from toolkit.audit import Auditor, apply_plan, check_clean_target, decided_plan, read_decisions, read_plan
from toolkit.datasets import list_files, load_images, save_npz
from toolkit.exceptions import DataFormatError
from toolkit.studies._folder import whole_folder
from toolkit.studies.folder._choices import pixels_sha256

__all__ = ["CLEANED_IMAGES", "apply_decisions"]

# What a cleaned copy of an array's images is made of.
CLEANED_IMAGES = frozenset({"images.npz", "applied.csv"})


def apply_decisions(
    decisions: PathLike | pd.DataFrame,
    audit: PathLike,
    data: PathLike,
    out: PathLike,
    *,
    strip_metadata: bool = False,
    dry_run: bool = False,
    verbose: bool = False,
) -> pd.DataFrame:
    """Carry out an audit's plan with a person's decisions over it; what was given is never changed.

    Parameters
    ----------
    decisions : path-like or DataFrame
        The JSON or CSV that the report's page exported, or :func:`toolkit.audit.read_decisions` of it. What it does not
        name becomes what the audit proposed.
    audit : path-like
        The folder that the audit wrote: its ``plan.csv`` is gone by, and of an array's images its ``repaired.npz``.
    data : path-like
        The folder of pictures, or the .npz or .npy file, that was audited.
    out : path-like
        New or empty folder. Of a folder of pictures it becomes a cleaned copy, same tree and names. Of an array it
        holds ``images.npz`` (the images that stay, with their labels) and ``applied.csv``.
    strip_metadata, dry_run, verbose : bool, default=False
        As in :func:`toolkit.audit.apply_plan`; the first is for files.

    Returns
    -------
    DataFrame
        Of files as :func:`toolkit.audit.apply_plan` gives it; of images ``index``, ``action``, ``done`` (``"kept"``,
        ``"repaired"``, ``"left out"``), ``note`` and ``place`` in ``images.npz``. What was to be repaired as another
        kind than was found, and that no check confirms, is kept, and ``note`` says why.

    Raises
    ------
    ValueError
        A decision is on a row that the audit does not have, on an absolute path or one with ``..``, on something that
        has changed since or is gone, comes twice, or asks for what is not known; ``out`` lies in ``data`` or ``audit``
        or around them. Nothing is written then.
    DataFormatError
        A file does not hold what it should.
    FileNotFoundError
        ``audit`` holds no plan.
    FileExistsError, OSError
        ``out`` holds something, or cannot be written.

    See Also
    --------
    run_folder : Makes the audit, and a copy by its own plan.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> from toolkit.datasets import load_image_folder
    >>> from toolkit.studies import run_folder
    >>> home = pathlib.Path(tempfile.mkdtemp())
    >>> (home / "in").mkdir()
    >>> for number, image in enumerate(load_image_folder().images[:12]):
    ...     Image.fromarray(image).save(home / "in" / f"{number:02}.png")
    >>> result = run_folder(home / "in", cache=False, n_jobs=1)
    >>> _ = result.write(home / "audit")
    >>> decisions = result.plan[result.plan["path"] == "03.png"].assign(action="leave_out")
    >>> apply_decisions(decisions, home / "audit", home / "in", home / "out")["done"].value_counts().to_dict()
    {'kept': 11, 'left out': 1}
    """
    audit, data = Path(audit), Path(data)
    if not (audit / "plan.csv").is_file():
        raise FileNotFoundError(
            f"{printable(audit)} holds no plan.csv: --audit is the folder that `toolkit audit` wrote, by this version."
        )
    plan = read_plan(audit / "plan.csv")
    if not isinstance(decisions, pd.DataFrame):
        decisions = read_decisions(decisions)
    decided = decided_plan(plan, decisions)
    if "path" in plan:
        if not data.is_dir():
            raise NotADirectoryError(f"{printable(data)} is no folder: the audit was of the files of one.")
        check_clean_target(data, out)
        check_clean_target(audit, out)
        _check_unchanged(data, decisions)
        return apply_plan(decided, data, out, strip_metadata=strip_metadata, dry_run=dry_run, verbose=verbose)
    if strip_metadata:
        raise ValueError("strip_metadata is for files: the audit was of an array, which has no metadata.")
    if data.is_dir():
        raise IsADirectoryError(f"{printable(data)} is a folder: the audit was of the images of a .npz or .npy file.")
    check_clean_target(audit, out)
    return _apply_to_images(decided, decisions, audit, data, Path(out), dry_run)


def _check_unchanged(folder: Path, decisions: pd.DataFrame) -> None:
    """Refuse decisions on files that are not what they were: whoever decided saw another picture."""
    entries = list_files(folder)
    there = dict(zip(printable_names([entry.name for entry in entries]), entries))
    changed = []
    for path, digest in zip(decisions["path"], decisions["sha256"]):
        if path not in there:
            changed.append(f"{path!r} is gone")
        elif digest:  # else it was no file then, or could not be read
            what = _what_changed(folder, there[path], digest)
            if what:
                changed.append(f"{path!r} {what}")
    if changed:
        more = f", and {len(changed) - 3:,} more" if len(changed) > 3 else ""
        raise ValueError(
            f"{printable(folder)} is not as it was when this was decided: {', '.join(changed[:3])}{more}. Audit it "
            "again."
        )


def _what_changed(folder: Path, entry: Any, digest: str) -> str:
    """Why a file is not the one of that sha256; empty if it is. Pipes, which would wait for ever, are not opened."""
    if entry.link:
        return "is a link"
    if entry.reason:
        return f"cannot be used any more ({entry.reason})"
    try:
        with open(folder / entry.name, "rb") as file:
            return "" if hashlib.file_digest(file, "sha256").hexdigest() == digest else "has changed"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _apply_to_images(plan, decisions, audit, data, out, dry_run):
    found = load_images(data)
    images = as_stack(found.images, name="images")
    repaired = as_stack(load_images(audit / "repaired.npz").images, name="repaired")
    if len(images) < len(plan) or len(repaired) != len(plan):
        raise ValueError(
            f"{printable(data)} holds {len(images):,} images and repaired.npz {len(repaired):,}, the plan has "
            f"{len(plan):,} rows: this is another set than was audited."
        )
    if repaired.shape[1:] != images.shape[1:] or repaired.dtype != images.dtype:
        raise ValueError(
            f"{printable(data)} holds images of {images.shape[1:]}, the audit was of {repaired.shape[1:]}."
        )
    plan = _with_what_changed(plan, decisions, images, data)
    anew, refused = _repaired_anew(plan, images, audit)
    rows, kept = [], []
    for place, step in enumerate(plan.to_dict(orient="records")):
        wanted = step["action"]
        action = "keep" if place in refused else "repair" if place in anew else wanted
        if step["changed"]:
            action = "leave_out"
        if action != "leave_out":
            kept.append((place, action == "repair"))
        done = {"keep": "kept", "repair": "repaired", "leave_out": "left out"}[action]
        note = f"not repaired: {refused[place]}" if place in refused else step["changed"] or step["reason"]
        position = pd.NA if action == "leave_out" else len(kept) - 1
        rows.append({"index": place, "action": wanted, "done": done, "note": note, "place": position})
    rows += [
        {"index": place, "action": "leave_out", "done": "left out", "note": "is not in the plan", "place": pd.NA}
        for place in range(len(plan), len(images))
    ]
    applied = pd.DataFrame(rows)
    if dry_run:
        return applied
    if not kept:
        raise ValueError("decisions leave nothing: a set without images cannot be written.")
    places = np.array([place for place, _ in kept])
    made = images[places].copy()
    for position, (place, is_repaired) in enumerate(kept):
        if is_repaired:
            made[position] = anew.get(place, repaired[place])
    with whole_folder(out, CLEANED_IMAGES) as folder:
        labels = None if found.labels is None else found.labels[places]
        save_npz(folder / "images.npz", made, labels)
        write_csv(folder / "applied.csv", applied)
    return applied


def _with_what_changed(plan, decisions, images, data):
    """The plan with a column ``changed``: why an image is no longer what was audited, or nothing."""
    named = set(decisions["index"].astype(str)) if "index" in decisions else set()
    changed = []
    for place, (index, digest) in enumerate(zip(plan["index"], plan["sha256"])):
        is_changed = pixels_sha256(images[place]) != digest
        if is_changed and str(index) in named:
            raise ValueError(f"image {place} of {printable(data)} has changed since this was decided: audit it again.")
        changed.append("has changed since the plan was made" if is_changed else "")
    return plan.assign(changed=changed)


def _repaired_anew(plan, images, audit):
    """Of images to be repaired as a kind that somebody names: what they become, and why others stay; by place."""
    prefix = "undo_"
    asked = plan["action"].str.startswith(prefix) & (plan["changed"] == "")
    places = np.flatnonzero(asked)
    if not len(places):
        return {}, {}
    folder = audit / "auditor"
    if not folder.is_dir():
        why = f"{printable(audit)} holds no auditor to repair and to check by"
        return {}, dict.fromkeys(places.tolist(), why)
    import toolkit

    auditor = toolkit.load(folder)
    if not isinstance(auditor, Auditor):
        raise DataFormatError(f"{printable(folder)} holds no Auditor but {type(auditor).__name__}.")
    kinds = plan["action"].iloc[places].str.removeprefix(prefix).tolist()
    made, repairs = auditor.repair_as(images[places], kinds)
    done = repairs["repaired"].to_numpy()
    anew = {int(place): image for place, image, is_done in zip(places, made, done) if is_done}
    refused = {int(place): why for place, why, is_done in zip(places, repairs["why_not"], done) if not is_done}
    return anew, refused
