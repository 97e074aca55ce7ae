"""Blur: Gaussian, motion, and coarse pixels; every image with its own width.

A stack of small images is blurred by matrix products, in which each image has its own matrix; large images by filters.
"""

import numpy as np
from scipy import fft, ndimage

from toolkit.corruption._background import border_background

__all__ = ["gaussian_blur", "motion_blur", "pixelate"]

_TRUNCATE = 4.0  # standard deviations at which the kernel ends, as in scipy
_LARGEST_MATRIX = 96  # pixels a side above which filters beat matrix products


def _blur_matrices(sigma, side):
    """Blurring along one axis as matrices (n, side, side); beyond the edge the edge pixel repeats."""
    radius = int(_TRUNCATE * float(np.max(sigma)) + 0.5)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (offsets / np.asarray(sigma)[:, None]) ** 2)
    # Each image's kernel ends where scipy ends it, not where the widest one does.
    weights[np.abs(offsets) > np.floor(_TRUNCATE * np.asarray(sigma)[:, None] + 0.5)] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    source = np.clip(np.arange(side) + offsets[:, None], 0, side - 1)
    shifts = (source[:, :, None] == np.arange(side)).astype(np.float32)  # (offset, output, input)
    return (weights.astype(np.float32) @ shifts.reshape(len(offsets), -1)).reshape(-1, side, side)


def gaussian_blur(stack, sigma, generator):
    """Gaussian filter of ``sigma`` pixels, as in ``skimage.filters.gaussian``."""
    height, width = stack.shape[1:3]
    if max(height, width) > _LARGEST_MATRIX:
        channels = (0.0,) * (stack.ndim - 3)
        blurred = [
            ndimage.gaussian_filter(image, (s, s, *channels), mode="nearest", truncate=_TRUNCATE)
            for image, s in zip(stack, sigma)
        ]
        return np.stack(blurred), {"sigma": sigma}
    rows = _blur_matrices(sigma, height)
    columns = (rows if width == height else _blur_matrices(sigma, width)).swapaxes(1, 2)
    if stack.ndim == 3:
        return rows @ stack @ columns, {"sigma": sigma}
    planes = np.moveaxis(stack, -1, 1)  # (n, channels, height, width)
    return np.ascontiguousarray(np.moveaxis(rows[:, None] @ planes @ columns[:, None], 1, -1)), {"sigma": sigma}


def _line_kernels(length, direction, size):
    """Kernels (n, size, size) of a line through the centre, drawn pixel by pixel and spread bilinearly."""
    n, half = len(length), size // 2
    steps = (np.arange(2 * size) + 0.5) / (2 * size) - 0.5
    along = steps * np.maximum(np.asarray(length)[:, None] - 1, 0)
    radians = np.deg2rad(direction)[:, None]
    x, y = half + along * np.cos(radians), half - along * np.sin(radians)
    left, top = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    u, v = x - left, y - top
    # One row and column more than needed, so that the far corner of the last pixel has a place.
    index = np.arange(n)[:, None] * (size + 1) ** 2 + top * (size + 1) + left
    kernels = np.zeros(n * (size + 1) ** 2)
    corners = ((0, (1 - u) * (1 - v)), (1, u * (1 - v)), (size + 1, (1 - u) * v), (size + 2, u * v))
    for shift, weight in corners:
        kernels += np.bincount((index + shift).ravel(), weight.ravel(), minlength=len(kernels))
    kernels = kernels.reshape(n, size + 1, size + 1)[:, :size, :size]
    return (kernels / len(steps)).astype(np.float32)


def motion_blur(stack, length, generator):
    """Average along a straight line of ``length`` pixels; ``direction`` is in degrees, counter-clockwise from right."""
    direction = generator.uniform(0, 180, len(stack))
    reach = int(np.ceil(float(np.max(length)) / 2))
    kernels = _line_kernels(length, direction, 2 * reach + 1)
    size = [fft.next_fast_len(side + reach, real=True) for side in stack.shape[1:3]]
    transfer = fft.rfft2(kernels, s=size, axes=(1, 2))
    background = border_background(stack)
    background = background.reshape(len(stack), 1, 1, *background.shape[1:])
    if stack.ndim == 4:
        transfer = transfer[..., None]
    # Working on the difference to the background, the padding may be zero.
    blurred = fft.irfft2(fft.rfft2(stack - background, s=size, axes=(1, 2)) * transfer, s=size, axes=(1, 2))
    part = blurred[:, reach : reach + stack.shape[1], reach : reach + stack.shape[2]]
    return part + background, {"length": length, "direction": direction}


def pixelate(stack, block, generator):
    """Replace squares of ``block`` pixels (rounded) by their mean."""
    block = np.maximum(np.rint(block).astype(int), 2)
    out = np.empty_like(stack)
    for side in np.unique(block):
        mine = block == side
        coarse = stack[mine]
        for axis in (1, 2):
            starts = np.arange(0, stack.shape[axis], side)
            counts = np.diff(np.append(starts, stack.shape[axis]))
            shape = [1] * stack.ndim
            shape[axis] = -1
            means = np.add.reduceat(coarse, starts, axis=axis) / counts.astype(np.float32).reshape(shape)
            coarse = np.repeat(means, counts, axis=axis)
        out[mine] = coarse
    return out, {"block": block}
