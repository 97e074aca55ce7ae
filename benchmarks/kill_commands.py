"""Kill -9 while `toolkit audit` and `toolkit study` run: what is there afterwards is whole, and the next run ends well.

Each command is first left to end by itself. Then it is started again and again into one folder, and killed by SIGKILL
at a random moment: anywhere in half of the runs, in the last tenth, where files are written, in the other half. After
each kill every file that is there is read; at the end the command runs once more, has to give what it gave at first,
and leaves nothing of the killed ones beside or within its folder.

    python benchmarks/kill_commands.py            # run the cells that are missing, then print the table
    python benchmarks/kill_commands.py --table    # print only
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import functools  # noqa: E402
import io  # noqa: E402
import json  # noqa: E402
import signal  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402

import cells  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

N_KILLS = 14
COMMANDS = {
    "audit": ["audit", "--n-images", "120", "--detectors", "iforest"],
    "study": ["study", "--n-images", "120"],
}


def start(arguments, *, short):
    """The command in a process of its own, quiet; imports are done before, so that kills fall into its work."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            if short:
                shorten()
            from toolkit.cli import run

            code = run([*arguments, "--dataset", "digits", "--jobs", "1", "--quiet"])
        finally:
            os._exit(code)
    return child


def shorten():
    """A study whose trainings are a few steps: what is looked at is files, not generators."""
    from toolkit.studies.collapse import _write
    from toolkit.studies.study import _run

    tiny = {"generator_widths": (16,), "discriminator_widths": (16,)}
    grid = {"plain": tiny, "normed": tiny | {"generator_norm": "batch"}}
    short = {"steps": 5, "checkpoints": 1, "n_samples": 50}
    full = _run.run_collapse_study

    def study(images, recipe, *, quick, **options):
        return full(images, grid, **options, **short)

    _run.run_collapse_study = study
    _write.collapse_figures = functools.partial(_write.collapse_figures, maps=False)


def state(folder):
    """What of a result is there and cannot be read; a name for each file."""
    broken = []
    for path in sorted(folder.rglob("*")):
        # Files that a killed writer left under names of its own are none of the result.
        if path.is_dir() or any(part.startswith(".") for part in path.relative_to(folder.parent).parts):
            continue
        try:
            read(path)
        except Exception as error:
            broken.append(f"{path.relative_to(folder)}: {type(error).__name__}")
    return broken


def read(path):
    content = path.read_bytes()
    if path.suffix == ".json":
        json.loads(content)
    elif path.suffix == ".csv":
        pd.read_csv(io.BytesIO(content))
    elif path.suffix == ".npz":
        with np.load(io.BytesIO(content)) as arrays:
            _ = [arrays[name] for name in arrays]
    elif path.suffix == ".png":
        from PIL import Image

        Image.open(io.BytesIO(content)).load()
    elif path.suffix == ".html" and not content.rstrip().endswith(b"</html>"):
        raise ValueError("cut off")


def killed(name):
    """One command, killed so many times."""
    import torch  # noqa: F401  (before the forks, so that no child has to)

    import toolkit.cli
    import toolkit.detectors
    import toolkit.diagnostics
    import toolkit.restoration
    import toolkit.studies  # noqa: F401  (before the forks, too)

    generator = np.random.default_rng(list(COMMANDS).index(name))
    broken, halves, finished, moments = [], 0, 0, []
    with tempfile.TemporaryDirectory() as home:
        whole, out = Path(home) / "whole", Path(home) / "killed" / name
        begin = time.perf_counter()
        _, code = os.waitpid(start([*COMMANDS[name], "--out", str(whole)], short=name == "study"), 0)
        seconds = time.perf_counter() - begin
        if code:
            raise RuntimeError(f"{name} does not end well by itself: {code}.")
        for number in range(N_KILLS):
            moment = seconds * (generator.random() if number % 2 else 0.9 + 0.12 * generator.random())
            child = start([*COMMANDS[name], "--out", str(out)], short=name == "study")
            time.sleep(moment)
            done, _ = os.waitpid(child, os.WNOHANG)
            if done:
                finished += 1
            else:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            moments.append(round(moment / seconds, 3))
            broken += state(out)
            halves += any(".part" in path.name for path in out.parent.rglob(".*"))
        _, code = os.waitpid(start([*COMMANDS[name], "--out", str(out)], short=name == "study"), 0)
        left = [str(path.relative_to(out.parent)) for path in out.parent.rglob(".*")]
        same = code == 0 and result(out, name) == result(whole, name)
        files = sorted(str(path.relative_to(out)) for path in out.rglob("*") if "runs" not in path.parts)
        expected = sorted(str(path.relative_to(whole)) for path in whole.rglob("*") if "runs" not in path.parts)
    return {
        "kills": N_KILLS - finished,
        "done_before_the_kill": finished,
        "moments": moments,
        "seconds_of_a_whole_run": round(seconds, 1),
        "killed_in_the_middle_of_writing": halves,
        "broken_files": sorted(set(broken)),
        "run_at_the_end_is_the_same": bool(same and files == expected),
        "left_over": left,
    }


def result(folder, name):
    """What has to come out the same: every row of the audit."""
    return (folder / ("per_image.csv" if name == "audit" else "audit/per_image.csv")).read_text()


def show(results):
    rows = [
        {
            "command": name,
            "kills": figures["kills"],
            "broken files": len(figures["broken_files"]),
            "same at the end": figures["run_at_the_end_is_the_same"],
            "left over": len(figures["left_over"]),
            "in the middle of writing": figures["killed_in_the_middle_of_writing"],
        }
        for name, figures in results.items()
    ]
    print(pd.DataFrame(rows).to_string(index=False))


if __name__ == "__main__":
    table = {name: partial(killed, name) for name in COMMANDS}
    cells.main("kill_commands", table, show, __doc__)
