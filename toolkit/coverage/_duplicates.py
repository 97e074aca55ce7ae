"""Which images are the same, pixel for pixel: told by a digest of each, so that copies need no distance."""

import hashlib

import numpy as np

from toolkit._core.images import iter_chunks

__all__ = ["distinct_rows", "image_digests"]

_CHUNK = 4096


def image_digests(stack, scale):
    """A digest of each image on the scale of the data; equal pixels have equal digests whatever dtype they came in.

    Parameters
    ----------
    stack : ndarray of shape (n_samples, height, width[, 3])
    scale : PixelScale

    Returns
    -------
    ndarray of uint64 of shape (n_samples,)
    """
    low, span = 0.5 * scale.low, 0.5 * scale.high - 0.5 * scale.low
    found = np.empty(len(stack), dtype=np.uint64)
    for part in iter_chunks(len(stack), _CHUNK):
        # The same arithmetic for every dtype; 0 is added since -0.0 and 0.0 differ in their bytes alone.
        unit = ((0.5 * stack[part].astype(np.float64) - low) / span).astype(np.float32) + np.float32(0.0)
        rows = np.ascontiguousarray(unit.reshape(len(unit), -1))
        digests = b"".join(hashlib.blake2b(row, digest_size=8).digest() for row in rows)
        found[part] = np.frombuffer(digests, dtype=np.uint64)
    return found


def distinct_rows(digests):
    """The first row of each digest, in order.

    >>> import numpy as np
    >>> distinct_rows(np.array([7, 3, 7, 3, 1], dtype=np.uint64)).tolist()
    [0, 1, 4]
    """
    return np.sort(np.unique(digests, return_index=True)[1])
