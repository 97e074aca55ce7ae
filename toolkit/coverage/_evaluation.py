"""What metrics are computed and calibrated from: samples beside the data that they are compared with."""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolkit._core.metric import Calibration, Metric
from toolkit._core.random import as_generator
from toolkit.coverage._calibration import N_JUDGED
from toolkit.coverage._copies import Copies, find_copies
from toolkit.coverage._measures import ImageMeasures
from toolkit.coverage._quantise import assign_bins
from toolkit.coverage._reference import divergence_interval, reference_divergences
from toolkit.coverage._resemblance import Resembled
from toolkit.coverage._row_pair import RowPair
from toolkit.coverage._splits import calibrate_by_splits, reference_figures, split_metrics

if TYPE_CHECKING:
    from toolkit.coverage._mode_coverage import ModeCoverage

__all__ = ["Evaluation"]

_NAN = float("nan")


class Evaluation:
    """Samples held against a fitted :class:`~toolkit.coverage.ModeCoverage`.

    Rows and reference distributions are drawn at once and in one order, whichever metrics are asked for: one more
    metric changes no other's figures.

    Parameters
    ----------
    coverage : ModeCoverage
    samples : ImageMeasures
    generator : numpy.random.Generator

    Attributes
    ----------
    real_counts, sample_counts : ndarray of int of shape (n_bins,)
    sample_bins : ndarray of int of shape (n_samples,)
    judged : ImageMeasures
        Samples that are judged one by one, a thousand at most.
    reference_divergences : ndarray of shape (n_draws,)
        Between two samples of the data, in rising order.
    divergence_interval : tuple of float
    rows : RowPair or None
        Equally many rows of the data and of the samples; None where there are too few.
    copy_rows : ndarray of int
        Samples that copies are looked for among.
    """

    def __init__(self, coverage: "ModeCoverage", samples: ImageMeasures, generator: np.random.Generator) -> None:
        self.coverage, self.samples, self.generator = coverage, samples, generator
        self.judged = samples.take(np.sort(generator.permutation(len(samples))[:N_JUDGED]))
        self.sample_bins = assign_bins(samples.features, coverage.centres_)
        self.sample_counts = np.bincount(self.sample_bins, minlength=coverage.n_bins_)
        self.real_counts = coverage.counts_
        n_real, n_samples = int(self.real_counts.sum()), int(self.sample_counts.sum())
        self.reference_divergences = reference_divergences(
            self.real_counts / n_real, n_real, n_samples, coverage.dispersion_, coverage.n_draws, generator
        )
        self.divergence_interval = divergence_interval(
            self.real_counts, self.sample_counts, coverage.n_draws, generator
        )
        self.rows, self._reference_figures = self._pair()
        self.copy_rows = np.sort(generator.permutation(len(samples))[: max(1, coverage.n_neighbour_rows)])

    def _pair(self):
        """Equally many rows of each, and the reference distributions of figures of so many."""
        coverage, generator = self.coverage, self.generator
        size = min(len(coverage._neighbour_rows), len(self.samples))
        if size < 2 or coverage._reference_figures is None:
            return None, {}
        real = np.column_stack([coverage.features_, coverage._remainder]).astype(np.float64)
        reference, rows = coverage._reference_figures, coverage._neighbour_rows
        if size < len(rows):
            # Fewer samples than usual: these figures depend on the numbers of rows, and so does what they are held to.
            reference = reference_figures(real, size, coverage.n_neighbours, coverage.n_splits, generator)
            rows = np.sort(generator.choice(rows, size=size, replace=False))
        elif lacking := [name for name in split_metrics() if name not in reference]:
            # Fitted by a version without them; a generator of its own, so that the other figures stay.
            own = as_generator(coverage._seed)
            arguments = (size, coverage.n_neighbours, coverage.n_splits, own)
            reference = reference | reference_figures(real, *arguments, names=lacking)
        chosen = np.sort(generator.permutation(len(self.samples))[:size])
        return RowPair(real[rows], self.samples.whole[chosen], coverage.n_neighbours), reference

    @cached_property
    def copies(self) -> Copies:
        """Which samples are copies."""
        return find_copies(self)

    @cached_property
    def resembles(self) -> NDArray[np.bool_] | None:
        """Which of the judged samples look like some real row; None with hardly any real rows."""
        coverage = self.coverage
        if coverage._resembled is None:
            return None
        rows, contrast = (values.astype(np.float64) for values in (coverage._resembled, coverage._contrast))
        return Resembled(rows, coverage.n_neighbours, contrast=contrast).judge(self.judged.whole, self.judged.contrast)

    def measure(self, metric: Metric) -> tuple[float, Calibration]:
        """Value of a metric, and what it is held against; NaN where there are too few rows."""
        if metric.calibrate is not None:
            value = metric.measure(self)
            return value, metric.calibrate(self, value)
        if self.rows is None:
            return _NAN, Calibration(_NAN, (_NAN, _NAN), _NAN)
        value = metric.measure(self.rows)
        reference = self._reference_figures[metric.name]
        shift = getattr(self.coverage, "_fresh_rows_shift", {}).get(metric.name, 0.0)  # earlier versions had none
        n_rows = len(self.rows.real_rows)
        return value, calibrate_by_splits(value, reference, n_rows, is_share=metric.is_share, shift=shift)
