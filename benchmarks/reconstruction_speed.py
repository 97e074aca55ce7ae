"""ReconstructionDetector against PyOD's AutoEncoder: the same layers, the same epochs, one thread each.

20,000 images of MNIST's training part (rows 30,000 to 49,999; nothing was tuned on them), 20 % of them corrupted by
the twelve measured kinds, at the default noise of three seeds. Both get layers of 64 and 32 and ten epochs, PyOD's
default. PyOD's own batch size is 32; it is also run with the batch size of the other.

    python benchmarks/reconstruction_speed.py           # measure what is missing, then print the table
    python benchmarks/reconstruction_speed.py --table   # print only

Each cell is one file below ``benchmarks/results/reconstruction_speed/``; an interrupted run goes on where it stopped.
"""

import argparse
import json
import os
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "reconstruction_speed"
SEEDS = (0, 1, 2)
HIDDEN, EPOCHS = (64, 32), 10
ROWS = slice(30_000, 50_000)


def _own(criterion):
    from toolkit.detectors import ReconstructionDetector

    return lambda seed: ReconstructionDetector(
        criterion=criterion, hidden=HIDDEN, epochs=EPOCHS, batch_size=256, random_state=seed
    )


class _PyOD:
    """PyOD's detector itself, without the toolkit's adapter around it."""

    def __init__(self, batch_size, seed):
        from pyod.models.auto_encoder import AutoEncoder

        self.model = AutoEncoder(
            hidden_neuron_list=list(HIDDEN),
            epoch_num=EPOCHS,
            batch_size=batch_size,
            random_state=seed,
            device="cpu",
            verbose=0,
        )

    def fit(self, images):
        self.model.fit(images.reshape(len(images), -1) / 255.0)
        return self

    def score_samples(self, images):
        return -self.model.decision_function(images.reshape(len(images), -1) / 255.0)


def _pyod(batch_size):
    return lambda seed: _PyOD(batch_size, seed)


METHODS = {
    "pyod_batch_32": lambda: _pyod(32),
    "pyod_batch_256": lambda: _pyod(256),
    "own_profile": lambda: _own("profile"),
    "own_plain_error": lambda: _own("error"),
}


def measure(method, seed):
    """One cell: AUROC and CPU seconds of one method on one planting."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    from toolkit._core.versions import versions
    from toolkit.corruption import MEASURED_KINDS, Corruptor
    from toolkit.datasets import fetch_mnist

    images, kinds = Corruptor(MEASURED_KINDS, fraction=0.2, random_state=seed).corrupt(
        fetch_mnist(subset="train").images[ROWS]
    )
    import torch

    torch.set_num_threads(1)
    make = METHODS[method]()
    make(seed).fit(images[:300])  # imports, and what numba compiles, are not timed
    start = time.process_time()
    # Both score the training rows within fit.
    detector = make(seed).fit(images)
    fit_seconds = time.process_time() - start
    start = time.process_time()
    scores = detector.score_samples(images)
    score_seconds = time.process_time() - start
    bad = kinds != "clean"
    per_kind = {kind: roc_auc_score(bad[pick], -scores[pick]) for kind, pick in _against_clean(kinds)}
    return {
        "method": method,
        "seed": seed,
        "auroc": roc_auc_score(bad, -scores),
        "average_precision": average_precision_score(bad, -scores),
        "fit_cpu_seconds": fit_seconds,
        "score_cpu_seconds": score_seconds,
        "auroc_per_kind": per_kind,
        "n_images": len(images),
        "versions": versions(),
    }


def _against_clean(kinds):
    return [(kind, (kinds == kind) | (kinds == "clean")) for kind in np.unique(kinds) if kind != "clean"]


def table():
    """Mean and spread over seeds, and how many times less CPU than PyOD at its default batch size."""
    cells = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    frame = pd.DataFrame(cells)
    grouped = frame.groupby("method")
    out = pd.DataFrame(
        {
            "seeds": grouped.size(),
            "auroc": grouped["auroc"].mean(),
            "sd": grouped["auroc"].std(),
            "average_precision": grouped["average_precision"].mean(),
            "fit_cpu_seconds": grouped["fit_cpu_seconds"].mean(),
            "score_cpu_seconds": grouped["score_cpu_seconds"].mean(),
        }
    )
    if "pyod_batch_32" in out.index:
        out["times_less_cpu"] = out.loc["pyod_batch_32", "fit_cpu_seconds"] / out["fit_cpu_seconds"]
    per_kind = pd.DataFrame({cell["method"]: cell["auroc_per_kind"] for cell in cells if cell["seed"] == SEEDS[0]})
    return out.round(4), per_kind.round(3)


def main():
    """Measure what is missing and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", action="store_true", help="print the table of what is there, measure nothing")
    if not parser.parse_args().table:
        from toolkit._core.files import write_json

        for method in METHODS:
            for seed in SEEDS:
                path = RESULTS / f"{method}-{seed}.json"
                if not path.exists():
                    print(f"{method}, seed {seed} ...", flush=True)
                    write_json(path, measure(method, seed))
    if not any(RESULTS.glob("*.json")):
        raise SystemExit(f"nothing measured yet: {RESULTS} is empty")
    for part in table():
        print(part.to_string(), end="\n\n")


if __name__ == "__main__":
    main()
