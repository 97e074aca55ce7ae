"""One part of an audit: read, judge, write, and say in sums what was found. It runs wherever a worker is."""

from __future__ import annotations

import hashlib
import os
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit._core.files import atomic_path, write_csv, write_json
from toolkit._core.freed_memory import keep_freed_memory
from toolkit._core.printable import printable
from toolkit.datasets import as_source
from toolkit.studies.partitioned._repaired import REPAIRED, RepairedArray

__all__ = ["HASHES", "PARTS", "PartTask", "judge_part", "part_name", "read_table"]

PARTS, HASHES = "parts", "hashes"
_N_EXAMPLES, _N_LISTED = 10, 20  # of a kind, and of images left out, kept with the sums of each part
_auditors: dict[tuple, Any] = {}
_guard = threading.Lock()


@dataclass(frozen=True)
class PartTask:
    """What a worker is sent: where to read, where to write; no images but those that lie in no file.

    Parameters
    ----------
    number : int
    piece : object with ``read()``
        A :class:`toolkit.datasets.sources._sharded.Piece`.
    out : str
        Folder of the audit, which all workers reach under this name.
    table_format : {"parquet", "csv"}
    keep_repaired : bool
    repaired : RepairedArray, optional
        Where repaired images go; by default those that changed go into a file for each part.
    """

    number: int
    piece: Any
    out: str
    table_format: str
    keep_repaired: bool
    repaired: RepairedArray | None = None


def part_name(number: int, suffix: str) -> str:
    """The name of a file of a part.

    Examples
    --------
    >>> part_name(7, ".json")
    'part-00000007.json'
    """
    return f"part-{number:08d}{suffix}"


def judge_part(task: PartTask) -> dict[str, Any]:
    """Judge the images of one part and write what was found; nothing but an interruption is raised.

    Returns
    -------
    dict
        What the part's JSON file holds: ``status``, and sums over its images; ``reason`` of one that failed.
    """
    try:
        from threadpoolctl import threadpool_limits

        # One thread, whoever runs this: sums over more threads are added up in another order.
        with threadpool_limits(1), keep_freed_memory():
            return _judge(task)
    except Exception as error:  # whatever is wrong with one part costs this part only
        return failed_part(task, f"{type(error).__name__}: {error}", traceback.format_exc(limit=-2))


def failed_part(task: PartTask, reason: str, details: str = "") -> dict[str, Any]:
    """What is said of a part that could not be judged; it is tried again by the next run."""
    return {
        "status": "failed",
        "number": task.number,
        "first": task.piece.start,
        "stop": task.piece.stop,
        "reason": printable(" ".join(reason.split()))[:500],
        "details": details,
    }


def _judge(task: PartTask) -> dict[str, Any]:
    out, number, piece = Path(task.out), task.number, task.piece
    auditor = _auditor(out / "auditor")
    part = piece.read()
    summary: dict[str, Any] = {"status": "done", "number": number, "first": piece.start, "stop": piece.stop}
    summary["left_out"] = len(part.left_out)
    summary["left_out_examples"] = [list(map(plain, entry)) for entry in part.left_out[:_N_LISTED]]
    if part.left_out:
        listed = pd.DataFrame(part.left_out, columns=["row", "id", "reason"])
        write_csv(out / PARTS / part_name(number, "-left_out.csv"), listed)
    summary["n"] = len(part.images)
    if len(part.images):
        audit = auditor.audit(part.images)
        table = audit.per_image.rename(columns={"index": "id"})
        table["id"] = [str(plain(name)) for name in part.ids]
        table.insert(0, "row", part.rows)
        summary |= sums(table)
        np_save(out / HASHES / part_name(number, ".npy"), image_hashes(part.images))
        changed = table["repaired"].to_numpy() == 1
        if task.repaired is not None:
            pending = out / REPAIRED / part_name(number, ".npz")
            task.repaired.write_part(piece.start, piece.stop, part.rows, audit.repaired, changed, pending)
        elif task.keep_repaired and changed.any():
            np_save(out / REPAIRED / part_name(number, ".npy"), audit.repaired[changed])
        write_table(out / PARTS / part_name(number, f".{task.table_format}"), table)
    # Last of all: a part whose sums are there is whole.
    write_json(out / PARTS / part_name(number, ".json"), summary)
    return summary


def _auditor(folder: Path) -> Any:
    """The auditor that the run saved, loaded once in each process."""
    import toolkit

    state = os.stat(folder / "manifest.json")
    key = (str(folder), state.st_mtime_ns, state.st_ino)
    with _guard:
        if key not in _auditors:
            _auditors.clear()
            _auditors[key] = toolkit.load(folder)
        return _auditors[key]


