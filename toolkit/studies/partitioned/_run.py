"""An audit in parts: judges fitted to a sample of the whole set, then each part judged by itself, by any engine."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from toolkit._core.files import write_json
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.parameters import check_choice, check_int
from toolkit._core.printable import printable
from toolkit._core.progress import Progress
from toolkit._core.types import PathLike
from toolkit.audit import Auditor
from toolkit.datasets import open_images
from toolkit.exceptions import DataFormatError
from toolkit.studies._folder import reserved_folder
from toolkit.studies.partitioned._duplicates import SIGNATURES, find_duplicates_in_parts
from toolkit.studies.partitioned._engines import ENGINES, run_tasks
from toolkit.studies.partitioned._outcome import PARTITIONED_FILES, PartitionedAuditResult
from toolkit.studies.partitioned._part import (
    HASHES,
    PARTS,
    PartTask,
    failed_part,
    in_parts,
    judge_part,
    merged,
    part_name,
    read_table,
)
from toolkit.studies.partitioned._repaired import REPAIRED, REPAIRED_ZARR, RepairedArray, zarr_is_there

__all__ = ["run_partitioned_audit"]

_PART_BYTES, _MOST_ROWS, _LEAST_ROWS = 2**25, 4096, 64  # of the images of a part, unless chunk_size says otherwise
_N_SCORES = 5000  # rows whose scores the report draws
_RUN = "run.json"


@usual_floating_point
def run_partitioned_audit(
    source: Any,
    out: PathLike,
    *,
    engine: str | None = None,
    scheduler: str | None = None,
    n_jobs: int | None = None,
    quick: bool = False,
    auditor: Auditor | None = None,
    max_samples: int = 20_000,
    chunk_size: int | None = None,
    keep_repaired: bool = True,
    duplicates: bool | str = True,
    random_state: int = 0,
    verbose: bool = False,
) -> PartitionedAuditResult:
    """Audit a set of images of any size, a part at a time, on this machine or on a cluster.

    The judges are fitted to a sample drawn at random over the whole set. Each part is then read, judged and written by
    itself: what a worker holds does not depend on the size of the set, and what is found does not depend on the
    engine. A run that was stopped goes on with the parts that are missing; a part that cannot be read, or whose worker
    dies each time, is listed with the reason, is tried again by the next run, and costs the others nothing.

    Parameters
    ----------
    source : path-like, str, ImageSource or array
        What :func:`toolkit.datasets.open_images` takes.
    out : path-like
        Folder that grows: ``parts/`` (a table of each part and its sums), ``hashes/``, ``auditor/``, and repaired
        images. Workers on other machines have to reach it, and the source, under the same names.
    engine : {"threads", "dask", "ray"}, optional
        None judges one part after the other.
    scheduler : str, optional
        Address of a Dask scheduler or Ray cluster that is running; by default workers are started here, and ended.
    n_jobs : int, optional
        Workers started here; None is one for each processor.
    quick : bool, default=False
        No network learns from the set, as in :func:`run_audit`.
    auditor : Auditor, optional
        Fitted before: nothing is learnt from the set.
    max_samples : int, default=20_000
        Images that the judges are fitted to.
    chunk_size : int, optional
        Images of a part at most; by default 32 MiB of them, between 64 and 4,096.
    keep_repaired : bool, default=True
        Write repaired images. Where zarr is installed, ``repaired.zarr`` holds the whole set with its repairs in place
        (``images``; ``state`` is 0 for a row that is as it came, 1 for one that was repaired, 2 for one that is not
        there), which :func:`toolkit.datasets.open_images` opens; else ``repaired/`` has a ``.npy`` file for each part,
        of the images that changed, in the order of the rows with ``repaired`` = 1.
    duplicates : bool or "exact", default=True
        Look for images that are one and the same, across all parts: changed, turned and mirrored copies too, as
        :func:`toolkit.audit.find_duplicates` does, which takes about as long as judging does; ``"exact"``: equal pixels
        only, at next to no cost.
    random_state : int, default=0
    verbose : bool, default=False
        Show progress.

    Returns
    -------
    PartitionedAuditResult

    Raises
    ------
    DataFormatError
        No part could be read.
    ValueError
        ``out`` holds an audit of other images, or with other parameters.
    FileExistsError
        ``out`` holds something else.
    FolderInUseError
        Another run is writing to it.

    Notes
    -----
    Dask and Ray start processes that import the main module: a script calls this under
    ``if __name__ == "__main__":``. With Ray and Dask, images that lie in memory are sent with the task of their part;
    those in files are read by the worker.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_partitioned_audit
    >>> folder = tempfile.mkdtemp()
    >>> np.save(os.path.join(folder, "digits.npy"), load_digits().images[:80])
    >>> result = run_partitioned_audit(folder + "/digits.npy", folder + "/audit", quick=True, chunk_size=50)
    >>> result.n_images, len(result.failed), sum(len(table) for table in result.iter_tables())
    (80, 0, 80)
    """
    if engine is not None:
        check_choice("engine", engine, ENGINES)
    if scheduler is not None and engine not in ("dask", "ray"):
        raise ValueError(f"scheduler={scheduler!r} is the address of a Dask or Ray cluster, but engine is {engine!r}.")
    if duplicates not in (True, False, "exact"):
        raise ValueError(f"duplicates must be True, False or 'exact', got {duplicates!r}.")
    check_int("random_state", random_state, 0)
    check_int("max_samples", max_samples, 2)
    if chunk_size is not None:
        check_int("chunk_size", chunk_size)
    n_jobs = joblib.cpu_count() if n_jobs is None else joblib.effective_n_jobs(n_jobs)
    opened = open_images(source)
    name = printable(Path(source).name) if isinstance(source, (str, os.PathLike)) else getattr(source, "name", "")
    images = in_parts(opened, name)
    out = Path(os.path.realpath(out))
    if isinstance(source, (str, os.PathLike)) and Path(os.path.realpath(source)) in (out, *out.parents):
        raise ValueError(f"out={printable(out)} lies within the source, of which nothing may change.")
    with reserved_folder(out, PARTITIONED_FILES, grows=True):
        about = _about(images, chunk_size, quick, auditor, max_samples, random_state, keep_repaired)
        _prepare(out, about)
        seconds = {}
        started = time.perf_counter()
        _fit(out, images, auditor, about, random_state, n_jobs, verbose)
        seconds["learning what is wrong"] = time.perf_counter() - started
        started = time.perf_counter()
        summaries = _judge_all(out, images, about, engine, scheduler, n_jobs, verbose)
        seconds["judging and repairing"] = time.perf_counter() - started
        done = [part for part in summaries if part["status"] == "done"]
        if not done:
            raise DataFormatError(f"{images.name}: none of {len(summaries):,} parts could be judged: {_why(summaries)}")
        import toolkit

        result = PartitionedAuditResult(
            out=out,
            total=merged(summaries),
            parts=sorted(summaries, key=lambda part: part["number"]),
            facts=toolkit.load(out / "auditor").facts_,
            about=about,
            engine=engine or "one after the other",
            unreadable=images.unreadable,
            scores=_sampled_scores(out, done, about, random_state),
            duplicates=None,
            duplicate_counts=None,
            timings={name: round(value, 3) for name, value in seconds.items()},
            source=images,
        )
        if duplicates:
            started = time.perf_counter()
            options = {"engine": engine, "scheduler": scheduler, "n_jobs": n_jobs, "verbose": verbose}
            keep = len(done) < len(summaries)
            try:
                pairs, counts = find_duplicates_in_parts(
                    out, done, images, about, near=duplicates != "exact", keep=keep, **options
                )
            except Exception:  # what was judged stands: a full disk here must not cost the report
                result.write(out)
                raise
            seconds["looking for duplicates"] = time.perf_counter() - started
            timings = {name: round(value, 3) for name, value in seconds.items()}
            result = replace(result, duplicates=pairs, duplicate_counts=counts, timings=timings)
        result.write(out)
    return result


def _about(images, chunk_size, quick, auditor, max_samples, seed, keep_repaired):
    """What makes it the same audit: another run may go on with it where all of this is equal."""
    first = images.take(np.arange(min(len(images), 8)))
    if chunk_size is None:
        chunk_size = int(np.clip(_PART_BYTES // max(1, first[0].nbytes), _LEAST_ROWS, _MOST_ROWS))
    parquet = importlib.util.find_spec("pyarrow") is not None
    return {
        "name": images.name,
        "n_images": len(images),
        "shards": _fingerprint(images),
        "shape": list(first.shape[1:]),
        "dtype": first.dtype.name,
        "chunk_size": chunk_size,
        "quick": quick,
        "auditor_given": auditor is not None,
        "max_samples": max_samples,
        "seed": seed,
        "keep_repaired": keep_repaired,
        "table_format": "parquet" if parquet else "csv",
        "repaired_format": "zarr" if zarr_is_there() else "npy",
    }


def _fingerprint(images):
    import hashlib

    text = json.dumps([(shard.name, len(shard)) for shard in images.shards])
    return hashlib.sha256(text.encode()).hexdigest()


def _prepare(out, about):
    """Make the folders, remove what killed workers left half-written, and see that it is the same audit."""
    path = out / _RUN
    if path.exists():
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"out={printable(out)} holds a damaged {_RUN}: choose another folder.") from error
        about["table_format"] = known.get("table_format", about["table_format"])  # it stays what it was
        about["repaired_format"] = known["repaired_format"] = known.get("repaired_format", "npy")
        differs = [what for what in about if known.get(what) != about[what]]
        if differs:
            what = differs[0]
            raise ValueError(
                f"out={printable(out)} holds an audit with {what}={known.get(what)!r}, and this one has "
                f"{what}={about[what]!r}: choose another folder, or remove that one."
            )
    for folder in (PARTS, REPAIRED, HASHES, SIGNATURES):
        if (out / folder).is_symlink():  # what lies behind it is not ours to tidy
            raise ValueError(f"out={printable(out)} holds a link called {folder}: remove it, or choose another folder.")
    for folder in (PARTS, REPAIRED, HASHES):
        (out / folder).mkdir(exist_ok=True)
        for entry in (out / folder).iterdir():
            if entry.name.startswith("."):
                with contextlib.suppress(FileNotFoundError):
                    entry.unlink()
    if not path.exists():
        write_json(path, about)


def _fit(out, images, auditor, about, seed, n_jobs, verbose):
    """Save the auditor, unless an earlier run has; parts are judged by the saved one, whoever judges them."""
    import toolkit

    if (out / "auditor").exists():
        return
    if auditor is None:
        from toolkit.diagnostics import CorruptionIdentifier
        from toolkit.restoration import ImageRestorer

        judges = {}
        if about["quick"]:
            judges = {
                "identifier": CorruptionIdentifier(epochs=0, n_jobs=n_jobs, verbose=verbose),
                "restorer": ImageRestorer(epochs=0, n_jobs=n_jobs, verbose=verbose),
            }
        options = {"max_samples": about["max_samples"], "n_jobs": n_jobs, "random_state": seed, "verbose": verbose}
        auditor = Auditor(**judges, **options).fit(images)
    toolkit.save(auditor, out / "auditor")


def _judge_all(out, images, about, engine, scheduler, n_jobs, verbose):
    """Sums of every part: those that earlier runs judged, and those that are judged now."""
    spans = images.parts(about["chunk_size"])
    repaired = _repaired_array(out, about, spans)
    # Without the array that they were written to, the parts of earlier runs are not whole.
    anew = repaired is not None and repaired.prepare()
    summaries, missing = [], []
    for number, (start, stop) in enumerate(spans):
        known = None if anew else _known(out / PARTS / part_name(number, ".json"), start, stop)
        if known is None:
            missing.append((number, start, stop))
        else:
            summaries.append(known)

    def tasks():
        for number, start, stop in missing:
            piece = images.piece(start, stop)
            yield PartTask(number, piece, str(out), about["table_format"], about["keep_repaired"], repaired)

    def collect(summary):
        if repaired is not None and not repaired.regular and summary["status"] == "done":
            repaired.collect(summary["first"], out / REPAIRED / part_name(summary["number"], ".npz"))

    for summary in summaries:
        collect(summary)

    options = {"engine": engine, "scheduler": scheduler, "n_workers": max(1, min(n_jobs, len(missing)))}
    with Progress(
        len(images), desc="judging", verbose=verbose, initial=sum(_n_rows(part) for part in summaries)
    ) as bar:
        if missing:
            with contextlib.closing(run_tasks(judge_part, tasks(), lost=failed_part, **options)) as results:
                for _, summary in results:
                    collect(summary)
                    summaries.append(summary)
                    bar.update(_n_rows(summary))
    return summaries


def _repaired_array(out, about, spans):
    """Where repaired images go, unless to files or nowhere."""
    if not about["keep_repaired"] or about["repaired_format"] != "zarr":
        return None
    return RepairedArray.planned(out / REPAIRED_ZARR, spans, about["shape"], about["dtype"])


def _known(path, start, stop):
    """What an earlier run said of a part, if it is whole and of the same rows."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    same = found.get("status") == "done" and (found.get("first"), found.get("stop")) == (start, stop)
    return found if same else None


def _n_rows(part):
    return part["stop"] - part["first"]


def _why(summaries):
    return next(part["reason"] for part in summaries if part["status"] == "failed")


def _sampled_scores(out, done, about, seed):
    """Scores and kinds of rows drawn over all parts, for the histogram: each part gives its share."""
    n = sum(part["n"] for part in done)
    share = min(1.0, _N_SCORES / max(1, n))
    found = []
    for part in sorted(done, key=lambda part: part["number"]):
        wanted = np.random.default_rng([seed, 1, part["number"]]).random(part["n"]) < share
        if wanted.any():
            path = out / PARTS / part_name(part["number"], f".{about['table_format']}")
            table = read_table(path, ["row", "kind", "anomaly_score"])
            found.append(table[wanted])
    import pandas as pd

    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["row", "kind", "anomaly_score"])
