"""The torch engine room: networks, one training loop, threads, randomness and device.

Tensors stay in here and in the rooms' private modules; public signatures take and return arrays.
"""

from toolkit.nn._device import resolve_device
from toolkit.nn._loop import fit_loop
from toolkit.nn._random import GeneratorDropout, build, initialise, torch_generator
from toolkit.nn._threads import limit_threads

__all__ = [
    "GeneratorDropout",
    "build",
    "fit_loop",
    "initialise",
    "limit_threads",
    "resolve_device",
    "torch_generator",
]
