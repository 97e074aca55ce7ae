"""What the networks of repair know before they see a set: how to undo corruptions of rendered glyphs and drawn images.

A dense draft of a whole image takes tens of thousands of lessons to learn, more than a few hundred images hold. So the
network begins from one that has had millions, on images that nobody photographed; what it is shown of the set itself
then corrects it. Made by ``benchmarks/grey_restorer.py``; grey images of 28 x 28 pixels, light on dark. The network of
poses begins so, too (``benchmarks/grey_pose.py``).
"""

from functools import cache
from pathlib import Path

import numpy as np

from toolkit._core.files import write_bytes
from toolkit._core.shipped import read_shipped
from toolkit.corruption import KINDS

__all__ = [
    "POSE_KINDS",
    "POSE_SHIPPED",
    "PRETRAINED_KINDS",
    "SHIPPED",
    "load_pose",
    "load_pretrained",
    "save_pose",
    "save_weights",
]

SHIPPED = Path(__file__).parent / "grey.safetensors"
POSE_SHIPPED = Path(__file__).parent / "pose.safetensors"
# Kinds whose parameters the network of poses estimates.
POSE_KINDS = ("rotate", "translate", "scale", "shear")
# Kinds that a network undoes, or what is left of them after a closed form; pixels of the others only move.
PRETRAINED_KINDS = tuple(
    kind
    for kind in KINDS
    if kind not in ("rotate_90", "rotate_180", "rotate_270", "flip_horizontal", "flip_vertical", "transpose", "invert")
)
_FORMAT, _POSE_FORMAT = "toolkit restorer 1", "toolkit pose 1"
# Beside weights in 8 bits: the step of each row.
_STEP = ".step"
# Of these the columns are kinds; of the last one, those at the end.
_OF_KINDS = ("kind_dense.weight", "kind_conv.weight", "kind_compare.weight", "belief.weight", "damage.0.weight")


def load_pretrained(network, kinds):
    """Put the shipped weights into a fresh network.

    Parameters
    ----------
    network : Denoiser
    kinds : tuple of str
        That it is to undo, in the order of its inputs.

    Returns
    -------
    bool
        False, and nothing is changed, where the network is another one (colours, images of another size), or a kind is
        among its own that the shipped one does not know.

    Raises
    ------
    CheckpointError
        The file is missing or damaged.
    """
    if not set(kinds) <= set(PRETRAINED_KINDS):
        return False
    weights, state = _read(), network.state_dict()
    taken = [PRETRAINED_KINDS.index(kind) for kind in kinds]
    mine = {}
    for name, value in state.items():
        given = weights.get(name)
        if given is not None and name in _OF_KINDS:
            before = given.shape[1] - len(PRETRAINED_KINDS)
            given = given[:, [*range(before), *(before + column for column in taken)]]
        if given is None or given.shape != value.shape:
            return False
        mine[name] = given.to(value.dtype)
    network.load_state_dict(mine)
    return True


def save_weights(network, path):
    """Write a network that undoes ``PRETRAINED_KINDS`` to a safetensors file, in 16 bits."""
    from safetensors.numpy import save

    weights = {name: value.numpy().astype(np.float16, order="C") for name, value in network.state_dict().items()}
    write_bytes(path, save(weights, metadata={_FORMAT: ",".join(PRETRAINED_KINDS)}))


@cache
def _read():
    return read_shipped(SHIPPED, _FORMAT, PRETRAINED_KINDS, "that undoes corruptions")


def load_pose(network, kinds):
    """Put the shipped weights into a fresh network of poses; parameters and result as of :func:`load_pretrained`.

    Parameters
    ----------
    network : PoseNetwork
    kinds : tuple of str
        Of ``POSE_KINDS``, in the order of its inputs.
    """
    weights, state = _read_pose(), network.state_dict()
    columns = [POSE_KINDS.index(kind) for kind in kinds]
    mine = {name: weights[name][:, columns] if name == "kind.weight" else weights[name] for name in state}
    if any(mine[name].shape != value.shape for name, value in state.items()):
        return False
    network.load_state_dict({name: mine[name].to(value.dtype) for name, value in state.items()})
    return True


def save_pose(network, path):
    """Write a network of the poses of ``POSE_KINDS`` to a safetensors file: matrices in 8 bits, a step for each row."""
    from safetensors.numpy import save

    weights = {}
    for name, value in network.state_dict().items():
        values = value.numpy()
        if values.ndim == 2:
            step = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-12) / 127
            weights[name + _STEP] = step.astype(np.float32)
            values = np.rint(values / step).astype(np.int8)
        weights[name] = np.ascontiguousarray(values)
    write_bytes(path, save(weights, metadata={_POSE_FORMAT: ",".join(POSE_KINDS)}))


@cache
def _read_pose():
    weights = read_shipped(POSE_SHIPPED, _POSE_FORMAT, POSE_KINDS, "that says how far images were moved")
    steps = {name.removesuffix(_STEP): weights.pop(name) for name in list(weights) if name.endswith(_STEP)}
    return {name: value * steps[name] if name in steps else value for name, value in weights.items()}
