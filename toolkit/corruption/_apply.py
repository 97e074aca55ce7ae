"""Apply one kind of corruption to a stack, every image with its own random parameters."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.given import as_given_numbers
from toolkit._core.images import iter_chunks
from toolkit._core.labels import check_numbers
from toolkit._core.names import lookup
from toolkit.corruption._kinds import MODELS, STRENGTHS

__all__ = ["apply_corruption", "corrupt_stack", "unit_stack"]

# Values at a time: what a chunk needs stays within a processor's cache.
_CHUNK_VALUES = 2**18
# How often an image that came out as it went in is drawn again.
_RETRIES = 4
# A change below half a grey level of 256 is none.
_VISIBLE = 0.5 / 255


def _check_severity(severity, n_images, generator, kind):
    if STRENGTHS[kind] is None:
        return np.ones(n_images)
    if severity is None:
        return generator.random(n_images)
    severity = check_numbers("severity", severity)
    if severity.ndim > 1 or (severity.ndim == 1 and len(severity) != n_images):
        raise ValueError(f"severity must be a number or one number an image ({n_images}), got shape {severity.shape}.")
    if not np.all((severity >= 0) & (severity <= 1)):
        raise ValueError(f"severity must lie in [0, 1], got {severity.min():g} to {severity.max():g}.")
    return np.broadcast_to(severity, n_images).copy()


def unit_stack(stack):
    """A stack of finite numbers as float32, or one clear error."""
    stack = np.asarray(as_given_numbers(stack, "stack"))
    if stack.ndim not in (3, 4):
        raise ValueError(f"stack must be (n_images, height, width[, 3]), got shape {stack.shape}.")
    if stack.dtype.kind == "c":
        raise ValueError(f"stack must hold real numbers, got dtype {stack.dtype}.")
    stack = stack.astype(np.float32, copy=False)
    if not np.isfinite(stack).all():
        raise ValueError("stack must be finite, got NaN or infinity.")
    return stack


def _strength(kind, severity, image_shape):
    """The parameter that ``severity`` stands for, for images of this shape."""
    strength = STRENGTHS[kind]
    if strength is None:
        return None
    value = strength.weakest + (strength.strongest - strength.weakest) * severity
    return value * np.sqrt(image_shape[0] * image_shape[1]) / 28 if strength.unit.startswith("px") else value


def _apply_once(stack, kind, severity, generator):
    out, parameters = MODELS[kind](stack, _strength(kind, severity, stack.shape[1:]), generator)
    out = np.clip(out, 0, 1, out=out if out.flags.writeable else None)
    return out.astype(np.float32, copy=False), parameters


def _apply_chunk(stack, kind, severity, generator):
    out, parameters = _apply_once(stack, kind, severity, generator)
    if STRENGTHS[kind] is None:
        return out, parameters
    axes = tuple(range(1, stack.ndim))
    same = np.flatnonzero((np.abs(out - stack) <= _VISIBLE).all(axis=axes))
    for _ in range(_RETRIES):
        if not len(same):
            break
        again, drawn = _apply_once(stack[same], kind, severity[same], generator)
        out[same] = again
        for name, values in drawn.items():
            parameters[name] = np.array(parameters[name])
            parameters[name][same] = values
        same = same[(np.abs(again - stack[same]) <= _VISIBLE).all(axis=axes)]
    return out, parameters


@usual_floating_point
def apply_corruption(
    stack: ArrayLike, kind: str, *, generator: np.random.Generator, severity: ArrayLike | None = None
) -> tuple[NDArray, pd.DataFrame]:
    """Corrupt every image of a stack in one way.

    Parameters
    ----------
    stack : ndarray of shape (n_images, height, width) or (n_images, height, width, 3)
        Values in [0, 1].
    kind : str
        One of ``ALL_KINDS``.
    generator : numpy.random.Generator
    severity : float or array of shape (n_images,), default=None
        Position in the kind's default range, from 0 (weakest) to 1 (strongest). None draws it uniformly. Kinds that are
        there or not (turns, flips, inversion) have severity 1.

    Returns
    -------
    corrupted : ndarray of float32, of the shape of ``stack``
        Values in [0, 1].
    parameters : DataFrame of n_images rows
        ``kind``; ``severity``; ``angle`` in degrees, counter-clockwise as displayed, NaN where nothing was rotated; and
        the parameters of the kind.

    Raises
    ------
    ValueError
        If the kind is unknown, the stack is not finite, or the severity is not in [0, 1].

    Notes
    -----
    An image that comes out as it went in (an occluder on an empty corner) is drawn again up to four times. It may still
    be unchanged: a blank image cannot be flipped.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.corruption import apply_corruption
    >>> stack = np.zeros((2, 28, 28), dtype=np.float32)
    >>> stack[:, 8:20, 12:16] = 1
    >>> corrupted, parameters = apply_corruption(stack, "rotate", generator=np.random.default_rng(0), severity=0.5)
    >>> parameters[["kind", "severity", "angle"]]
         kind  severity  angle
    0  rotate       0.5   50.0
    1  rotate       0.5   50.0
    """
    out, columns = corrupt_stack(stack, kind, generator=generator, severity=severity)
    return out, pd.DataFrame(columns)


@usual_floating_point
def corrupt_stack(
    stack: ArrayLike, kind: str, *, generator: np.random.Generator, severity: ArrayLike | None = None
) -> tuple[NDArray, dict[str, NDArray]]:
    """Do what :func:`apply_corruption` does, with the parameters as plain arrays.

    A frame costs as much as to corrupt some tens of images: for whoever corrupts a few of them many times.

    Parameters
    ----------
    stack, kind, generator, severity
        As of :func:`apply_corruption`.

    Returns
    -------
    corrupted : ndarray of float32, of the shape of ``stack``
    parameters : dict of str to ndarray of shape (n_images,)
        The columns of its frame.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.corruption import corrupt_stack
    >>> stack = np.zeros((1, 28, 28), dtype=np.float32)
    >>> stack[:, 8:20, 12:16] = 1
    >>> corrupted, parameters = corrupt_stack(stack, "rotate", generator=np.random.default_rng(0), severity=0.5)
    >>> {name: values.tolist() for name, values in parameters.items()}
    {'kind': ['rotate'], 'severity': [0.5], 'angle': [50.0]}
    """
    lookup(MODELS, kind, "corruption kind")
    stack = unit_stack(stack)
    n_images = len(stack)
    severity = _check_severity(severity, n_images, generator, kind)
    out, frames = np.empty_like(stack), []
    chunk = max(1, _CHUNK_VALUES // max(1, stack[0].size if n_images else 1))
    for part in iter_chunks(n_images, chunk):
        out[part], parameters = _apply_chunk(stack[part], kind, severity[part], generator)
        frames.append(parameters)
    columns = {
        "kind": np.full(n_images, kind, dtype=object),
        "severity": severity,
        "angle": np.full(n_images, np.nan),
    }
    for name in frames[0] if frames else ():
        columns[name] = np.concatenate([frame[name] for frame in frames])
    return out, columns
