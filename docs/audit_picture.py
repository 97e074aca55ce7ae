"""Draw the picture of the README from a real audit of the embedded glyphs: ``python docs/audit_picture.py``."""

import sys
from pathlib import Path

import numpy as np

from toolkit.corruption import Corruptor
from toolkit.datasets import load_glyphs
from toolkit.plots import RepairPairsDisplay
from toolkit.studies import plain_findings, run_audit, write_audit

TARGET = Path(__file__).parent / "images" / "audit.png"


def main(out=None):
    glyphs = load_glyphs(n_samples=4000, random_state=0).images
    images, kinds = Corruptor(fraction=0.2, random_state=np.random.default_rng([0, 1])).corrupt(glyphs)
    result = run_audit(images, kinds_truth=kinds, clean=glyphs, verbose=True, name="glyphs")
    found = result.per_image["kind"].to_numpy()
    display = RepairPairsDisplay.from_predictions(images, result.repaired, found, n_pairs=28, n_columns=14)
    display.save(TARGET, dpi=110)
    print(*plain_findings(result), sep="\n")
    if out:
        write_audit(result, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
