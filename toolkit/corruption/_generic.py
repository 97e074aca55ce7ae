"""Generic outliers: changes of no particular kind, to teach a model what lies outside of every kind it can name.

Images that no planted kind describes are found much better when such outliers are planted as well. They are no kinds of
corruption: nothing is to be recognised in them or repaired.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.geometry import displace
from toolkit._core.images import iter_chunks
from toolkit._core.names import lookup
from toolkit.corruption._apply import unit_stack
from toolkit.corruption._background import border_background, per_image

__all__ = ["GENERIC_OUTLIERS", "apply_generic", "planted_outliers"]

_CHUNK_VALUES = 2**18


def _lattice_basis(side, knots):
    """Gaussian bumps at ``knots`` places along ``side`` pixels, scaled so that white weights give unit variance."""
    centres = np.linspace(0, side - 1, knots)
    spacing = max((side - 1) / max(knots - 1, 1), 1e-6)
    basis = np.exp(-0.5 * ((np.arange(side)[:, None] - centres) / (0.8 * spacing)) ** 2)
    return (basis / np.linalg.norm(basis, axis=1, keepdims=True)).astype(np.float32)


def _fields(n, shape, knots, generator):
    """Smooth random fields (n, height, width) of unit variance: a coarse lattice of normals, spread by two matrices."""
    # A filter over every pixel, as in smooth_field, would take ten times as long.
    weights = generator.standard_normal((n, knots, knots), dtype=np.float32)
    return _lattice_basis(shape[0], knots) @ weights @ _lattice_basis(shape[1], knots).T


def _spread(values, stack):
    """Per-pixel values (n, height, width) against a grey or colour stack."""
    return values[..., None] if stack.ndim == 4 else values


def _elastic_warp(stack, others, generator):
    """Bend the image along a smooth displacement of 1.5 to 4 pixels."""
    n, shape = len(stack), stack.shape[1:3]
    pixel = np.sqrt(shape[0] * shape[1]) / 28
    amplitude = generator.uniform(1.5, 4.0, (n, 1, 1)).astype(np.float32) * np.float32(pixel)
    dx, dy = (_fields(n, shape, 5, generator) * amplitude for _ in "xy")
    return displace(stack, dx, dy, fill=border_background(stack))


def _pasted_patch(stack, others, generator):
    """Paste a rectangle of 6 to 16 pixels a side, cut from elsewhere in another image."""
    n, height, width = stack.shape[:3]

    def sides(length):
        low, high = max(1, round(length * 6 / 28)), max(1, round(length * 16 / 28))
        return generator.integers(low, high + 1, n)

    def interval(length, size):
        """Indices (n, length) of where to read, and whether a pixel is inside of the patch."""
        start = generator.integers(0, length - size + 1)
        source = generator.integers(0, length - size + 1)
        index = np.arange(length)
        inside = (index >= start[:, None]) & (index < (start + size)[:, None])
        return np.clip(index + (source - start)[:, None], 0, length - 1), inside

    rows, in_rows = interval(height, np.minimum(sides(height), height))
    columns, in_columns = interval(width, np.minimum(sides(width), width))
    patch = others[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return np.where(_spread(in_rows[:, :, None] & in_columns[:, None, :], stack), patch, stack)


def _smooth_mask(stack, others, generator):
    """Fade a part of the image into its background, through a smooth mask."""
    n = len(stack)
    field = _fields(n, stack.shape[1:3], 4, generator)
    sharpness = generator.uniform(2, 8, (n, 1, 1)).astype(np.float32)
    offset = generator.uniform(0, 0.8, (n, 1, 1)).astype(np.float32)
    keep = _spread(1 / (1 + np.exp(-sharpness * (field + offset))), stack)
    background = border_background(stack)
    background = background.reshape(n, 1, 1, *background.shape[1:])
    return background + keep * (stack - background)


def _smooth_field(stack, others, generator):
    """Add a smooth field of .1 to .4 of the range."""
    n = len(stack)
    knots = int(generator.integers(4, 10))
    amplitude = generator.uniform(0.1, 0.4, (n, 1, 1)).astype(np.float32)
    return stack + _spread(_fields(n, stack.shape[1:3], knots, generator) * amplitude, stack)


def _widen(stack):
    """Largest value among a pixel and its eight neighbours."""
    for axis in (1, 2):
        wide = stack.copy()
        ahead, behind = [slice(None)] * stack.ndim, [slice(None)] * stack.ndim
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        ahead, behind = tuple(ahead), tuple(behind)
        np.maximum(wide[ahead], stack[behind], out=wide[ahead])
        np.maximum(wide[behind], stack[ahead], out=wide[behind])
        stack = wide
    return stack


def _erosion_dilation(stack, others, generator):
    """Shrink or widen what is bright, by most of a pixel up to one and a half (3 x 3 squares, blended)."""
    sign = per_image(generator.choice([-1.0, 1.0], len(stack)), stack)
    steps = max(1, round(np.sqrt(stack.shape[1] * stack.shape[2]) / 28))
    once = original = stack * sign
    for _ in range(steps):
        once = _widen(once)
    twice = once
    for _ in range(steps):
        twice = _widen(twice)
    # A second erosion would leave nothing of a stroke, so that only dilation goes beyond the first.
    amount = generator.uniform(0.5, 1.5, len(stack))
    amount = per_image(amount, stack) * np.where(sign < 0, np.float32(2 / 3), np.float32(1))
    out = original + np.minimum(amount, 1) * (once - original)
    out += np.maximum(amount - 1, 0) * (twice - once)
    return out * sign


# name: function(stack, others, generator) -> stack; others holds another image for each image
GENERIC_OUTLIERS = {
    "elastic_warp": _elastic_warp,
    "pasted_patch": _pasted_patch,
    "smooth_mask": _smooth_mask,
    "smooth_field": _smooth_field,
    "erosion_dilation": _erosion_dilation,
}


def _others(stack, generator):
    """For each image another one of the stack; a lone image gets itself upside down."""
    if len(stack) < 2:
        return stack[:, ::-1, ::-1]
    return stack[(np.arange(len(stack)) + generator.integers(1, len(stack), len(stack))) % len(stack)]


@usual_floating_point
def apply_generic(stack: ArrayLike, name: str, generator: np.random.Generator) -> NDArray:
    """Turn every image of a stack into one generic outlier.

    Parameters
    ----------
    stack : ndarray of shape (n_images, height, width) or (n_images, height, width, 3)
        Values in [0, 1].
    name : str
        One of ``GENERIC_OUTLIERS``: ``elastic_warp``, ``pasted_patch``, ``smooth_mask``, ``smooth_field``,
        ``erosion_dilation``.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray of float32, of the shape of ``stack``
        Values in [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.corruption import apply_generic
    >>> dot = np.zeros((1, 5, 5), dtype=np.float32)
    >>> dot[0, 2, 2] = 1
    >>> bool((apply_generic(dot, "erosion_dilation", np.random.default_rng(1)) != dot).any())
    True
    """
    model = lookup(GENERIC_OUTLIERS, name, "generic outlier")
    stack = unit_stack(stack)
    out = np.empty_like(stack)
    chunk = max(2, _CHUNK_VALUES // max(1, stack[0].size if len(stack) else 1))
    for part in iter_chunks(len(stack), chunk):
        out[part] = model(stack[part], _others(stack[part], generator), generator)
    return np.clip(out, 0, 1, out=out)


@usual_floating_point
def planted_outliers(stack: ArrayLike, *, generator: np.random.Generator) -> tuple[NDArray, NDArray]:
    """Turn every image of a stack into a generic outlier drawn at random.

    Parameters
    ----------
    stack : ndarray of shape (n_images, height, width) or (n_images, height, width, 3)
        Values in [0, 1].
    generator : numpy.random.Generator

    Returns
    -------
    outliers : ndarray of float32, of the shape of ``stack``
    names : ndarray of str of shape (n_images,)
        Which of ``GENERIC_OUTLIERS`` each image became.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.corruption import planted_outliers
    >>> outliers, names = planted_outliers(np.zeros((3, 28, 28)), generator=np.random.default_rng(0))
    >>> outliers.shape, len(names)
    ((3, 28, 28), 3)
    """
    stack = unit_stack(stack)
    valid = np.array(list(GENERIC_OUTLIERS))
    names = generator.choice(valid, len(stack))
    out = np.empty_like(stack)
    for name in valid:
        mine = names == name
        if mine.any():
            out[mine] = apply_generic(stack[mine], name, generator)
    return out, names
