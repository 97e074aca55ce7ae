"""Real images against samples from anywhere: evaluated, and written as a folder that appears whole or not at all."""

import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from toolkit._core.files import write_csv, write_json
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import PixelScale
from toolkit._core.printable import printable
from toolkit._core.showing import only_shows
from toolkit._core.value_scale import bring_to_scale
from toolkit._core.versions import versions
from toolkit.coverage import COVERAGE_METRICS, CoverageRecord, ModeCoverage
from toolkit.exceptions import DataFormatError
from toolkit.plots import CoverageMapDisplay, DroppedModesDisplay, SampleGridDisplay
from toolkit.report import Report
from toolkit.studies._folder import check_target, whole_folder

__all__ = ["CoverageResult", "check_coverage_target", "run_coverage", "write_coverage"]

_FILES = frozenset({"bins.csv", "dropped.png", "figures.csv", "map.png", "report.html", "samples.png", "summary.json"})
_N_SHOWN = 36


@dataclass(frozen=True)
class CoverageResult:
    """What :func:`run_coverage` finds.

    Parameters
    ----------
    coverage : ModeCoverage
        Fitted on the real images.
    record : CoverageRecord
    samples : ndarray
        Some of the samples, not chosen, on the scale of the real images.
    map : CoverageMapDisplay or None
    names : tuple of str
        Of the real images and of the samples.
    notes : tuple of str
        What was done to the samples before.
    """

    coverage: ModeCoverage = field(repr=False)
    record: CoverageRecord
    samples: np.ndarray = field(repr=False)
    map: object = field(repr=False)
    names: tuple = ("real", "samples")
    notes: tuple = ()


def check_coverage_target(out):
    """Refuse a folder that :func:`write_coverage` would refuse, before the long work.

    Raises
    ------
    FileExistsError
    """
    check_target(out, _FILES)


@usual_floating_point
def run_coverage(real, samples, *, coverage=None, with_map=True, names=("real", "samples"), random_state=0):
    """Evaluate samples against real images.

    Parameters
    ----------
    real, samples : ndarray of shape (n, height, width) or (n, height, width, 3)
        Where the dtypes or the usual ranges differ (bool and 0 to 1, -1 to 1, uint8 and 0 to 255), the samples are
        brought to the scale of the real images, which a warning and the report say.
    coverage : ModeCoverage, optional
        Not fitted; by default one with default settings.
    with_map : bool, default=True
        UMAP takes most of the time.
    names : tuple of str
    random_state : int, default=0

    Returns
    -------
    CoverageResult

    Raises
    ------
    DataFormatError
        Images of different shapes.
    ValueError
        Samples on a scale that cannot be told.
    """
    names = tuple(map(printable, names))
    if np.shape(real)[1:] != np.shape(samples)[1:]:
        raise DataFormatError(
            f"{names[1]} holds images of shape {np.shape(samples)[1:]}, but {names[0]} of {np.shape(real)[1:]}."
        )
    samples, guess = bring_to_scale(
        np.asarray(samples), PixelScale.learn(np.asarray(real)), np.asarray(real).dtype.name
    )
    notes = (f"The values of {names[1]} were a guess: {guess}.",) if guess else ()
    for note in notes:
        warnings.warn(note, stacklevel=2)
    coverage = (ModeCoverage(random_state=random_state) if coverage is None else coverage).fit(real)
    record = coverage.evaluate(samples)
    shown = np.sort(np.random.default_rng(random_state).permutation(len(samples))[:_N_SHOWN])
    drawn = None
    if with_map:
        with only_shows("map.png"):
            drawn = CoverageMapDisplay.from_estimator(coverage, samples, random_state=random_state)
    return CoverageResult(coverage, record, np.asarray(samples[shown]), drawn, names, notes)


@usual_floating_point
def write_coverage(result, out) -> Path:
    """Write ``figures.csv``, ``bins.csv``, ``summary.json``, ``samples.png``, ``dropped.png``, ``map.png`` and
    ``report.html``, all at once.

    Parameters
    ----------
    result : CoverageResult
    out : path-like

    Returns
    -------
    Path
        The report.

    Raises
    ------
    FileExistsError
        If the folder holds something that no such result wrote.
    """
    out = Path(out)
    record, scale = result.record, result.coverage.pixel_scale_
    pictures = {
        "samples": SampleGridDisplay.from_predictions(result.samples, n_columns=12, scale=scale),
        "dropped": DroppedModesDisplay.from_estimator(result.coverage, record),
    }
    if result.map is not None:
        pictures["map"] = result.map
    used = versions()
    with whole_folder(out, _FILES) as folder:
        write_csv(folder / "figures.csv", record.frame())
        write_csv(folder / "bins.csv", record.bins)
        write_json(
            folder / "summary.json", record.summary() | {"names": result.names, "notes": result.notes, "versions": used}
        )
        for name, display in pictures.items():
            with only_shows(f"{name}.png"):
                display.save(folder / f"{name}.png")
        _report(result, pictures, used).write(folder / "report.html")
    return out / "report.html"


def _report(result, pictures, used):
    record = result.record
    report = Report(
        "Coverage",
        f"{result.names[1]}: {record.n_samples:,} samples against {record.n_real:,} real images of {result.names[0]}",
        footer=", ".join(f"{package} {version}" for package, version in used.items() if version) + ".",
    )
    # Every sentence of the verdict is a finding of its own.
    report.findings([f"{sentence.rstrip('.')}." for sentence in record.verdict.split(". ")])
    table = record.frame().drop(columns="greater_is_better")
    table["metric"] = [COVERAGE_METRICS[name].words for name in table["metric"]]
    table = table.rename(
        columns={"metric": "figure", "low": "from", "high": "to", "expected": "perfect sampler", "p_value": "p"}
    )
    report.section(
        "Figures",
        "Beside each figure stand its interval (95 %) and what real images give when they are compared with real "
        "images. Clipped density and the share that resembles the data say whether samples look real, clipped coverage "
        "and the divergence whether all of the data is reached. Precision and density, clipped or not, stay high when "
        "a generator collapses; precision and density may be high for noise and grey images, too.",
    )
    if result.notes:
        report.note("\n\n".join(result.notes))
    report.table(table, f"Over {record.n_bins} bins, and {record.n_neighbour_rows:,} rows of each.", precision=4)
    report.section("What the samples never show")
    if record.dropped_modes:
        report.text(f"Real images from parts of the data that hold less than {result.coverage.missing_ratio:.0%} of "
                    "the samples that are due.")  # fmt: skip
    report.figure(pictures["dropped"], "A row for each missing part, the largest first.")
    report.section("The samples")
    report.figure(pictures["samples"], "Samples, not chosen.")
    if "map" in pictures:
        report.figure(
            pictures["map"],
            "Real and generated images on one map (UMAP). Numbers: samples in each mode over what is due. The map is "
            "for reading; the verdict rests on the bins.",
        )
    bins = record.bins[record.bins["status"] != "as expected"].sort_values("q_value")
    if len(bins):
        report.section("Bins that differ", f"At a false discovery rate of {record.alpha:.0%}.")
        columns = ["bin", "status", "real_share", "sample_share", "ratio", "z", "q_value"]
        report.table(bins[columns], index=False, max_rows=40)
    return report
