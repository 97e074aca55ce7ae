"""What images, labels and kinds from a file must look like. Files are stricter than arrays."""

import numpy as np

from toolkit._core.images import iter_chunks
from toolkit._core.printable import printable
from toolkit.exceptions import DataFormatError

__all__ = ["check_image_dtype", "check_images", "check_kinds", "check_labels"]

_CHUNK_BYTES = 2**24


def check_image_dtype(dtype, shape, what):
    """Check dtype and shape as declared, before the pixels are read.

    Raises
    ------
    DataFormatError
    """
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] != 3):
        raise DataFormatError(
            f"{what} has shape {tuple(shape)}, expected (n_samples, height, width) or (n_samples, height, width, 3)."
            + _way_out(tuple(shape))
        )
    if 0 in shape:
        raise DataFormatError(f"{what} is empty: shape {tuple(shape)}.")
    if dtype != np.uint8 and not (dtype.kind == "f" and dtype.itemsize <= 8):
        hint = ""
        if dtype.kind == "b":
            hint = " Save images * np.uint8(255)."
        elif dtype.kind in "iu":
            hint = " If its values are 0 to 255, save images.astype(np.uint8), else images / float(images.max())."
        raise DataFormatError(f"{what} has dtype {dtype}, expected uint8 or a float of at most 64 bits.{hint}")


def _way_out(shape):
    """How to save images whose channels are elsewhere."""
    if len(shape) != 4 or 0 in shape:
        return ""
    if 1 in (shape[3], shape[1]):
        return f" Grey images have no axis of channels: save {'images[..., 0]' if shape[3] == 1 else 'images[:, 0]'}."
    if shape[1] == 3:
        return " Colour is the last axis: save images.transpose(0, 2, 3, 1)."
    return " Of four channels save the first three: images[..., :3]." if shape[3] == 4 else ""


def check_images(images, what):
    """Check dtype, shape and that every pixel is finite; memory maps are read in pieces.

    Raises
    ------
    DataFormatError
    """
    check_image_dtype(images.dtype, images.shape, what)
    if images.dtype.kind != "f":
        return
    step = max(1, _CHUNK_BYTES // max(1, images[0].nbytes))
    for part in iter_chunks(len(images), step):
        finite = np.isfinite(images[part])
        if not finite.all():
            row = part.start + int(np.argmin(finite.reshape(len(finite), -1).all(axis=1)))
            kind = "NaN" if np.isnan(images[row]).any() else "infinite values"
            raise DataFormatError(f"{what} holds {kind}, first in image {row} (counted from 0).")


def check_labels(labels, n_samples, what):
    """Labels as a plain one-dimensional array: numbers, booleans or strings, one for each image.

    Raises
    ------
    DataFormatError
    """
    if labels.ndim != 1 or len(labels) != n_samples:
        raise DataFormatError(f"{what} has shape {labels.shape}, expected ({n_samples},): one for each image.")
    if labels.dtype.kind in "US":
        return _as_text(labels, what)
    if labels.dtype.kind not in "biuf" or labels.dtype.itemsize > 8:
        raise DataFormatError(f"{what} has dtype {labels.dtype}, expected numbers, booleans or strings.")
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise DataFormatError(f"{what} holds NaN or infinite values.")
    return labels


def check_kinds(kinds, n_samples, what):
    """Kinds as an array of unicode strings, one for each image.

    Raises
    ------
    DataFormatError
    """
    if kinds.dtype.kind not in "US":
        raise DataFormatError(f"{what} has dtype {kinds.dtype}, expected strings.")
    kinds = check_labels(kinds, n_samples, what)
    names, places = np.unique(kinds, return_inverse=True)
    # They are names and are shown everywhere; labels are values and stay as they are.
    return kinds if all(name.isprintable() for name in names) else np.array([printable(name) for name in names])[places]


def _as_text(strings, what):
    """Strings whose every code point can be shown; bytes are read as UTF-8."""
    if strings.dtype.kind == "S":
        try:
            return np.char.decode(strings, "utf-8") if strings.dtype.itemsize else strings.astype("U1")
        except UnicodeDecodeError:
            raise DataFormatError(f"{what} holds bytes that are no UTF-8 text.") from None
    if strings.dtype.itemsize:
        # numpy hands out whatever 32-bit numbers the file holds, and fails only when one is read.
        codes = np.ascontiguousarray(strings).view(np.uint32)
        if codes.max() > 0x10FFFF or ((codes >= 0xD800) & (codes <= 0xDFFF)).any():
            raise DataFormatError(f"{what} holds code points that are no text.")
    return strings
