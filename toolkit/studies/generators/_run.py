"""Autoencoder against variational autoencoder against GAN: one table, and a row of pictures each."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import as_stack, iter_chunks
from toolkit._core.jobs import Failed, run_jobs
from toolkit._core.names import check_names
from toolkit._core.pixel_scale import PixelScale
from toolkit._core.printable import printable
from toolkit._core.random import as_generator, check_seeds, spawn_seeds
from toolkit._core.versions import versions
from toolkit.comparison import frechet_distance
from toolkit.coverage import precision_recall_density_coverage
from toolkit.generators import GAN, Autoencoder, VariationalAutoencoder
from toolkit.report import Report
from toolkit.studies._result import StudyOutcome, figures_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from sklearn.base import BaseEstimator

    from toolkit._core.pixel_scale import PixelScale

__all__ = ["GENERATORS", "GeneratorComparison", "check_generators", "run_generator_comparison"]

REAL = "real images"
MEASURES = (
    "frechet_distance",
    "recall",
    "coverage",
    "reconstruction_error",
    "fit_seconds",
    "cpu_seconds",
    "sample_seconds",
)
_HELD_OUT, _FEATURES, _MOST = 0.2, 50, 10_000
_PICTURES, _NEIGHBOURS = 12, 5

# What is compared by default: each with settings that suit small images, at a given number of epochs.
GENERATORS = {
    "autoencoder": lambda epochs: Autoencoder(latent_dim=16, epochs=epochs),
    "vae": lambda epochs: VariationalAutoencoder(latent_dim=16, epochs=epochs),
    "gan": lambda epochs: GAN(epochs=epochs),
    "gan_relativistic": lambda epochs: GAN(
        preset="plain",
        objective="relativistic",
        gradient_penalty="r1r2",
        generator_norm="batch",
        weight_averaging=0.999,
        latent_dim=64,
        generator_widths=(256, 512, 512),
        discriminator_widths=(512, 256, 256),
        learning_rate=1e-3,
        betas=(0.0, 0.99),
        lr_schedule="cosine",
        epochs=epochs,
    ),
    # For photographs: convolutions, and more to say of each image.
    "conv_autoencoder": lambda epochs: Autoencoder(
        "convolutional", latent_dim=64, widths=(32, 64, 128), learning_rate=0.002, epochs=epochs
    ),
    "conv_vae": lambda epochs: VariationalAutoencoder(
        "convolutional",
        latent_dim=64,
        widths=(32, 64, 128),
        activation="silu",
        n_draws=1,
        learning_rate=0.002,
        epochs=epochs,
    ),
    "dcgan": lambda epochs: GAN(
        "dcgan",
        preset="plain",
        objective="relativistic",
        gradient_penalty="r1r2",
        penalty_interval=4,
        generator_norm="batch",
        weight_averaging=0.999,
        latent_dim=64,
        learning_rate=1e-3,
        betas=(0.0, 0.99),
        epochs=epochs,
    ),
}


@dataclass(repr=False)
class GeneratorComparison(StudyOutcome):
    """What was measured, and what was drawn.

    Attributes
    ----------
    table : DataFrame
        A row for each generator and seed, and first one of real images: ``generator``, ``seed``,
        ``frechet_distance`` to the held-out images, ``recall`` and ``coverage`` of them (Kynkäänniemi et al., 2019;
        Naeem et al., 2020; five neighbours, NaN for fewer images), ``reconstruction_error`` (mean square a pixel, in
        units of the range; NaN for a generator that cannot rebuild), ``fit_seconds``, ``cpu_seconds``,
        ``sample_seconds`` and ``error``.
    samples : dict of str to ndarray
        Samples of each generator's first seed, after some real images.
    reconstructions : dict of str to ndarray
        Held-out images, and what the generators that can made of them.
    histories : dict of str to list of dict
        Of each generator's first seed.
    estimators : dict of str to estimator
        Fitted, with each generator's first seed.
    rows_held_back : ndarray of int
        Places in ``images`` of those held out of training.
    scale : PixelScale
        Of the images, for pictures.
    settings, versions : dict
    left_out : DataFrame or None
        Files that are no images of the set, and why, as :attr:`toolkit.datasets.ImageFolder.skipped` has them.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_generator_comparison
    >>> found = run_generator_comparison(load_digits().images[:40], generators=["autoencoder"], epochs=1)
    >>> found.table["generator"].tolist(), found.samples["autoencoder"].shape, len(found.rows_held_back)
    (['real images', 'autoencoder'], (8, 28, 28), 8)
    >>> found.estimators["autoencoder"].sample(3, random_state=0).shape
    (3, 28, 28)
    """

    table: pd.DataFrame
    samples: dict
    reconstructions: dict
    histories: dict
    estimators: dict
    rows_held_back: np.ndarray
    scale: PixelScale
    settings: dict
    versions: dict = field(default_factory=versions)
    left_out: pd.DataFrame | None = None

    def findings(self) -> list[str]:
        """What was found, in sentences, the most important first."""
        from toolkit.studies.generators._findings import generator_findings

        return generator_findings(self)

    def figures(self) -> dict[str, Figure]:
        """Matplotlib figures by name: samples, reconstructions, and the losses of each generator."""
        from toolkit.studies.generators._report import generator_curves, generator_displays

        curves = {f"losses_{name}": display for name, display in generator_curves(self).items()}
        return figures_of(generator_displays(self) | curves)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Frames by name: a row for each generator and seed."""
        return {"generators": self.table}

    def report(self) -> Report:
        """The study as one page."""
        from toolkit.studies.generators._report import build_generators_report, generator_curves, generator_displays

        return build_generators_report(self, generator_displays(self), generator_curves(self))

    def write(self, out: str | os.PathLike) -> Path:
        """Write the study as a folder of files: :func:`write_generator_comparison`."""
        from toolkit.studies.generators._write import write_generator_comparison

        return write_generator_comparison(self, out)


