"""Duplicates over all parts: from digests and signatures that each part wrote, searched once."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit._core.files import write_json
from toolkit._core.progress import Progress
from toolkit.studies.partitioned._engines import run_tasks
from toolkit.studies.partitioned._part import (
    HASHES,
    PARTS,
    PartTask,
    failed_part,
    np_save,
    part_name,
    plain,
    read_table,
    write_table,
)

__all__ = ["DUPLICATE_COLUMNS", "SIGNATURES", "find_duplicates_in_parts", "sign_part"]

SIGNATURES = "signatures"
_DONE = "duplicates.json"
_COUNTS = {"exact", "near", "unsigned", "note", "looked_for"}
DUPLICATE_COLUMNS = ("row_a", "row_b", "id_a", "id_b", "relation", "symmetry", "difference", "similarity")


def find_duplicates_in_parts(
    out: Path,
    parts: Sequence[dict[str, Any]],
    source: Any,
    about: dict[str, Any],
    *,
    near: bool,
    engine: str | None = None,
    scheduler: str | None = None,
    n_jobs: int = 1,
    keep: bool = False,
    verbose: bool = False,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Pairs of images that are one and the same, in whatever parts they lie; written as a table.

    Equal pixels are found by a digest of 128 bits, of which 16 bytes an image are held. For changed copies each part is
    signed (:func:`toolkit.audit.image_signature`, 6 KB an image, in files), and all signatures are searched once by
    :func:`toolkit.audit.find_duplicates`: what is found is what it finds in images in memory.

    Parameters
    ----------
    parts : sequence of dict
        What the parts that were judged said of themselves.
    near : bool
        False: equal pixels only.
    keep : bool
        Whether another run will need the signatures.

    Returns
    -------
    pairs : DataFrame
        Columns :data:`DUPLICATE_COLUMNS`.
    counts : dict
        ``exact`` copies beyond the first, ``near`` pairs of changed copies, ``unsigned`` images in which no changed
        copies could be looked for, and what there is to say of this set as a ``note``.
    """
    parts = sorted((part for part in parts if part["n"]), key=lambda part: part["number"])
    asked = {"parts": [part["number"] for part in parts], "near": near}
    path = out / f"duplicates.{about['table_format']}"
    known = _known(out, asked, path)
    if known is not None:
        return known
    if near and parts:
        unsigned = _sign(out, parts, source, about, engine, scheduler, n_jobs, verbose)
        pairs, counts = _near(out, [part for part in parts if part["number"] not in unsigned], about, n_jobs, verbose)
        counts["unsigned"] = sum(part["n"] for part in parts if part["number"] in unsigned)
        if unsigned:  # their equal pixels are known all the same
            more, _ = _exact(out, parts, about)
            mine = more[~more["row_b"].isin(pairs.loc[pairs["relation"] == "exact", "row_b"])]
            pairs, counts["exact"] = pd.concat([pairs, mine], ignore_index=True), len(more)
    else:
        pairs, counts = _exact(out, parts, about)
    for end in ("a", "b"):
        pairs[f"id_{end}"] = pd.Series(
            [str(plain(source.id_of(int(row)))) for row in pairs[f"row_{end}"]], dtype=object
        )
    pairs = pairs.reindex(columns=list(DUPLICATE_COLUMNS))
    write_table(path, pairs)
    if not counts["unsigned"]:
        write_json(out / _DONE, asked | {"counts": counts})  # last: with it, the table is whole
        if not keep:
            shutil.rmtree(out / SIGNATURES, ignore_errors=True)
    return pairs, counts


