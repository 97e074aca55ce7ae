"""Do two checkouts answer alike? Golden outputs of both, made in one run on one machine, compared value by value.

``python benchmarks/golden_outputs.py BEFORE AFTER`` runs the same small audits, coverage, generators and sequence
models with the package of each checkout, and says what differs and by how much; the last digits differ between
processors, so neither is ever compared with a file of another machine. Exit status 1 where anything differs.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd


def _audit(folder, name, images, **options):
    from toolkit.studies import run_audit, write_audit

    result = run_audit(images, detectors=["iforest"], random_state=0, n_jobs=1, **options)
    write_audit(result, folder / name)
    for unused in ("figures", "report.html", "summary.json"):
        path = folder / name / unused
        for file in [*path.glob("*"), path]:
            file.rmdir() if file.is_dir() else file.unlink()


def make(folder):
    """Everything that is compared, as files in ``folder``."""
    from toolkit.corruption import Corruptor
    from toolkit.coverage import ModeCoverage
    from toolkit.datasets import load_digits, load_glyphs, make_arithmetic
    from toolkit.detectors import CorruptionDetector
    from toolkit.diagnostics import CorruptionIdentifier
    from toolkit.generators import GAN, Autoencoder, ConditionalGAN, VariationalAutoencoder
    from toolkit.restoration import ImageRestorer
    from toolkit.sequence import ArithmeticSeq2Seq

    folder.mkdir(parents=True, exist_ok=True)
    glyphs = load_glyphs(n_samples=700, random_state=0).images
    corrupted, kinds = Corruptor(fraction=0.2, random_state=0).corrupt(glyphs)
    _audit(folder, "audit_glyphs", corrupted, kinds_truth=kinds, clean=glyphs)
    digits = load_digits().images
    _audit(folder, "audit_digits", Corruptor(["invert", "stripe"], random_state=1).corrupt(digits[:400])[0])
    colour = np.stack([digits[:80], 255 - digits[:80], digits[80:160]], axis=-1)
    _audit(folder, "audit_colour", colour)
    small = corrupted[:300].astype(np.float32) / 255
    identifier = CorruptionIdentifier(["invert", "rotate", "gaussian_noise"], epochs=2, random_state=0).fit(small)
    identifier.identify(small).to_csv(folder / "identify.csv")
    arrays = {
        "score": identifier.score_samples(small),
        "restored": ImageRestorer(identifier, epochs=1, random_state=0).fit(small).transform(small),
        "detected": CorruptionDetector(identifier, random_state=0).fit(small).score_samples(small),
    }
    record = ModeCoverage(random_state=0, n_draws=50, n_splits=2).fit(digits[:600]).evaluate(digits[600:900])
    record.frame().to_csv(folder / "coverage.csv")
    narrow = {
        "preset": "plain",
        "generator_widths": (32,),
        "discriminator_widths": (32,),
        "latent_dim": 8,
        "random_state": 0,
    }
    arrays["gan"] = GAN(epochs=2, **narrow).fit(digits[:200]).sample(20, random_state=0)
    arrays["cgan"] = ConditionalGAN(epochs=2, **narrow).fit(digits[:200], np.arange(200) % 3).sample(9, random_state=0)
    arrays["ae"] = Autoencoder(epochs=2, random_state=0).fit(digits[:200]).reconstruct(digits[:20])
    arrays["vae"] = VariationalAutoencoder(epochs=2, random_state=0).fit(digits[:200]).sample(20, random_state=0)
    X, y = make_arithmetic("+", n_digits=1, train_share=0.9, random_state=0).part("train")
    answers = ArithmeticSeq2Seq(hidden_size=16, steps=50, random_state=0).fit(X, y).predict(X[:40])
    arrays["sums"] = np.asarray(answers).astype(str)
    np.savez(folder / "arrays.npz", **arrays)


def _tables(path):
    """What a file holds, as arrays by name."""
    if path.suffix == ".csv":
        return {name: column.to_numpy() for name, column in pd.read_csv(path).items()}
    with np.load(path) as kept:
        return {name: kept[name] for name in kept.files}


def compare(before, after):
    """Lines on what differs; none if nothing does."""
    lines = []
    held = {".csv", ".npz"}  # tables and images; what was learned shows in them
    names = {path.relative_to(before) for path in before.rglob("*") if path.suffix in held}
    others = {path.relative_to(after) for path in after.rglob("*") if path.suffix in held}
    lines += [f"{name}: only in one" for name in sorted(names ^ others)]
    for name in sorted(names & others):
        first, second = _tables(before / name), _tables(after / name)
        lines += [f"{name}: {column} only in one" for column in sorted(first.keys() ^ second.keys())]
        for column in sorted(name for name in first.keys() & second.keys() if not name.endswith("_seconds")):
            a, b = first[column], second[column]
            if a.shape != b.shape:
                lines.append(f"{name}: {column} has shape {a.shape}, then {b.shape}")
            elif a.dtype.kind in "OUS":
                different = int((a.astype(str) != b.astype(str)).sum())
                if different:
                    lines.append(f"{name}: {column} differs in {different} of {a.size}")
            elif not np.array_equal(a, b, equal_nan=True):
                gap = np.abs(a.astype(float) - b.astype(float))
                lines.append(f"{name}: {column} differs in {int((gap > 0).sum())} of {a.size}, by {np.nanmax(gap):.3g}")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkouts", nargs=2, type=Path, metavar="CHECKOUT")
    parser.add_argument("--out", type=Path, help="Keep the outputs here; what is there is not made again.")
    parser.add_argument("--make", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make(options.checkouts[1])
        return 0
    out = options.out or Path(tempfile.mkdtemp())
    places = [out / "before", out / "after"]
    for checkout, place in zip(options.checkouts, places):
        if not place.exists():
            environment = {**os.environ, "PYTHONPATH": str(checkout.resolve()), "OMP_NUM_THREADS": "1"}
            command = [sys.executable, "-W", "ignore", __file__, "--make", str(checkout), str(place.resolve())]
            subprocess.run(command, check=True, env=environment, cwd=checkout)
    lines = compare(*places)
    print(*(lines or ["Nothing differs."]), sep="\n")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
