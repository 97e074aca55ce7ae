"""The torch engine room: networks, one training loop, checkpoints, threads, randomness, device and precision.

Tensors stay in here and in the rooms' private modules; public signatures take and return arrays.
"""

from toolkit.nn._adam import FusedAdam
from toolkit.nn._batches import Batches
from toolkit.nn._checkpoint import Checkpoint
from toolkit.nn._device import resolve_device
from toolkit.nn._hooks import EarlyStopping
from toolkit.nn._loop import fit_loop
from toolkit.nn._losses import EpochLosses
from toolkit.nn._precision import autocast, has_native_bfloat16, native_precision, resolve_precision
from toolkit.nn._random import GeneratorDropout, build, initialise, torch_generator
from toolkit.nn._same_training import changed_parameters
from toolkit.nn._state import StateMixin
from toolkit.nn._threads import limit_threads

__all__ = [
    "Batches",
    "Checkpoint",
    "EarlyStopping",
    "EpochLosses",
    "FusedAdam",
    "GeneratorDropout",
    "StateMixin",
    "autocast",
    "build",
    "changed_parameters",
    "fit_loop",
    "has_native_bfloat16",
    "initialise",
    "limit_threads",
    "native_precision",
    "resolve_device",
    "resolve_precision",
    "torch_generator",
]
