"""Values as JSON and arrays: how states and estimators are written without pickle.

What JSON knows is written as it is. Anything else is an object with a single key that says what it is:
``{"tuple": [...]}``, ``{"array": {"name": "network/0/weight"}}``. Every type is handled by name; one that is not is
refused while writing, with the place at which it was found. Reading builds nothing but what is named here and in the
subclasses of :class:`TreeReader`, so a hostile file has nothing to call.
"""

import base64
import json
import math
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import numpy as np

from toolkit._core.memory_layout import in_layout, memory_layout
from toolkit.exceptions import CheckpointError

__all__ = ["TreeReader", "TreeWriter"]

_TREE, _ARRAYS = "tree.json", "arrays.safetensors"
# Types of arrays that safetensors knows; others are kept as bytes with their type beside them.
_NAMED = frozenset(["bool", "float16", "float32", "float64"]) | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}
_MAX_DEPTH = 150


class TreeWriter:
    """Turns one value into files; a subclass knows more types.

    Examples
    --------
    >>> import numpy as np
    >>> files = TreeWriter().files({"a": (1, 2.5), "b": np.arange(3)})
    >>> sorted(files)
    ['arrays.safetensors', 'tree.json']
    >>> TreeReader(files).value()
    {'a': (1, 2.5), 'b': array([0, 1, 2])}
    """

    def __init__(self):
        self._arrays = {}
        self._depth = 0

    def files(self, value: object) -> dict[str, bytes]:
        """The value as a dict of file names to bytes."""
        from safetensors.numpy import save

        tree = self.write(value, "")
        text = json.dumps(tree, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
        return {_TREE: text.encode("ascii"), _ARRAYS: save(self._arrays)}

    def write(self, value: object, path: str) -> Any:
        """The node that stands for ``value``; ``path`` says where it is, for names and messages."""
        if value is None or type(value) in (bool, int, str):
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise TypeError(f"Cannot save {path or 'the value'}: it is nested too deeply, or holds itself.")
        try:
            return self._write(value, path)
        finally:
            self._depth -= 1

    def _write(self, value, path):
        kind = type(value)
        if kind is list:
            return self._items(value, path)
        if kind in (tuple, set, frozenset):
            return {kind.__name__: self._items(value, path)}
        if kind in (dict, OrderedDict):
            if all(type(key) is str for key in value):
                return {"dict": {key: self.write(item, _join(path, key)) for key, item in value.items()}}
            pairs = [
                [self.write(key, _join(path, f"key {place}")), self.write(item, _join(path, _label(key, place)))]
                for place, (key, item) in enumerate(value.items())
            ]
            return {"pairs": pairs}
        if kind is bytes:
            return {"bytes": base64.b64encode(value).decode("ascii")}
        if kind is slice:
            return {"slice": self._items((value.start, value.stop, value.step), path)}
        if kind is range:
            return {"range": [value.start, value.stop, value.step]}
        if isinstance(value, np.generic) and not value.dtype.hasobject and not value.dtype.names:
            return {"scalar": self._array(np.array(value), path)}
        if kind in (np.ndarray, np.memmap):
            return {"array": self._array(np.asarray(value), path)}
        return self.write_other(value, path)

    def write_other(self, value: object, path: str) -> Any:
        """For subclasses: the node of a value of any other type; here a TypeError that names it."""
        raise TypeError(
            f"Cannot save {path or 'the value'}: a {type(value).__module__}.{type(value).__qualname__} is none of the "
            "types that are saved."
        )

    def _items(self, values, path):
        return [self.write(item, _join(path, str(place))) for place, item in enumerate(values)]

    def _array(self, array, path):
        if array.dtype == object:
            return {"shape": list(array.shape), "items": self._items(array.ravel().tolist(), path)}
        if array.dtype.hasobject or array.dtype.names or array.dtype.kind == "V":
            raise TypeError(f"Cannot save {path}: an array of dtype {array.dtype} is none of the types that are saved.")
        node = memory_layout(array)
        array = array.transpose(node.get("axes", range(array.ndim)))
        stored = np.ascontiguousarray(array).reshape(array.shape)
        if array.dtype.name not in _NAMED or not array.dtype.isnative:
            node |= {"dtype": array.dtype.str, "shape": list(array.shape)}
            stored = np.frombuffer(stored.tobytes(), dtype=np.uint8)
        name = path or "value"
        while name in self._arrays:
            name += "'"
        self._arrays[name] = stored
        return {"name": name, **node}


class TreeReader:
    """Turns files of a :class:`TreeWriter` back into the value; a subclass knows more types.

    Parameters
    ----------
    files : dict of str to bytes
        The two files of the writer; further ones are for subclasses.

    Raises
    ------
    CheckpointError
        The files hold anything that the writer does not write.
    """

    def __init__(self, files: Mapping[str, bytes]):
        self.source = dict(files)
        self._unread: dict[str, Any] = {}

    def value(self) -> Any:
        """Read everything."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            self._unread = load(self.source.pop(_ARRAYS))
            tree = json.loads(self.source.pop(_TREE).decode("ascii"), parse_constant=_refuse_constant)
            value = self.read(tree)
            self.finish()
        except CheckpointError:
            raise
        # Whatever is wrong with a forged or foreign tree shows itself as one of these.
        except (
            SafetensorError, ValueError, TypeError, LookupError, AttributeError, RuntimeError, ArithmeticError,
            MemoryError,
        ) as error:  # fmt: skip
            raise CheckpointError(
                f"not what the toolkit writes: {type(error).__name__}: {_first_line(error)}"
            ) from error
        if self._unread or self.source:
            raise CheckpointError(f"holds more than it says: {sorted([*self._unread, *self.source])[0][:80]!r}")
        return value

    def finish(self) -> None:
        """For subclasses: what is left to do once the tree is read."""

    def read(self, node: Any) -> Any:
        """The value that a node stands for."""
        if node is None or type(node) in (bool, int, float, str):
            return node
        if type(node) is list:
            return [self.read(item) for item in node]
        ((tag, body),) = node.items()
        if tag == "dict":
            return {key: self.read(item) for key, item in body.items()}
        if tag == "pairs":
            return {self.read(key): self.read(item) for key, item in body}
        if tag in ("tuple", "set", "frozenset"):
            return {"tuple": tuple, "set": set, "frozenset": frozenset}[tag](self.read(_a_list(body)))
        if tag == "float":
            return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[body]
        if tag == "bytes":
            return base64.b64decode(body, validate=True)
        if tag == "slice":
            return slice(*self.read(_a_list(body)))
        if tag == "range":
            return range(*_a_list(body))
        if tag == "array":
            return self._array(body)
        if tag == "scalar":
            return self._array(body)[()]
        return self.read_other(tag, body)

    def read_other(self, tag: str, body: Any) -> Any:
        """For subclasses: the value of any other tag."""
        raise CheckpointError(f"holds a {tag[:40]!r}, which is none of the types that are loaded")

    def _array(self, body):
        if "items" in body:
            shape, items = tuple(body["shape"]), self.read(_a_list(body["items"]))
            if math.prod(shape) != len(items) or any(side < 0 for side in shape):
                raise CheckpointError(f"declares {len(items)} objects to be of shape {shape}")
            array = np.empty(len(items), dtype=object)
            array[:] = items
            return array.reshape(shape)
        array = self._unread.pop(body["name"])
        if "dtype" in body:
            dtype, shape = np.dtype(body["dtype"]), tuple(body["shape"])
            if dtype.hasobject or dtype.names or dtype.kind == "V":
                raise CheckpointError(f"holds an array of dtype {dtype}, which is never loaded")
            if any(side < 0 for side in shape) or math.prod(shape) * dtype.itemsize != array.nbytes:
                raise CheckpointError(f"declares {array.nbytes} bytes to be of shape {shape} and dtype {dtype}")
            if not dtype.itemsize and math.prod(shape):  # numpy would give each of them a byte
                raise CheckpointError(f"declares an array of shape {shape} that takes no bytes")
            array = np.ndarray(shape, dtype, buffer=array.tobytes())
        return in_layout(array, body)


def _join(path, name):
    return f"{path}/{name}" if path else name


def _label(key, place):
    return str(key) if isinstance(key, (int, str)) else f"value {place}"


def _a_list(body):
    if type(body) is not list:
        raise CheckpointError("holds a list that is none")
    return body


def _refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


def _first_line(error):
    return (str(error) or type(error).__name__).splitlines()[0][:200]
