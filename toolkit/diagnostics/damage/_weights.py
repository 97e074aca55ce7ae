"""The weights of the network of patches, as the package ships them."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.exceptions import CheckpointError

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
    import torch
    from safetensors import SafetensorError, safe_open

    from toolkit.diagnostics.damage.network import DAMAGES, PatchNetwork

    network = PatchNetwork()
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 (no mapping)
        if about.get(_FORMAT) != ",".join(DAMAGES):
            raise CheckpointError(f"{path.name} holds no weights of the network of patches.")
        if not all(bool(torch.isfinite(value).all()) for value in weights.values()):
            raise CheckpointError(f"{path.name} is damaged: it holds values that are not finite.")
        counters = {name: value for name, value in network.state_dict().items() if name.endswith("num_batches_tracked")}
        network.load_state_dict(weights | counters)
    except (SafetensorError, OSError, RuntimeError) as error:
        raise CheckpointError(f"{path.name} is missing or damaged: {error}") from error
    return network.eval().to(memory_format=torch.channels_last)
