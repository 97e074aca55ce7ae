"""What a .npy header declares, checked before anything is allocated.

The format is numpy's (NEP 1): a magic string, a version, the length of the header, and a literal that gives dtype,
order and shape. A file may declare anything, so a declaration is believed only once it agrees with the number of bytes
that are there and stays under a cap.
"""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.lib import format as npy

from toolkit.exceptions import DataFormatError

__all__ = ["MAX_BYTES", "NpyHeader", "describe_bytes", "read_npy_header"]

MAX_BYTES = 4 * 2**30  # the default cap on what a file may make us hold in memory: 4 GiB


@dataclass(frozen=True)
class NpyHeader:
    """dtype, shape and order of an array in a file, and where its data start."""

    dtype: np.dtype
    shape: tuple[int, ...]
    fortran_order: bool
    offset: int

    @property
    def n_bytes(self):
        """Size of the data as declared; a Python int, so nothing overflows."""
        return math.prod(self.shape) * self.dtype.itemsize


def describe_bytes(n_bytes):
    """Size in words, without overflow however large a header says it is.

    Examples
    --------
    >>> describe_bytes(200), describe_bytes(3 * 2**30)
    ('200 bytes', '3.0 GiB')
    """
    for power, unit in ((50, "PiB"), (40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if n_bytes >= 2**power:
            return f"{n_bytes / 2**power:,.1f} {unit}" if n_bytes < 2**80 else f"over {2**30:,} PiB"
    return f"{n_bytes} bytes"


def read_npy_header(file, what, *, fields=False):
    """Read the header of a .npy stream.

    Parameters
    ----------
    file : binary file
        At its start; left at the first byte of the data.
    what : str
        Names the file and array in messages.
    fields : bool, default=False
        Accept records of plain numbers, as models of scikit-learn hold them.

    Returns
    -------
    NpyHeader

    Raises
    ------
    DataFormatError
        Not a header, or one that declares Python objects, fields or a shape that cannot be.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy warns of headers written by Python 2
            version = npy.read_magic(file)
            readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
            if version not in readers:
                raise DataFormatError(f"{what} is a .npy of version {version}, expected 1.0 or 2.0.")
            shape, fortran_order, dtype = readers[version](file)
    except DataFormatError:
        raise
    # numpy parses the header as a Python literal, which fails in many ways on arbitrary bytes.
    except Exception as error:
        raise DataFormatError(f"{what} has no valid .npy header: {_first_line(error)}") from error
    if dtype.hasobject:
        raise DataFormatError(f"{what} holds Python objects (dtype {dtype}), which are never loaded.")
    if fields and dtype.fields is not None and all(part[0].kind in "biuf" for part in dtype.fields.values()):
        pass
    elif dtype.fields is not None or dtype.subdtype is not None or dtype.kind == "V":
        raise DataFormatError(f"{what} has dtype {dtype}, expected plain numbers or strings.")
    if any(isinstance(side, bool) or side < 0 for side in shape):
        raise DataFormatError(f"{what} declares the shape {shape}.")
    return NpyHeader(dtype, tuple(shape), bool(fortran_order), file.tell())


def _first_line(error):
    text = str(error) or type(error).__name__
    return text.splitlines()[0][:200]