def _known(out: Path, asked: dict, path: Path) -> tuple[pd.DataFrame, dict[str, Any]] | None:
    """What an earlier run found in the same parts."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads((out / _DONE).read_text(encoding="utf-8"))
        if {name: found[name] for name in asked} == asked and set(found["counts"]) >= _COUNTS:
            pairs = read_table(path)
            if tuple(pairs) == DUPLICATE_COLUMNS:
                return pairs, found["counts"]
    (out / _DONE).unlink(missing_ok=True)
    return None


def _rows(out: Path, parts: Sequence[dict], about: dict) -> NDArray[np.int64]:
    """The row in the source of each image of some parts, in order."""
    tables = (
        read_table(out / PARTS / part_name(part["number"], f".{about['table_format']}"), ["row"]) for part in parts
    )
    found = [table["row"].to_numpy(np.int64) for table in tables]
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def _exact(out: Path, parts: Sequence[dict], about: dict) -> tuple[pd.DataFrame, dict[str, Any]]:
    rows = _rows(out, parts, about)
    digests = [np.load(out / HASHES / part_name(part["number"], ".npy"), allow_pickle=False)[:, :2] for part in parts]
    first = _first_of_each(np.concatenate(digests)) if digests else np.empty(0, dtype=np.intp)
    copies = np.flatnonzero(first != np.arange(len(rows)))
    pairs = pd.DataFrame({"row_a": rows[first[copies]], "row_b": rows[copies]}).assign(
        relation="exact", symmetry="identity", difference="same pixels", similarity=1.0
    )
    return pairs, {"exact": len(copies), "near": 0, "unsigned": 0, "note": "", "looked_for": "exact"}


def _first_of_each(digests: NDArray[np.uint64]) -> NDArray[np.intp]:
    """The place of the first row with the same digest, for each row.

    Examples
    --------
    >>> _first_of_each(np.array([[1, 2], [3, 4], [1, 2], [1, 3]], dtype=np.uint64)).tolist()
    [0, 1, 0, 3]
    """
    order = np.lexsort((np.arange(len(digests)), digests[:, 1], digests[:, 0]))
    ordered = digests[order]
    begins = np.ones(len(order), dtype=bool)
    begins[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    first = np.empty(len(order), dtype=np.intp)
    first[order] = order[np.flatnonzero(begins)][np.cumsum(begins) - 1]
    return first


def sign_part(task: PartTask) -> dict[str, Any]:
    """Write the signatures of the images of one part; nothing but an interruption is raised."""
    from toolkit.audit import image_signature

    try:
        images = task.piece.read().images
        signatures = np.array([image_signature(image) for image in images])
        np_save(Path(task.out) / SIGNATURES / part_name(task.number, ".npy"), signatures)
    except Exception as error:  # changed copies are then not looked for in this part
        return failed_part(task, f"{type(error).__name__}: {error}")
    return {"status": "done", "number": task.number, "n": len(images)}


def _sign(
    out: Path,
    parts: Sequence[dict],
    source: Any,
    about: dict,
    engine: str | None,
    scheduler: str | None,
    n_jobs: int,
    verbose: bool,
) -> set[int]:
    """Sign the parts that are not yet; the numbers of those that cannot be."""
    folder = out / SIGNATURES
    folder.mkdir(exist_ok=True)
    for left in folder.glob(".*"):  # of workers that were killed
        left.unlink(missing_ok=True)
    missing = [part for part in parts if not (folder / part_name(part["number"], ".npy")).exists()]

    def tasks():
        for part in missing:
            piece = source.piece(part["first"], part["stop"])
            yield PartTask(part["number"], piece, str(out), about["table_format"], False)

    failed = set()
    n_images = {part["number"]: part["n"] for part in parts}
    options: dict[str, Any] = {"engine": engine, "scheduler": scheduler, "n_workers": max(1, min(n_jobs, len(missing)))}
    with Progress(sum(part["n"] for part in missing), desc="signing", verbose=verbose) as bar:
        if missing:
            results: Any = run_tasks(sign_part, tasks(), lost=failed_part, **options)
            with contextlib.closing(results):
                for _, said in results:
                    # Other rows than were judged: the file has changed since, and nothing is claimed of it.
                    if said["status"] != "done" or said["n"] != n_images[said["number"]]:
                        failed.add(said["number"])
                        (folder / part_name(said["number"], ".npy")).unlink(missing_ok=True)
                    bar.update(n_images[said["number"]])
    return failed


def _near(
    out: Path, parts: Sequence[dict], about: dict, n_jobs: int, verbose: bool
) -> tuple[pd.DataFrame, dict[str, Any]]:
    from toolkit.audit import StoredSignatures, find_duplicates

    rows: Any = _rows(out, parts, about)
    stored = StoredSignatures([out / SIGNATURES / part_name(part["number"], ".npy") for part in parts])
    with joblib.parallel_config(backend="threading"):
        found = find_duplicates(stored, ids=rows, n_jobs=n_jobs, verbose=verbose)
    pairs = found.pairs.assign(row_a=rows[found.pairs["row_a"]], row_b=rows[found.pairs["row_b"]])
    exact = int((pairs["relation"] == "exact").sum())
    return pairs, {"exact": exact, "near": len(pairs) - exact, "unsigned": 0, "note": found.note, "looked_for": "near"}
