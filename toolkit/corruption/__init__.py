"""Forward models of what can go wrong with an image, by name, and the planter of experiments."""

from toolkit.corruption._apply import apply_corruption, corrupt_stack
from toolkit.corruption._corruptor import Corruptor
from toolkit.corruption._generic import GENERIC_OUTLIERS, apply_generic, planted_outliers
from toolkit.corruption._kinds import (
    ALL_KINDS,
    ANGLES,
    EVERYDAY_KINDS,
    FAMILIES,
    KINDS,
    MEASURED_KINDS,
    SHAPE_KEEPING,
    STRENGTHS,
    SYMMETRIES,
    kind_in_words,
)

__all__ = [
    "ALL_KINDS",
    "ANGLES",
    "EVERYDAY_KINDS",
    "FAMILIES",
    "GENERIC_OUTLIERS",
    "KINDS",
    "MEASURED_KINDS",
    "SHAPE_KEEPING",
    "STRENGTHS",
    "SYMMETRIES",
    "Corruptor",
    "apply_corruption",
    "apply_generic",
    "corrupt_stack",
    "kind_in_words",
    "planted_outliers",
]
