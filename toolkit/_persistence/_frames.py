"""Frames of pandas as columns."""

import numpy as np

from toolkit.exceptions import CheckpointError

__all__ = ["frame_node", "read_frame"]

_TEXT = ("str", "string", "object")


def frame_node(writer, frame, path):
    """The node of a DataFrame with columns of numbers or text."""
    import pandas as pd

    columns = []
    for place, name in enumerate(frame.columns):
        column = frame.iloc[:, place]
        if not isinstance(column.dtype, np.dtype) and str(column.dtype) not in _TEXT:
            raise TypeError(f"Cannot save {path}/{name}: a column of dtype {column.dtype} is none that is saved.")
        columns.append([writer.write(name, path), str(column.dtype), writer.write(_values(column), f"{path}/{name}")])
    index = frame.index
    if type(index) is pd.RangeIndex:
        rows = range(index.start, index.stop, index.step)
    else:
        rows = _values(index)
    return {"frame": {"columns": columns, "index": writer.write(rows, f"{path}/index")}}


def _values(column):
    return column.to_numpy() if isinstance(column.dtype, np.dtype) else column.to_numpy(dtype=object)


def read_frame(reader, body):
    """The DataFrame of a node's body."""
    import pandas as pd

    index = reader.read(body["index"])
    series = []
    for name, dtype, node in body["columns"]:
        values = reader.read(node)
        if not isinstance(values, np.ndarray) or (dtype not in _TEXT and str(values.dtype) != dtype):
            raise CheckpointError("holds a column of another type than it says")
        series.append(pd.Series(values, index=index, dtype=dtype, name=reader.read(name)))
    if not series:
        return pd.DataFrame(index=index)
    return pd.concat(series, axis=1)
