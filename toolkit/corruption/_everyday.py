"""What happens to pictures on their way into a folder: exposure, colour, compression, transfer and display.

Each model is a function ``(stack, strength, generator) -> (stack, parameters)``, as those of the other kinds. Colours
can only be changed where there are any: a grey stack comes out of these as it went in.
"""

import io

import numpy as np

from toolkit.corruption._background import per_image

__all__ = [
    "clip_contrast",
    "colour_cast",
    "dark",
    "dead_lines",
    "half_decoded",
    "hot_pixels",
    "jpeg",
    "letterbox",
    "moire",
    "overexposed",
    "scaled_up",
    "swap_channels",
    "text_overlay",
]

# Of red, green and blue, by the logarithm: warm, cold, green, magenta.
_CASTS = np.array([[1.0, 0.0, -1.0], [-1.0, 0.0, 1.0], [-0.5, 0.5, -0.5], [0.5, -0.5, 0.5]])
_WORDS = ("SAMPLE", "2024-07-12", "PREVIEW", "www.example.org")


def dark(stack, light, generator):
    """Keep a share ``light`` of the light."""
    return stack * per_image(light, stack), {"light": light}


def overexposed(stack, gain, generator):
    """Multiply the light; what exceeds white is cut off by the caller."""
    lift = (np.asarray(gain) - 1) / 10
    return stack * per_image(gain, stack) + per_image(lift, stack), {"gain": gain}


def clip_contrast(stack, gain, generator):
    """Multiply the contrast about the mean, so that both ends are cut off."""
    mean = per_image(stack.reshape(len(stack), -1).mean(axis=1), stack)
    return (stack - mean) * per_image(gain, stack) + mean, {"gain": gain}


def colour_cast(stack, strength, generator):
    """Multiply the channels by unlike factors, up to ``exp(strength)``: a wrong white balance."""
    cast = generator.integers(len(_CASTS), size=len(stack))
    if stack.ndim == 4:
        gains = np.exp(_CASTS[cast] * np.asarray(strength)[:, None])
        stack = stack * gains[:, None, None, :].astype(np.float32)
    return stack, {"strength": strength, "cast": cast}


def swap_channels(stack, _, generator):
    """Exchange red and blue."""
    return (stack[..., ::-1] if stack.ndim == 4 else stack), {}


def jpeg(stack, quality, generator):
    """Compress as JPEG of this quality and decode again."""
    from PIL import Image

    quality = np.rint(quality).astype(int)
    out = np.empty_like(stack)
    for place, image in enumerate(np.rint(np.clip(stack, 0, 1) * 255).astype(np.uint8)):
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=int(quality[place]))
        out[place] = np.asarray(Image.open(file), dtype=np.float32) / 255
    return out, {"quality": quality}


def scaled_up(stack, factor, generator):
    """Average down by ``factor`` and enlarge to the size again, by cubic interpolation."""
    from PIL import Image

    height, width = stack.shape[1:3]
    planes = stack[..., None] if stack.ndim == 3 else stack
    out = np.empty_like(planes)
    for place, image in enumerate(planes):
        small = (max(1, round(width / factor[place])), max(1, round(height / factor[place])))
        for channel in range(planes.shape[3]):
            picture = Image.fromarray(np.ascontiguousarray(image[..., channel], dtype=np.float32))
            picture = picture.resize(small, Image.Resampling.BOX).resize((width, height), Image.Resampling.BICUBIC)
            out[place, ..., channel] = np.asarray(picture)
    return out.reshape(stack.shape), {"factor": factor}


