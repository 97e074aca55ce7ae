"""Forward models of what can go wrong with an image, by name, and the planter of experiments."""

from toolkit.corruption._apply import apply_corruption
from toolkit.corruption._corruptor import Corruptor
from toolkit.corruption._generic import GENERIC_OUTLIERS, apply_generic, planted_outliers
from toolkit.corruption._kinds import FAMILIES, KINDS, MEASURED_KINDS

__all__ = [
    "FAMILIES",
    "GENERIC_OUTLIERS",
    "KINDS",
    "MEASURED_KINDS",
    "Corruptor",
    "apply_corruption",
    "apply_generic",
    "planted_outliers",
]
