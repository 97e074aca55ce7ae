"""Queries as pictures: handwritten digits drawn from a set, and signs written with jitter."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.labels import check_strings
from toolkit._core.parameters import check_int
from toolkit._core.random import as_generator
from toolkit._core.types import RandomState
from toolkit.datasets._arithmetic import pad_strings
from toolkit.datasets._digits import load_digits

if TYPE_CHECKING:
    from toolkit.datasets._image_set import ImageSet

__all__ = ["render_queries"]

_CHUNK = 4096
# Ends of the strokes of each sign about its centre, in parts of half its size: (x, y) to (x, y).
_STROKES = {"+": (((-1, 0), (1, 0)), ((0, -1), (0, 1))), "-": (((-1, 0), (1, 0)),)}


@usual_floating_point
def render_queries(
    queries: ArrayLike, digits: "ImageSet | None" = None, *, length: int | None = None, random_state: RandomState = None
) -> NDArray:
    """Write each character as a picture.

    Digits are drawn at random from the pictures of a set, so take its train part for training and its test part for
    testing. Signs are pen strokes whose size, place, slant and width vary. A space is an empty picture.

    Parameters
    ----------
    queries : array-like of str of shape (n_samples,)
        Digits, ``+``, ``-`` and spaces.
    digits : ImageSet, optional
        Pictures (n, height, width), bright ink on dark paper, whose labels are the digits; by default the embedded
        ones of :func:`load_digits`.
    length : int, optional
        Characters a sample, shorter ones padded with empty pictures at the end; by default of the longest.
    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    ndarray of shape (n_samples, length, height, width)
        In the dtype of the digits (28 x 28 pixels as a rule).

    Raises
    ------
    ValueError
        Characters that cannot be written, a query longer than ``length``, digits without labels or in colour.

    See Also
    --------
    make_arithmetic : Makes the queries.

    Examples
    --------
    >>> from toolkit.datasets import render_queries
    >>> render_queries(["45+23", "7-8"], random_state=0).shape
    (2, 5, 28, 28)
    """
    check_int("length", length, optional=True)
    strings = check_strings("queries", [queries] if isinstance(queries, str) else queries)
    if strings.ndim != 1:
        raise ValueError(f"queries must be strings of shape (n_samples,), got an array of shape {strings.shape}.")
    if length is None:
        length = max(1, int(np.char.str_len(strings).max(initial=1)))
    characters = pad_strings(strings, length).astype(f"<U{length}").view("<U1").reshape(len(strings), length)
    unknown = sorted(set(np.unique(characters)) - set("0123456789+- "))
    if unknown:
        raise ValueError(f"queries must consist of digits, '+', '-' and spaces, got {str(unknown[0])!r}.")
    digits = load_digits() if digits is None else digits
    if digits.labels is None or digits.images.ndim != 3:
        raise ValueError("digits must be an ImageSet of grey pictures with labels.")
    generator = as_generator(random_state)
    pictures = np.zeros((len(strings), length, *digits.image_shape), dtype=digits.images.dtype)
    labels = np.asarray(digits.labels).astype(str)
    for digit in "0123456789":
        rows, places = np.nonzero(characters == digit)
        if len(rows) == 0:
            continue
        choices = np.flatnonzero(labels == digit)
        if len(choices) == 0:
            raise ValueError(f"digits must hold a picture of every digit that is written, got none of {digit!r}.")
        pictures[rows, places] = digits.images[generator.choice(choices, size=len(rows))]
    ink = 255.0 if digits.images.dtype == np.uint8 else float(digits.images.max())
    for sign in _STROKES:
        rows, places = np.nonzero(characters == sign)
        for start in range(0, len(rows), _CHUNK):
            part = slice(start, start + _CHUNK)
            drawn = _draw_signs(sign, len(rows[part]), digits.image_shape, generator) * ink
            pictures[rows[part], places[part]] = np.rint(drawn) if pictures.dtype.kind in "ui" else drawn
    return pictures


def _draw_signs(sign, n_signs, shape, generator):
    """Anti-aliased strokes of varying size, place, slant and width: (n_signs, height, width) in [0, 1]."""
    height, width = shape
    unit = min(height, width) / 28
    half = generator.uniform(5, 9, n_signs) * unit  # half the size of the sign in pixels
    pen = generator.uniform(1.0, 2.1, n_signs)[:, None, None] * unit  # half the width of the stroke
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    middle = generator.uniform(-2.5, 2.5, (n_signs, 2)) * unit + [(width - 1) / 2, (height - 1) / 2]
    ink = np.zeros((n_signs, height, width), dtype=np.float32)
    for ends in _STROKES[sign]:
        wobble = generator.normal(0, 0.12, (n_signs, 2, 2)) + np.asarray(ends)
        points = middle[:, None] + half[:, None, None] * wobble  # (n_signs, 2 ends, xy)
        start, along = points[:, 0], points[:, 1] - points[:, 0]
        dx, dy = (xs - start[:, 0, None, None]), (ys - start[:, 1, None, None])
        ax, ay = along[:, 0, None, None], along[:, 1, None, None]
        share = np.clip((dx * ax + dy * ay) / (ax**2 + ay**2), 0, 1)
        distance = np.hypot(dx - share * ax, dy - share * ay)
        np.maximum(ink, np.clip(pen + 0.5 - distance, 0, 1), out=ink)
    return ink
