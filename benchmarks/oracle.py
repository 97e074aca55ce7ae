"""What do labels buy? The same networks, with the truth given, against the identifier that has to find out.

Two oracles on each reporting set: ``told_clean`` is told which rows are clean and plants only in those; ``supervised``
trains one of the networks on the set's own images and true kinds, on one half, and names the other half.

    python benchmarks/oracle.py [--table]

The identifier's own figure is that of the cell of the same name of ``identification``.
"""

import numpy as np
import pandas as pd
import torch
from cells import load, main
from identification import figures
from reporting_sets import NAMES, corrupted, images

from toolkit.corruption import MEASURED_KINDS
from toolkit.diagnostics import CorruptionIdentifier
from toolkit.diagnostics.identifier._pretrained import load_pretrained
from toolkit.diagnostics.identifier.network import KindModel, KindNetwork
from toolkit.nn import build, fit_loop, limit_threads, torch_generator

EPOCHS, BATCH = 12, 128


def supervised(given, truth, seed):
    """Balanced accuracy of the network trained on one half with true kinds, read on the other, both ways."""
    names = np.array(["clean", *MEASURED_KINDS])
    codes = np.searchsorted(names, truth, sorter=np.argsort(names))
    codes = np.argsort(names)[codes].astype(np.int64)
    generator = np.random.default_rng(seed)
    half = generator.permutation(len(given)) % 2
    named = np.empty(len(given), dtype=np.int64)
    for fold in (0, 1):
        rows = np.flatnonzero(half != fold)
        # One more output, "unknown", which is never asked: so the network begins from what the identifier's do.
        network = build(lambda: KindNetwork(given.shape[1:], len(names) + 1), torch_generator(seed + fold))
        load_pretrained("grey").load_into(network, MEASURED_KINDS)
        model = KindModel(network, n_steps=EPOCHS * -(-len(rows) // BATCH), learning_rate=1e-3)
        shares = np.bincount(codes[rows], minlength=len(names) + 1) / len(rows)
        model.log_share = torch.log(torch.tensor(shares, dtype=torch.float32) + 1e-9)
        unknown = np.full(len(rows), np.nan, dtype=np.float32)
        with limit_threads(2):
            fit_loop(
                model,
                (given[rows], codes[rows], unknown, unknown),
                batch_size=BATCH,
                epochs=EPOCHS,
                generator=generator,
            )
            logs = model.predict(given[half == fold])[0]
        named[half == fold] = (logs + np.log(shares + 1e-9)).argmax(axis=1)
    return float(np.mean([(named[codes == code] == code).mean() for code in range(len(names))]))


def cell(name, seed):
    clean, labels = images(name, seed)
    given, truth, parameters = corrupted(clean, MEASURED_KINDS, 0.2, seed)
    identifier = CorruptionIdentifier(MEASURED_KINDS, random_state=seed)
    identifier._fit(given, clean=truth == "clean")
    told = figures(identifier.identify(given), truth, parameters, labels, identifier.score_samples(given))
    return {
        "set": name,
        "seed": seed,
        "told_clean": told["balanced_accuracy"],
        "told_clean_recall": told["recall"],
        "supervised": supervised(given, truth, seed),
    }


CELLS = {f"{name}_seed{seed}": lambda n=name, s=seed: cell(n, s) for seed in range(3) for name in NAMES}


def show(results):
    if not results:
        return
    label_free = load("identification")
    frame = pd.DataFrame(
        [
            {
                "cell": name,
                "label_free": label_free.get(name, {}).get("balanced_accuracy"),
                "told_clean": cell["told_clean"],
                "supervised": cell["supervised"],
            }
            for name, cell in results.items()
        ]
    ).set_index("cell")
    frame["points_behind"] = 100 * (frame[["told_clean", "supervised"]].max(axis=1) - frame["label_free"])
    print(frame.round(4).to_string())


if __name__ == "__main__":
    main("oracle", CELLS, show, __doc__)
