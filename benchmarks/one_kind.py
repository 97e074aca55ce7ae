"""A small set, a fifth of it spoilt in one single way: is that seen without labels?

Two thousand images of a reporting set; the twelve measured kinds are asked for. What is alike and has company is what a
label-free method comes to take for normal, so this is harder for it than many kinds at once.

    python benchmarks/one_kind.py             runs the missing cells and prints the table
    python benchmarks/one_kind.py --table     prints what is there
"""

import numpy as np
import pandas as pd
from cells import main
from reporting_sets import NAMES, corrupted, images
from sklearn.metrics import roc_auc_score

from toolkit.corruption import MEASURED_KINDS
from toolkit.diagnostics import CorruptionIdentifier

N_IMAGES = 2_000
PLANTED = ("rotate_180", "flip_horizontal", "invert", "gaussian_noise")


def cell(name, kind, seed=0):
    clean, _ = images(name, seed)
    clean = clean[np.random.default_rng(seed).permutation(len(clean))[:N_IMAGES]]
    given, truth, _ = corrupted(clean, [kind], 0.2, seed)
    identifier = CorruptionIdentifier(MEASURED_KINDS, random_state=seed).fit(given)
    found = identifier.identify(given)
    named, spoilt = found["kind"].to_numpy(dtype=str), truth != "clean"
    return {
        "set": name,
        "planted": kind,
        "recall": float((named[spoilt] == kind).mean()),
        "found": float((named[spoilt] != "clean").mean()),
        "clean_flagged": float((named[~spoilt] != "clean").mean()),
        "auroc": roc_auc_score(spoilt, -identifier.score_samples(given)),
        "competence": identifier.competence_.set_index("kind").loc[kind, ["status", "recall", "auroc"]].to_dict(),
        "prevalence": identifier.prevalence_,
    }


CELLS = {f"{name}_{kind}_seed0": lambda name=name, kind=kind: cell(name, kind) for name in NAMES for kind in PLANTED}


def show(results):
    if results:
        columns = ["recall", "found", "clean_flagged", "auroc", "prevalence", "status"]
        table = pd.DataFrame([cell | cell.get("competence", {}) | cell for cell in results.values()])
        print(table.set_index(["set", "planted"]).reindex(columns=columns).round(3).to_string())


if __name__ == "__main__":
    main("one_kind", CELLS, show, __doc__)
