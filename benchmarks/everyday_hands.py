"""Everyday faults planted by Pillow and SciPy, not by the toolkit's own models.

Each takes an image as uint8 (height, width[, 3]) and a generator, and gives such an image back. Strengths are drawn
from ranges that one would notice when looking at the picture, and lengths grow with it.
"""

import io

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFile, ImageFilter, ImageFont
from scipy import ndimage

__all__ = ["HANDS", "plant"]


def _side(image):
    return float(np.sqrt(image.shape[0] * image.shape[1]))


def _bytes(values):
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def _resave(image, quality):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=int(quality))
    return np.asarray(Image.open(file))


def _low_contrast(image, g):
    grey = float(image.mean())
    return _bytes((image.astype(float) - grey) * g.uniform(0.12, 0.3) + grey)


def _cast(image, g):
    gains = np.exp(
        g.uniform(0.3, 0.5) * np.array([[1, 0, -1], [-1, 0, 1], [-0.5, 0.6, -0.5], [0.5, -0.6, 0.5]])[g.integers(4)]
    )
    return _bytes(image * gains)


def _grey(image, g):
    return np.asarray(Image.fromarray(image).convert("L").convert("RGB"))


def _blank(image, g):
    return _bytes(g.integers(0, 256) + g.normal(0, 0.7, image.shape))


def _blur(image, g):
    radius = max(1.2, g.uniform(0.005, 0.012) * _side(image))
    return np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(radius)))


