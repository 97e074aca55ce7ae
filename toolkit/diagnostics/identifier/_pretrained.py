"""What the identifier's networks know before they see a set.

From a few thousand contaminated images a network cannot learn what writing looks like *and* who is corrupted: it ends
up knowing its images by heart. So the networks begin from one that has already named corruptions planted in other
images, rendered letters and digits and procedural ones as shipped; what they are shown of the set itself then corrects
it.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from toolkit._core.files import write_bytes
from toolkit._core.names import check_names
from toolkit.corruption import KINDS
from toolkit.exceptions import CheckpointError

__all__ = ["PretrainedWeights", "load_pretrained"]

_GREY = Path(__file__).parent / "grey.safetensors"
# The name of its predecessor, which knew glyphs only, is still taken.
_SHIPPED = {"grey": _GREY, "glyphs": _GREY}
_FORMAT = "toolkit identifier prior 1"
# One row an output: of these only the rows of kinds that both sides know carry over.
_HEAD = ("kinds.weight", "kinds.bias")
# A prior is about 1.5 MB; a file that claims far more is none.
_MAX_BYTES = 256 << 20


@dataclass(frozen=True)
class PretrainedWeights:
    """A network's weights, and the kinds that it learnt to name.

    Attributes
    ----------
    kinds : tuple of str
    weights : dict of str to ndarray
        By the names of the network's state.
    """

    kinds: tuple
    weights: dict

    def load_into(self, network, kinds):
        """Put the weights into ``network``, whose outputs are "clean", ``kinds`` and "unknown".

        Returns
        -------
        bool
            False, and nothing is changed, where the network is another one: colours, or images of another size.
        """
        import torch

        state = network.state_dict()
        own, known = ["clean", *kinds, "unknown"], ["clean", *self.kinds, "unknown"]
        into = [row for row, kind in enumerate(own) if kind in known]
        out_of = [known.index(own[row]) for row in into]
        for name, value in state.items():
            given = self.weights.get(name)
            shape = value.shape[1:] if name in _HEAD else value.shape
            if given is None or tuple(given.shape[1:] if name in _HEAD else given.shape) != tuple(shape):
                return False
        for name, value in state.items():
            given = torch.tensor(self.weights[name], dtype=value.dtype)
            if name in _HEAD:
                value[into] = given[out_of]
            else:
                value.copy_(given)
        return True

    def save(self, path):
        """Write to a safetensors file, whole or not at all; weights are rounded to 16 bits."""
        from safetensors.numpy import save

        weights = {
            name: value.astype(np.float16 if value.dtype == np.float32 else value.dtype, order="C")
            for name, value in self.weights.items()
        }
        # One entry: safetensors writes several in any order, and equal priors are to be equal files.
        write_bytes(path, save(weights, metadata={_FORMAT: json.dumps(list(self.kinds))}))


def load_pretrained(init):
    """The prior of that name, or in that file; None for ``"random"``.

    Raises
    ------
    ValueError
        There is neither such a name nor such a file.
    CheckpointError
        The file is damaged, or holds something else.
    """
    if init == "random":
        return None
    path = _SHIPPED.get(init, init) if isinstance(init, str) else init
    if not isinstance(path, (str, Path)) or not Path(path).is_file():
        is_path = isinstance(init, Path) or (isinstance(init, str) and Path(init).suffix == ".safetensors")
        missing = ", and there is no such file" if is_path else ""
        raise ValueError(f"init must be 'grey', 'random', or a file of pretrain_identifier, got {init!r}{missing}.")
    path = Path(path).resolve()
    return _read(path, path.stat().st_mtime_ns)


@cache
def _read(path, _changed):
    from safetensors import SafetensorError, safe_open

    if path.stat().st_size > _MAX_BYTES:
        raise CheckpointError(f"{path} is too large to be the prior of an identifier.")
    try:
        with safe_open(path, framework="numpy") as file:
            about = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        raise CheckpointError(f"{path} is damaged, or no prior of an identifier: {error}") from error
    if _FORMAT not in about:
        raise CheckpointError(f"{path} is no prior of an identifier.")
    try:
        kinds = tuple(check_names(json.loads(about[_FORMAT]), KINDS, "kind"))
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged: its kinds cannot be read.") from error
    head = [np.shape(weights.get(name)) for name in _HEAD]
    if any(shape[:1] != (len(kinds) + 2,) for shape in head) or not all(
        np.isfinite(value).all() for value in weights.values()
    ):
        raise CheckpointError(f"{path} is damaged: its weights do not fit its kinds.")
    return PretrainedWeights(kinds, weights)
