"""The weights of the networks of patches and of writing, as the package ships them."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit._core.shipped import with_shipped_weights

if TYPE_CHECKING:
    from toolkit.diagnostics.damage.network import PatchNetwork
    from toolkit.diagnostics.damage.writing import WritingNetwork

__all__ = ["DIGESTS", "load_network", "load_writing"]

_SHIPPED = Path(__file__).parent / "leaves.safetensors"
_WRITING = Path(__file__).parent / "writing.safetensors"
_FORMAT = "toolkit patches 1"
# First digits of the sha256 of the shipped weights. What a survey of files remembers counts for this code alone, so
# that other weights, with these lines, make it ask anew.
DIGESTS = {_SHIPPED: "9c22baa524fe7ef3", _WRITING: "e5e2e1496accc345"}


@cache
def load_network(path: Path = _SHIPPED) -> "PatchNetwork":
    """The network, ready to look at patches.

    Raises
    ------
    CheckpointError
        The file is missing or damaged, or holds something else.
    """
    from toolkit.diagnostics.damage.network import DAMAGES, PatchNetwork, folded

    network = with_shipped_weights(PatchNetwork(), path, _FORMAT, DAMAGES, "of patches")
    network.body = folded(network.body)
    return network


@cache
def load_writing(path: Path = _WRITING) -> "WritingNetwork":
    """The network that finds writing, likewise."""
    from toolkit.diagnostics.damage.network import folded
    from toolkit.diagnostics.damage.writing import WritingNetwork

    network = with_shipped_weights(WritingNetwork(), path, "toolkit writing 1", ("writing",), "of writing")
    network.body = folded(network.body)
    return network
