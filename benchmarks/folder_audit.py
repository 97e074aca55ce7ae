"""What it costs to look at every file of a folder of photographs, without networks, and to write a cleaned copy.

Run

    python benchmarks/folder_audit.py

to measure the cells that are missing and print the table; ``--table`` prints only. 2,000 photographs of 200 to 1,600
pixels on their longer side are made from those in ``TOOLKIT_DATA/photos`` (else from those that come with scikit-image,
which anybody has) by PIL: a crop, a size (log-uniform) and a JPEG quality each, some files that are broken, and some
that are no pictures. The audit runs in a process of its own with two workers. Memory is the proportional set size of
all its processes together, sampled five times a second; processor seconds are theirs together, since a machine that is
busy otherwise shows in the wall-clock time alone.

Beside that, what the command takes for the photographs as they are, on one thread: from its first import to its last
file, with networks, with ``--quick`` and without them, and what CleanVision takes for seven faults, if
``CLEANVISION_PYTHON`` names the Python of an environment that has it. Processor seconds are those of all processes.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from cells import main

N_FILES = 2000
_CHILD = """
import json, os, resource, sys, time
from toolkit.studies import run_folder

folder, cache, out, clean = sys.argv[1:]
figures = {}


def spent():
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def stage(name, step):
    wall, cpu = time.perf_counter(), spent()
    result = step()
    figures[name + "_wall"] = round(time.perf_counter() - wall, 1)
    figures[name + "_cpu"] = round(spent() - cpu, 1)
    return result


options = {"cache": cache, "n_jobs": 2}
result = stage("first", lambda: run_folder(folder, **options))
stage("report", lambda: result.write(out))
table = result.per_file
figures |= {
    "files": len(table),
    "pictures": int(table["readable"].sum()),
    "unread_without_reason": int((~table["readable"] & (table["reason"] == "")).sum()),
    "damaged": int(table["damaged"].sum()),
}
stage("again", lambda: run_folder(folder, **options))
cleaned = stage("again_and_copy", lambda: run_folder(folder, write_clean=clean, **options))
figures["copied"] = cleaned.applied["done"].value_counts().to_dict()
print(json.dumps(figures))
"""


def photographs():
    """Files to make the folder of, and where they come from."""
    data = Path(os.environ.get("TOOLKIT_DATA", "")) / "photos"
    found = sorted(path for path in data.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if found:
        return found, "photos"
    import skimage.data

    home = Path(skimage.data.__file__).parent
    return sorted(home.glob("*.png")) + sorted(home.glob("*.jpg")), "scikit-image"


def make_folder(home, n_files, seed=0):
    """Write the pictures, one in a hundred of them cut off, and a few files that are none; returns their source."""
    from PIL import Image

    rng = np.random.default_rng(seed)
    files, source = photographs()
    for number in range(n_files):
        with Image.open(files[number % len(files)]) as image:
            image = image.convert("RGB")
        share = rng.uniform(0.6, 1.0)
        width, height = (max(1, int(share * side)) for side in image.size)
        left, top = (int(rng.integers(0, whole - part + 1)) for whole, part in zip(image.size, (width, height)))
        longest = np.exp(rng.uniform(np.log(200), np.log(1600)))
        scale = longest / max(width, height)
        size = (max(8, round(scale * width)), max(8, round(scale * height)))
        path = home / f"{number % 20:02}" / f"{number:05}.jpg"
        path.parent.mkdir(exist_ok=True)
        image.resize(size, box=(left, top, left + width, top + height)).save(path, quality=int(rng.integers(75, 96)))
        if number % 100 == 50:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    for number in range(5):
        (home / f"notes{number}.txt").write_text("no picture")
    return source


def peak_memory(process):
    """Most of the proportional set size of a process and those it started, in GiB, until it ends."""
    import psutil

    most, parent = 0, psutil.Process(process.pid)
    while process.poll() is None:
        total = 0
        try:
            for each in [parent, *parent.children(recursive=True)]:
                total += each.memory_full_info().pss
        except psutil.Error:  # one has just ended
            pass
        most = max(most, total)
        time.sleep(0.2)
    return round(most / 2**30, 3)


def measure(n_files):
    """Seconds, memory and counts of one folder."""
    home = Path(tempfile.mkdtemp(prefix="folder-audit-"))
    try:
        (home / "pictures").mkdir()
        source = make_folder(home / "pictures", n_files)
        arguments = [home / "pictures", home / "cache", home / "out", home / "clean"]
        command = [sys.executable, "-c", _CHILD, *map(str, arguments)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            memory = peak_memory(process)
            figures = json.loads(process.stdout.read())
        megabytes = sum(path.stat().st_size for path in (home / "pictures").rglob("*") if path.is_file()) / 1e6
        load = round(os.getloadavg()[0], 1)
        return figures | {"source": source, "megabytes": round(megabytes), "peak_gib": memory, "load": load, "seed": 0}
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _children_seconds():
    """Processor seconds of the processes that were started here and have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def measure_command(*flags, peer=False):
    """Processor seconds of a command for each photograph, and its memory."""
    files, source = photographs()
    home = Path(tempfile.mkdtemp(prefix="folder-audit-"))
    try:
        (home / "pictures").mkdir()
        for place, path in enumerate(files):
            shutil.copyfile(path, home / "pictures" / f"{place:05}{path.suffix.lower()}")
        command = [sys.executable, "-m", "toolkit", "audit", "--data", "pictures", "--out", "out", "--quiet"]
        command += ["--jobs", "1", *flags]
        if peer:
            script = Path(__file__).resolve().with_name("cleanvision_folder.py")
            command = [os.environ["CLEANVISION_PYTHON"], str(script), "pictures", "peer.json"]
        one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
        here = os.environ | one | {"TOOLKIT_DATA": str(home / "cache")}
        before = _children_seconds()
        with subprocess.Popen(command, cwd=home, env=here, stdout=subprocess.DEVNULL) as process:
            memory = peak_memory(process)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
        seconds = _children_seconds() - before
        return {
            "source": source,
            "files": len(files),
            "command_cpu": round(seconds, 1),
            "cpu_an_image": round(seconds / len(files), 4),
            "peak_gib": memory,
        }
    finally:
        shutil.rmtree(home, ignore_errors=True)


CELLS = {
    f"photographs_{N_FILES}": lambda: measure(N_FILES),
    "photographs_200": lambda: measure(200),
    "command_networks": measure_command,
    "command_quick": lambda: measure_command("--quick"),
    "command_no_networks": lambda: measure_command("--no-networks"),
}
if os.environ.get("CLEANVISION_PYTHON"):
    CELLS["cleanvision"] = lambda: measure_command(peer=True)


def show(results):
    columns = ["source", "files", "megabytes", "pictures", "unread_without_reason", "peak_gib", "load"]
    stages = ("first", "report", "again", "again_and_copy")
    columns += [f"{stage}_{kind}" for stage in stages for kind in ("cpu", "wall")] + ["command_cpu", "cpu_an_image"]
    rows = [{"cell": name, **{column: cell.get(column) for column in columns}} for name, cell in results.items()]
    print(pd.DataFrame(rows).set_index("cell").T.to_markdown() if rows else "No cell has been run.")


if __name__ == "__main__":
    main("folder_audit", CELLS, show, __doc__)
