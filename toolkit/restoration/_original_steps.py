"""Repairs of one picture at its original resolution: uint8 in, uint8 of the same shape out.

Here are the classical ones, and the table of which repair undoes which fault in which way.
"""

import io
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from toolkit.restoration._deblur import deblurred
from toolkit.restoration._photographs import without_fault

__all__ = ["STEPS", "dead_line_places"]


_JUMP = 30.0  # grey levels by which a hot pixel is beyond all of its neighbours
_LINE_JUMP = 25.0  # grey levels by which a dead line differs from both of its neighbours, in the median
_LINE_EVEN = 4.0  # grey levels within which a dead line stays, but for what JPEG did to it
_SHIFTS = [(row, column) for row in range(0, 8, 2) for column in range(0, 8, 2)]
_RANGE = 200.0  # grey levels that a faint picture is stretched to
_QUALITIES = (5, 8, 10, 12, 15, 20, 25, 30, 40)


def _planes(image: NDArray) -> NDArray:
    return image.reshape(*image.shape[:2], -1).astype(np.float32)


def _bytes(values: NDArray, image: NDArray) -> NDArray:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8).reshape(image.shape)


def without_hot_pixels(image: NDArray) -> NDArray:
    """Pixels beyond all eight neighbours, by far, become the median of these."""
    values = _planes(image)
    out = values.copy()
    ring = np.ones((3, 3), dtype=bool)
    ring[1, 1] = False
    stands_out = np.zeros(values.shape[:2], dtype=bool)
    medians = np.empty_like(values)
    for channel in range(values.shape[2]):
        plane = values[..., channel]
        most = ndimage.maximum_filter(plane, footprint=ring, mode="mirror")
        least = ndimage.minimum_filter(plane, footprint=ring, mode="mirror")
        # Where neighbours differ much among themselves, a pixel may be beyond them as it should be.
        stands_out |= np.maximum(plane - most, least - plane) > np.maximum(_JUMP, 0.5 * (most - least))
        medians[..., channel] = ndimage.median_filter(plane, footprint=ring, mode="mirror")
    out[stands_out] = medians[stands_out]
    return _bytes(out, image)


def dead_line_places(image: NDArray) -> tuple[NDArray, NDArray]:
    """Rows and columns that are one even colour and differ from both neighbours along their length."""
    grey = _planes(image).mean(axis=2)
    return _even_lines(grey), _even_lines(grey.T)


def _even_lines(grey: NDArray) -> NDArray:
    level = np.median(grey, axis=1, keepdims=True)
    even = (np.abs(grey - level) <= _LINE_EVEN).mean(axis=1) >= 0.9
    if not even.any() or even.mean() > 0.2:
        return np.zeros(0, dtype=int)
    good = np.flatnonzero(~even)
    found = []
    for place in np.flatnonzero(even):
        sides = [grey[good[good < place][-1:]], grey[good[good > place][:1]]]
        jumps = [np.median(np.abs(grey[place] - side[0])) for side in sides if len(side)]
        if len(jumps) == 2 and min(jumps) > _LINE_JUMP:
            found.append(place)
    return np.array(found, dtype=int)


def without_dead_lines(image: NDArray) -> NDArray:
    """Dead rows and columns become what lies between their sound neighbours."""
    values = _planes(image)
    rows, columns = dead_line_places(image)
    for axis, places in ((0, rows), (1, columns)):
        if not len(places):
            continue
        lines = np.moveaxis(values, axis, 0)  # a view
        good = np.setdiff1d(np.arange(len(lines)), places)
        for place in places:
            after = np.searchsorted(good, place)
            first, second = good[max(after - 1, 0)], good[min(after, len(good) - 1)]
            weight = 0.5 if first == second else (place - first) / (second - first)
            lines[place] = (1 - weight) * lines[first] + weight * lines[second]
    return _bytes(values, image)


def denoised(image: NDArray) -> NDArray:
    """Non-local means (Buades, Coll and Morel, 2005), of a strength that is measured on the picture."""
    from skimage.restoration import denoise_nl_means, estimate_sigma

    colour = image.ndim == 3
    unit = image.astype(np.float32) / 255
    axis = -1 if colour else None
    sigma = float(np.mean(estimate_sigma(unit, channel_axis=axis)))
    found = denoise_nl_means(
        unit, patch_size=5, patch_distance=6, h=0.7 * sigma, sigma=sigma, fast_mode=True, channel_axis=axis
    )
    return _bytes(found * 255, image)


def _compressed(image: NDArray, quality: int) -> NDArray:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    file.seek(0)
    return np.asarray(Image.open(file))


def deblocked(image: NDArray) -> NDArray:
    """The mean over shifts of compressing once more (Nosratinia, 2001), at the quality it was compressed with.

    That quality is the one at which compressing again changes the least for how coarse it is.
    """
    height, width = image.shape[:2]
    errors = [float(np.square(_planes(_compressed(image, q)) - _planes(image)).mean()) for q in _QUALITIES]
    # Without compression errors fall smoothly with quality; at the very tables that were used one falls out of line.
    steps = [errors[place] / max(1e-6, min(errors[place + 1 :], default=np.inf)) for place in range(len(errors))]
    quality = _QUALITIES[int(np.argmin(steps[:-1]))]
    wide = np.pad(image, [(8, 8), (8, 8)] + [(0, 0)] * (image.ndim - 2), mode="edge")
    total = np.zeros(image.shape, dtype=np.float32)
    for down, right in _SHIFTS:
        part = np.ascontiguousarray(wide[down : down + height + 8, right : right + width + 8])
        again = _compressed(part, quality)
        total += again[8 - down : 8 - down + height, 8 - right : 8 - right + width]
    return _bytes(total / len(_SHIFTS), image)


def stretched(image: NDArray) -> NDArray:
    """The range between the quantiles of .5 and 99.5 % of luma becomes 200 levels, about the mean as it is.

    How much a sound picture held nobody knows: most hold 230 levels and more, mist and snow hold less, and stretched to
    all 256 about the middle they are farther from what they were than before. 200 levels help nearly all. The mean is
    moved only as far as the ends of the scale ask for.
    """
    values = _planes(image)
    luma = values @ np.array([0.299, 0.587, 0.114], dtype=np.float32) if values.shape[2] == 3 else values[..., 0]
    low, high = np.quantile(luma, [0.005, 0.995])
    gain = _RANGE / max(high - low, 8.0)
    middle = (low + high) / 2
    mean = luma.mean()
    room = _RANGE / 2 + 2
    centre = np.clip(mean + (middle - mean) * gain, room, 255 - room)
    return _bytes((values - middle) * gain + centre, image)


# fault: what repairs it, in the order in which it is preferred where nothing is known of the set.
STEPS: dict[str, dict[str, Callable[[NDArray], NDArray]]] = {
    "hot_pixels": {"classical": without_hot_pixels},
    "dead_lines": {"classical": without_dead_lines},
    "noisy": {"classical": denoised, "learned": partial(without_fault, fault="noisy")},
    "jpeg_blocks": {"classical": deblocked, "learned": partial(without_fault, fault="jpeg_blocks", turns=4)},
    "low_contrast": {"classical": stretched},
    "blurred": {"learned": deblurred},
}
