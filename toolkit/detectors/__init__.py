"""Outlier detectors: PyOD's by name, reconstruction errors, and the best label-free score for corrupted images.

Everything here follows scikit-learn: higher scores are more normal, ``predict`` gives +1 for inliers and -1 for
outliers. Neither torch nor pyod is loaded before something is fitted.
"""

from toolkit.detectors._corruption import CorruptionDetector
from toolkit.detectors._methods import available_detectors
from toolkit.detectors._outlier import OutlierDetector
from toolkit.detectors._planted import planted_auc_scorer
from toolkit.detectors._reconstruction import ReconstructionDetector

__all__ = [
    "CorruptionDetector",
    "OutlierDetector",
    "ReconstructionDetector",
    "available_detectors",
    "planted_auc_scorer",
]
