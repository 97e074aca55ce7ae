"""Sequences of pictures: what is accepted, and how a batch of them becomes numbers from 0 to 1."""

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.pixel_scale import PixelScale

__all__ = ["as_pictures", "unit_of"]


def as_pictures(
    values: ArrayLike, name: str, length: int | None = None, shape: tuple[int, ...] | None = None
) -> NDArray:
    """Array (n, length, height, width) of finite numbers in its own dtype, or one clear error.

    Parameters
    ----------
    values : array-like
    name : str
        What to call it in the message.
    length : int, optional
        Pictures a row that are expected; any number by default.
    shape : tuple of int, optional
        Shape of a picture that is expected.
    """
    pictures = np.asarray(values)
    if pictures.ndim != 4 or 0 in pictures.shape:
        raise ValueError(
            f"{name} must be pictures of shape (n_samples, length, height, width), got an array of shape "
            f"{pictures.shape}."
        )
    if pictures.dtype.kind not in "buif":
        raise ValueError(f"{name} must be pictures of real numbers, got an array of {pictures.dtype}.")
    length = pictures.shape[1] if length is None else length
    if shape is not None and (pictures.shape[1] != length or pictures.shape[2:] != tuple(shape)):
        raise ValueError(
            f"{name} must be {length} pictures of shape {tuple(shape)} a row, as in fit, got {pictures.shape[1]} of "
            f"shape {pictures.shape[2:]}."
        )
    if pictures.dtype.kind == "f" and not np.isfinite(pictures).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity.")
    # torch knows fewer types than numpy does; uint8 stays what it is.
    return pictures if pictures.dtype == np.uint8 else pictures.astype(np.float32, copy=False)


def unit_of(scale: PixelScale) -> Callable:
    """A function from a tensor of pictures as they came to float32 in [0, 1]."""
    return functools.partial(_to_unit, low=float(scale.low), span=float(scale.high) - float(scale.low))


def _to_unit(pictures, low, span):
    return ((pictures.float() - low) / span).clamp(0, 1)
