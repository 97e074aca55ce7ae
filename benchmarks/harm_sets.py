"""Real sets, sound and damaged by other hands, on which an audit must do no harm.

Nothing here uses the toolkit's own corruptions: images are damaged with Pillow, NumPy and SciPy, and among the kinds
are some that the toolkit does not name (JPEG at quality 5, letterbox bars, pictures half decoded, watermarks, exchanged
channels). What is damaged is the image at the size at which it is audited.

Sets for choosing and sets for reporting share no row; letters are split by writer. The folders ``letters``, ``cats``,
``photos``, ``scans`` and ``microscopy`` are looked for where ``TOOLKIT_DATA`` says.
"""

import io
import os
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance
from scipy import ndimage

from toolkit.datasets import fetch_emnist, fetch_fashion_mnist, fetch_mnist, load_glyphs, load_image_folder

__all__ = ["NAMED", "UNNAMED", "damage", "damaged_set", "load", "plan"]


def _folder(name, size):
    found = load_image_folder(Path(os.environ["TOOLKIT_DATA"]) / name, size=size, mode="auto", cache=False, n_jobs=2)
    return np.asarray(found.images)


@cache
def _cats():
    """Every eleventh cat or so, in an order that has nothing to do with their names."""
    paths = sorted((Path(os.environ["TOOLKIT_DATA"]) / "cats").glob("*.jpg"))
    chosen = np.random.default_rng(17).permutation(len(paths))[:1100]
    return np.stack([np.asarray(Image.open(paths[index]).convert("RGB")) for index in chosen])


@cache
def _letters(half):
    """Letters of every second writer."""
    with np.load(Path(os.environ["TOOLKIT_DATA"]) / "letters" / "letters.npz") as file:
        images, writer = file["images"], file["writer"]
    # Writers count on within a source, so that either half has both sources.
    return images[writer % 2 == half]


@cache
def _arabic():
    with np.load(Path(os.environ["TOOLKIT_DATA"]) / "letters" / "letters_ahcd.npz") as file:
        return file["images"]


def _two_sorts(first, second, seed):
    both = np.concatenate([first, second])
    return both[np.random.default_rng(seed).permutation(len(both))]


# Rows of the official train parts below 30,000 were used for choosing ever since; EMNIST digits never were.
_SETS = {
    # for choosing
    "tuning_mnist": lambda: fetch_mnist("train").images[:4000],
    "tuning_fashion": lambda: fetch_fashion_mnist("train").images[:4000],
    "tuning_glyphs": lambda: load_glyphs(4000, random_state=0).images,
    "tuning_letters": lambda: _letters(0),
    "tuning_cats": lambda: _cats()[500:1000],
    "tuning_photos": lambda: np.asarray(load_image_folder(None, size=75).images),
    "tuning_few_digits": lambda: fetch_mnist("train").images[4000:4600],
    "tuning_two_sorts": lambda: _two_sorts(
        fetch_mnist("train").images[5000:6000], fetch_fashion_mnist("train").images[5000:6000], 0
    ),
    "tuning_random_noise": lambda: np.random.default_rng(0).integers(0, 256, (1000, 28, 28), dtype=np.uint8),
    # for reporting
    "mnist": lambda: fetch_mnist("train").images[30_000:34_000],
    "fashion": lambda: fetch_fashion_mnist("test").images[:4000],
    "emnist": lambda: fetch_emnist("mnist", subset="test").images[:4000],
    "glyphs": lambda: load_glyphs(4000, random_state=1000).images,
    "letters": lambda: _letters(1),
    "arabic": lambda: _arabic()[:4000],
    "cats": lambda: _cats()[:500],
    "photos": lambda: _folder("photos", 75),
    "scans": lambda: _folder("scans", 75),
    "microscopy": lambda: _folder("microscopy", 75),
    "few_digits": lambda: fetch_mnist("train").images[34_000:34_600],
    "few_letters": lambda: _letters(1)[::6],
    "two_sorts": lambda: _two_sorts(
        fetch_emnist("mnist", subset="test").images[5000:6000], fetch_fashion_mnist("test").images[5000:6000], 1
    ),
    "two_sorts_cats": lambda: _two_sorts(
        _cats()[:400, :28, :28].mean(axis=3).astype(np.uint8), fetch_mnist("train").images[35_000:35_400], 1
    ),
    "random_noise": lambda: np.random.default_rng(1).integers(0, 256, (1000, 28, 28), dtype=np.uint8),
}


@cache
def load(name):
    """Sound images of a set, uint8."""
    return np.ascontiguousarray(_SETS[name]())


def _picture(image):
    return Image.fromarray(image)


def _unit(image, function):
    changed = function(image.astype(float) / 255)
    return np.rint(np.clip(changed, 0, 1) * 255).astype(np.uint8)


def _border(image):
    rim = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    return np.median(rim, axis=0)


def _fill(image):
    return tuple(int(v) for v in np.atleast_1d(_border(image)))


def _noise(image, rng):
    return _unit(image, lambda x: x + rng.normal(0, rng.uniform(0.1, 0.35), x.shape))


def _salt_and_pepper(image, rng):
    out, hit = image.copy(), rng.random(image.shape[:2]) < rng.uniform(0.05, 0.25)
    out[hit] = np.where(rng.random(hit.sum()) < 0.5, 0, 255).reshape(-1, *(1,) * (image.ndim - 2))
    return out


def _blur(image, rng):
    sigma = rng.uniform(1.0, 2.2) * image.shape[0] / 28
    return _unit(image, lambda x: ndimage.gaussian_filter(x, (sigma, sigma, 0)[: x.ndim]))


