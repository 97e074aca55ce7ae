"""Real images against samples from anywhere: which modes of the data do they reach?"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.pixel_scale import PixelScale
from toolkit._core.printable import printable
from toolkit._core.progress import Stages
from toolkit._core.showing import only_shows
from toolkit._core.value_scale import bring_to_scale
from toolkit._core.versions import versions
from toolkit._core.watching import watched
from toolkit.coverage import CoverageRecord, ModeCoverage
from toolkit.exceptions import DataFormatError
from toolkit.plots import CoverageMapDisplay
from toolkit.report import Report
from toolkit.studies._result import StudyOutcome, figures_of
from toolkit.studies.coverage._shown import evenly_chosen

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CoverageResult", "run_coverage"]

_N_SHOWN = 36
_N_MAPPED = 1000  # of each on the map: more take most of the time of a study, and show no more


@dataclass(frozen=True, repr=False)
class CoverageResult(StudyOutcome):
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
    versions : dict of str to str
    left_out : DataFrame or None
        Files that are no images of the sets, as given.
    scarce : ndarray or None
        Some of the real images that too few samples look like, see ``record.scarce``.
    paths : sequence of str or None
        Of the real images, where they are files.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_coverage
    >>> images = load_digits().images
    >>> result = run_coverage(images[:200], images[200:300], with_map=False, names=("scans", "drawn"))
    >>> result.names, result.samples.shape, list(result.tables())
    (('scans', 'drawn'), (36, 28, 28), ['figures', 'evidence', 'bins', 'missing'])
    >>> result.record.n_real, result.record.n_samples, " ".join(result.findings()) == result.record.verdict
    (200, 100, True)
    """

    coverage: ModeCoverage
    record: CoverageRecord
    samples: np.ndarray
    map: CoverageMapDisplay | None
    names: tuple = ("real", "samples")
    notes: tuple = ()
    versions: dict = field(default_factory=versions)
    left_out: pd.DataFrame | None = None
    scarce: np.ndarray | None = None
    paths: Sequence[str] | None = None

    def findings(self) -> list[str]:
        """What was found, in sentences, the most important first."""
        # Every sentence of the verdict is a finding of its own.
        return [f"{sentence.rstrip('.')}." for sentence in self.record.verdict.split(". ")]

    def figures(self) -> dict[str, Figure]:
        """Matplotlib figures by name."""
        from toolkit.studies.coverage._report import coverage_displays

        return figures_of(coverage_displays(self))

    def tables(self) -> dict[str, pd.DataFrame]:
        """Frames by name: the figures of coverage, the evidence of the verdict, the bins, and what is missing.

        ``missing`` has a row for each real image that stands for something missing: ``part`` (a number for parts that
        are bins, "looks" for images that too few samples look like), ``row``, ``path`` where images are files, and
        ``ratio`` of the samples there to those that are due.
        """
        return {
            "figures": self.record.frame(),
            "evidence": self.record.evidence(),
            "bins": self.record.bins,
            "missing": self._missing(),
        }

    def _missing(self):
        parts = [
            pd.DataFrame({"part": str(number), "row": mode.rows, "ratio": mode.sample_share / mode.real_share})
            for number, mode in enumerate(self.record.dropped_modes, start=1)
        ]
        parts.append(self.record.scarce.assign(part="looks"))
        table = pd.concat(parts, ignore_index=True)[["part", "row", "ratio"]]
        if self.paths is not None:
            table.insert(2, "path", [self.paths[row] for row in table["row"]])
        return table

    def report(self) -> Report:
        """The study as one page."""
        from toolkit.studies.coverage._report import build_coverage_report, coverage_displays

        return build_coverage_report(self, coverage_displays(self))

    def write(self, out: str | os.PathLike) -> Path:
        """Write the study as a folder of files: :func:`write_coverage`."""
        from toolkit.studies.coverage._write import write_coverage

        return write_coverage(self, out)


@usual_floating_point
def run_coverage(
    real: ArrayLike,
    samples: ArrayLike,
    *,
    coverage: ModeCoverage | None = None,
    with_map: bool = True,
    names: tuple[str, str] = ("real", "samples"),
    left_out: pd.DataFrame | None = None,
    paths: Sequence[str] | None = None,
    random_state: int = 0,
    verbose: bool = False,
    progress: Callable[[str, float], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> CoverageResult:
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
    left_out : DataFrame, optional
        Files that are no images of the sets, for ``left_out.csv``.
    paths : sequence of str, optional
        What the real images are called, for ``missing.csv``.
    random_state : int, default=0
    verbose : bool, default=False
        Show progress.
    progress : callable, optional
        ``progress(stage, share)`` is told what is being done, and how much of the whole is done.
    should_stop : callable, optional
        ``should_stop()`` is asked time and again; when it returns True the work ends by :class:`StoppedError`.

    Returns
    -------
    CoverageResult

    Raises
    ------
    DataFormatError
        Images of different shapes.
    ValueError
        Samples on a scale that cannot be told.
    StoppedError
        ``should_stop`` said so.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_coverage
    >>> images, labels = load_digits().images[:800], load_digits().labels[:800]
    >>> result = run_coverage(images[:400], images[400:][labels[400:] < 5], with_map=False)
    >>> result.record.flagged, len(result.record.dropped_modes) > 0, len(result.record.bins)
    (True, True, 40)
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
    coverage = ModeCoverage(random_state=random_state) if coverage is None else coverage
    shares = {"real against real": 0.3, "samples against real": 0.1} | ({"map": 0.6} if with_map else {})
    drawn = None
    with watched(progress, should_stop) as told, Stages(shares, verbose=verbose or told) as stages:
        with stages("real against real"):
            coverage.fit(real)
        with stages("samples against real"):
            record = coverage.evaluate(samples)
        if with_map:
            with stages("map"), only_shows("map.png"):
                drawn = CoverageMapDisplay.from_estimator(
                    coverage, samples, n_rows=_N_MAPPED, n_samples=_N_MAPPED, random_state=random_state
                )
    shown = np.sort(np.random.default_rng(random_state).permutation(len(samples))[:_N_SHOWN])
    scarce = np.asarray(real)[evenly_chosen(record.scarce_rows, _N_SHOWN)]
    shown = np.asarray(samples[shown])
    return CoverageResult(coverage, record, shown, drawn, names, notes, left_out=left_out, scarce=scarce, paths=paths)
