"""The metrics of bins: the divergence of their shares, and how many of them differ."""

from typing import TYPE_CHECKING

from toolkit._core.metric import Calibration
from toolkit.coverage._bins import jensen_shannon
from toolkit.coverage._reference import calibrate_differing_bins
from toolkit.coverage._tests import compare_shares

if TYPE_CHECKING:
    from toolkit.coverage._evaluation import Evaluation

__all__ = ["calibrate_divergence", "calibrate_n_different", "divergence", "n_different"]


def divergence(evaluation: "Evaluation") -> float:
    """Jensen-Shannon divergence between the shares of bins."""
    return jensen_shannon(evaluation.real_counts, evaluation.sample_counts)


def calibrate_divergence(evaluation: "Evaluation", value: float) -> Calibration:
    """Against divergences between two samples of the data, of the same sizes."""
    reference = evaluation.reference_divergences
    # A divergence of exactly the reference's is no evidence: equal draws count as at least as large.
    p_value = float((1 + (reference >= value - 1e-15).sum()) / (1 + len(reference)))
    return Calibration(float(reference.mean()), evaluation.divergence_interval, p_value)


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
