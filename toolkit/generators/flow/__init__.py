"""Flow matching and diffusion in small pieces: networks, paths from noise to data, couplings, solvers, and the step.

Each kind of piece stands in one literal table of names; a new one is a function or a class and a line in its table.
"""

from toolkit.generators.flow._coupling import COUPLINGS
from toolkit.generators.flow._distillation import DistillationTrainer
from toolkit.generators.flow._gaussian import learn_gaussian
from toolkit.generators.flow._networks import NETWORKS, build_network
from toolkit.generators.flow._paths import PATHS, Path
from toolkit.generators.flow._sampling import draw_images
from toolkit.generators.flow._solvers import SOLVERS
from toolkit.generators.flow._times import TIMES
from toolkit.generators.flow._trainer import FlowTrainer

__all__ = [
    "COUPLINGS",
    "NETWORKS",
    "PATHS",
    "SOLVERS",
    "TIMES",
    "DistillationTrainer",
    "FlowTrainer",
    "Path",
    "build_network",
    "draw_images",
    "learn_gaussian",
]
