"""Which modes of the data does a sample reach? Pure functions first, then :class:`ModeCoverage`, without labels.

The functions take rows (or counts) and return named numbers; the estimator embeds images, calibrates the figures on
the data itself and says in plain words what is missing.
"""

from toolkit.coverage._bins import BinComparison, different_bins, jensen_shannon
from toolkit.coverage._birthday import BirthdayEstimate, birthday_support
from toolkit.coverage._clipped import ClippedFigures, clipped_density_coverage
from toolkit.coverage._comparison import CoverageComparison, ModeDifference, compare_coverage
from toolkit.coverage._drawing import draw_samples
from toolkit.coverage._draws import ReweightedGenerator
from toolkit.coverage._frechet import frechet_distance
from toolkit.coverage._improve import CoverageImprovement, improve_coverage
from toolkit.coverage._kernel import kernel_distance
from toolkit.coverage._known_modes import KnownModes, known_labels, known_modes
from toolkit.coverage._memorisation import MemorisationCheck, memorisation
from toolkit.coverage._metrics import COVERAGE_METRICS
from toolkit.coverage._mode_coverage import ModeCoverage
from toolkit.coverage._monitor import CoverageMonitor
from toolkit.coverage._outcome import COLLAPSED, RESEMBLING, name_outcome
from toolkit.coverage._parts import VerdictPart
from toolkit.coverage._prdc import NeighbourFigures, precision_recall_density_coverage
from toolkit.coverage._probabilistic import ProbabilisticFigures, probabilistic_precision_recall
from toolkit.coverage._record import CoverageRecord, DroppedMode
from toolkit.coverage._resemblance import resemblance
from toolkit.coverage._scorer import coverage_scorer
from toolkit.coverage._tests import adjust_p_values
from toolkit.coverage._vendi import vendi_score
from toolkit.coverage._view import CoverageView

__all__ = [
    "COLLAPSED",
    "COVERAGE_METRICS",
    "RESEMBLING",
    "BinComparison",
    "BirthdayEstimate",
    "ClippedFigures",
    "CoverageComparison",
    "CoverageImprovement",
    "CoverageMonitor",
    "CoverageRecord",
    "CoverageView",
    "DroppedMode",
    "KnownModes",
    "MemorisationCheck",
    "ModeCoverage",
    "ModeDifference",
    "NeighbourFigures",
    "ProbabilisticFigures",
    "ReweightedGenerator",
    "VerdictPart",
    "adjust_p_values",
    "birthday_support",
    "clipped_density_coverage",
    "compare_coverage",
    "coverage_scorer",
    "different_bins",
    "draw_samples",
    "frechet_distance",
    "improve_coverage",
    "jensen_shannon",
    "kernel_distance",
    "known_labels",
    "known_modes",
    "memorisation",
    "name_outcome",
    "precision_recall_density_coverage",
    "probabilistic_precision_recall",
    "resemblance",
    "vendi_score",
]