def _motion(image, g):
    length = int(max(5, g.uniform(0.025, 0.06) * _side(image))) // 2 * 2 + 1
    kernel = np.zeros((length, length))
    kernel[length // 2] = 1
    kernel = np.clip(ndimage.rotate(kernel, g.uniform(0, 180), reshape=False, order=1), 0, None)
    kernel /= kernel.sum()
    planes = image[..., None] if image.ndim == 2 else image
    out = [
        ndimage.convolve(planes[..., k].astype(np.float32), kernel.astype(np.float32), mode="nearest")
        for k in range(planes.shape[2])
    ]
    return _bytes(np.stack(out, axis=2)).reshape(image.shape)


def _hot(image, g):
    image = image.copy()
    n = max(3, int(g.uniform(3e-4, 2e-3) * image.shape[0] * image.shape[1]))
    image[g.integers(0, image.shape[0], n), g.integers(0, image.shape[1], n)] = 255
    return image


def _dead_lines(image, g):
    image = image.copy()
    lines = image if g.random() < 0.5 else image.swapaxes(0, 1)
    for place in g.integers(2, len(lines) - 2, g.integers(1, 4)):
        lines[place] = g.choice([0, 255])
    return image


def _scaled_up(image, g):
    small, method = (
        g.uniform(2, 4),
        g.choice([Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS]),
    )
    picture = Image.fromarray(image)
    size = tuple(max(4, round(side / small)) for side in picture.size)
    return np.asarray(picture.resize(size, Image.Resampling.LANCZOS).resize(picture.size, method))


def _pixelated(image, g):
    block = max(3, round(g.uniform(0.01, 0.04) * _side(image)))
    picture = Image.fromarray(image)
    size = tuple(max(2, side // block) for side in picture.size)
    return np.asarray(picture.resize(size, Image.Resampling.BOX).resize(picture.size, Image.Resampling.NEAREST))


def _letterbox(image, g):
    image = image.copy()
    lines = image if g.random() < 0.7 else image.swapaxes(0, 1)
    bar = max(2, round(g.uniform(0.06, 0.18) * len(lines)))
    lines[:bar] = lines[-bar:] = g.choice([0, 0, 255])
    return image


def _half_decoded(image, g):
    if g.random() < 0.3:
        image = image.copy()
        start = int(g.uniform(0.4, 0.8) * len(image))
        image[start:] = image[start - 1]
        return image
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=90)
    content = file.getvalue()
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        # Of a small file most is tables, which a decoder needs all of.
        begins = content.index(b"\xff\xda") + 16
        return np.asarray(
            Image.open(io.BytesIO(content[: begins + int((len(content) - begins) * g.uniform(0.4, 0.8))]))
        )
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _screenshot(image, g):
    height, width = image.shape[:2]
    page = Image.new("RGB", (width, height), tuple(int(v) for v in g.choice([245, 255, 32], 1).repeat(3)))
    draw = ImageDraw.Draw(page)
    bar = max(3, height // 12)
    draw.rectangle([0, 0, width, bar], fill=tuple(int(v) for v in g.integers(30, 220, 3)))
    font = ImageFont.load_default(max(6, bar // 2))
    for line in range(2, 12):
        ink = (40, 40, 40) if page.getpixel((0, height - 1))[0] > 100 else (220, 220, 220)
        draw.text(
            (width // 20, line * bar),
            "".join(g.choice(list("abcdefghij klmno"), g.integers(8, 40))),
            fill=ink,
            font=font,
        )
    inset = Image.fromarray(image).convert("RGB").resize((max(2, width // 3), max(2, height // 3)))
    page.paste(inset, (width * 3 // 5, height // 2))
    return np.asarray(page if image.ndim == 3 else page.convert("L"))


def _occluded(image, g):
    image = image.copy()
    tall, wide = (max(2, int(g.uniform(0.2, 0.4) * side)) for side in image.shape[:2])
    top, left = g.integers(0, image.shape[0] - tall), g.integers(0, image.shape[1] - wide)
    image[top : top + tall, left : left + wide] = g.integers(0, 256, image.shape[2:] or None)
    return image


def _text(image, g):
    picture = Image.fromarray(image).convert("RGBA")
    layer = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    font = ImageFont.load_default(max(8, int(g.uniform(0.06, 0.12) * _side(image))))
    ink = [(255, 255, 255), (255, 230, 0), (0, 0, 0)][g.integers(3)]
    words = ["SAMPLE PHOTO", "2024-07-12 18:03", "www.example.org", "Copyright"][g.integers(4)]
    box = draw.textbbox((0, 0), words, font=font)
    left = int(g.uniform(0, max(1, picture.width - box[2])))
    top = int(g.uniform(0, max(1, picture.height - box[3])))
    draw.text((left, top), words, fill=(*ink, int(g.choice([255, 160]))), font=font)
    out = np.asarray(Image.alpha_composite(picture, layer).convert("RGB"))
    return out if image.ndim == 3 else np.asarray(Image.fromarray(out).convert("L"))


def _resize(image, factor):
    picture = Image.fromarray(image)
    return np.asarray(picture.resize([max(8, round(side * factor)) for side in picture.size], Image.Resampling.LANCZOS))


def _odd_aspect(image, g):
    strip = max(8, int(image.shape[0] * g.uniform(0.15, 0.25)))
    top = g.integers(0, image.shape[0] - strip)
    return (
        image[top : top + strip]
        if image.shape[1] >= image.shape[0] * 0.9
        else image[:, : max(8, int(image.shape[1] * 0.2))]
    )


# fault: function(image, generator); those that need colour are planted in colour images only.
HANDS = {
    "resaved": lambda x, g: _resave(x, 92),
    "dark": lambda x, g: np.asarray(ImageEnhance.Brightness(Image.fromarray(x)).enhance(g.uniform(0.06, 0.22))),
    "overexposed": lambda x, g: _bytes(x * g.uniform(1.6, 2.4) + g.uniform(60, 110)),
    "clipped": lambda x, g: np.asarray(ImageEnhance.Contrast(Image.fromarray(x)).enhance(g.uniform(3.0, 5.0))),
    "low_contrast": _low_contrast,
    "colour_cast": _cast,
    "grey_among_colour": _grey,
    "blank": _blank,
    "blurred": _blur,
    "motion_blur": _motion,
    "noisy": lambda x, g: _bytes(x + g.normal(0, g.uniform(12, 30), x.shape)),
    "hot_pixels": _hot,
    "dead_lines": _dead_lines,
    "jpeg_blocks": lambda x, g: _resave(x, g.integers(4, 13)),
    "scaled_up": _scaled_up,
    "pixelated": _pixelated,
    "framed": _letterbox,
    "half_decoded": _half_decoded,
    "screenshot": _screenshot,
    "occluded": _occluded,
    "overlaid_text": _text,
    "swapped_channels": lambda x, g: np.ascontiguousarray(x[..., ::-1]),
    "upside_down": lambda x, g: np.asarray(Image.fromarray(x).rotate(180)),
    "quarter_turn": lambda x, g: np.asarray(Image.fromarray(x).rotate(g.choice([90, 270]), expand=True)),
    "mirrored": lambda x, g: np.asarray(Image.fromarray(x).transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    "inverted": lambda x, g: 255 - x,
    "odd_size": lambda x, g: _resize(x, g.choice([0.12, 5.0])),
    "odd_aspect": _odd_aspect,
}  # fmt: skip

_COLOUR = ("colour_cast", "grey_among_colour", "swapped_channels")


def plant(fault, image, seed):
    """The image with a fault, or None where it cannot have it."""
    if fault in _COLOUR and (image.ndim == 2 or not (np.ptp(image.astype(int), axis=2) > 6).mean() > 0.05):
        return None
    return HANDS[fault](image, np.random.default_rng(seed))
