"""Displays: each holds its data, gives it as a frame, and draws it on any axes.

Every display has ``from_predictions`` (arrays and frames in) and, where an estimator can supply them,
``from_estimator``; ``plot(ax=None)`` draws and keeps ``ax_`` and ``figure_``; ``frame()`` is what is drawn, as a tidy
pandas frame. Scores are anomaly scores throughout: higher = more anomalous, the sign that a reader of an audit
expects; ``from_estimator`` turns scikit-learn's sign round.
"""

from toolkit.plots._accuracy_by_share import AccuracyByShareDisplay
from toolkit.plots._animation import AnimationDisplay
from toolkit.plots._attention import AttentionDisplay
from toolkit.plots._confusion import KindConfusionDisplay
from toolkit.plots._coverage_map import CoverageMapDisplay
from toolkit.plots._critical_difference import CriticalDifferenceDisplay
from toolkit.plots._curves import PrecisionRecallDisplay, RocDisplay
from toolkit.plots._display import Display
from toolkit.plots._dropped_modes import DroppedModesDisplay
from toolkit.plots._file_gallery import FileGalleryDisplay
from toolkit.plots._gallery import CorruptionGalleryDisplay
from toolkit.plots._heatmap import KindHeatmapDisplay
from toolkit.plots._histogram import ScoreHistogramDisplay
from toolkit.plots._latent import LatentDisplay, LatentGridDisplay
from toolkit.plots._live_samples import LiveSamples
from toolkit.plots._loss_curves import LossCurveDisplay
from toolkit.plots._pairs import RepairPairsDisplay
from toolkit.plots._query_page import QueryPageDisplay
from toolkit.plots._reconstructions import ReconstructionDisplay
from toolkit.plots._sample_grid import SampleGridDisplay
from toolkit.plots._sample_rows import SampleRowsDisplay
from toolkit.plots._statistics_pairs import StatisticsPairDisplay

__all__ = [
    "AccuracyByShareDisplay",
    "AnimationDisplay",
    "AttentionDisplay",
    "CorruptionGalleryDisplay",
    "CoverageMapDisplay",
    "CriticalDifferenceDisplay",
    "Display",
    "DroppedModesDisplay",
    "FileGalleryDisplay",
    "KindConfusionDisplay",
    "KindHeatmapDisplay",
    "LatentDisplay",
    "LatentGridDisplay",
    "LiveSamples",
    "LossCurveDisplay",
    "PrecisionRecallDisplay",
    "QueryPageDisplay",
    "ReconstructionDisplay",
    "RepairPairsDisplay",
    "RocDisplay",
    "SampleGridDisplay",
    "SampleRowsDisplay",
    "ScoreHistogramDisplay",
    "StatisticsPairDisplay",
]
