"""An audit in parts whose process is killed at random, again and again: is its result that of one never killed?

python benchmarks/kill_parts.py [--kills 10] [--engine threads]
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def same(one, other):
    """Whether two folders hold the same tables, repaired images, hashes and sums."""
    names = [
        sorted(
            str(path.relative_to(root))
            for path in root.rglob("*")
            if path.parent.name in ("parts", "repaired", "hashes")
        )
        for root in (one, other)
    ]
    return names[0] == names[1] and all((one / name).read_bytes() == (other / name).read_bytes() for name in names[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--engine", default="threads")
    options = parser.parse_args()

    import toolkit
    from toolkit.audit import Auditor
    from toolkit.corruption import Corruptor
    from toolkit.datasets import load_glyphs
    from toolkit.diagnostics import CorruptionIdentifier
    from toolkit.restoration import ImageRestorer

    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        images = Corruptor(fraction=0.2, random_state=0).corrupt(load_glyphs(n_samples=3000, random_state=0).images)[0]
        (folder / "shards").mkdir()
        for place in range(0, 3000, 50):
            np.save(folder / "shards" / f"{place:05d}.npy", images[place : place + 50])
        judges = {"identifier": CorruptionIdentifier(epochs=0), "restorer": ImageRestorer(epochs=0)}
        toolkit.save(Auditor(**judges, random_state=0).fit(images[:300]), folder / "model")

        def command(out):
            options_ = ["--model", str(folder / "model"), "--engine", options.engine, "--jobs", "2", "--quiet"]
            return [
                sys.executable,
                "-m",
                "toolkit",
                "audit",
                "--data",
                str(folder / "shards"),
                "--out",
                str(out),
                *options_,
            ]

        subprocess.run(command(folder / "whole"), check=True)

        def n_parts():
            return len(list((folder / "killed" / "parts").glob("part-*.json")))

        generator, killed = random.Random(0), 0
        # Each time a little after so many parts are there: while others are read, judged or written.
        for wanted in sorted(generator.sample(range(1, 59), options.kills)):
            process = subprocess.Popen(command(folder / "killed"))
            while process.poll() is None and n_parts() < wanted:
                time.sleep(0.005)
            time.sleep(generator.uniform(0, 0.1))
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()
                killed += 1
                print(f"killed {killed} times; {n_parts()} of 60 parts are there", flush=True)
        subprocess.run(command(folder / "killed"), check=True)
        equal = same(folder / "whole", folder / "killed")
        print(f"after {killed} kills the result is {'equal' if equal else 'DIFFERENT'}")
        return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
