"""What real rows give when they are compared with real rows: the yardstick of every figure."""

import numpy as np
from scipy.special import ndtr
from scipy.stats import t as student

from toolkit.coverage._bins import row_divergences
from toolkit.coverage._neighbour_figures import FIGURES, SHARES, neighbour_figures
from toolkit.coverage._tests import compare_shares

__all__ = [
    "divergence_interval",
    "judge_bins",
    "judge_figure",
    "null_divergences",
    "null_figures",
]


def null_divergences(shares, n_real, n_samples, dispersion, n_draws, generator):
    """Divergences between two samples of the same thing, of the sizes in question, ``n_draws`` times, in rising order.

    Counts of both are drawn with the shares of the real rows; ``dispersion`` stretches them by what the making of the
    bins adds.
    """
    real = generator.multinomial(n_real, shares, size=n_draws) / n_real
    samples = generator.multinomial(n_samples, shares, size=n_draws) / n_samples
    return np.sort(row_divergences(real, samples)) * dispersion


def divergence_interval(real_counts, sample_counts, n_draws, generator, *, level=0.95):
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


def judge_bins(real_counts, sample_counts, dispersion, alpha, n_draws, generator, *, level=0.95):
    """Expected value, interval and p-value of the number of bins that differ at ``alpha`` each.

    Returns
    -------
    expected : float
        Mean for two samples of the same thing, of these sizes.
    interval : tuple of float
        Of other samples of these sizes, by bootstrap, moved back as that of the divergence is.
    p_value : float
        One-sided: as many bins or more for samples of the same thing.
    """
    n_real, n_samples = int(real_counts.sum()), int(sample_counts.sum())

    def count(real_shares, sample_shares, stretch):
        real = generator.multinomial(n_real, real_shares, size=n_draws)
        samples = generator.multinomial(n_samples, sample_shares, size=n_draws)
        z, _ = compare_shares(real, n_real, samples, n_samples)
        return (2.0 * ndtr(-np.abs(z) * np.sqrt(stretch)) < alpha).sum(axis=1)

    value = int((compare_shares(real_counts, n_real, sample_counts, n_samples)[1] < alpha).sum())
    null = count(real_counts / n_real, real_counts / n_real, dispersion)
    drawn = count(real_counts / n_real, sample_counts / n_samples, 1.0)
    interval = np.quantile(drawn - (drawn.mean() - value), [(1 - level) / 2, (1 + level) / 2])
    low, high = np.clip(interval, 0.0, len(real_counts))
    p_value = float((1 + (null >= value).sum()) / (1 + n_draws))
    return float(null.mean()), (min(float(low), value), max(float(high), value)), p_value


def null_figures(rows, size, n_neighbours, n_splits, generator):
    """Figures of disjoint random sets of ``size`` real rows each, a row a split: (n_splits, n_figures)."""
    null = []
    for _ in range(n_splits):
        order = generator.permutation(len(rows))
        found = neighbour_figures(rows[order[:size]], rows[order[size : 2 * size]], n_neighbours)
        null.append([found[name] for name in FIGURES])
    return np.array(null, dtype=np.float64)


def judge_figure(name, value, null, n_rows):
    """Expected value, interval at 95 % and p-value of a figure.

    Parameters
    ----------
    name : str
    value : float
    null : ndarray of shape (n_splits,)
        The figure for real rows against real rows.
    n_rows : int
        Over which a share was taken.

    Returns
    -------
    expected : float
        Mean of the null.
    interval : tuple of float
        From the wider of the spread between real splits and, for shares, the binomial one.
    p_value : float
        Two-sided, of Student's t for one more draw from the null.
    """
    n_splits = len(null)
    expected = float(null.mean())
    spread = float(null.std(ddof=1)) if n_splits > 1 else float("nan")
    width = student.ppf(0.975, max(n_splits - 1, 1))
    # No sharper than the numbers themselves: a spread of nothing would make every difference significant.
    spread = max(spread, 1e-9 * max(1.0, abs(expected)))
    t = (value - expected) / (spread * np.sqrt(1.0 + 1.0 / n_splits))
    margin = width * spread
    if name in SHARES:
        margin = max(margin, 1.96 * np.sqrt(value * (1.0 - value) / n_rows))
    high = value + margin
    if name in SHARES:
        high = min(high, 1.0)
    p_value = float(2.0 * student.sf(abs(t), max(n_splits - 1, 1)))
    return expected, (max(0.0, value - margin), high), p_value
