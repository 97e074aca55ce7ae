"""What rounds of learning add to what is known without any: 0 (``toolkit audit --quick``), 2, 4 (the default), 10.

Sets of ``harm_sets.py``, a fifth of their images damaged by other hands, with kinds that the toolkit does not name
among them; CPU seconds are those of fitting and judging, on one thread. Small sets are drawn at random, three times
each.

    TOOLKIT_DATA=folder python benchmarks/rounds.py            # runs the missing cells and prints the table
    python benchmarks/rounds.py --table                        # prints the table of the cells that are there

Choices were made on ``tuning_...``; the default was chosen by rounds 0 to 10 there.
"""

import os
import time

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from cells import main  # noqa: E402
from harm_sets import damaged_set, load  # noqa: E402
from sklearn.metrics import roc_auc_score  # noqa: E402

from toolkit.diagnostics import CorruptionIdentifier  # noqa: E402

TUNING = ("tuning_mnist", "tuning_letters", "tuning_fashion")
REPORTING = ("mnist", "letters", "fashion", "emnist")
SMALL = (100, 200, 400)


def cell(name, epochs, n_images=None, draw=0):
    clean = load(name)
    if n_images:
        clean = clean[np.random.default_rng(draw).permutation(len(clean))[:n_images]]
    given, kinds = damaged_set(clean, 0.2, draw)
    start = time.process_time()
    identifier = CorruptionIdentifier(epochs=epochs, random_state=0, n_jobs=1).fit(given)
    fitted = time.process_time()
    said = identifier.assess(given)
    end = time.process_time()
    sound, found = kinds == "clean", said.findings["kind"].to_numpy()
    named = [(found[kinds == kind] == kind).mean() for kind in np.unique(kinds) if kind in set(identifier.kinds_)]
    return {
        "set": name,
        "images": len(given),
        "rounds": epochs,
        "rounds_taken": identifier.epochs_,
        "auroc": float(roc_auc_score(~sound, -said.scores)),
        "balanced_accuracy": float(np.mean(named)),
        "sound_flagged": float((found[sound] != "clean").mean()),
        "prevalence": identifier.prevalence_,
        "judgeable": identifier.judgeable_,
        "fit_cpu_seconds": fitted - start,
        "assess_cpu_seconds": end - fitted,
    }


CELLS = {f"{name}_{epochs}": lambda n=name, e=epochs: cell(n, e) for epochs in (0, 4, 2, 10) for name in TUNING}
CELLS |= {f"{name}_0": lambda n=name: cell(n, 0) for name in REPORTING}
CELLS |= {
    f"{name}_{size}_draw{draw}": lambda n=name, s=size, d=draw: cell(n, 0, s, d)
    for name in (*TUNING, *REPORTING)
    for size in SMALL
    for draw in range(3)
}


def show(results):
    if results:
        table = pd.DataFrame(list(results.values()))
        keys = ["set", "images", "rounds"]
        mean = table.groupby(keys, sort=False).mean(numeric_only=True).drop(columns="judgeable", errors="ignore")
        print(mean.sort_index().round(4).to_string())


if __name__ == "__main__":
    main("rounds", CELLS, show, __doc__)
