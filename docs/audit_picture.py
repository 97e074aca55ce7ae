"""Draw the picture of the README from a real audit: ``python docs/audit_picture.py [DATASET] [N_IMAGES]``."""

import sys
from pathlib import Path

import numpy as np

from toolkit.corruption import Corruptor
from toolkit.datasets import load_dataset
from toolkit.plots import RepairPairsDisplay
from toolkit.studies import plain_findings, run_audit

TARGET = Path(__file__).parent / "images" / "audit.png"


def main(dataset="mnist/train", n_images=4000):
    clean = load_dataset(dataset, int(n_images), random_state=0).images
    images, kinds = Corruptor(fraction=0.2, random_state=np.random.default_rng([0, 1])).corrupt(clean)
    result = run_audit(images, kinds_truth=kinds, clean=clean, detectors=["iforest"], verbose=True, name=dataset)
    named = result.per_image["kind"].to_numpy()
    pairs = RepairPairsDisplay.from_predictions(images, result.repaired, named, clean=clean, n_pairs=24, n_columns=12)
    pairs.save(TARGET, dpi=120)
    print(*plain_findings(result), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
