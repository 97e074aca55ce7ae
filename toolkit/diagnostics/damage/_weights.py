"""The weights of the network of patches, as the package ships them."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit._core.shipped import with_shipped_weights

if TYPE_CHECKING:
    from toolkit.diagnostics.damage.network import PatchNetwork

__all__ = ["DIGEST", "load_network"]

_SHIPPED = Path(__file__).parent / "leaves.safetensors"
_FORMAT = "toolkit patches 1"
# First digits of the sha256 of the shipped weights. What a survey of files remembers counts for this code alone, so
# that other weights, with this line, make it ask anew.
DIGEST = "9c22baa524fe7ef3"


@cache
def load_network(path: Path = _SHIPPED) -> "PatchNetwork":
    """The network, ready to look at patches.

    Raises
    ------
    CheckpointError
        The file is missing or damaged, or holds something else.
    """
    from toolkit.diagnostics.damage.network import DAMAGES, PatchNetwork

    return with_shipped_weights(PatchNetwork(), path, _FORMAT, DAMAGES, "of patches")
