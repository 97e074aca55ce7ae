"""Models of scikit-learn and PyOD through skops, with a fixed list of trusted types."""

import io
import math
import zipfile

import numpy as np

from toolkit._core.memory_layout import in_layout, memory_layout
from toolkit._core.npy_header import read_npy_header
from toolkit._persistence._classes import TRUSTED
from toolkit._persistence._forged import check_model, check_schema
from toolkit.exceptions import CheckpointError, DataFormatError

__all__ = ["dump_model", "load_model"]

_DEEPEST = 12  # models within models, such as trees of a forest


def dump_model(model, path):
    """A model as bytes, and how its arrays lie in memory.

    Returns
    -------
    content : bytes
    layouts : list of [place, layout]
        The arrays that skops would bring back in another layout, and theirs.

    Raises
    ------
    TypeError
        It holds a type that would not be loaded again.
    """
    import skops.io

    path = path or f"{type(model).__module__}.{type(model).__qualname__}"
    try:
        content = skops.io.dumps(model)
        unknown = sorted(set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED))
    except Exception as error:  # skops fails in many ways on what it does not know
        raise TypeError(f"Cannot save {path}: {type(model).__module__}.{type(model).__qualname__}: {error}") from error
    if unknown:
        raise TypeError(f"Cannot save {path}: it holds {', '.join(unknown)}, none of the types that are saved.")
    return content, list(_layouts(model, []))


def load_model(content, layouts):
    """The model of :func:`dump_model`; nothing beyond skops's own and our list of types is built."""
    import skops.io

    _check_members(content)
    try:
        model = skops.io.loads(content, trusted=list(TRUSTED))
        for place, layout in layouts:
            holder = model
            for name in place[:-1]:
                holder = _contents(holder)[name]
            holder = _contents(holder)
            array = holder[place[-1]]
            holder[place[-1]] = in_layout(array.transpose(layout.get("axes", range(array.ndim))), layout)
        check_model(model)
        return model
    except CheckpointError:
        raise
    except Exception as error:  # a forged file can fail anywhere in skops
        raise CheckpointError(
            f"holds a model that skops refuses: {type(error).__name__}: {str(error)[:200]}"
        ) from error


def _contents(holder):
    """What holds the parts of a model: a list or a dict, or the attributes of an object of theirs."""
    if type(holder) in (list, dict):
        return holder
    if type(holder).__module__.startswith(("sklearn.", "pyod.")) and hasattr(holder, "__dict__"):
        return vars(holder)
    raise CheckpointError("names a place in a model that holds nothing")


def _layouts(value, place):
    """Places and axes of the arrays that are contiguous in neither order, as slices of Fortran arrays are."""
    if isinstance(value, np.ndarray):
        if not (value.flags.c_contiguous or value.flags.f_contiguous) and not value.dtype.hasobject:
            yield [place, memory_layout(value)]
        return
    if len(place) > _DEEPEST:
        return
    try:
        contents = _contents(value)
    except CheckpointError:
        return
    for name, item in enumerate(contents) if type(contents) is list else contents.items():
        if type(name) in (str, int):
            yield from _layouts(item, [*place, name])


def _check_members(content):
    """Every member of the archive is as large as it says, and every array as large as its member."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            shapes = {}
            for member in archive.infolist():
                if member.compress_type != zipfile.ZIP_STORED or member.file_size > len(content):
                    raise CheckpointError(f"holds a compressed member {member.filename[:80]!r}, which is not written")
                if member.filename.endswith(".npy"):
                    with archive.open(member) as file:
                        header = read_npy_header(file, member.filename[:80], fields=True)
                    if header.offset + header.n_bytes != member.file_size:
                        raise CheckpointError(f"holds an array of {header.n_bytes} bytes in {member.file_size}")
                    if not header.dtype.itemsize and math.prod(header.shape):
                        raise CheckpointError(f"holds an array of shape {header.shape} without any bytes")
                    shapes[member.filename] = header.shape
            check_schema(archive.read("schema.json"), shapes)
    except CheckpointError:
        raise
    # What is wrong with a forged archive or schema shows itself in many ways, a schema that is no JSON as a ValueError.
    except (
        zipfile.BadZipFile, DataFormatError, OSError, NotImplementedError, RuntimeError, EOFError, ValueError,
        TypeError, LookupError, AttributeError,
    ) as error:  # fmt: skip
        raise CheckpointError(f"holds a damaged archive: {str(error)[:200]}") from error
