"""Coverage as one page: the verdict, its figures, what the samples never show, the samples, the map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from toolkit.coverage import COVERAGE_METRICS
from toolkit.plots import DroppedModesDisplay, SampleGridDisplay
from toolkit.report import Report

if TYPE_CHECKING:
    from toolkit.plots import Display
    from toolkit.studies.coverage._run import CoverageResult

__all__ = ["build_coverage_report", "coverage_displays"]


def coverage_displays(result: CoverageResult) -> dict[str, Display]:
    """What the result shows, by the name of the picture.

    Parameters
    ----------
    result : CoverageResult

    Returns
    -------
    dict of str to Display
    """
    displays: dict[str, Display] = {
        "samples": SampleGridDisplay.from_predictions(result.samples, n_columns=12, scale=result.coverage.pixel_scale_),
        "dropped": DroppedModesDisplay.from_estimator(result.coverage, result.record),
    }
    if result.scarce is not None and len(result.scarce):
        displays["scarce"] = SampleGridDisplay.from_predictions(
            result.scarce, n_columns=12, scale=result.coverage.pixel_scale_
        )
    if result.map is not None:
        displays["map"] = result.map
    return displays


def build_coverage_report(result: CoverageResult, displays: dict[str, Display]) -> Report:
    """Lay the result out on one page.

    Parameters
    ----------
    result : CoverageResult
    displays : dict of str to Display
        As made by :func:`coverage_displays`.

    Returns
    -------
    Report
    """
    record = result.record
    report = Report(
        "Coverage",
        f"{result.names[1]}: {record.n_samples:,} samples against {record.n_real:,} real images of {result.names[0]}",
        footer=", ".join(f"{package} {version}" for package, version in result.versions.items() if version) + ".",
    )
    report.findings(result.findings())
    if record.parts:
        report.section(
            "Verdict",
            "Three parts, each with its evidence. The level of "
            f"{record.alpha:.0%} is that of all tests together: a perfect sampler fails any part no more often.",
        )
        parts = pd.DataFrame(
            [
                {
                    "part": part.name,
                    "verdict": "passed" if part.passed else "failed",
                    "p (adjusted)": part.p_value,
                    "what was found": part.sentence,
                }
                for part in record.parts
            ]
        )
        report.table(parts, index=False, precision=4)
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
    if record.dropped_modes or "scarce" not in displays:
        report.figure(displays["dropped"], "A row for each missing part, the largest first.")
    if "scarce" in displays:
        report.figure(
            displays["scarce"],
            "Real images that fewer samples look like than chance leaves anywhere, from none at all to few "
            "(some of them, evenly chosen).",
        )
    report.section("The samples")
    report.figure(displays["samples"], "Samples, not chosen.")
    if "map" in displays:
        report.figure(
            displays["map"],
            "Real and generated images on one map (UMAP). Numbers: samples in each mode over what is due. The map is "
            "for reading; the verdict rests on the tests above.",
        )
    bins = record.bins[record.bins["status"] != "as expected"].sort_values("q_value")
    if len(bins):
        report.section("Bins that differ", f"At a false discovery rate of {record.alpha:.0%}.")
        columns = ["bin", "status", "real_share", "sample_share", "ratio", "z", "q_value"]
        report.table(bins[columns], index=False, max_rows=40)
    return report
