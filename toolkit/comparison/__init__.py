"""Comparison: one row per method x data x seed, then ranks, tests and tables.

Figures come first, as plain frames; pictures of them are in ``toolkit.plots``. The truth is used here to *check*
methods. ``estimate_detection`` is the exception: it predicts the check where there is no truth.
"""

from toolkit.comparison._answers import answer_accuracy, answer_errors, count_carries
from toolkit.comparison._detectors import compare_detectors
from toolkit.comparison._figures import write_tables
from toolkit.comparison._handwriting import handwriting_spread
from toolkit.comparison._markdown import to_markdown, write_table
from toolkit.comparison._metrics import METRICS, detection_metrics, per_kind_matrix
from toolkit.comparison._ranks import rank_methods
from toolkit.comparison._restorers import compare_restorers
from toolkit.comparison._sampling import compare_sampling
from toolkit.comparison._sequences import SEQUENCE_MODELS, compare_sequence_models
from toolkit.comparison._significance import Significance, significance
from toolkit.comparison._tables import combine_tables, melt_metrics, pivot_table
from toolkit.comparison.estimation._estimate import estimate_detection
from toolkit.coverage import frechet_distance

__all__ = [
    "METRICS",
    "SEQUENCE_MODELS",
    "Significance",
    "answer_accuracy",
    "answer_errors",
    "combine_tables",
    "compare_detectors",
    "compare_restorers",
    "compare_sampling",
    "compare_sequence_models",
    "count_carries",
    "detection_metrics",
    "estimate_detection",
    "frechet_distance",
    "handwriting_spread",
    "melt_metrics",
    "per_kind_matrix",
    "pivot_table",
    "rank_methods",
    "significance",
    "to_markdown",
    "write_table",
    "write_tables",
]
