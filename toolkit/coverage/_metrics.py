"""The literal table of the metrics of coverage: records, reference distributions, studies and reports follow it.

To add one, write a function that takes a :class:`~toolkit.coverage._row_pair.RowPair` (``pair.real`` and
``pair.samples``, features of equally many rows each) and gives a number, and its line at the end of ``_TABLE``. It is
held against what real rows give when they are compared with real rows.

A metric with a calibration of its own takes an :class:`~toolkit.coverage._evaluation.Evaluation` instead, as its
calibration does: ``compute(evaluation)``, ``calibrate(evaluation, value)``.
"""

from collections.abc import Callable

from toolkit._core.metric import Metric, metric_table
from toolkit.coverage._bin_metrics import calibrate_divergence, calibrate_n_different, divergence, n_different
from toolkit.coverage._copies import calibrate_copied, calibrate_exact, copied_share, exact_share
from toolkit.coverage._frechet import frechet_distance
from toolkit.coverage._resembling import calibrate_resembling, resembling_share
from toolkit.coverage._row_pair import RowPair

__all__ = ["COVERAGE_METRICS"]


def _neighbour(name: str) -> Callable[[RowPair], float]:
    """One of the figures by nearest neighbours, which are found all at once."""
    return lambda pair: pair.neighbours[name]


def _frechet(pair: RowPair) -> float:
    return frechet_distance(pair.real, pair.samples)


# In the order of tables: first what noise, grey and single images cannot raise.
_TABLE = (
    Metric("clipped_density", "clipped density", "higher", _neighbour("clipped_density"), is_share=True, place=2),
    Metric("clipped_coverage", "clipped coverage", "higher", _neighbour("clipped_coverage"), is_share=True, place=1),
    Metric("resembling", "share that resembles the data", "higher", resembling_share, calibrate_resembling, True, 3),
    Metric("copied_share", "share of copies, exact or near", "lower", copied_share, calibrate_copied, True),
    Metric("exact_share", "share of exact copies", "lower", exact_share, calibrate_exact, True),
    Metric("js", "Jensen-Shannon divergence", "lower", divergence, calibrate_divergence),
    Metric("ndb", "bins that differ (NDB)", "lower", n_different, calibrate_n_different),
    Metric("frechet", "Fréchet distance", "lower", _frechet),
    Metric("p_precision", "probabilistic precision", "higher", _neighbour("p_precision"), is_share=True),
    Metric("p_recall", "probabilistic recall", "higher", _neighbour("p_recall"), is_share=True),
    Metric("precision", "precision", "higher", _neighbour("precision"), is_share=True),
    Metric("recall", "recall", "higher", _neighbour("recall"), is_share=True),
    Metric("density", "density", "higher", _neighbour("density")),
    Metric("coverage", "coverage", "higher", _neighbour("coverage"), is_share=True),
)

COVERAGE_METRICS: dict[str, Metric] = metric_table(_TABLE)
