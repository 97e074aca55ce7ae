"""How much a statistic and the network of patches count as witnesses of one fault: fitted on the tuning halves alone.

Faults are planted as in ``photographs.py``, in a tenth of the images of a set, and four of them in two fifths. A
logistic rule with one set of weights for all faults of the grid of pixels, and one for those of tone, is fitted to what
both say in units of what is usual in the set; each set of images and fault weighs alike. Each set is also told by
weights that were fitted without it.

    python benchmarks/witness_weights.py [--table]
"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from cells import main
from everyday_faults import HALVES, _pixels, _planted, files
from everyday_hands import plant
from photographs import MOST, _measured, _table
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from toolkit.audit import JUDGED_FAULTS
from toolkit.audit._everyday import _evidence, _neighbours, _with_sizes
from toolkit.audit._everyday_joined import _TONES, WITNESSES, heard

MANY = ("noisy", "jpeg_blocks", "blurred", "dark")
RATE = 0.02 / sum(fault.damage for fault in JUDGED_FAULTS.values())
COLUMNS = ["first", "second", "network"]


def _heard_of(rows, fault, truth):
    table, sizes = _table(rows, True)
    table = _with_sizes(table, sizes)
    row = JUDGED_FAULTS[fault]
    values, never, always = _evidence(fault, row, table)
    if row.by_nature and (values >= always).mean() > 0.2:
        always = np.inf
    network = table[f"damage_{WITNESSES[fault]}"].to_numpy()
    said = heard(values, network, _neighbours(table), RATE, never, always)
    return pd.DataFrame({"first": said.first, "second": said.second, "network": network, "truth": truth}).dropna()


def _examples(name):
    """What both say of every image of a set, for each fault and share of planted ones."""
    generator = np.random.default_rng(7)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        paths = files(name, HALVES["tuning"], folder)[: MOST[name]]
        clean = [_measured(_pixels(path)) for path in paths]
        found = []
        for fault in WITNESSES:
            if fault == "colour_cast":
                continue
            drawn = [(0.1, {row: _pixels(path) for row, path in _planted(paths, fault, 0, folder).items()})]
            if fault in MANY:
                rows = generator.choice(len(paths), round(0.4 * len(paths)), replace=False)
                drawn.append((0.4, {row: plant(fault, _pixels(paths[row]), [7, int(row)]) for row in rows}))
            for share, planted in drawn:
                mine = list(clean)
                for row, image in planted.items():
                    mine[row] = _measured(image)
                truth = np.isin(np.arange(len(paths)), list(planted))
                found.append(_heard_of(mine, fault, truth).assign(set=name, fault=fault, share=share))
        return pd.concat(found)


def _rule(frame):
    """Weights and constant; each set, fault and share counts alike."""
    counts = frame.groupby(["set", "fault", "share"])["truth"].transform("size")
    weight = len(frame) / counts / (1 / counts).sum()
    return LogisticRegression(C=10, max_iter=500).fit(frame[COLUMNS], frame["truth"], sample_weight=weight)


def _numbers(rule):
    return [round(float(value), 3) for value in (*rule.coef_[0], rule.intercept_[0])]


def weights():
    frame = pd.concat([_examples(name) for name in MOST], ignore_index=True)
    out = {"examples": len(frame)}
    for kind, part in frame.groupby(np.where(frame["fault"].isin(_TONES), "tone", "grid")):
        out[kind] = {"all sets": _numbers(_rule(part))}
        for name in MOST:
            rest, mine = part[part["set"] != name], part[part["set"] == name]
            rule = _rule(rest)
            odds = rule.decision_function(mine[COLUMNS])
            sound = odds[~mine["truth"].to_numpy(dtype=bool)]
            faulty = odds[mine["truth"].to_numpy(dtype=bool)]
            out[kind][f"without {name}"] = _numbers(rule)
            out[kind][f"told in {name}"] = [
                round(float(roc_auc_score(mine["truth"].astype(int), odds)), 4),
                round(float((faulty > 1).mean()), 4),
                round(float((sound > 1).mean()), 4),
            ]
    return out


def show(results):
    for found in results.values():
        print(f"{found['examples']} examples")
        for kind in ("grid", "tone"):
            print(
                f"\n{kind}: weights of statistic, network in levels, network as it is, and constant; of a set told by"
            )
            print("the weights of the others: AUROC, and found and false alarms at log odds of 1")
            for name, values in found[kind].items():
                print(f"  {name:20} {values}")


if __name__ == "__main__":
    main("witness_weights", {"weights": weights}, show, __doc__)
