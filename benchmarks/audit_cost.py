"""Where an audit's CPU time goes, part by part: the command ``toolkit audit``, from its first import to its last file.

Embedded glyphs, a fifth of them damaged, in a file; a fresh process audits them on one thread, and each second counts
for the innermost of the parts below that it was spent in.

    python benchmarks/audit_cost.py              runs the missing cells and prints the table
    python benchmarks/audit_cost.py --table      prints the table of the cells that are there

``before_quick_<n>`` and ``before_now_<n>`` are the same by another version: run with that version's package first in
``PYTHONPATH`` and ``--version before``, on the same machine and in the same hour. ``quick_<n>`` is ``toolkit audit
--quick``. ``wall_<n>`` and ``wall_quick_<n>`` are the same on two threads, whose seconds on the clock say something on
idle cores only.
"""

import builtins
import importlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from functools import wraps
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

N_IMAGES = 4000

# Parts, and the functions of them; what one version lacks is passed over.
PARTS = {
    "reading": ["toolkit.cli._source:read_source"],
    "learning": ["toolkit.nn._loop:_run"],
    "networks": ["toolkit.diagnostics.identifier.network:KindModel.predict"],
    "statistics": [
        "toolkit.diagnostics:CorruptionDiagnostics.transform",
        "toolkit.diagnostics:CorruptionDiagnostics.fit",
        "toolkit.diagnostics.identifier._novelty_score:StatisticsOutlierScore.fit_measure",
        "toolkit.diagnostics.identifier._novelty_score:NoveltyScore.fit",
        "toolkit.diagnostics.identifier._novelty_score:NoveltyScore.score",
    ],
    "neighbours": [
        "toolkit.diagnostics.identifier._symmetry_evidence:SymmetryEvidence.fit",
        "toolkit.diagnostics.identifier._symmetry_evidence:SymmetryEvidence.gains",
        "toolkit.restoration._repair_evidence:RepairEvidence.features",
        "toolkit.restoration._repair_evidence:RepairEvidence.fit",
    ],
    "evidence": ["toolkit.diagnostics.identifier._evidence:EvidenceModel.fit_judge"],
    "planting": [
        "toolkit.diagnostics.identifier._injection:Injector.plant",
        "toolkit.restoration._repair_candidates:corrupt_stack",
        "toolkit.restoration._repair_candidates:apply_corruption",
        "toolkit.restoration._learned:LearnedRestorer._plant",
        "toolkit.restoration._pose:PoseEstimator._plant",
    ],
    "competence": ["toolkit.diagnostics.identifier._identifier:CorruptionIdentifier._measure"],
    "repair": ["toolkit.restoration:ImageRestorer.fit", "toolkit.restoration:ImageRestorer.restore"],
    "anomaly score": ["toolkit.detectors:CorruptionDetector.fit", "toolkit.detectors:CorruptionDetector.score_samples"],
    "detectors": ["toolkit.detectors:OutlierDetector.fit", "toolkit.detectors:OutlierDetector.score_samples"],
    "figures": ["toolkit.studies.audit._write:audit_figures", "toolkit.studies.audit._write:write_figures"],
    "report": ["toolkit.studies.audit._write:build_report", "toolkit.report:Report.write"],
    "writing": ["toolkit.studies.audit._write:write_audit"],
}
ELSEWHERE = "elsewhere"


class Stopwatch:
    """CPU seconds by part; a part within another one is taken out of it."""

    def __init__(self):
        self.spent = dict.fromkeys(["imports", *PARTS], 0.0)
        self._open = threading.local()

    def timed(self, function, part):
        @wraps(function)
        def wrapper(*args, **kwargs):
            stack = self._open.__dict__.setdefault("stack", [])
            if part == "imports" and stack and stack[-1][0] == "imports":
                return function(*args, **kwargs)
            stack.append([part, 0.0])
            start = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                whole = time.thread_time() - start
                self.spent[part] += whole - stack.pop()[1]
                if stack:
                    stack[-1][1] += whole

        return wrapper

    def watch_imports(self):
        builtins.__import__ = self.timed(builtins.__import__, "imports")
        importlib.import_module = self.timed(importlib.import_module, "imports")

    def watch(self):
        for part, places in PARTS.items():
            for place in places:
                module, _, path = place.partition(":")
                try:
                    owner = importlib.import_module(module)
                    *owners, name = path.split(".")
                    for step in owners:
                        owner = getattr(owner, step)
                    setattr(owner, name, self.timed(getattr(owner, name), part))
                except (ImportError, AttributeError) as missing:
                    print(f"not in this version: {place} ({missing})", file=sys.stderr)


def measure(out, arguments):
    """Run the command in this very process and write its CPU seconds by part."""
    watch = Stopwatch()
    watch.watch_imports()
    start = time.perf_counter()
    from toolkit.cli import main as command

    watch.watch()
    sys.argv = ["toolkit", "audit", *arguments]
    try:
        command()
    except SystemExit as end:
        if end.code:
            raise
    total = time.process_time()
    figures = {"total": total, **watch.spent, ELSEWHERE: total - sum(watch.spent.values())}
    Path(out).write_text(json.dumps(figures | {"wall": time.perf_counter() - start}))


def cell(*flags, jobs=1):
    from toolkit.corruption import Corruptor
    from toolkit.datasets import load_glyphs

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        import numpy as np

        images = load_glyphs(N_IMAGES, random_state=0).images
        np.savez(folder / "images.npz", images=Corruptor(fraction=0.2, random_state=0).corrupt(images)[0])
        arguments = ["--data", "images.npz", "--out", "out", "--quiet", "--jobs", str(jobs), *flags]
        here = [sys.executable, str(Path(__file__).resolve()), "--measure", "parts.json", *arguments]
        subprocess.run(here, cwd=folder, check=True)
        return {"n_images": N_IMAGES, "jobs": jobs, **json.loads((folder / "parts.json").read_text())}


CELLS = {
    f"quick_{N_IMAGES}": lambda: cell("--quick"),
    f"now_{N_IMAGES}": cell,
    f"wall_{N_IMAGES}": lambda: cell(jobs=2),
    f"wall_quick_{N_IMAGES}": lambda: cell("--quick", jobs=2),
}
if "--version" in sys.argv:
    _place = sys.argv.index("--version")
    CELLS = {f"{sys.argv[_place + 1]}_{name}": function for name, function in CELLS.items()}
    del sys.argv[_place : _place + 2]


def show(results):
    import pandas as pd

    if results:
        rows = ["imports", *PARTS, ELSEWHERE, "total", "wall"]
        order = [name for name in (f"before_{cell}" for cell in CELLS) if name in results]
        order = sorted({*order, *results}, key=lambda name: (name.removeprefix("before_"), not name.startswith("b")))
        table = pd.DataFrame({name: results[name] for name in order}).reindex(rows).astype(float)
        print(
            "CPU seconds; wall: seconds on the clock, which say something on idle cores only\n"
            + table.round(2).to_string()
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], sys.argv[3:])
    else:
        from cells import main

        main("audit_cost", CELLS, show, __doc__)
