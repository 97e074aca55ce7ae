"""The reference distribution of metrics of rows: real rows against real rows, split at random."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from toolkit._core.metric import Calibration
from toolkit.coverage._metrics import COVERAGE_METRICS
from toolkit.coverage._row_pair import RowPair

__all__ = ["calibrate_by_splits", "reference_figures", "split_metrics"]


def split_metrics() -> list[str]:
    """Names of the metrics that have no calibration of their own."""
    return [name for name, metric in COVERAGE_METRICS.items() if metric.calibrate is None]


def reference_figures(
    rows: NDArray[np.float64],
    size: int,
    n_neighbours: int,
    n_splits: int,
    generator: np.random.Generator,
    *,
    names: Iterable[str] | None = None,
) -> dict[str, NDArray[np.float64]]:
    """Figures of disjoint random sets of ``size`` real rows each.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_components + 1)
    size, n_neighbours, n_splits : int
    generator : numpy.random.Generator
    names : iterable of str, optional
        Which metrics; None takes all that are calibrated by splits.

    Returns
    -------
    dict of str to ndarray of shape (n_splits,)
    """
    names = split_metrics() if names is None else list(names)
    found: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(n_splits):
        order = generator.permutation(len(rows))
        figures = split_figures(RowPair(rows[order[:size]], rows[order[size : 2 * size]], n_neighbours), names)
        for name in names:
            found[name].append(figures[name])
    return {name: np.array(values, dtype=np.float64) for name, values in found.items()}


def split_figures(pair: RowPair, names: Sequence[str] | None = None) -> dict[str, float]:
    """Figures that are held against splits of the data, of one pair of rows."""
    return {name: COVERAGE_METRICS[name].measure(pair) for name in (split_metrics() if names is None else names)}


def calibrate_by_splits(
    value: float, reference: NDArray[np.float64], n_rows: int, *, is_share: bool = False, shift: float = 0.0
) -> Calibration:
    """Hold a figure against its reference distribution.

    Parameters
    ----------
    value : float
    reference : ndarray of shape (n_splits,)
        The figure for real rows against real rows.
    n_rows : int
        Over which a share was taken.
    is_share : bool, default=False
    shift : float, default=0.0
        By which fresh rows differ from those of the reference, see
        :func:`toolkit.coverage._calibration.calibrate_embedding`.

    Returns
    -------
    Calibration
        Expected: the mean of the reference, shifted. Interval: from the wider of the spread between real splits and,
        for shares, the binomial one. p-value: two-sided, of Student's t for one more draw from the reference; of a
        share no sharper than the binomial spread, since splits of the same rows vary less than fresh ones.
    """
    n_splits = len(reference)
    expected = float(reference.mean()) + shift
    spread = float(reference.std(ddof=1)) if n_splits > 1 else float("nan")
    width = student.ppf(0.975, max(n_splits - 1, 1))
    if is_share:
        expected = min(max(expected, 0.0), 1.0)
    # No sharper than the numbers themselves: a spread of nothing would make every difference significant.
    spread = max(spread, 1e-9 * max(1.0, abs(expected)))
    # One success and one failure more: all of a few rows are no certainty.
    share = (expected * n_rows + 1.0) / (n_rows + 2.0)
    binomial = np.sqrt(share * (1.0 - share) / n_rows) if is_share else 0.0
    t = (value - expected) / (max(spread, binomial) * np.sqrt(1.0 + 1.0 / n_splits))
    margin = width * spread
    if is_share:
        margin = max(margin, 1.96 * np.sqrt(value * (1.0 - value) / n_rows))
    high = value + margin
    if is_share:
        high = min(high, 1.0)
    p_value = float(2.0 * student.sf(abs(t), max(n_splits - 1, 1)))
    return Calibration(expected, (max(0.0, value - margin), high), p_value)
