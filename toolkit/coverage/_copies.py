"""The metrics of copies: samples that equal rows of the data, or are nearer to them than those are to each other.

Rows lie closer together in some bins than in others, so the real rows are weighted as if they fell into the bins as the
samples do: a generator that draws only the plainest digit copies no more for that.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binomtest

from toolkit._core.metric import Calibration
from toolkit.coverage._neighbours import nearest

if TYPE_CHECKING:
    from toolkit.coverage._evaluation import Evaluation

__all__ = ["COPY_LEVEL", "Copies", "calibrate_copied", "calibrate_exact", "copied_share", "exact_share", "find_copies"]

COPY_LEVEL = 0.01  # share of real rows that pass as copies, and level of the test of it


@dataclass(frozen=True)
class Copies:
    """Which samples are copies, and how many of them chance makes.

    Parameters
    ----------
    exact, copied : ndarray of bool of shape (n_samples,)
        Equal to a real row, pixel for pixel; that, or nearer to one than the threshold.
    exact_expected, copied_expected : float
        Their share among fresh real rows.
    exact_granted, copied_granted : float
        The same and two standard errors, since thresholds and chances are estimates, too.
    """

    exact: NDArray[np.bool_]
    copied: NDArray[np.bool_]
    exact_expected: float
    copied_expected: float
    exact_granted: float
    copied_granted: float


def find_copies(evaluation: "Evaluation") -> Copies:
    """Look for copies among the samples that an evaluation has chosen for it."""
    coverage, samples, chosen = evaluation.coverage, evaluation.samples, evaluation.copy_rows
    distances = nearest(samples.features[chosen], coverage.features_.astype(np.float64))[0][:, 0]
    exact = np.isin(samples.digests[chosen], coverage._digests)
    usual, usual_bins = coverage._usual_distances, coverage._usual_bins
    drawn = np.bincount(evaluation.sample_bins[chosen], minlength=coverage.n_bins_)
    there = np.bincount(usual_bins, minlength=coverage.n_bins_)
    weights = (drawn / np.maximum(there, 1))[usual_bins]
    if not weights.any():
        weights = np.ones(len(usual))
    weights /= weights.sum()
    order = np.argsort(usual, kind="stable")
    threshold = usual[order][min(np.searchsorted(np.cumsum(weights[order]), COPY_LEVEL), len(usual) - 1)]
    share = max(COPY_LEVEL, float(weights[usual <= threshold].sum()))
    # Thresholds and chances are estimates, too: two standard errors are granted, of few rows what their order allows.
    recurring, n_real = coverage._recurring, len(coverage._digests)
    at_most = min(1.0, recurring + 2.0 * np.sqrt(recurring * (1.0 - recurring) / n_real))
    n_usual = 1.0 / np.square(weights).sum()
    near_at_most = float(beta.ppf(0.98, share * n_usual, (1.0 - share) * n_usual + 1.0))
    return Copies(
        exact=exact,
        copied=exact | (distances <= threshold),
        exact_expected=min(1.0, float(recurring)),
        copied_expected=min(1.0, float(recurring + (1.0 - recurring) * share)),
        exact_granted=min(1.0, at_most),
        copied_granted=min(1.0, at_most + (1.0 - at_most) * near_at_most),
    )


def exact_share(evaluation: "Evaluation") -> float:
    """Share of the samples that equal a real row, pixel for pixel."""
    exact = evaluation.copies.exact
    return int(exact.sum()) / len(exact)


def calibrate_exact(evaluation: "Evaluation", value: float) -> Calibration:
    """Against how often fresh real rows equal others."""
    copies = evaluation.copies
    return _calibrate(copies.exact, copies.exact_expected, copies.exact_granted)


def copied_share(evaluation: "Evaluation") -> float:
    """Share of the samples that are copies, exact or near."""
    copied = evaluation.copies.copied
    return int(copied.sum()) / len(copied)


def calibrate_copied(evaluation: "Evaluation", value: float) -> Calibration:
    """Against how often fresh real rows lie as near to others."""
    copies = evaluation.copies
    return _calibrate(copies.copied, copies.copied_expected, copies.copied_granted)


def _calibrate(which, expected, granted):
    found = int(which.sum())
    interval = binomtest(found, len(which)).proportion_ci(method="wilson")
    p_value = float(binomtest(found, len(which), granted, alternative="greater").pvalue)
    return Calibration(expected, (float(interval.low), float(interval.high)), p_value)
