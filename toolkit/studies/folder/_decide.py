"""The section of a page in which a person looks at what was found, and decides what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from toolkit._core.pixel_scale import PixelScale
from toolkit.audit import FILE_ACTIONS, FileAudit
from toolkit.corruption import kind_in_words
from toolkit.report import Report
from toolkit.studies.folder._choices import file_choices, image_choices
from toolkit.studies.folder._thumbnails import thumbnails

__all__ = ["add_file_choices", "add_image_choices"]

_MOST = 3000  # rows on a page; their pictures take 1 to 3 kB each
_SIDE = 72  # pixels of a small picture
_WORDS = {
    "keep": "keep",
    "leave_out": "leave out",
    "rotate_90": "turn left",
    "rotate_180": "turn by half",
    "rotate_270": "turn right",
    "flip_horizontal": "mirror left for right",
    "flip_vertical": "mirror top for bottom",
    "transpose": "mirror at the falling diagonal",
    "anti_transpose": "mirror at the rising diagonal",
    "crop": "cut the frame off",
    "invert": "light for dark",
    "denoise": "take noise out",
    "denoise_learned": "take noise out, by a network",
    "deblock": "smooth blocks of compression",
    "deblock_learned": "smooth blocks of compression, by a network",
    "deblur": "take blur out, by a network",
    "fill_pixels": "fill lost pixels",
    "fill_lines": "fill lost lines",
    "stretch": "raise contrast",
}
assert set(_WORDS) == set(FILE_ACTIONS)
_TITLE = "Look and decide"


def add_file_choices(
    report: Report, files: FileAudit, plan: pd.DataFrame, per_image: pd.DataFrame | None = None
) -> Report:
    """Add the table of all files that something was found of, if there are any; returns the report.

    Parameters
    ----------
    report : Report
    files : FileAudit
    plan : DataFrame
        As :func:`toolkit.audit.plan_clean` gives it.
    per_image : DataFrame, optional
        Of an audit by networks of the same folder.
    """
    rows = file_choices(files, plan, per_image)
    if not len(rows):
        return report
    shown = rows.head(_MOST)
    small = np.full((len(shown), _SIDE, _SIDE, 3), 244, dtype=np.uint8)
    there = shown["readable"].to_numpy()
    if there.any():
        small[there] = thumbnails(files.survey, shown["path"][there].tolist(), side=_SIDE)
    return report.choices(
        _TITLE,
        shown,
        _WORDS,
        key=("path", "sha256", "box"),
        text="All files of which something was found. Filter them, choose what becomes of each, and export what you "
        "decided; toolkit apply DECISIONS --audit THIS_FOLDER --data PICTURES --out NEW_FOLDER then writes a cleaned "
        "copy of the pictures. A file that you do not touch becomes what was proposed. Nothing in the folder itself "
        "ever changes.",
        thumbnails=small,
        n_all=len(rows),
    )


def add_image_choices(
    report: Report,
    images: np.ndarray,
    repaired: np.ndarray,
    per_image: pd.DataFrame,
    plan: pd.DataFrame,
    undoable: Sequence[str] = (),
) -> Report:
    """Add the table of all images of an array that were flagged, if there are any; returns the report.

    Parameters
    ----------
    report : Report
    images, repaired : ndarray of shape (n, height, width[, 3])
    per_image : DataFrame
    plan : DataFrame
        As :func:`image_plan` gives it.
    undoable : sequence of str, default=()
        Kinds that the audit can undo: an image may be repaired as one of them instead.
    """
    rows = image_choices(per_image, plan, undoable)
    if not len(rows):
        return report
    shown = rows.head(_MOST)
    places = shown["index"].to_numpy()
    scale = PixelScale.learn(images[:: max(1, len(images) // 2000)])
    words = {"keep": "keep as given", "leave_out": "leave out", "repair": "repair as found"}
    words |= {f"undo_{kind}": f"repair as: {kind_in_words(kind)}" for kind in undoable}
    anew = (
        " An image that was named wrongly can be repaired as what you see instead: the checks of every repair have to "
        "confirm that too, and applied.csv says of which they did not."
    )
    return report.choices(
        _TITLE,
        shown,
        words,
        key=("index", "sha256"),
        text="All flagged images, and beside those that were repaired what became of them. Filter them, choose what "
        "becomes of each, and export what you decided; toolkit apply DECISIONS --audit THIS_FOLDER --data FILE --out "
        f"NEW_FOLDER then writes the images that stay, repaired where you let them.{anew if undoable else ''}",
        thumbnails=_small(images[places], scale),
        after=_small(repaired[places], scale),
        n_all=len(rows),
    )


def _small(images, scale):
    """uint8 pictures whose longer side is at most ``_SIDE``, by averages where they are larger."""
    from PIL import Image

    pictures = images
    if images.dtype != np.uint8:
        pictures = np.rint(255 * np.clip(scale.to_unit(images), 0, 1)).astype(np.uint8)
    height, width = pictures.shape[1:3]
    longest = max(height, width)
    if longest <= _SIDE:
        return pictures
    size = (max(1, round(_SIDE * width / longest)), max(1, round(_SIDE * height / longest)))
    return np.stack([np.asarray(Image.fromarray(each).resize(size, Image.Resampling.BOX)) for each in pictures])