def check_generators(names: Sequence[str]) -> tuple[str, ...]:
    """Raise a ValueError for an unknown name; returns the names as a tuple.

    Parameters
    ----------
    names : sequence of str
        Of ``GENERATORS``.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> check_generators(["vae"])
    ('vae',)
    """
    return check_names(names, GENERATORS, "generator")


@usual_floating_point
def run_generator_comparison(
    images: ArrayLike,
    *,
    generators: Sequence[str] | dict[str, BaseEstimator] = ("autoencoder", "vae", "gan"),
    epochs: int = 20,
    seeds: Sequence[int] = (0,),
    n_jobs: int = 1,
    verbose: bool = False,
    name: str = "images",
    left_out: pd.DataFrame | None = None,
) -> GeneratorComparison:
    """Fit each generator on four fifths of the images, and judge it by the held-out fifth.

    The Fréchet distance is taken on the first 50 principal components of the training set; that of real images of the
    training set themselves is the floor.

    Parameters
    ----------
    images : array-like of shape (n_images, height, width[, 3]) or (n_images, n_features)
        At least ten.
    generators : sequence of str or dict of str to estimator, default=("autoencoder", "vae", "gan")
        Names in ``GENERATORS``, or estimators with ``fit`` and ``sample``; their ``random_state`` is set.
    epochs : int, default=20
        For generators given by name.
    seeds : sequence of int, default=(0,)
        A fit each. The held-out images are the same for all.
    n_jobs : int, default=1
        Fits at a time.
    verbose : bool, default=False
    name : str, default="images"
        What to call the images.
    left_out : DataFrame, optional
        Files that are no images of the set: :attr:`toolkit.datasets.ImageFolder.skipped`.

    Returns
    -------
    GeneratorComparison

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> found = run_generator_comparison(load_digits().images[:200], generators=["vae"], epochs=1)
    >>> found.table["generator"].tolist()
    ['real images', 'vae']
    """
    stack = as_stack(images)
    if len(stack) < 10:
        raise ValueError(f"images must be at least 10, got {len(stack)}.")
    if not isinstance(generators, dict):
        generators = {key: GENERATORS[key](epochs) for key in check_generators(generators)}
    seeds = check_seeds(seeds)
    order = as_generator(0).permutation(len(stack))
    n_held = max(2, int(_HELD_OUT * len(stack)))
    rows_held_back = np.sort(order[:n_held])
    held_out, train = stack[rows_held_back][:_MOST], stack[np.sort(order[n_held:])]
    judge = _Judge(train, held_out)
    tasks = [
        {"estimator": _seeded(estimator, seed), "train": train, "held_out": held_out, "judge": judge, "seed": seed}
        for estimator in generators.values()
        for seed in seeds
    ]
    cells = run_jobs(_measure, tasks, n_jobs=n_jobs, verbose=verbose, desc="generators", on_error="record")
    keys = [(key, seed) for key in generators for seed in seeds]
    rows = [{"generator": REAL, "seed": None, **judge.floor()}]
    samples, rebuilt = {REAL: held_out[:_PICTURES]}, {REAL: held_out[:_PICTURES]}
    histories, estimators = {}, {}
    for (key, seed), cell in zip(keys, cells):
        if isinstance(cell, Failed):
            rows.append({"generator": key, "seed": seed, "error": cell.error})
            continue
        rows.append({"generator": key, "seed": seed, **cell["figures"]})
        if seed == seeds[0]:
            samples[key], histories[key], estimators[key] = cell["samples"], cell["history"], cell["estimator"]
            if cell["reconstructions"] is not None:
                rebuilt[key] = cell["reconstructions"]
    table = pd.DataFrame(rows).reindex(columns=["generator", "seed", *MEASURES, "error"])
    table["seed"] = table["seed"].astype("Int64")
    settings = {
        "name": printable(name),
        "n_train": len(train),
        "n_held_out": len(held_out),
        "epochs": epochs,
        "seeds": seeds,
    }
    settings["image_shape"] = list(stack.shape[1:])
    return GeneratorComparison(
        table, samples, rebuilt, histories, estimators, rows_held_back, judge.scale, settings, left_out=left_out
    )


