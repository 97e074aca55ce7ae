"""The idx format of MNIST and its successors, gzipped or not."""

import gzip
import io
import math
import zlib

import numpy as np

from toolkit.exceptions import DataFormatError

__all__ = ["parse_idx", "unpacked"]

_DTYPES = {
    0x08: np.dtype(np.uint8),
    0x09: np.dtype(np.int8),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK = 2**20
_MOST_DIMENSIONS = 8


def unpacked(content, what, *, max_bytes):
    """The content of a file that may be gzipped, never more than ``max_bytes`` of it.

    Parameters
    ----------
    content : bytes
    what : str
        Names the file in messages.
    max_bytes : int

    Returns
    -------
    bytes

    Raises
    ------
    DataFormatError
        Damaged, truncated, or larger than the cap.

    Examples
    --------
    >>> import gzip
    >>> unpacked(gzip.compress(b"abc"), "a file", max_bytes=10), unpacked(b"abc", "a file", max_bytes=10)
    (b'abc', b'abc')
    """
    if content[:2] == _GZIP_MAGIC:
        pieces, size = [], 0
        try:
            with gzip.open(io.BytesIO(content)) as stream:
                while size <= max_bytes and (piece := stream.read(_CHUNK)):
                    pieces.append(piece)
                    size += len(piece)
        except (OSError, EOFError, zlib.error) as error:
            raise DataFormatError(f"{what} is a damaged gzip file: {error}") from error
        content = b"".join(pieces)
    if len(content) > max_bytes:
        raise DataFormatError(f"{what} unpacks to more than the {max_bytes:,} bytes expected of it.")
    return content


def parse_idx(content, what):
    """Parse an unpacked idx file.

    Parameters
    ----------
    content : bytes
        Two zero bytes, a type, the number of dimensions, the dimensions as big-endian 32-bit integers, the values.
    what : str
        Names the file in messages.

    Returns
    -------
    ndarray
        In native byte order; shares its memory with ``content`` where it can, and is read-only then.

    Raises
    ------
    DataFormatError
        Anything but a header and exactly the values that it declares.

    References
    ----------
    .. [1] Y. LeCun, C. Cortes and C. Burges, The MNIST database of handwritten digits.

    Examples
    --------
    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]), "three labels").tolist()
    [7, 8, 9]
    """
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _DTYPES:
        raise DataFormatError(f"{what} is not an idx file: it starts with {content[:4].hex(' ') or 'nothing'}.")
    dtype, rank = _DTYPES[content[2]], content[3]
    start = 4 + 4 * rank
    if not 1 <= rank <= _MOST_DIMENSIONS or len(content) < start:
        raise DataFormatError(f"{what} is not an idx file: a header of rank {rank} in {len(content)} bytes.")
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4))
    declared = math.prod(shape) * dtype.itemsize
    if len(content) - start != declared:
        raise DataFormatError(
            f"{what} declares {declared:,} bytes of shape {shape}, but holds {len(content) - start:,}."
        )
    if 0 in shape:  # numpy multiplies the other sides, which may be of any size
        raise DataFormatError(f"{what} is empty: shape {shape}.")
    values = np.frombuffer(content, dtype=dtype, offset=start).reshape(shape)
    return values.astype(dtype.newbyteorder("="), copy=False)
