"""What an earlier survey of a folder found, so that the next one looks only at what is new or has changed."""

import hashlib
import json
import logging
import os
import sys
from pathlib import Path

import numpy as np

from toolkit._core.files import atomic_path
from toolkit._core.printable import printable
from toolkit.datasets._cache import data_folder, is_writable
from toolkit.datasets._survey import SurveyRow

__all__ = ["read_known", "survey_home", "write_known"]

_logger = logging.getLogger(__name__)
_VERSION = 2  # what is looked at differently has another one
_FOLDER = "file_surveys"
_PLAIN = [name for name in SurveyRow.__dataclass_fields__ if name not in ("measured", "known")]


def survey_home(path, measures, settings, cache):
    """File of the cache for this folder and these measures; None to go without.

    Parameters
    ----------
    path : path-like
    measures : dict of str to callable
        Figures of another version of their code are not taken for theirs.
    settings : object
        What else the answers depend on; goes into the name by its ``repr``.
    cache : bool or path-like
    """
    if cache is False:
        return None
    base = data_folder() / _FOLDER if cache is True else Path(cache)
    if not is_writable(base):
        if cache is not True:
            raise ValueError(f"cache must be a folder that can be written, got {printable(cache)!r}.")
        _logger.warning("%s cannot be written: what is found is not kept for the next time.", printable(base))
        return None
    import PIL

    made = [
        (name, getattr(measure, "__module__", ""), getattr(measure, "__qualname__", ""), _source_of(measure))
        for name, measure in measures.items()
    ]
    words = repr((_VERSION, PIL.__version__, os.path.abspath(path), made, settings))
    return base / f"{hashlib.sha256(words.encode('utf-8', 'surrogateescape')).hexdigest()[:24]}.npz"


def _source_of(measure):
    """Digest of the code beside a measure: its own file and those of its folder."""
    module = sys.modules.get(getattr(measure, "__module__", ""))
    place = getattr(module, "__file__", None)
    if place is None or not os.path.exists(place):
        return ""
    found = hashlib.sha256()
    for path in sorted(Path(place).parent.glob("*.py")) if module.__package__ else [Path(place)]:
        found.update(path.read_bytes())
    return found.hexdigest()


def write_known(home, measures, entries, rows):
    """Keep what was found of every file that was opened."""
    kept = [(entry, row) for entry, row in zip(entries, rows) if not entry.reason]
    about, arrays = [], {}
    for entry, row in kept:
        about.append([entry.name, entry.n_bytes, entry.stamp, [getattr(row, name) for name in _PLAIN]])
    columns = {}
    for place, name in enumerate(measures):
        values = [None if row.measured is None else row.measured[place] for _, row in kept]
        there = [value for value in values if value is not None]
        columns[name] = list(there[0]) if there and isinstance(there[0], dict) else None
        if columns[name] is not None:
            values = [None if value is None else np.array([value[key] for key in columns[name]]) for value in values]
            there = [value for value in values if value is not None]
        whole = np.array([-1 if value is None else place for place, value in enumerate(values)], dtype=np.int64)
        arrays[f"rows_{place}"] = whole[whole >= 0]
        arrays[f"values_{place}"] = np.stack(there) if there else np.empty((0, 0), np.float32)
    text = json.dumps({"measures": measures, "columns": columns, "files": about})  # lone surrogates stand as escapes
    home.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(home) as temporary, open(temporary, "wb") as file:
        np.savez(file, about=np.frombuffer(text.encode("ascii"), dtype=np.uint8), **arrays)


def read_known(home, measures):
    """What was kept: of each name, length and time of modification of the file, and its :class:`SurveyRow`."""
    try:
        with np.load(home, allow_pickle=False) as kept:
            about = json.loads(kept["about"].tobytes().decode("ascii"))
            if about["measures"] != list(measures):
                return {}
            found = {}
            for name, n_bytes, stamp, values in about["files"]:
                row = SurveyRow(**dict(zip(_PLAIN, values, strict=True)))
                row.values = None if row.values is None else tuple(row.values)
                row.scale = None if row.scale is None else tuple(row.scale)
                row.measured = None if row.reason else [None] * len(measures)
                found[name] = (n_bytes, stamp, row)
            rows = [row for _, _, row in found.values()]
            for place, name in enumerate(measures):
                columns = about["columns"][name]
                for number, vector in zip(kept[f"rows_{place}"].tolist(), kept[f"values_{place}"], strict=True):
                    value = vector if columns is None else dict(zip(columns, vector.tolist(), strict=True))
                    rows[number].measured[place] = value
            return found
    except Exception:  # not there, damaged, or written by something else: all is looked at again
        return {}
