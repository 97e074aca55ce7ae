"""Weights of small networks, as the package ships them: read, and held against what the network expects."""

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from toolkit.exceptions import CheckpointError

if TYPE_CHECKING:
    from torch import Tensor, nn

    Network = TypeVar("Network", bound=nn.Module)

__all__ = ["read_shipped", "with_shipped_weights"]


def read_shipped(path: Path, key: str, names: tuple[str, ...], words: str) -> "dict[str, Tensor]":
    """Weights of a file, in single precision; parameters and errors as of :func:`with_shipped_weights`."""
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path.name} is missing or damaged: {error}") from error
    if about.get(key) != ",".join(names):
        raise CheckpointError(f"{path.name} holds no weights of the network {words}.")
    if not all(bool(torch.isfinite(value).all()) for value in weights.values()):
        raise CheckpointError(f"{path.name} is damaged: it holds values that are not finite.")
    return weights


def with_shipped_weights(network: "Network", path: Path, key: str, names: tuple[str, ...], words: str) -> "Network":
    """A network with the weights of a file, ready to answer.

    Parameters
    ----------
    network : torch.nn.Module
        Fresh; counters of batches, which are not shipped, stay as they are.
    path : Path
        A safetensors file.
    key : str
        What the file has to say of itself, with ``names``, joined by commas.
    names : tuple of str
        What the outputs or inputs of the network are, in order.
    words : str
        Of which network, for the message.

    Raises
    ------
    CheckpointError
        The file is missing or damaged, or holds something else.
    """
    import torch

    weights = read_shipped(path, key, names, words)
    counters = {name: value for name, value in network.state_dict().items() if name.endswith("num_batches_tracked")}
    try:
        network.load_state_dict(weights | counters)
    except RuntimeError as error:
        raise CheckpointError(f"{path.name} is missing or damaged: {error}") from error
    return network.eval().to(memory_format=torch.channels_last)
