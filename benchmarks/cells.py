"""Cells of a table: each is run once, written as JSON, and not run again; the table is printed from the files.

A benchmark script builds a dict of cells (name to a function of no argument that returns a dict of figures) and hands
it to :func:`main`, which gives every script the same flags.
"""

import argparse
import contextlib
import fnmatch
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

from toolkit._core.files import write_json
from toolkit._core.versions import versions

RESULTS = Path(__file__).parent / "results"


def load(table):
    """All cells of a table that have been run, by name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted((RESULTS / table).glob("*.json"))}


def commit():
    """The commit that is checked out, ``-dirty`` where files other than results differ; empty where there is no git."""
    git = ["git", "-C", str(RESULTS.parent.parent)]
    others = ["--", ".", ":(exclude)benchmarks/results"]
    try:
        name = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout
        changed = subprocess.run([*git, "diff", "--quiet", "HEAD", *others], capture_output=True).returncode
    except (OSError, subprocess.CalledProcessError):
        return ""
    return name.strip() + ("-dirty" if changed else "")


def run(table, cells, *, again=False, only="*"):
    """Run the missing cells whose name matches ``only``, in order, writing each as soon as it is done."""
    for name, function in cells.items():
        path = RESULTS / table / f"{name}.json"
        if not fnmatch.fnmatch(name, only) or (path.exists() and not again):
            continue
        print(f"{table}/{name} ...", flush=True)
        start, cpu, made_by = time.perf_counter(), time.process_time(), commit()
        figures = function()
        figures |= {
            "cell_seconds": round(time.perf_counter() - start, 1),
            "cell_cpu_seconds": round(time.process_time() - cpu, 1),
            "versions": versions() | {"commit": made_by},
        }
        write_json(path, figures)


def main(table, cells, show, description):
    """The command line of a benchmark script.

    Parameters
    ----------
    table : str
        Folder under ``benchmarks/results``.
    cells : dict of str to callable
    show : callable
        ``show(results)`` prints the table from the cells that are there.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="store_true", help="print the table of the cells that are there, run nothing")
    parser.add_argument("--again", action="store_true", help="run cells anew that are there")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="run only cells whose name matches")
    options = parser.parse_args()
    if not options.table:
        run(table, cells, again=options.again, only=options.only)
    with leaving_quietly(), whole_frames():
        show(load(table))


def whole_frames():
    """Frames are printed with all their rows and columns."""
    return pd.option_context("display.width", 200, "display.max_columns", 40, "display.max_rows", 200)


@contextlib.contextmanager
def leaving_quietly():
    """End without a word where the reader of what is printed has left, as ``| head`` does."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # At exit nobody is there to say the rest to, either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def over_seeds(results, keys):
    """Frame of mean and spread over seeds: cells named ``<group>_seed<k>``, one row a group, columns ``keys``."""
    frame = pd.DataFrame(
        [
            {"group": name.rpartition("_seed")[0], **{key: cell.get(key) for key in keys}}
            for name, cell in results.items()
        ]
    )
    grouped = frame.groupby("group", sort=False)
    mean, spread = grouped.mean(), grouped.std().fillna(0)
    table = mean.round(4).astype(str) + " ± " + spread.round(4).astype(str)
    table.insert(0, "seeds", grouped.size())
    return table
