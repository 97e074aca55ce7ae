"""Geometry undone: turns, flips, shifts, magnification and slant, with the distortion given or estimated by moments.

Symmetries of the square only move pixels and are undone exactly, in any dtype. The others sample the image at new
places, by cubic splines: the forward distortion has already blurred it once.
"""

import numpy as np

from toolkit._core.geometry import affine_matrix, dihedral, inverse_dihedral, warp
from toolkit._core.images import to_grey

__all__ = ["background", "derotate", "recentre", "rescale", "undo_symmetry", "unshear", "unwarp"]

_MAPS = {"rotate_90": ((0, 1), (-1, 0)), "rotate_270": ((0, -1), (1, 0)), "transpose": ((0, 1), (1, 0))}


def background(stack):
    """Median of the outermost pixels of each image, (n,) or (n, channels)."""
    border = np.concatenate([stack[:, 0], stack[:, -1], stack[:, :, 0], stack[:, :, -1]], axis=1)
    return np.median(border, axis=1).astype(np.float32)


def undo_symmetry(stack, *, symmetry):
    """Undo one symmetry of the square. Any dtype; exact where the images are square, or the symmetry keeps the shape.

    In images that are not square a quarter turn about the centre has lost what fell outside, and that stays lost.
    """
    inverse = inverse_dihedral(symmetry)
    if stack.shape[1] == stack.shape[2] or inverse not in _MAPS:
        return dihedral(stack, inverse)
    matrix = np.zeros((1, 2, 3))
    matrix[0, :, :2] = _MAPS[inverse]
    unit = stack.astype(np.float32)
    return warp(unit, matrix, fill=background(unit))


def unwarp(stack, *, order=3, **distortion):
    """Undo ``affine_matrix(**distortion)``; what comes into view is background."""
    forward = affine_matrix(**distortion)
    square = np.zeros((len(forward), 3, 3))
    square[:, :2], square[:, 2, 2] = forward, 1
    inverse = np.linalg.inv(square)[:, :2]
    return np.clip(warp(stack, inverse, fill=background(stack), order=order), 0, 1)


def _moments(stack):
    """Centre (x, y, in pixels from the image's) and second moments of what differs from the background."""
    grey = to_grey(stack)
    ink = np.abs(grey - background(grey)[:, None, None]).astype(np.float64)
    ink[ink < 0.1] = 0  # faint haze far out would carry the centre away
    total = np.maximum(ink.sum(axis=(1, 2)), 1e-9)
    height, width = grey.shape[1:]
    x, y = np.arange(width) - (width - 1) / 2, np.arange(height) - (height - 1) / 2
    over_x, over_y = ink.sum(axis=1), ink.sum(axis=2)
    cx, cy = over_x @ x / total, over_y @ y / total
    xx, yy = over_x @ x**2 / total - cx**2, over_y @ y**2 / total - cy**2
    xy = np.einsum("nyx,y,x->n", ink, y, x) / total - cx * cy
    return cx, cy, xx, xy, yy


def derotate(stack, *, angle=None):
    """Turn back by ``angle`` degrees (counter-clockwise as displayed, one an image or one for all).

    None takes the principal axis of what is drawn as upright: right for an l, meaningless for an o.
    """
    if angle is None:
        _, _, xx, xy, yy = _moments(stack)
        # Axis against the vertical; with y down a positive covariance leans to the left on top.
        angle = np.rad2deg(0.5 * np.arctan2(2 * xy, yy - xx))
    return unwarp(stack, angle=angle)


def recentre(stack, *, dx=None, dy=None):
    """Shift back by ``dx`` pixels (to the right) and ``dy`` (down), rounded to whole ones.

    None brings the centre of mass to where the set has it (the median over its images).
    """
    if dx is None or dy is None:
        cx, cy = _moments(stack)[:2]
        dx = cx - np.median(cx) if dx is None else dx
        dy = cy - np.median(cy) if dy is None else dy
    return unwarp(stack, dx=np.rint(dx), dy=np.rint(dy), order=1)


def rescale(stack, *, factor=None):
    """Shrink by ``factor``; None brings the spread of what is drawn to the set's own (the median over its images)."""
    if factor is None:
        _, _, xx, _, yy = _moments(stack)
        spread = np.sqrt(np.maximum(xx + yy, 1e-6))
        factor = np.clip(spread / np.median(spread), 0.3, 3.0)
    return unwarp(stack, scale=factor)


def unshear(stack, *, slant=None):
    """Undo a slant of ``slant`` pixels a pixel of height; None makes the second moments upright (deslanting)."""
    if slant is None:
        _, _, _, xy, yy = _moments(stack)
        slant = np.clip(-xy / np.maximum(yy, 1e-6), -1.5, 1.5)
    return unwarp(stack, shear=slant)
