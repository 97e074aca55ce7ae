"""Crops of the photographs that scikit-image brings along: colour images without a download."""

import numpy as np

from toolkit.datasets._image_set import ImageSet

__all__ = ["PHOTOS", "load_photos"]

# Photographs in colour that are part of the installed package; the rest would be fetched.
PHOTOS = ("astronaut", "chelsea", "coffee", "rocket")
_SIDES = (1.0, 0.75, 0.5)  # of the crops, in units of the shorter side of the picture
_STEP = 0.25  # between two crops, in units of their own side


def load_photos(size=(75, 75), *, grey=False):
    """Square crops of four photographs (an astronaut, a cat, a cup of coffee, a rocket), large and small.

    Parameters
    ----------
    size : tuple of int, default=(75, 75)
    grey : bool, default=False

    Returns
    -------
    ImageSet
        Labels are the names of the photographs.

    Examples
    --------
    >>> load_photos((32, 32)).images.shape[1:]
    (32, 32, 3)
    """
    import skimage.data
    from PIL import Image

    height, width = size
    images, labels = [], []
    for name in PHOTOS:
        photo = Image.fromarray(getattr(skimage.data, name)())
        for share in _SIDES:
            scale = share * min(photo.width / width, photo.height / height)
            box = (scale * width, scale * height)
            for top in np.arange(0.0, photo.height - box[1] + 1e-6, _STEP * box[1]):
                for left in np.arange(0.0, photo.width - box[0] + 1e-6, _STEP * box[0]):
                    corner = (left, top, min(left + box[0], photo.width), min(top + box[1], photo.height))
                    crop = photo.resize((width, height), Image.Resampling.LANCZOS, box=corner, reducing_gap=3.0)
                    images.append(np.asarray(crop.convert("L") if grey else crop))
                    labels.append(name)
    return ImageSet(np.stack(images), np.array(labels), name="photos")
