"""The reference distributions of bins: divergences, and bins that differ, of two samples of the same thing."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from toolkit._core.metric import Calibration
from toolkit.coverage._bins import row_divergences
from toolkit.coverage._tests import compare_shares

__all__ = ["calibrate_differing_bins", "divergence_interval", "reference_divergences"]


def reference_divergences(
    shares: NDArray[np.float64],
    n_real: int,
    n_samples: int,
    dispersion: float,
    n_draws: int,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """Divergences between two samples of the same thing, of the sizes in question, ``n_draws`` times, in rising order.

    Counts of both are drawn with the shares of the real rows; ``dispersion`` stretches them by what the making of the
    bins adds.
    """
    real = generator.multinomial(n_real, shares, size=n_draws) / n_real
    samples = generator.multinomial(n_samples, shares, size=n_draws) / n_samples
    return np.sort(row_divergences(real, samples)) * dispersion


def divergence_interval(
    real_counts: NDArray[np.intp],
    sample_counts: NDArray[np.intp],
    n_draws: int,
    generator: np.random.Generator,
    *,
    level: float = 0.95,
) -> tuple[float, float]:
    """Interval for the divergence of other samples of the same sizes, by bootstrap of the counts.

    Resampling adds noise, which the divergence takes for difference; the bootstrap draws are moved back by as much on
    average.
    """
    n_real, n_samples = int(real_counts.sum()), int(sample_counts.sum())
    real = generator.multinomial(n_real, real_counts / n_real, size=n_draws) / n_real
    samples = generator.multinomial(n_samples, sample_counts / n_samples, size=n_draws) / n_samples
    drawn = row_divergences(real, samples)
    value = row_divergences((real_counts / n_real)[None], (sample_counts / n_samples)[None])[0]
    low, high = np.quantile(drawn - (drawn.mean() - value), [(1 - level) / 2, (1 + level) / 2])
    return max(0.0, float(low)), max(0.0, float(high))


def calibrate_differing_bins(
    real_counts: NDArray[np.intp],
    sample_counts: NDArray[np.intp],
    dispersion: float,
    alpha: float,
    n_draws: int,
    generator: np.random.Generator,
    *,
    level: float = 0.95,
) -> Calibration:
    """Expected value, interval and p-value of the number of bins that differ at ``alpha`` each.

    Returns
    -------
    Calibration
        Expected: the mean for two samples of the same thing, of these sizes. Interval: of other samples of these sizes,
        by bootstrap, moved back as that of the divergence is. p-value: one-sided, for as many bins or more.
    """
    n_real, n_samples = int(real_counts.sum()), int(sample_counts.sum())

    def count(real_shares, sample_shares, stretch):
        real = generator.multinomial(n_real, real_shares, size=n_draws)
        samples = generator.multinomial(n_samples, sample_shares, size=n_draws)
        z, _ = compare_shares(real, n_real, samples, n_samples)
        return (2.0 * ndtr(-np.abs(z) * np.sqrt(stretch)) < alpha).sum(axis=1)

    value = int((compare_shares(real_counts, n_real, sample_counts, n_samples)[1] < alpha).sum())
    reference = count(real_counts / n_real, real_counts / n_real, dispersion)
    drawn = count(real_counts / n_real, sample_counts / n_samples, 1.0)
    interval = np.quantile(drawn - (drawn.mean() - value), [(1 - level) / 2, (1 + level) / 2])
    low, high = np.clip(interval, 0.0, len(real_counts))
    p_value = float((1 + (reference >= value).sum()) / (1 + n_draws))
    return Calibration(float(reference.mean()), (min(float(low), value), max(float(high), value)), p_value)