def sums(table: pd.DataFrame) -> dict[str, Any]:
    """What of a table of images adds up over parts, and the surest examples of each kind.

    Examples
    --------
    >>> table = pd.DataFrame({"row": [4], "kind": ["blur"], "confidence": [0.9], "anomaly_score": [2.0],
    ...                       "repaired": [0], "restorer": [""], "severity": [0.5]})
    >>> sums(table)["kinds"]["blur"]["n"], sums(table)["examples"]["blur"]
    (1, [[4, 0.9]])
    """
    kinds, examples = {}, {}
    for kind, rows in table.groupby("kind", sort=True):
        kinds[kind] = {
            "n": len(rows),
            "repaired": int(rows["repaired"].sum()),
            "confidence": float(rows["confidence"].sum()),
            "severity": float(rows["severity"].sum()),
        }
        best = rows.sort_values(["confidence", "row"], ascending=[False, True], kind="stable").head(_N_EXAMPLES)
        examples[kind] = [[int(row), float(sure)] for row, sure in zip(best["row"], best["confidence"])]
    scores = table["anomaly_score"].to_numpy()
    odd = np.argsort(-scores, kind="stable")[:_N_EXAMPLES]
    return {
        "kinds": kinds,
        "examples": examples,
        "restorers": {name: int(n) for name, n in table["restorer"].value_counts().sort_index().items() if name},
        "scores": {
            "sum": float(scores.sum()),
            "squares": float(np.square(scores).sum()),
            "least": float(scores.min()),
            "greatest": float(scores.max()),
        },
        "most_anomalous": [[int(table["row"].iloc[place]), float(scores[place])] for place in odd],
    }


def image_hashes(images: NDArray) -> NDArray[np.uint64]:
    """A digest of the pixels of each image, 128 bits in two numbers: (n, 2)."""
    exact = np.empty((len(images), 2), dtype=np.uint64)
    about = f"{images.shape[1:]}{images.dtype.str}".encode()
    for place, image in enumerate(np.ascontiguousarray(images)):
        digest = hashlib.blake2b(about + image.tobytes(), digest_size=16).digest()
        exact[place] = np.frombuffer(digest, dtype=np.uint64)
    return exact


def write_table(path: Path, table: pd.DataFrame) -> None:
    """A table of images, as Parquet or as CSV by the name of the file."""
    if path.suffix == ".csv":
        write_csv(path, table)
        return
    with atomic_path(path) as temporary:
        table.to_parquet(temporary, index=False)


def read_table(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """What :func:`write_table` wrote."""
    if path.suffix == ".csv":
        return pd.read_csv(path, usecols=columns, keep_default_na=False)
    return pd.read_parquet(path, columns=columns)


def np_save(path: Path, array: NDArray) -> None:
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.save(file, array, allow_pickle=False)


def plain(value: Any) -> Any:
    return int(value) if isinstance(value, (int, np.integer)) else printable(value)


class StackShard:
    """Images in memory as a shard: each task carries those of its own part."""

    def __init__(self, images: NDArray, ids: Any, first: int = 0) -> None:
        self.images, self.ids, self.first, self.name = images, ids, first, "images"

    def __len__(self) -> int:
        return len(self.images)

    def id_of(self, row: int) -> Any:
        return self.ids[row - self.first]

    def cut(self, start: int, stop: int) -> StackShard:
        part = slice(start - self.first, stop - self.first)
        return StackShard(np.asarray(self.images[part]), self.ids[part], start)

    def read(self, rows: NDArray) -> tuple[NDArray, NDArray, list[tuple]]:
        return np.asarray(self.images[rows - self.first]), rows, []


def in_parts(source: Any, name: str) -> Any:
    """Any source of images as one that is read in parts."""
    from toolkit.datasets import ShardedImages

    if isinstance(source, ShardedImages):
        return source
    source = as_source(source)
    images = getattr(source, "images", None)
    if images is None:
        images = np.concatenate(list(source.chunks(4096)))
    return ShardedImages([StackShard(images, source.ids)], name=name or "images")


def merged(parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The sums of all parts added up, in the order of their numbers whatever the order in which they came.

    Examples
    --------
    >>> merged([])["n"]
    0
    """
    done = sorted((part for part in parts if part["status"] == "done"), key=lambda part: part["number"])
    kinds: dict[str, dict] = {}
    examples: dict[str, list] = {}
    restorers: dict[str, int] = {}
    scores = {"sum": 0.0, "squares": 0.0, "least": np.inf, "greatest": -np.inf}
    odd: list = []
    for part in done:
        for kind, values in part.get("kinds", {}).items():
            known = kinds.setdefault(kind, dict.fromkeys(values, 0))
            for what, value in values.items():
                known[what] += value
            examples[kind] = _best(examples.get(kind, []) + part["examples"][kind])
        for name, n in part.get("restorers", {}).items():
            restorers[name] = restorers.get(name, 0) + n
        if part["n"]:
            scores["sum"] += part["scores"]["sum"]
            scores["squares"] += part["scores"]["squares"]
            scores["least"] = min(scores["least"], part["scores"]["least"])
            scores["greatest"] = max(scores["greatest"], part["scores"]["greatest"])
            odd = _best(odd + part["most_anomalous"])
    return {
        "n": sum(part["n"] for part in done),
        "left_out": sum(part["left_out"] for part in done),
        "left_out_examples": [entry for part in done for entry in part["left_out_examples"]][:_N_LISTED],
        "kinds": {kind: kinds[kind] for kind in sorted(kinds)},
        "examples": {kind: examples[kind] for kind in sorted(examples)},
        "restorers": {name: restorers[name] for name in sorted(restorers)},
        "scores": scores,
        "most_anomalous": odd,
    }


def _best(entries: list) -> list:
    return sorted(entries, key=lambda entry: (-entry[1], entry[0]))[:_N_EXAMPLES]
