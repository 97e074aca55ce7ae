"""Geometry: turns, flips, shifts, magnification, slant. What comes into view is filled with the background."""

import numpy as np

from toolkit._core.geometry import affine_matrix, dihedral, warp, wrap_angle
from toolkit.corruption._background import border_background

__all__ = ["rotate", "scale", "shear", "symmetry", "translate"]

# The symmetries as linear maps of (x, y), x to the right and y down: for images that are not square.
_MAPS = {
    "rotate_90": ((0, 1), (-1, 0)),
    "rotate_270": ((0, -1), (1, 0)),
    "transpose": ((0, 1), (1, 0)),
}
_ANGLES = {"rotate_90": 90.0, "rotate_180": 180.0, "rotate_270": -90.0}


def _signs(n_images, generator):
    return generator.choice([-1.0, 1.0], n_images)


def symmetry(name):
    """Forward model of one of the symmetries of the square.

    An image that is not square keeps its shape: it is turned about its centre, and what falls outside is lost.
    """

    def apply(stack, _, generator):
        angle = {"angle": np.full(len(stack), _ANGLES[name])} if name in _ANGLES else {}
        if stack.shape[1] == stack.shape[2] or name not in _MAPS:
            return dihedral(stack, name), angle
        matrix = np.zeros((1, 2, 3))
        matrix[0, :, :2] = _MAPS[name]
        return warp(stack, matrix, fill=border_background(stack)), angle

    return apply


def rotate(stack, turn, generator):
    """Rotate by ``turn`` degrees, half of the images one way and half the other."""
    angle = wrap_angle(turn * _signs(len(stack), generator))
    return warp(stack, affine_matrix(angle=angle), fill=border_background(stack)), {"angle": angle}


def scale(stack, factor, generator):
    """Magnify by ``factor``, or shrink by it."""
    factor = factor ** _signs(len(stack), generator)
    return warp(stack, affine_matrix(scale=factor), fill=border_background(stack)), {"factor": factor}


def shear(stack, slant, generator):
    """Slant to the right (positive) or to the left by ``slant`` pixels a pixel of height."""
    slant = slant * _signs(len(stack), generator)
    return warp(stack, affine_matrix(shear=slant), fill=border_background(stack)), {"slant": slant}


def translate(stack, distance, generator):
    """Shift by ``distance`` in any direction, rounded to whole pixels: a shift should not also be a blur.

    The parameters ``dx`` (to the right) and ``dy`` (down) are those of the rounded shift.
    """
    n, height, width = stack.shape[:3]
    direction = generator.uniform(0, 2 * np.pi, n)
    dx = np.rint(distance * np.cos(direction)).astype(int)
    dy = np.rint(-distance * np.sin(direction)).astype(int)
    # A row of background around each image: whatever lies outside is read from there.
    padded = np.empty((n, height + 2, width + 2, *stack.shape[3:]), dtype=np.float32)
    background = border_background(stack)
    padded[:] = background.reshape(n, 1, 1, *background.shape[1:])
    padded[:, 1:-1, 1:-1] = stack
    rows = np.clip(np.arange(height) - dy[:, None] + 1, 0, height + 1)
    columns = np.clip(np.arange(width) - dx[:, None] + 1, 0, width + 1)
    out = padded[np.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return out, {"dx": dx, "dy": dy}
