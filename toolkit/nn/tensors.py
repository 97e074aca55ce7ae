"""Tensors as arrays and back: what a tree of values needs to know of torch."""

from typing import Any

import numpy as np
import torch

from toolkit._core.tree import TreeReader, TreeWriter
from toolkit.exceptions import CheckpointError

__all__ = ["StateReader", "StateWriter", "as_tensor", "tensor_node"]

# Types that numpy lacks travel as integers of the same width.
_AS_INTEGERS = {torch.bfloat16: torch.int16}
_DTYPES = {str(dtype).removeprefix("torch."): dtype for dtype in _AS_INTEGERS}


class StateWriter(TreeWriter):
    """Writes nested states of torch: tensors on any device, in their memory format.

    Examples
    --------
    >>> import torch
    >>> from toolkit.nn.tensors import StateWriter
    >>> sorted(StateWriter().files({"weight": torch.ones(2), "step": 3}))
    ['arrays.safetensors', 'tree.json']
    """

    def write_other(self, value: Any, path: str) -> Any:
        node = tensor_node(self, value, path)
        return super().write_other(value, path) if node is None else node


class StateReader(TreeReader):
    """Reads what a :class:`StateWriter` wrote; tensors come back in main memory.

    Examples
    --------
    >>> import torch
    >>> from toolkit.nn.tensors import StateReader, StateWriter
    >>> StateReader(StateWriter().files({"weight": torch.ones(2), "step": 3})).value()
    {'weight': tensor([1., 1.]), 'step': 3}
    """

    def read_other(self, tag: str, body: Any) -> Any:
        if tag == "tensor":
            return as_tensor(self, body)
        return super().read_other(tag, body)


def tensor_node(writer: TreeWriter, value: Any, path: str) -> dict[str, Any] | None:
    """The node of a tensor or a ``torch.Size``.

    Parameters
    ----------
    writer : TreeWriter
        Keeps the values of tensors.
    value : object
    path : str
        Where it is, for names and messages.

    Returns
    -------
    dict or None
        None for anything else.

    Raises
    ------
    TypeError
        A sparse tensor, or one without values.

    Examples
    --------
    >>> import torch
    >>> from toolkit.nn.tensors import StateWriter, tensor_node
    >>> tensor_node(StateWriter(), torch.ones(2), "weight"), tensor_node(StateWriter(), 3, "step")
    ({'tensor': {'values': {'array': {'name': 'weight'}}}}, None)
    """
    if isinstance(value, torch.Size):
        return {"tuple": list(value)}
    if type(value) not in (torch.Tensor, torch.nn.Parameter):
        return None
    if value.layout is not torch.strided or value.is_meta:
        raise TypeError(f"Cannot save {path}: a {value.layout} tensor on {value.device} is none that is saved.")
    tensor = value.detach().cpu()
    body = {}
    if tensor.dtype in _AS_INTEGERS:
        body["dtype"] = str(tensor.dtype).removeprefix("torch.")
        tensor = tensor.view(_AS_INTEGERS[tensor.dtype])
    body["values"] = writer.write(tensor.numpy(), path)
    return {"tensor": body}


def as_tensor(reader: TreeReader, body: Any) -> torch.Tensor:
    """The tensor of a node's body.

    Parameters
    ----------
    reader : TreeReader
        Of the files that the node is in.
    body : dict
        What stands under ``"tensor"``.

    Returns
    -------
    tensor
        In main memory.

    Raises
    ------
    CheckpointError
        There are no values.

    Examples
    --------
    >>> import torch
    >>> from toolkit.nn.tensors import StateReader, StateWriter
    >>> StateReader(StateWriter().files(torch.ones(2, dtype=torch.bfloat16))).value()  # which calls it
    tensor([1., 1.], dtype=torch.bfloat16)
    """
    array = reader.read(body["values"])
    if not isinstance(array, np.ndarray):
        raise CheckpointError("holds a tensor without values")
    # Torch's own memory is aligned as numpy's need not be; the order of the axes in memory stays.
    tensor = torch.from_numpy(array).clone(memory_format=torch.preserve_format)
    return tensor.view(_DTYPES[body["dtype"]]) if "dtype" in body else tensor
