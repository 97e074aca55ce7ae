"""Where the ink is: moments, centring, bounding box, border. Ink is what departs from the background."""

from functools import lru_cache

import numpy as np

from toolkit.diagnostics._statistics_views import pixel_sums

__all__ = ["border", "ink", "moments"]

_INK = 0.25  # departure from the background that counts as ink


@lru_cache(maxsize=8)
def _monomials(height, width):
    """Powers x^p y^q up to order three about the image centre, (height * width, 10); see ``_EXPONENTS``."""
    y, x = np.mgrid[:height, :width].reshape(2, -1)
    x, y = x - (width - 1) / 2, y - (height - 1) / 2
    return np.stack([x**p * y**q for p, q in _EXPONENTS], axis=1)


_EXPONENTS = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (3, 0), (2, 1), (1, 2), (0, 3))


def moments(views):
    """Centring, size, elongation, slant and skew of the ink, from its moments up to order three.

    Lengths are in units of the image's side; ``x`` runs right and ``y`` down.
    """
    weights = views.ink.reshape(views.n_images, -1).astype(np.float64)
    m = dict(zip(_EXPONENTS, (weights @ _monomials(views.height, views.width)).T))
    mass = m[0, 0]
    blank = mass <= 1e-6 * views.n_pixels
    mass = np.where(blank, 1, mass)
    raw = {key: np.where(blank, 0, value / mass) for key, value in m.items()}
    cx, cy = raw[1, 0], raw[0, 1]
    xx, xy, yy = raw[2, 0] - cx**2, raw[1, 1] - cx * cy, raw[0, 2] - cy**2
    xxx = raw[3, 0] - 3 * cx * raw[2, 0] + 2 * cx**3
    yyy = raw[0, 3] - 3 * cy * raw[0, 2] + 2 * cy**3
    # A quarter of a pixel keeps a single bright column from dividing by nothing.
    wide, tall = np.maximum(xx, 0.0625), np.maximum(yy, 0.0625)
    return {
        "centre_x": cx / views.width,
        "centre_y": cy / views.height,
        "off_centre": np.hypot(cx / views.width, cy / views.height),
        "spread": np.sqrt(np.maximum(xx + yy, 0) / views.n_pixels),
        "elongation": np.hypot(xx - yy, 2 * xy) / np.where(xx + yy > 0, xx + yy, 1),
        "slant": -xy / tall,
        "skew_x": xxx / wide**1.5,
        "skew_y": yyy / tall**1.5,
    }


def _extent(any_ink, length):
    """First and last place with ink of each image, as fractions of the side; (.5, .5) without any."""
    first = any_ink.argmax(axis=1)
    last = length - any_ink[:, ::-1].argmax(axis=1)
    empty = ~any_ink.any(axis=1)
    return np.where(empty, 0.5, first / length), np.where(empty, 0.5, last / length)


def ink(views):
    """Share of the ink, mass of the ink, and the box that bounds it."""
    mask = views.ink > _INK
    left, right = _extent(mask.any(axis=1), views.width)
    top, bottom = _extent(mask.any(axis=2), views.height)
    peak = views.ink.reshape(views.n_images, -1).max(axis=1)
    relative = views.ink > 0.5 * peak[:, None, None]
    return {
        "ink_fraction": np.count_nonzero(mask, axis=(1, 2)) / views.n_pixels,
        "ink_relative": np.count_nonzero(relative, axis=(1, 2)) / views.n_pixels,
        "ink_mass": pixel_sums(views.ink) / views.n_pixels,
        "box_width": right - left,
        "box_height": bottom - top,
        "box_x": (left + right) / 2 - 0.5,
        "box_y": (top + bottom) / 2 - 0.5,
    }


def border(views):
    """Level, spread and largest departure of the outermost ring of pixels."""
    ring = views.border
    mean = ring.mean(axis=1, dtype=np.float64)
    departure = ring - views.background[:, None]
    return {
        "border_background": views.background.astype(np.float64),
        "border_mean": mean,
        "border_deviation": ring.std(axis=1, dtype=np.float64),
        "border_maximum": np.abs(departure).max(axis=1).astype(np.float64),
    }