class _Judge:
    """Principal components of the training set, and the held-out images in them."""

    def __init__(self, train, held_out):
        from sklearn.decomposition import PCA

        self.scale = PixelScale.learn(train)
        rows = self._rows(train[:: max(1, len(train) // _MOST)])
        self.pca = PCA(min(_FEATURES, *rows.shape), random_state=0).fit(rows)
        self.reference = self.features(held_out)
        self.real = self.features(train[:: max(1, len(train) // len(held_out))][: len(held_out)])

    def _rows(self, stack):
        return self.scale.to_unit(stack).reshape(len(stack), -1)

    def features(self, stack):
        return np.concatenate([self.pca.transform(self._rows(stack[part])) for part in iter_chunks(len(stack), 4096)])

    def figures(self, stack):
        return self._compare(self.features(stack))

    def floor(self):
        return self._compare(self.real)

    def _compare(self, features):
        found = {"frechet_distance": frechet_distance(features, self.reference)}
        if min(len(features), len(self.reference)) > _NEIGHBOURS:
            near = precision_recall_density_coverage(self.reference, features, n_neighbours=_NEIGHBOURS)
            found |= {"recall": near.recall, "coverage": near.coverage}
        return found

    def error(self, stack, rebuilt):
        return float(np.mean((self._rows(stack) - self._rows(rebuilt)) ** 2))


def _seeded(estimator, seed):
    from sklearn.base import clone

    return clone(estimator).set_params(random_state=seed)


def _measure(estimator, train, held_out, judge, seed):
    start, cpu = perf_counter(), process_time()
    estimator.fit(train)
    figures = {"fit_seconds": perf_counter() - start, "cpu_seconds": process_time() - cpu}
    (draw_seed,) = spawn_seeds(seed, 1)
    start = perf_counter()
    samples = estimator.sample(len(held_out), random_state=draw_seed)
    figures["sample_seconds"] = perf_counter() - start
    figures |= judge.figures(samples)
    rebuilt = None
    if hasattr(estimator, "reconstruct"):
        rebuilt = estimator.reconstruct(held_out)
        figures["reconstruction_error"] = judge.error(held_out, rebuilt)
        rebuilt = rebuilt[:_PICTURES]
    return {
        "estimator": estimator,
        "figures": figures,
        "samples": samples[:_PICTURES],
        "reconstructions": rebuilt,
        "history": getattr(estimator, "history_", []),
    }
