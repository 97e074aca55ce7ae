"""Saves one small estimator of each class, with what it answers: run once for each version of the format.

``python tests/saved_fixtures.py FOLDER`` writes ``FOLDER/<Class>.zip``, which holds the saved folder, the
images that it was asked about and its answers. ``test_older_formats.py`` loads them ever after.
"""

import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import RobustScaler

import toolkit
from toolkit.coverage import ModeCoverage
from toolkit.datasets import load_digits, make_arithmetic, render_queries
from toolkit.detectors import CorruptionDetector, OutlierDetector, ReconstructionDetector
from toolkit.diagnostics import CorruptionDiagnostics, CorruptionIdentifier
from toolkit.generators import GAN, Autoencoder, ConditionalGAN, FlowMatching, VariationalAutoencoder
from toolkit.restoration import ImageRestorer
from toolkit.sequence import ArithmeticSeq2Seq, PictureReader

METHODS = (
    "transform",
    "identify",
    "kind_probabilities",
    "predict",
    "read",
    "score_samples",
    "restore",
    "reconstruct",
    "elbo",
    "discriminator_score",
)


def images():
    """Sixty small digits, the first five of them inverted."""
    stack = load_digits().images[:60, 2:26:2, 2:26:2].copy()
    stack[:5] = 255 - stack[:5]
    return stack


def fitted():
    """One of each class, small and quick, with what each is asked about: ``(estimator, X)``."""
    stack, narrow = images(), {"generator_widths": (16,), "discriminator_widths": (16,), "latent_dim": 4}
    kinds = ["invert", "gaussian_noise", "rotate", "translate"]
    identifier = CorruptionIdentifier(kinds, init="random", epochs=1, random_state=0).fit(stack)
    # So few images confirm nothing; a restorer that holds its networks is wanted here.
    identifier.confirmed_kinds_ = tuple(kinds)
    for estimator in (
        Autoencoder(random_state=0),
        CorruptionDiagnostics(),
        CorruptionDetector(CorruptionIdentifier(kinds, init="random", epochs=1), random_state=0),
        FlowMatching(widths=(8, 8), n_sampling_steps=2, epochs=1, random_state=0),
        GAN(random_state=0, **narrow),
        ImageRestorer(identifier, random_state=0, epochs=1),
        ModeCoverage(random_state=0, n_draws=20, n_splits=2),
        OutlierDetector("knn", random_state=0),
        Pipeline([("see", CorruptionDiagnostics()), ("scale", RobustScaler()), ("detect", OutlierDetector("iforest"))]),
        ReconstructionDetector(random_state=0),
        VariationalAutoencoder(random_state=0),
    ):
        yield estimator.fit(stack), stack[:20]
    yield identifier, stack[:20]
    yield ConditionalGAN(random_state=0, **narrow).fit(stack, np.arange(len(stack)) % 3), stack[:20]
    X, y = make_arithmetic("+", n_digits=1, train_share=0.9, random_state=0).part("train")
    yield ArithmeticSeq2Seq(hidden_size=8, steps=5, random_state=0).fit(X, y), X[:20]
    words = ["1+1", "7-7", "4", "77", "1-4", "+", "-"]
    pictures = render_queries(words, random_state=0)
    yield PictureReader(steps=5, random_state=0).fit(pictures, words), pictures


def answers(estimator, stack):
    """What an estimator says of a stack, as arrays by name; frames column by column."""
    found = {}
    for method in METHODS:
        if hasattr(estimator, method):
            answer = getattr(estimator, method)(stack)
            for place, part in enumerate(answer if isinstance(answer, tuple) else (answer,)):
                columns = part.items() if isinstance(part, pd.DataFrame) else [("", part)]
                for name, values in columns:
                    values = np.asarray(values)
                    found[f"{method}.{place}.{name}"] = values.astype(str) if values.dtype == object else values
    if hasattr(estimator, "sample"):
        found["sample"] = estimator.sample(3, random_state=0)
    return found


def coarsen(thing, seen=None):
    """Round the weights of every network that an estimator holds to a few levels, so that a fixture packs small."""
    import torch

    seen = set() if seen is None else seen
    if id(thing) in seen or isinstance(thing, (str, bytes, np.ndarray, pd.DataFrame)):
        return
    seen.add(id(thing))
    if isinstance(thing, torch.nn.Module):
        with torch.no_grad():
            for weight in thing.parameters():
                step = weight.std(correction=0).clamp_min(1e-6) / 2
                weight.copy_((weight / step).round() * step if weight.ndim > 1 else weight)
        return
    if isinstance(thing, dict):
        parts = thing.values()
    elif isinstance(thing, (list, tuple)):
        parts = thing
    else:
        parts = getattr(thing, "__dict__", {}).values()
    for part in parts:
        coarsen(part, seen)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for estimator, X in fitted():
        coarsen(estimator)
        with tempfile.TemporaryDirectory() as scratch:
            saved = Path(scratch) / "saved"
            toolkit.save(estimator, saved)
            np.savez(Path(scratch) / "answers.npz", X=X, **answers(estimator, X))
            path = folder / f"{type(estimator).__name__}.zip"
            with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
                for file in sorted(Path(scratch).rglob("*")):
                    if file.is_file():
                        archive.write(file, file.relative_to(scratch))
        print(path, path.stat().st_size)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
