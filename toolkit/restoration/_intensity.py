"""Intensity undone: inversion, low contrast and brightness, on stacks of unit images."""

import math

import numpy as np

__all__ = ["image_levels", "level_brightness", "stretch_contrast", "tone_curve", "uninvert"]


def uninvert(stack):
    """Exchange dark and bright."""
    return 1 - stack


def image_levels(stack):
    """Darkest and brightest value of each image, and over the images their medians."""
    flat = stack.reshape(len(stack), -1)
    darkest, brightest = flat.min(axis=1), flat.max(axis=1)
    return darkest, brightest, float(np.median(darkest)), float(np.median(brightest))


def _per_image(values, stack):
    return np.asarray(values, dtype=np.float32).reshape(-1, *(1,) * (stack.ndim - 1))


def stretch_contrast(stack, *, low=None, high=None):
    """Stretch each image so that its darkest pixel becomes ``low`` and its brightest ``high``.

    None takes the medians over the images given. An image of one value stays as it is.
    """
    darkest, brightest, middle_low, middle_high = image_levels(stack)
    low, high = (middle_low if low is None else low), (middle_high if high is None else high)
    span = brightest - darkest
    flat = span < 1e-6
    gain = np.where(flat, 1.0, (high - low) / np.where(flat, 1.0, span))
    offset = np.where(flat, 0.0, low - gain * darkest)
    return np.clip(stack * _per_image(gain, stack) + _per_image(offset, stack), 0, 1)


def level_brightness(stack, *, low=None, high=None):
    """Shift each image so that its darkest pixel becomes ``low``, or, where it is too dark, its brightest ``high``.

    None takes the medians over the images given. What was clipped off stays lost.
    """
    darkest, brightest, middle_low, middle_high = image_levels(stack)
    low, high = (middle_low if low is None else low), (middle_high if high is None else high)
    offset = np.where(darkest > low + 1e-3, low - darkest, np.maximum(high - brightest, 0.0))
    shifted = stack + _per_image(offset, stack)
    # Where darkness was taken away, the background was clipped at black and stays there.
    black = (stack <= 1e-6) & (_per_image(offset, stack) > 0)
    return np.clip(np.where(black, stack, shifted), 0, 1)


def tone_curve(stack, wanted):
    """The map of grey levels, darker to darker, that takes each image nearest to ``wanted``.

    What was done to the contrast of an image can be undone by such a map and by nothing else: whatever more ``wanted``
    has was invented. Levels are of 8 bits; channels of a colour share one map.
    """
    from scipy.optimize import isotonic_regression  # scikit-learn's, without its checks of each image's few levels

    each = len(stack), math.prod(stack.shape[1:])  # of no images, too
    levels = np.rint(np.clip(stack, 0, 1) * 255).astype(int).reshape(each)
    values = wanted.reshape(each)
    out = np.empty(values.shape, dtype=np.float32)
    for row, (level, value) in enumerate(zip(levels, values)):
        count = np.bincount(level, minlength=256)
        there = count > 0
        mean = np.bincount(level, weights=value, minlength=256)[there] / count[there]
        curve = np.zeros(256)
        curve[there] = isotonic_regression(mean, weights=count[there]).x
        out[row] = curve[level]
    return out.reshape(stack.shape)
