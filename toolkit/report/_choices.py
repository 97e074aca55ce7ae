"""Rows that a reader decides on, for the page: what its script shows, and small pictures in one sheet."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from toolkit._core.files import plain_json

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Choices", "build_choices", "table_library"]

COLUMNS = ("name", "kinds", "confidence", "anomaly", "outcome", "note", "action", "choices")
_ACROSS = 40  # pictures in a row of the sheet
_SHOWN = 72  # pixels that a small picture takes on the page
_PIXELATED = 40  # sides up to which a picture is kept without loss, and enlarged with sharp pixels


@dataclass(frozen=True)
class Choices:
    """What the template needs: JSON for the script, the sheet of pictures as a data URI, and its measures."""

    data: str
    sheet: str
    side: int
    shown: int
    columns: int
    rows: int
    sharp: bool
    n_rows: int
    n_all: int


def build_choices(
    rows: pd.DataFrame,
    words: Mapping[str, str],
    key: Sequence[str],
    *,
    thumbnails: np.ndarray | None,
    after: np.ndarray | None,
    n_all: int,
) -> Choices:
    """Turn a frame into :class:`Choices`; arguments as of :meth:`toolkit.report.Report.choices`."""
    lacking = [name for name in (*COLUMNS, *key) if name not in rows]
    if lacking:
        raise ValueError(f"rows lacks the columns {', '.join(lacking)}; it has {', '.join(map(str, rows))}.")
    unknown = sorted({name for choices in rows["choices"] for name in choices} - set(words))
    if unknown:
        raise ValueError(f"words must say what {', '.join(unknown)} means; it has {', '.join(words)}.")
    for name, stack in (("thumbnails", thumbnails), ("after", after)):
        if stack is not None and len(stack) != len(rows):
            raise ValueError(f"{name} must hold a picture for each of {len(rows)} rows, got {len(stack)}.")
    pictures = [] if thumbnails is None else list(thumbnails)
    second = [-1] * len(rows)
    if after is not None and thumbnails is not None:
        for place, (given, made) in enumerate(zip(thumbnails, after)):
            if not np.array_equal(given, made):
                second[place] = len(pictures)
                pictures.append(made)
    # Thousands of rows offer one of a few lists.
    offers = list(dict.fromkeys(tuple(each) for each in rows["choices"]))
    number = {each: place for place, each in enumerate(offers)}
    records = [
        {
            "name": row["name"],
            "kinds": list(row["kinds"]),
            "confidence": _number(row["confidence"]),
            "anomaly": _number(row["anomaly"]),
            "outcome": row["outcome"],
            "note": row["note"],
            "action": row["action"],
            "choices": number[tuple(row["choices"])],
            "key": {name: row[name] for name in key},
            "after": after_place,
        }
        for row, after_place in zip(rows.to_dict(orient="records"), second)
    ]
    content = {
        "rows": records,
        "words": dict(words),
        "offers": [list(each) for each in offers],
        "pictures": bool(pictures),
        "across": _ACROSS,
    }
    sheet, side = _sheet(pictures)
    n_columns = min(_ACROSS, max(1, len(pictures)))
    n_lines = -(-len(pictures) // _ACROSS)
    sharp = 0 < side <= _PIXELATED
    return Choices(_inert(content), sheet, side, _SHOWN, n_columns, n_lines, sharp, len(rows), n_all)


def _number(value):
    value = float(value)
    return round(value, 4) if math.isfinite(value) else None


def _inert(content):
    """JSON that can stand in a script element: nothing in it ends the element or begins a comment."""
    text = json.dumps(plain_json(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _sheet(pictures):
    """All pictures as one, ``_ACROSS`` a line: a data URI and the side of each; small ones without loss."""
    if not pictures:
        return "", 0
    from PIL import Image

    side = max(max(picture.shape[:2]) for picture in pictures)
    n_lines = -(-len(pictures) // _ACROSS)
    grey = all(picture.ndim == 2 for picture in pictures)
    sheet = np.full((n_lines * side, min(_ACROSS, len(pictures)) * side, *(() if grey else (3,))), 244, np.uint8)
    for place, picture in enumerate(pictures):
        picture = picture if grey or picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
        height, width = picture.shape[:2]
        top = place // _ACROSS * side + (side - height) // 2
        left = place % _ACROSS * side + (side - width) // 2
        sheet[top : top + height, left : left + width] = picture
    buffer = io.BytesIO()
    if side <= _PIXELATED:
        Image.fromarray(sheet).save(buffer, "PNG", optimize=True)
        kind = "png"
    else:
        Image.fromarray(sheet).save(buffer, "JPEG", quality=72, optimize=True)
        kind = "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}", side


def table_library() -> dict[str, str] | None:
    """DataTables as the package itables brings it along: gzip in base64, of its script and its style.

    None where the package is not installed, or has its files elsewhere.
    """
    try:
        place = files("itables") / "html"
        script, style = ((place / name).read_bytes() for name in ("dt_bundle.js", "dt_bundle.css"))
    except (ImportError, OSError):
        return None
    return {"script": _packed(script), "style": _packed(style)}


def _packed(content):
    return base64.b64encode(gzip.compress(content, mtime=0)).decode("ascii")


def page_script() -> tuple[str, str]:
    """The script of the page, and its hash for the page's content security policy."""
    text = (files("toolkit.report") / "templates" / "choices.js").read_text(encoding="utf-8")
    return text, base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
