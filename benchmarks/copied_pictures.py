"""Copies of pictures as they come about, made by Pillow and SciPy: none of the toolkit's own forward models.

A copy is turned or mirrored or neither, and one to three mild changes are made to it: saved as JPEG again (quality 50
to 95), resized (half to twice), cropped (5 % of a side at most), brighter or darker (25 % at most), noisy (sigma 10 at
most, of 255).
"""

import io

import numpy as np
from PIL import Image, ImageEnhance

__all__ = ["CHANGES", "SYMMETRIES", "copy_of"]

SYMMETRIES = {
    "identity": None,
    "rotate_90": Image.Transpose.ROTATE_90,
    "rotate_180": Image.Transpose.ROTATE_180,
    "rotate_270": Image.Transpose.ROTATE_270,
    "flip_horizontal": Image.Transpose.FLIP_LEFT_RIGHT,
    "flip_vertical": Image.Transpose.FLIP_TOP_BOTTOM,
    "transpose": Image.Transpose.TRANSPOSE,
    "anti_transpose": Image.Transpose.TRANSVERSE,
}


def recompressed(picture, rng):
    """Saved as JPEG and read again."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=int(rng.integers(50, 96)))
    with Image.open(file) as again:
        return again.convert(picture.mode)


def resized(picture, rng):
    """Half to twice as large."""
    factor = 2 ** rng.uniform(-1, 1)
    size = [max(4, round(side * factor)) for side in picture.size]
    return picture.resize(size, Image.Resampling.BICUBIC)


def cropped(picture, rng):
    """Up to 5 % of the width and of the height are cut away, at either side."""
    width, height = picture.size
    cut_x, cut_y = width * rng.uniform(0.01, 0.05), height * rng.uniform(0.01, 0.05)
    left, top = round(cut_x * rng.uniform()), round(cut_y * rng.uniform())
    return picture.crop((left, top, width - round(cut_x - left), height - round(cut_y - top)))


def brighter(picture, rng):
    """A quarter brighter or darker at most."""
    return ImageEnhance.Brightness(picture).enhance(rng.uniform(0.75, 1.25))


def noisy(picture, rng):
    """Gaussian noise of a standard deviation of up to 10 grey levels."""
    values = np.asarray(picture, dtype=np.float64)
    values = values + rng.normal(0, rng.uniform(2, 10), values.shape)
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


CHANGES = {
    "recompressed": recompressed,
    "resized": resized,
    "cropped": cropped,
    "brightness": brighter,
    "noise": noisy,
}


def copy_of(image, rng, *, symmetry=None, n_changes=None):
    """A changed copy of one picture.

    Parameters
    ----------
    image : ndarray of shape (height, width[, 3]), uint8
    rng : numpy.random.Generator
    symmetry : str, optional
        None draws one: none at all for a half of the copies.
    n_changes : int, optional
        None draws one to three.

    Returns
    -------
    copy : ndarray, uint8
    symmetry : str
    changes : tuple of str
    """
    picture = Image.fromarray(image)
    if symmetry is None:
        names = list(SYMMETRIES)
        symmetry = "identity" if rng.uniform() < 0.5 else names[int(rng.integers(1, len(names)))]
    if SYMMETRIES[symmetry] is not None:
        picture = picture.transpose(SYMMETRIES[symmetry])
    n_changes = int(rng.integers(1, 4)) if n_changes is None else n_changes
    changes = tuple(sorted(rng.choice(list(CHANGES), size=n_changes, replace=False)))
    order = list(changes)
    rng.shuffle(order)
    for change in order:
        picture = CHANGES[change](picture, rng)
    return np.asarray(picture), symmetry, changes
