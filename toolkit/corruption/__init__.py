"""Forward models of what can go wrong with an image, by name, and the planter of experiments."""

from toolkit.corruption._apply import apply_corruption
from toolkit.corruption._corruptor import Corruptor
from toolkit.corruption._kinds import FAMILIES, KINDS, MEASURED_KINDS

__all__ = ["FAMILIES", "KINDS", "MEASURED_KINDS", "Corruptor", "apply_corruption"]
