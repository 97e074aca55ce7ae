"""A comparison of generators as one page: findings, one table, samples, reconstructions, losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.plots import LossCurveDisplay, SampleRowsDisplay
from toolkit.report import Report
from toolkit.studies.generators._findings import generator_findings, mean_measures

if TYPE_CHECKING:
    from toolkit.plots import Display
    from toolkit.studies.generators._run import GeneratorComparison

__all__ = ["build_generators_report", "generator_curves", "generator_displays"]

_COLUMNS = {
    "frechet_distance": "Fréchet distance",
    "recall": "recall",
    "coverage": "coverage",
    "reconstruction_error": "reconstruction error",
    "fit_seconds": "seconds to fit",
    "cpu_seconds": "CPU seconds",
    "sample_seconds": "seconds to draw",
}
_FORMATS = {
    "Fréchet distance": "{:.3f}",
    "recall": "{:.3f}",
    "coverage": "{:.3f}",
    "reconstruction error": "{:.4f}",
    "seconds to fit": "{:.1f}",
    "CPU seconds": "{:.1f}",
    "seconds to draw": "{:.2f}",
}


def generator_displays(result: GeneratorComparison) -> dict[str, Display]:
    """What the comparison shows, by the name of the picture.

    Parameters
    ----------
    result : GeneratorComparison

    Returns
    -------
    dict of str to Display
        ``samples``, and ``reconstructions`` where any generator can rebuild an image.
    """
    means = mean_measures(result)
    details = {name: f"distance {value:.2f}" for name, value in means["frechet_distance"].dropna().items()}
    errors = {name: f"error {value:.4f}" for name, value in means["reconstruction_error"].dropna().items()}
    displays: dict[str, Display] = {
        "samples": SampleRowsDisplay.from_predictions(result.samples, details=details, scale=result.scale)
    }
    if len(result.reconstructions) > 1:
        displays["reconstructions"] = SampleRowsDisplay.from_predictions(
            result.reconstructions, details=errors, scale=result.scale
        )
    return displays


def generator_curves(result: GeneratorComparison) -> dict[str, Display]:
    """The losses of each generator that has a history.

    Parameters
    ----------
    result : GeneratorComparison

    Returns
    -------
    dict of str to Display
    """
    return {
        name: LossCurveDisplay.from_history(history, _curves(history), title=name)
        for name, history in result.histories.items()
        if history
    }


def _curves(history):
    """What a loss picture shows: losses, not accuracies or norms."""
    return [name for name in history[-1] if "loss" in name] or None


def build_generators_report(
    result: GeneratorComparison, displays: dict[str, Display], curves: dict[str, Display]
) -> Report:
    """Lay the comparison out on one page.

    Parameters
    ----------
    result : GeneratorComparison
    displays, curves : dict of str to Display
        As made by :func:`generator_displays` and :func:`generator_curves`.

    Returns
    -------
    Report
    """
    settings = result.settings
    size = " × ".join(map(str, settings["image_shape"][:2]))
    report = Report(
        "Generators compared",
        f"{settings['name']}: {settings['n_train']:,} images of {size} pixels in the training set, "
        f"{settings['n_held_out']:,} held out",
        footer=", ".join(f"{package} {version}" for package, version in result.versions.items() if version) + ".",
    )
    report.findings(generator_findings(result))
    seeds = ["" if missing else str(seed) for seed, missing in zip(result.table["seed"], result.table["seed"].isna())]
    table = result.table.assign(seed=seeds).rename(columns=_COLUMNS)
    if table["error"].isna().all():
        table = table.drop(columns="error")
    report.section(
        "Side by side",
        "The Fréchet distance compares samples to held-out images on the first 50 principal components: "
        "lower is better, and real images of the training set are the floor. A GAN cannot rebuild a given image.",
    )
    report.table(table, "A row for each generator and seed.", formats=_FORMATS)
    report.figure(displays["samples"], "Samples, not chosen, below some of the held-out images.")
    if "reconstructions" in displays:
        report.figure(displays["reconstructions"], "Held-out images, and what they were rebuilt as.")
    report.section("How they learnt", "Losses of different generators are of different kinds and do not compare.")
    for name, display in curves.items():
        report.figure(display, f"Losses of {name}.")
    return report
