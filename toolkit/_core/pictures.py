"""Decoding one picture file with suspicion: bytes in, pixels of one size or one reason out.

It stands on the ground floor, since every worker process imports it, and little else.
"""

import functools
import hashlib
import io
from dataclasses import dataclass

import numpy as np

__all__ = ["FORMATS", "Picture", "PictureError", "decode_picture", "readable_formats"]

# Formats that Pillow decodes by itself. EPS, for one, would start an interpreter on what the file says.
FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")

_GREY_MODES = ("1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N")
_PAD = (0, 0, 0)
_ORIENTATION = 0x0112  # EXIF's number of that note


class PictureError(ValueError):
    """Why a file is no picture that can be used, in a few words."""


@dataclass(frozen=True)
class Picture:
    """One decoded picture.

    Attributes
    ----------
    pixels : ndarray of uint8 of shape (size, size, 3)
    format, mode : str
        As the file has them.
    width, height : int
        Of the original, after the rotation that its camera asked for.
    is_grey : bool
    note : str
        What was done beyond the ordinary.
    """

    pixels: np.ndarray
    format: str
    mode: str
    width: int
    height: int
    is_grey: bool
    note: str

    @property
    def digest(self):
        """sha256 of the pixels: equal for pictures that are the same for whoever learns from them."""
        return hashlib.sha256(self.pixels.tobytes()).digest()


@functools.cache
def readable_formats():
    """Those of ``FORMATS`` that Pillow was built with."""
    from PIL import Image

    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def decode_picture(content, size, *, fit="crop", grey=False, max_pixels=2**26):
    """Decode a picture, cut or pad it to the shape wanted and resize it.

    Parameters
    ----------
    content : bytes
    size : tuple of int
        ``(height, width)`` wanted.
    fit : {"crop", "pad"}
        ``"crop"`` takes the largest middle part of that shape, ``"pad"`` adds black at two sides.
    grey : bool, default=False
        Three equal channels, the luma of the picture.
    max_pixels : int
        More than these are refused on the word of the header, before anything is decoded.

    Returns
    -------
    Picture

    Raises
    ------
    PictureError
        Whatever is wrong with the content; nothing else is raised.

    Notes
    -----
    The caller turns Pillow's ``DecompressionBombWarning`` into an error, since filters belong to the process.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=readable_formats()) as image:
            if image.width * image.height > max_pixels:
                raise PictureError(f"{image.width} x {image.height} pixels, more than the cap of {max_pixels:,}")
            return _prepare(image, size, fit, grey)
    except PictureError:
        raise
    except Image.UnidentifiedImageError:
        raise PictureError("not a picture: no known format" if content else "empty file") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(f"decompression bomb: {_first_line(error)}") from None
    except MemoryError:
        raise PictureError("needs more memory than there is") from None
    # What Pillow raises on damaged input is open-ended: OSError, SyntaxError, ValueError, struct.error, EOFError ...
    except Exception as error:
        raise PictureError(f"damaged: {_first_line(error)}") from None


def _first_line(error):
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _prepare(image, size, fit, grey):
    from PIL import Image

    height, width = size
    format_, mode, notes = image.format, image.mode, []
    whole = (image.width, image.height)
    if format_ == "JPEG":
        # The decoder itself can halve a large picture; twice the size wanted keeps the resampling honest.
        side = _least_scale(whole, size)
        image.draft("L" if mode == "L" else "RGB", tuple(int(np.ceil(2 * length * side)) for length in whole))
    if getattr(image, "n_frames", 1) > 1:
        notes.append(f"first of {image.n_frames} frames")
    image.load()
    image, turn = _turn(image)
    if turn:
        notes.append("turned as its camera says")
        whole = whole[::-1] if turn >= 5 else whole
    plain, note = _as_rgb(image)
    if note:
        notes.append(note)
    is_grey = mode in _GREY_MODES
    if fit == "crop":
        scale = min(plain.width / width, plain.height / height)
        box_width, box_height = scale * width, scale * height
        left, top = (plain.width - box_width) / 2, (plain.height - box_height) / 2
        box = (max(left, 0.0), max(top, 0.0), min(left + box_width, plain.width), min(top + box_height, plain.height))
        result = plain.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    else:
        scale = max(plain.width / width, plain.height / height)
        inner = (min(width, max(1, round(plain.width / scale))), min(height, max(1, round(plain.height / scale))))
        result = Image.new("RGB", (width, height), _PAD)
        small = plain.resize(inner, Image.Resampling.LANCZOS, reducing_gap=3.0)
        result.paste(small, ((width - inner[0]) // 2, (height - inner[1]) // 2))
    if grey:
        result = result.convert("L").convert("RGB")
    return Picture(np.asarray(result), format_, mode, *whole, is_grey, "; ".join(notes))


def _turn(image):
    """The picture upright, and the number of its turn in EXIF's table; 0 if it is upright already."""
    from PIL import ImageOps

    try:
        turn = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged notes of the camera are no damage to the picture
        return image, 0
    return (ImageOps.exif_transpose(image), turn) if turn in range(2, 9) else (image, 0)


def _least_scale(whole, size):
    """Of the original, what share of its sides the result needs at most."""
    height, width = size
    return max(width / whole[0], height / whole[1])


def _as_rgb(image):
    """Any mode as 8-bit RGB, and what was lost on the way."""
    from PIL import Image

    if image.mode == "RGB":
        return image, ""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64)
        if not np.isfinite(values).all():
            raise PictureError("holds NaN or infinite values")
        low, high = float(values.min()), float(values.max())
        if image.mode.startswith("I;16") or (image.mode == "I" and low >= 0 and 255 < high <= 65535):
            unit, note = values / 65535, "16 bits to 8"
        elif low >= 0 and high <= 1 and image.mode == "F":
            unit, note = values, "floats to 8 bits"
        elif low >= 0 and high <= 255:
            unit, note = values / 255, f"mode {image.mode} to 8 bits"
        else:
            unit, note = (values - low) / max(high - low, 1e-300), f"mode {image.mode}, its range to 8 bits"
        grey = np.rint(255 * unit).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB"), note
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, layer).convert("RGB"), "transparency on white"
    note = "" if image.mode in ("L", "P", "1") else f"{image.mode} to RGB"
    return image.convert("RGB"), note
