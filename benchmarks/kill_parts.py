"""An audit in parts whose process is killed at random, again and again: is its result that of one never killed?

60 shards of 50 glyphs; ten times the process gets SIGKILL, while it reads, judges, writes or signs some part, and is
started again. Tables, sums, digests, repaired images and duplicates must then be those of a run never killed, byte by
byte. Two shards are of another length, so that repaired images go through files, in a cell of their own.

    python benchmarks/kill_parts.py           # measure what is missing, then print the table
    python benchmarks/kill_parts.py --table   # print only
"""

import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cells
import numpy as np

N, PER_SHARD, KILLS = 3000, 50, 10
COMPARED = ("parts", "hashes", "repaired", "repaired.zarr")


def differing(one, other):
    """Names of the files that two results do not have in common, or not with the same bytes."""

    def files(root):
        found = {path for name in COMPARED for path in (root / name).rglob("*") if path.is_file()}
        found |= set(root.glob("duplicates.*")) | set(root.glob("kinds.csv"))
        return {str(path.relative_to(root)): path.read_bytes() for path in found}

    mine, theirs = files(one), files(other)
    return sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name)), len(mine)


def images_and_model(folder, lengths):
    import toolkit
    from toolkit.audit import Auditor
    from toolkit.corruption import Corruptor
    from toolkit.datasets import load_glyphs
    from toolkit.diagnostics import CorruptionIdentifier

    images = Corruptor(["invert"], fraction=0.2, random_state=0).corrupt(load_glyphs(N, random_state=0).images)[0]
    images[2900:2950] = images[10:60] // 8 * 7  # copies, darker
    (folder / "shards").mkdir()
    for number, part in enumerate(np.split(images, np.cumsum(lengths)[:-1])):
        np.save(folder / "shards" / f"{number:05d}.npy", part)
    toolkit.save(
        Auditor(CorruptionIdentifier(["invert"], epochs=0), random_state=0).fit(images[:400]), folder / "model"
    )


def killed(lengths):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        images_and_model(folder, lengths)

        def command(out):
            what = ["--data", str(folder / "shards"), "--out", str(out), "--model", str(folder / "model")]
            return [sys.executable, "-m", "toolkit", "audit", *what, "--engine", "threads", "--jobs", "2", "--quiet"]

        subprocess.run(command(folder / "whole"), check=True)

        def progress():
            """Parts that are judged, and parts that are signed."""
            found = [*(folder / "killed" / "parts").glob("part-*.json"), *(folder / "killed").glob("signatures/part-*")]
            return len(found)

        generator, when = random.Random(0), []
        most = 2 * len(lengths) - 2
        for wanted in sorted(generator.sample(range(1, most), KILLS)):
            process = subprocess.Popen(command(folder / "killed"))
            while process.poll() is None and progress() < wanted:
                time.sleep(0.005)
            time.sleep(generator.uniform(0, 0.1))
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()
                when.append(progress())
                print(f"killed {len(when)} times; {when[-1]} of {2 * len(lengths)} steps are done", flush=True)
        subprocess.run(command(folder / "killed"), check=True)
        different, n_files = differing(folder / "whole", folder / "killed")
        summary = json.loads((folder / "killed" / "summary.json").read_text())
        return {
            "kills": len(when),
            "steps_done_at_kills": when,
            "files_compared": n_files,
            "different": different,
            "repaired": summary["images"]["repaired"],
            "copies": summary["duplicates"]["near"],
        }


def show(results):
    for name, row in results.items():
        print(
            f"{name}: after {row['kills']} kills {len(row['different'])} of {row['files_compared']} files differ "
            f"({row['repaired']} images repaired, {row['copies']} changed copies)"
        )


if __name__ == "__main__":
    even = [PER_SHARD] * (N // PER_SHARD)
    table = {
        "even_shards": lambda: killed(even),
        "uneven_shards": lambda: killed([37, *even[2:], 2 * PER_SHARD - 37]),
    }
    cells.main("kill_parts", table, show, __doc__)