def _motion(image, rng):
    size = 2 * round(rng.uniform(2, 4) * image.shape[0] / 28) + 1
    kernel = np.zeros((size, size))
    kernel[size // 2] = 1
    kernel = ndimage.rotate(kernel, rng.uniform(0, 180), reshape=False, order=1)
    kernel = (kernel / kernel.sum()).reshape(size, size, *(1,) * (image.ndim - 2))
    return _unit(image, lambda x: ndimage.convolve(x, kernel, mode="nearest"))


def _rotate(image, rng):
    angle = rng.uniform(20, 80) * rng.choice([-1, 1])
    fill = _fill(image)
    return np.asarray(
        _picture(image).rotate(angle, Image.Resampling.BILINEAR, fillcolor=fill if image.ndim == 3 else fill[0])
    )


def _shift(image, rng):
    far, angle = rng.uniform(5, 7) * image.shape[0] / 28, rng.uniform(0, 2 * np.pi)
    by = np.rint([far * np.sin(angle), far * np.cos(angle)]).astype(int)
    out = np.broadcast_to(_border(image), image.shape).astype(np.uint8).copy()
    height, width = image.shape[:2]
    into = [slice(max(s, 0), min(n + s, n)) for s, n in zip(by, (height, width))]
    out_of = [slice(max(-s, 0), min(n - s, n)) for s, n in zip(by, (height, width))]
    out[tuple(into)] = image[tuple(out_of)]
    return out


def _occlude(image, rng):
    side = round(rng.uniform(7, 11) * image.shape[0] / 28)
    top, left = rng.integers(2, image.shape[0] - side - 1), rng.integers(2, image.shape[1] - side - 1)
    out = image.copy()
    out[top : top + side, left : left + side] = rng.choice([0, 128, 255])
    return out


def _stripes(image, rng):
    out, period = image.copy(), rng.integers(3, 6)
    lines = out if rng.random() < 0.5 else out.swapaxes(0, 1)
    lines[rng.integers(period) :: period] = rng.choice([0, 255])
    return out


def _low_contrast(image, rng):
    return np.asarray(ImageEnhance.Contrast(_picture(image)).enhance(rng.uniform(0.15, 0.4)))


def _bright(image, rng):
    by = rng.uniform(0.25, 0.45) * rng.choice([-1, 1])
    return _unit(image, lambda x: x + by)


def _pixelate(image, rng):
    height, width = image.shape[:2]
    side = max(2, round(rng.uniform(2.5, 4) * height / 28))
    small = _picture(image).resize((max(2, width // side), max(2, height // side)), Image.Resampling.BOX)
    return np.asarray(small.resize((width, height), Image.Resampling.NEAREST))


def _jpeg(image, rng):
    held = io.BytesIO()
    _picture(image).save(held, "JPEG", quality=5)
    return np.asarray(Image.open(held)).reshape(image.shape)


def _letterbox(image, rng):
    out, thick = image.copy(), round(rng.uniform(0.12, 0.2) * image.shape[0])
    out[:thick], out[-thick:] = 0, 0
    return out


def _half_decoded(image, rng):
    out = image.copy()
    out[round(rng.uniform(0.4, 0.7) * image.shape[0]) :] = 128
    return out


def _watermark(image, rng):
    height, width = image.shape[:2]
    layer = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(layer)
    for offset in range(-height, width, max(6, width // 4)):
        draw.line([(offset, height), (offset + height, 0)], fill=150, width=max(1, width // 25))
    mask = (np.asarray(layer) / 255).reshape(height, width, *(1,) * (image.ndim - 2))
    return np.rint(image * (1 - mask) + rng.choice([110, 200]) * mask).astype(np.uint8)


NAMED = {
    "gaussian_noise": _noise,
    "salt_and_pepper": _salt_and_pepper,
    "gaussian_blur": _blur,
    "motion_blur": _motion,
    "rotate": _rotate,
    "rotate_90": lambda image, rng: np.rot90(image),
    "rotate_180": lambda image, rng: np.rot90(image, 2),
    "flip_horizontal": lambda image, rng: image[:, ::-1],
    "flip_vertical": lambda image, rng: image[::-1],
    "invert": lambda image, rng: 255 - image,
    "occlude": _occlude,
    "stripe": _stripes,
    "low_contrast": _low_contrast,
    "brightness": _bright,
    "translate": _shift,
    "pixelate": _pixelate,
}
UNNAMED = {
    "jpeg": _jpeg,
    "letterbox": _letterbox,
    "half_decoded": _half_decoded,
    "watermark": _watermark,
    "channels": lambda image, rng: image[..., ::-1] if image.ndim == 3 else 255 - image // 2,
}


def damage(image, kind, rng):
    """One image (height, width[, 3]) of uint8 damaged in that way."""
    return np.ascontiguousarray((NAMED | UNNAMED)[kind](image, rng))


def plan(n_images, fraction, fold, seed=0):
    """Rows to damage: the folds of ``1 / fraction`` audits damage every row exactly once."""
    n_folds = max(1, round(1 / fraction))
    return np.sort(np.random.default_rng(seed).permutation(n_images)[fold % n_folds :: n_folds])


def damaged_set(clean, fraction, fold):
    """Images, kinds, for one audit.

    A fraction of 0 damages nothing; 1 damages every image.
    """
    given, kinds = clean.copy(), np.full(len(clean), "clean", dtype="U20")
    if fraction:
        rng = np.random.default_rng([fold, 7])
        names = rng.permutation(list(NAMED | UNNAMED))
        for place, row in enumerate(rng.permutation(plan(len(clean), fraction, fold))):
            kinds[row] = names[place % len(names)]
            given[row] = damage(clean[row], kinds[row], rng)
    return given, kinds
