"""Occlusion: a square that hides a part of the image, and lines across it."""

import numpy as np

from toolkit.corruption._background import border_background, per_image

__all__ = ["occlude", "stripe"]


def occlude(stack, side, generator):
    """Hide a square of ``side`` pixels (rounded), anywhere inside, behind one colour.

    Half of the squares have the image's background colour, so that a part is simply missing; the others any grey.
    """
    n, height, width = stack.shape[:3]
    side = np.maximum(np.rint(side).astype(int), 1)
    tall, wide = np.minimum(side, height), np.minimum(side, width)
    top, left = generator.integers(0, height - tall + 1), generator.integers(0, width - wide + 1)
    background = border_background(stack)
    grey = generator.random(n, dtype=np.float32)
    missing = generator.random(n) < 0.5
    missing, grey = (np.reshape(a, (n, *(1,) * (background.ndim - 1))) for a in (missing, grey))
    value = np.where(missing, background, grey)
    rows, columns = np.arange(height), np.arange(width)
    inside_rows = (rows >= top[:, None]) & (rows < (top + tall)[:, None])
    inside_columns = (columns >= left[:, None]) & (columns < (left + wide)[:, None])
    mask = inside_rows[:, :, None] & inside_columns[:, None, :]
    mask, value = (
        mask.reshape(*mask.shape, *(1,) * (stack.ndim - 3)),
        value.reshape(n, 1, 1, *value.shape[1:]),
    )
    if stack.ndim == 4:
        value = np.broadcast_to(value, (n, 1, 1, stack.shape[3]))
    out = np.where(mask, value, stack)
    shown = value.reshape(n, -1).mean(axis=1)
    return out, {"side": side, "top": top, "left": left, "value": shown}


def stripe(stack, opacity, generator):
    """Draw lines across the image at a regular distance: bright or dark, horizontal or vertical.

    The lines cover at most half of the image; the ``period`` is 3 to 8 pixels, more in larger images.
    """
    n, height, width = stack.shape[:3]
    pixel = max(1.0, np.sqrt(height * width) / 28)
    period = np.rint(generator.integers(3, 9, n) * pixel).astype(int)
    thickness = generator.integers(1, period // 2 + 1)
    phase = generator.integers(0, period)
    horizontal = generator.random(n) < 0.5
    # In an image of one row of pixels only lines across it can be seen as such.
    horizontal = np.where(height < 3, False, np.where(width < 3, True, horizontal))
    bright = generator.random(n) < 0.5
    position = np.where(
        per_image(horizontal, stack[..., 0] if stack.ndim == 4 else stack) > 0,
        np.arange(height)[:, None],
        np.arange(width),
    )  # (n, height, width)
    on = (position + phase[:, None, None]) % period[:, None, None] < thickness[:, None, None]
    alpha = on * np.asarray(opacity, dtype=np.float32)[:, None, None]
    if stack.ndim == 4:
        alpha = alpha[..., None]
    out = stack + alpha * (per_image(bright, stack) - stack)
    direction = np.where(horizontal, 0.0, 90.0)
    return out, {
        "opacity": opacity,
        "period": period,
        "thickness": thickness,
        "direction": direction,
        "bright": bright,
    }
