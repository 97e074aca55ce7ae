"""The metrics of bins: the divergence of their shares, and how many of them differ."""

import math
from typing import TYPE_CHECKING

import numpy as np

from toolkit._core.metric import Calibration
from toolkit._core.random import as_generator
from toolkit.coverage._bins import jensen_shannon
from toolkit.coverage._quantise import group_bins
from toolkit.coverage._reference import calibrate_differing_bins, reference_divergences
from toolkit.coverage._tests import compare_shares

if TYPE_CHECKING:
    from toolkit.coverage._evaluation import Evaluation

__all__ = ["calibrate_divergence", "calibrate_n_different", "divergence", "group_p_value", "n_different"]

_BINS_OF_A_GROUP = 10


def divergence(evaluation: "Evaluation") -> float:
    """Jensen-Shannon divergence between the shares of bins."""
    return jensen_shannon(evaluation.real_counts, evaluation.sample_counts)


def calibrate_divergence(evaluation: "Evaluation", value: float) -> Calibration:
    """Against divergences between two samples of the data, of the same sizes."""
    reference = evaluation.reference_divergences
    # A divergence of exactly the reference's is no evidence: equal draws count as at least as large.
    p_value = float((1 + (reference >= value - 1e-15).sum()) / (1 + len(reference)))
    return Calibration(float(reference.mean()), evaluation.divergence_interval, p_value)


def group_p_value(evaluation: "Evaluation") -> float:
    """p-value of the divergence between shares of groups of neighbouring bins; NaN with too few bins for two groups.

    A mode that shares its bins with others is thinned in many of them by little, which is lost in the noise of as many
    counts; a few counts of ten bins each have it.
    """
    coverage = evaluation.coverage
    n_groups = coverage.n_bins_ // _BINS_OF_A_GROUP
    if n_groups < 2:
        return math.nan
    groups, _ = group_bins(coverage.centres_, n_groups)
    real, samples = (
        np.bincount(groups, weights=counts).astype(np.intp)
        for counts in (evaluation.real_counts, evaluation.sample_counts)
    )
    n_real, n_samples = int(real.sum()), int(samples.sum())
    generator = as_generator(coverage._seed)  # of its own, so that what else is drawn does not depend on it
    shares, stretch = real / n_real, coverage.dispersion_
    reference = reference_divergences(shares, n_real, n_samples, stretch, coverage.n_draws, generator)
    value = jensen_shannon(real, samples)
    return float((1 + (reference >= value - 1e-15).sum()) / (1 + len(reference)))


def n_different(evaluation: "Evaluation") -> int:
    """Bins that differ at ``alpha`` each, not adjusted for their number."""
    real, samples = evaluation.real_counts, evaluation.sample_counts
    _, p_values = compare_shares(real, real.sum(), samples, samples.sum())
    return int((p_values < evaluation.coverage.alpha).sum())


def calibrate_n_different(evaluation: "Evaluation", value: int) -> Calibration:
    """Against as many draws of counts of the same sizes."""
    coverage = evaluation.coverage
    return calibrate_differing_bins(
        evaluation.real_counts,
        evaluation.sample_counts,
        coverage.dispersion_,
        coverage.alpha,
        coverage.n_draws,
        evaluation.generator,
    )
