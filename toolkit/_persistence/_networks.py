"""Torch modules as config and state, or layer by layer; generators of randomness.

This module is imported only where torch is there already, or a file holds something of it.
"""

import torch
from torch import nn

from toolkit._persistence._classes import LAYERS, NETWORKS, class_path, identify_class, import_listed
from toolkit._persistence._forged import check_finite
from toolkit._persistence._migrations import migrate_config
from toolkit.exceptions import CheckpointError
from toolkit.nn import FusedAdam
from toolkit.nn.tensors import as_tensor, tensor_node

__all__ = ["READERS", "torch_node"]

# What nn.Module.__init__ makes; whatever else a layer has is its own.
_BASE = frozenset(vars(nn.Module()))


def torch_node(writer, value, path):
    """The node of anything of torch; None for anything else."""
    if isinstance(value, (torch.Tensor, torch.Size)):
        return tensor_node(writer, value, path)
    if isinstance(value, (FusedAdam, torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler)):
        return {"left_out": None}  # of use in fit only, which makes a new one
    if isinstance(value, torch.device):
        return {"device": str(value)}
    if isinstance(value, torch.Generator):
        return {"torch_generator": {"state": writer.write(value.get_state(), path), "device": str(value.device)}}
    if isinstance(value, nn.Module):
        name = identify_class(type(value), NETWORKS)
        if name is not None:
            return _network_node(writer, value, name, path)
        kind = class_path(type(value))
        if kind in LAYERS:
            return _layer_node(writer, value, kind, path)
    return None


def _network_node(writer, network, kind, path):
    state = dict(network.state_dict())
    shell = _shell(type(network), network.config)
    expected = {name: tensor.shape for name, tensor in shell.state_dict().items()}
    named = {name for name, _ in [*shell.named_parameters(), *shell.named_buffers()]}
    if expected != {name: tensor.shape for name, tensor in state.items()} or named != set(expected):
        raise TypeError(f"Cannot save {path}: the config of this {type(network).__name__} does not build it again.")
    return {
        "network": {
            "class": kind,
            "config": writer.write(dict(network.config), f"{path}/config"),
            "state": writer.write(state, path),
            "training": network.training,
            "trainable": any(parameter.requires_grad for parameter in network.parameters()),
        }
    }


def _shell(kind, config):
    """The network without memory for its weights, so that a lying config costs nothing."""
    with torch.device("meta"):
        return kind(**config)


def _read_network(reader, body):
    kind = import_listed(body["class"], NETWORKS)
    network = _shell(kind, migrate_config(body["class"], reader.read(body["config"])))
    network.load_state_dict(reader.read(body["state"]), assign=True)
    if any(tensor.is_meta for tensor in [*network.parameters(), *network.buffers()]):
        raise CheckpointError("holds a network without all of its weights")
    for name, tensor in network.state_dict().items():
        check_finite(tensor, f"the {name} of a {type(network).__name__}")
    return network.train(body["training"] is True).requires_grad_(body["trainable"] is True)


def _layer_node(writer, layer, kind, path):
    hooks = [name for name in _BASE if name.endswith("_hooks") and getattr(layer, name)]
    if hooks:
        raise TypeError(f"Cannot save {path}: this {type(layer).__name__} has hooks, which are functions.")
    parameters = {
        name: None if value is None else [writer.write(value, f"{path}/{name}"), value.requires_grad]
        for name, value in layer._parameters.items()
    }
    own = {name: value for name, value in vars(layer).items() if name not in _BASE}
    return {
        "layer": {
            "class": kind,
            "parameters": parameters,
            "buffers": {name: writer.write(value, f"{path}/{name}") for name, value in layer._buffers.items()},
            "modules": {name: writer.write(value, f"{path}/{name}") for name, value in layer._modules.items()},
            "own": {name: writer.write(value, f"{path}/{name}") for name, value in own.items()},
            "training": layer.training,
        }
    }


def _read_layer(reader, body):
    kind = import_listed(body["class"], LAYERS)
    layer = kind.__new__(kind)
    nn.Module.__init__(layer)
    for name, node in body["parameters"].items():
        layer._parameters[name] = None if node is None else nn.Parameter(reader.read(node[0]), node[1] is True)
    for name, node in body["buffers"].items():
        layer._buffers[name] = reader.read(node)
    for name, node in body["modules"].items():
        layer._modules[name] = reader.read(node)
    own = {name: reader.read(node) for name, node in body["own"].items()}
    if not _BASE.isdisjoint(own) or not all(
        value is None or isinstance(value, nn.Module) for value in layer.children()
    ):
        raise CheckpointError("holds a layer that no layer can be")
    for name, tensor in [*layer._parameters.items(), *layer._buffers.items()]:
        if tensor is not None:
            check_finite(tensor, f"the {name} of a {kind.__name__}")
    vars(layer).update(own)
    layer.training = body["training"] is True
    return layer


def _read_generator(reader, body):
    if torch.device(body["device"]).type != "cpu" and not torch.cuda.is_available():
        return None  # it belongs to a device that is not here
    generator = torch.Generator(device=body["device"])
    generator.set_state(reader.read(body["state"]))
    return generator


READERS = {
    "device": lambda reader, body: torch.device(body),
    "layer": _read_layer,
    "network": _read_network,
    "tensor": as_tensor,
    "torch_generator": _read_generator,
}