def hot_pixels(stack, amount, generator):
    """Set a share ``amount`` of the pixels, one at least, to white in all channels."""
    n, height, width = stack.shape[:3]
    out = stack.copy()
    count = np.maximum(1, np.rint(np.asarray(amount) * height * width).astype(int))
    for place in range(n):
        at = generator.choice(height * width, count[place], replace=False)
        out[place, at // width, at % width] = 1
    return out, {"n_pixels": count}


def dead_lines(stack, share, generator):
    """Set a share of the rows, or of the columns, one at least, to black or white."""
    out = stack.copy()
    rows, bright = generator.random(len(stack)) < 0.5, generator.random(len(stack)) < 0.5
    count = np.empty(len(stack), dtype=int)
    for place, image in enumerate(out):
        lines = image if rows[place] else image.swapaxes(0, 1)  # a view
        count[place] = max(1, round(share[place] * len(lines)))
        lines[generator.choice(len(lines), count[place], replace=False)] = float(bright[place])
    return out, {"n_lines": count, "rows": rows, "bright": bright}


def moire(stack, amplitude, generator):
    """Multiply by a fine wave, of another phase in each channel: a screen or a weave seen through a grid of sensors."""
    n, height, width = stack.shape[:3]
    channels = stack.shape[3] if stack.ndim == 4 else 1
    period, direction = generator.uniform(2.2, 9, n), generator.uniform(0, np.pi, n)
    y, x = np.ogrid[:height, :width]
    along = np.cos(direction)[:, None, None] * x + np.sin(direction)[:, None, None] * y
    phase = generator.uniform(0, 2 * np.pi, (n, 1, 1, 1)) + generator.normal(0, 0.7, (n, 1, 1, channels))
    # The wave bends a little, as a screen that is not held straight does.
    bend = generator.uniform(0, 6, (n, 1, 1)) * ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2)
    wave = np.sin((2 * np.pi * along / period[:, None, None] + bend)[..., None] + phase).astype(np.float32)
    wave = wave.reshape(stack.shape)
    return stack * (1 + per_image(amplitude, stack) * wave), {"amplitude": amplitude, "period": period}


def letterbox(stack, share, generator):
    """Lay even bars, black or white, over opposite sides; together they cover a ``share`` of the height or width."""
    out = stack.copy()
    level = generator.choice([0.0, 0.0, 1.0], size=len(stack))
    upright = generator.random(len(stack)) < 0.3
    for place, image in enumerate(out):
        lines = image.swapaxes(0, 1) if upright[place] else image
        bar = max(1, round(share[place] * len(lines) / 2))
        lines[:bar], lines[-bar:] = level[place], level[place]
    return out, {"share": share, "level": level, "upright": upright}


def half_decoded(stack, share, generator):
    """Lose the lower ``share``: mid-grey, or the last row that was decoded again and again."""
    out = stack.copy()
    repeated = generator.random(len(stack)) < 0.5
    height = stack.shape[1]
    start = np.clip(np.rint(height * (1 - np.asarray(share))).astype(int), min(1, height - 1), height - 1)
    for place, image in enumerate(out):
        first = start[place]
        image[first:] = image[first - 1] if repeated[place] and first else 128 / 255
    return out, {"share": share, "repeated": repeated}


def text_overlay(stack, height, generator):
    """Write over the image, ``height`` being that of the letters, in white or black."""
    from PIL import Image, ImageDraw, ImageFont

    rows, columns = stack.shape[1:3]
    word, bright = generator.integers(len(_WORDS), size=len(stack)), generator.random(len(stack)) < 0.6
    down, right = generator.random(len(stack)), generator.random(len(stack))
    mask = np.empty((len(stack), rows, columns), dtype=np.float32)
    for place in range(len(stack)):
        layer = Image.new("L", (columns, rows), 0)
        draw, font = ImageDraw.Draw(layer), ImageFont.load_default(max(4.0, float(height[place])))
        left, top, end, bottom = draw.textbbox((0, 0), _WORDS[word[place]], font=font)
        at = (right[place] * max(0, columns - end) - left, down[place] * max(0, rows - bottom) - top)
        draw.text(at, _WORDS[word[place]], fill=255, font=font)
        mask[place] = np.asarray(layer, dtype=np.float32) / 255
    if stack.ndim == 4:
        mask = mask[..., None]
    return stack + mask * (per_image(bright, stack) - stack), {"height": height, "word": word, "bright": bright}
