"""Architectures of sequence models by share of the queries learnt from: exact match on unseen queries.

    python benchmarks/arithmetic_models.py             # all missing cells: about 25 minutes on one core
    python benchmarks/arithmetic_models.py --table

Every model has the same number of steps, and a cell is at most two minutes of CPU time.
"""

import pandas as pd
from cells import main

from toolkit.comparison import SEQUENCE_MODELS, compare_sequence_models

SHARES = (0.5, 0.1)
STEPS = 4_000
# Few queries need more decay and dropout; the same for all models.
SETTINGS = {0.5: {"weight_decay": 0.1}, 0.1: {"weight_decay": 0.5, "dropout": 0.2}}


def cell(name, share):
    table = compare_sequence_models([name], train_shares=[share], steps=STEPS, **SETTINGS[share])
    return table.iloc[0].to_dict() | {"steps": STEPS, "settings": SETTINGS[share]}


def show(results):
    if not results:
        print("nothing has been run yet")
        return
    table = pd.DataFrame(results.values())
    figures = ["exact_match_unseen", "character_accuracy_unseen", "exact_match_seen", "cpu_seconds"]
    print(table.pivot(index="model", columns="train_share", values=figures).round(4).to_string())


CELLS = {
    f"{name}_{round(100 * share)}_seed0": (lambda name=name, share=share: cell(name, share))
    for share in SHARES
    for name in SEQUENCE_MODELS
}

if __name__ == "__main__":
    main("arithmetic_models", CELLS, show, __doc__)
