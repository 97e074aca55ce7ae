"""Estimators as trees: attributes of listed classes, and what they hold."""

import sys
import types

import numpy as np

from toolkit._core.tree import TreeReader, TreeWriter
from toolkit._persistence._classes import FOREIGN_OBJECTS, FUNCTIONS, OBJECTS, class_path, identify_class, import_listed
from toolkit._persistence._earlier_paths import EARLIER_PATHS
from toolkit._persistence._forged import check_bit_generator, check_learnt, check_scale
from toolkit._persistence._frames import frame_node, read_frame
from toolkit._persistence._migrations import migrate, state_version
from toolkit._persistence._skops import dump_model, load_model
from toolkit.exceptions import CheckpointError

__all__ = ["EstimatorReader", "EstimatorWriter"]

_BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
# Callbacks that scikit-learn's set_callbacks keeps in an estimator: they watch a training, and are no part of a model.
_WATCHERS = frozenset({"_skl_callbacks"})
_MASKED_PARTS = ("data", "mask", "fill_value")


class EstimatorWriter(TreeWriter):
    """Writes estimators. What is held in several places is written once, and is one thing again when loaded."""

    def __init__(self):
        super().__init__()
        self._models = {}
        self._ids = {}
        self._held = []  # keeps what was seen alive, so that no id is given twice

    def files(self, value):
        return super().files(value) | self._models

    def write_other(self, value, path):
        if id(value) in self._ids:
            return {"same": self._ids[id(value)]}
        if isinstance(value, types.FunctionType) and class_path(value) in FUNCTIONS:
            return {"function": class_path(value)}
        if isinstance(value, np.dtype):
            return {"dtype": value.str}
        number = self._ids[id(value)] = len(self._ids)
        self._held.append(value)
        return {"object": [number, self._new(value, path)]}

    def _new(self, value, path):
        kind = class_path(type(value))
        name = identify_class(type(value), OBJECTS) or identify_class(type(value), FOREIGN_OBJECTS)
        if name is not None:
            own = {key: item for key, item in vars(value).items() if key not in _WATCHERS}
            state = {key: self.write(item, f"{path}/{key}" if path else key) for key, item in own.items()}
            return {"attributes": {"class": name, "version": state_version(name), "state": state}}
        if type(value) is np.ma.MaskedArray:  # a search's table of parameters
            parts = [value.data, np.ma.getmaskarray(value), value.fill_value]
            return {"masked": [self.write(part, f"{path}/{name}") for part, name in zip(parts, _MASKED_PARTS)]}
        if type(value) is np.random.Generator:
            return {"generator": self.write(value.bit_generator.state, path)}
        if type(value) is np.random.RandomState:
            return {"random_state": self.write(value.get_state(legacy=False), path)}
        if kind == "pandas:DataFrame" or kind == "pandas.core.frame:DataFrame":
            return frame_node(self, value, path)
        if "torch" in sys.modules:
            from toolkit._persistence._networks import torch_node

            node = torch_node(self, value, path)
            if node is not None:
                return node
        if kind.startswith(("sklearn.", "pyod.")):
            name = f"model-{len(self._models)}.skops"
            self._models[name], layouts = dump_model(value, path)
            return {"skops": {"name": name, "layouts": layouts}}
        return super().write_other(value, path)


class EstimatorReader(TreeReader):
    """Reads what an :class:`EstimatorWriter` wrote."""

    def __init__(self, files):
        super().__init__(files)
        self._objects = {}

    def read_other(self, tag, body):
        if tag == "same":
            return self._objects[body]
        if tag == "object":
            number, node = body
            ((tag, body),) = node.items()
            if tag == "attributes":
                return self._read_attributes(number, body)
            self._objects[number] = value = self._new(tag, body)
            return value
        if tag == "function":
            return import_listed(body, FUNCTIONS)
        if tag == "method":
            # Version 0.1 wrote methods of one object that another held. Nothing holds one now, but what was first
            # written there may be meant elsewhere.
            self.read(body[0])
            return None
        if tag == "dtype":
            return _plain_dtype(body)
        return super().read_other(tag, body)

    def _new(self, tag, body):
        if tag == "generator":
            state = self.read(body)
            if state["bit_generator"] not in _BIT_GENERATORS:
                raise CheckpointError(f"names the bit generator {str(state['bit_generator'])[:80]!r}")
            check_bit_generator(state)
            bits = getattr(np.random, state["bit_generator"])(0)
            bits.state = state
            return np.random.Generator(bits)
        if tag == "masked":
            data, mask, fill_value = (self.read(part) for part in body)
            return np.ma.MaskedArray(data, mask=mask, fill_value=fill_value)
        if tag == "random_state":
            generator, state = np.random.RandomState(0), self.read(body)
            check_bit_generator(state)
            generator.set_state(state)
            return generator
        if tag == "frame":
            return read_frame(self, body)
        if tag == "skops":
            return load_model(self.source.pop(body["name"]), body["layouts"])
        if tag == "left_out":
            return None
        from toolkit._persistence._networks import READERS

        if tag not in READERS:
            raise CheckpointError(f"holds a {tag[:40]!r}, which is none of the types that are loaded")
        return READERS[tag](self, body)

    def _read_attributes(self, number, body):
        name = body["class"]
        kind = import_listed(name, FOREIGN_OBJECTS if name in FOREIGN_OBJECTS else OBJECTS)
        # It is known before its attributes are read, since they may hold it themselves.
        value = self._objects[number] = kind.__new__(kind)
        name = EARLIER_PATHS.get(name, name)
        state = {key: self.read(node) for key, node in body["state"].items()}
        if name == "pixel-scale":  # by which every pixel is multiplied
            check_scale(state)
        check_learnt(name, state)
        vars(value).update(migrate(name, state, body.get("version", 0)))
        return value


def _plain_dtype(name):
    dtype = np.dtype(name)
    if dtype.hasobject or dtype.names or dtype.kind == "V":
        raise CheckpointError(f"names the dtype {str(name)[:80]!r}")
    return dtype
