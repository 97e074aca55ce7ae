"""Decoding one picture file with suspicion: bytes in, pixels of one size or one reason out.

It stands on the ground floor, since every worker process imports it, and little else.
"""

import functools
import hashlib
import io
import warnings
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from toolkit._core.depth import common_range, deep_values, range_in_words
from toolkit._core.printable import printable

__all__ = [
    "FORMATS",
    "Picture",
    "PictureError",
    "decode_picture",
    "picture_size",
    "pillow_is_quiet",
    "readable_formats",
]

# Formats that Pillow decodes by itself. EPS, for one, would start an interpreter on what the file says.
FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
_HEIF = "HEIF"  # telephones' photographs, decoded by the package pillow-heif where it is installed

_GREY_MODES = ("1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N")
_ORIENTATION = 0x0112  # EXIF's number of that note
# Frames are counted by walking through the file: of a TIFF so far, of a GIF only where the walk is short.
_MOST_FRAMES, _SMALL_GIF = 100, 2**18
_STRIP = 256  # rows that are hashed at a time


class PictureError(ValueError):
    """Why a file is no picture that can be used, in a few words."""


@dataclass(frozen=True)
class Picture:
    """One decoded picture.

    Attributes
    ----------
    pixels : ndarray of uint8 of shape (height, width, 3), or (height, width) of a grey one at its own size
    format, mode : str
        As the file has them.
    width, height : int
        Of the original, after the rotation that its camera asked for.
    is_grey : bool
    note : str
        What was done beyond the ordinary.
    digest : bytes
        sha256 of the pixels as they are shown, before anything was lost: equal for the same picture in two files.
    values : tuple of (str, float, float) or None
        Of a picture of more than 8 bits: ``"integer"`` or ``"float"``, its least and its greatest value.
    scale : tuple of float or None
        What of these became black and white.
    frames : int or None
        Of which the first is taken; None where there are several and counting them would take long.
    depth : str
        ``"1 bit"``, ``"8 bits"``, ``"16 bits"``, ``"32 bits"`` or ``"floats"``.
    alpha : str
        ``"none"``, ``"opaque"`` (there, and says nothing) or ``"transparent"``.
    orientation : int
        EXIF's number, 1 to 8: how the camera was held.
    """

    pixels: np.ndarray
    format: str
    mode: str
    width: int
    height: int
    is_grey: bool
    note: str
    digest: bytes
    values: tuple | None = None
    scale: tuple | None = None
    frames: int | None = 1
    depth: str = "8 bits"
    alpha: str = "none"
    orientation: int = 1


@contextmanager
def pillow_is_quiet():
    """Pillow only warns of a picture of 89 megapixels, or of damaged metadata; the first is an error here."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


@functools.cache
def readable_formats():
    """Those of ``FORMATS`` that Pillow was built with, and HEIF where pillow-heif is installed."""
    from PIL import Image

    Image.init()
    found = tuple(name for name in FORMATS if name in Image.OPEN)
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return found
    register_heif_opener(thumbnails=False)
    return (*found, _HEIF)


def picture_size(content, *, max_pixels=2**26):
    """``(height, width)`` of a picture as it is shown, by its header; None where that tells nothing.

    Parameters
    ----------
    content : bytes or binary file
    max_pixels : int
    """
    from PIL import Image

    try:
        source = io.BytesIO(content) if isinstance(content, bytes) else content
        with Image.open(source, formats=readable_formats()) as image:
            if image.width * image.height > max_pixels:
                return None
            turned = (image.format != "PNG" or "exif" in image.info) and _turn(image) >= 5
            return (image.width, image.height) if turned else (image.height, image.width)
    except Exception:  # what is wrong with it is said when it is decoded
        return None


def decode_picture(content, size, *, fit="crop", grey=False, max_pixels=2**26, scales=None):
    """Decode a picture, cut or pad it to the shape wanted and resize it.

    Parameters
    ----------
    content : bytes
    size : tuple of int or None
        ``(height, width)`` wanted. A picture of that size keeps its pixels; None keeps those of any.
    fit : {"crop", "pad"}
        ``"crop"`` takes the largest middle part of that shape, ``"pad"`` adds black at two sides.
    grey : bool, default=False
        Three equal channels, the luma of the picture; at its own size one.
    max_pixels : int
        More than these are refused on the word of the header, before anything is decoded.
    scales : dict of str to tuple of float, optional
        What is black and white in pictures of more than 8 bits, ``"integer"`` and ``"float"`` ones; by default as the
        picture by itself suggests.

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
            return _prepare(image, content, size, fit, grey, scales or {})
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
    return printable((str(error).splitlines() or [type(error).__name__])[0][:200])


def _prepare(image, content, size, fit, grey, scales):
    format_, mode, frames = image.format, image.mode, _count_frames(image, content)
    notes = [] if frames == 1 else [_frames_note(frames, format_)]
    whole, orientation = (image.width, image.height), 1
    if format_ == "TIFF":
        orientation = _orientation(image)  # Pillow turns it when it is decoded, and forgets
    if format_ == "JPEG" and size is not None:
        # The decoder itself can halve a large picture; twice the size wanted keeps the resampling honest.
        side = max(size[1] / whole[0], size[0] / whole[1])
        image.draft("L" if mode == "L" else "RGB", tuple(int(np.ceil(2 * length * side)) for length in whole))
    try:
        deep = deep_values(image, content, readable_formats())
    except ValueError as error:
        raise PictureError(str(error)) from None
    if deep is not None:
        values = (deep.family, deep.low, deep.high)
        scale = scales.get(deep.family) or common_range(*values)
        plain, digest, note = deep.image(*scale), deep.digest, _deep_note(deep, scale)
        is_grey, depth, alpha = len(deep.bands) == 1, deep.room, _opacity(deep.alpha)
        if deep.low < deep.high and all(low == high for low, high in _extrema(plain)):
            raise PictureError(
                f"its values, {range_in_words(deep.low, deep.high)}, are one grey level of {range_in_words(*scale)}"
            )
        if deep.alpha is not None:
            plain, note = _on_white(plain, deep.alpha), f"{note}; transparency on white"
        deep = None  # its values may take more memory than all that follows
    else:
        values = scale = None
        plain, digest, note, alpha = _as_8_bits(image)
        is_grey, depth = mode in _GREY_MODES, "1 bit" if mode == "1" else "8 bits"
    if note:
        notes.append(note)
    turn = _turn(image)  # not before: to look for it decodes a PNG
    orientation = max(orientation, turn)
    if turn:
        notes.append("turned as its camera says")
        plain = plain if values is None else plain.transpose(_TURNS[turn])
        whole = whole[::-1] if turn >= 5 else whole
    # The size of the original, since a decoder may have halved it.
    digest = hashlib.sha256(digest + repr((whole, turn if values else 0)).encode()).digest()
    result = plain if size is None else _to_size(plain, size, fit)
    if grey and result.mode != "L":
        result = result.convert("L")
    pixels = np.asarray(result if size is None and result.mode == "L" else result.convert("RGB"))
    known = (format_, mode, *whole, is_grey, "; ".join(notes), digest, values, scale)
    return Picture(pixels, *known, frames, depth, alpha, orientation)


def _to_size(plain, size, fit):
    """Cut or padded to the shape wanted, and resized."""
    from PIL import Image

    height, width = size
    if fit == "crop":
        scale = min(plain.width / width, plain.height / height)
        box_width, box_height = scale * width, scale * height
        left, top = (plain.width - box_width) / 2, (plain.height - box_height) / 2
        box = (max(left, 0.0), max(top, 0.0), min(left + box_width, plain.width), min(top + box_height, plain.height))
        return plain.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    scale = max(plain.width / width, plain.height / height)
    inner = (min(width, max(1, round(plain.width / scale))), min(height, max(1, round(plain.height / scale))))
    result = Image.new(plain.mode, (width, height))  # black
    small = plain.resize(inner, Image.Resampling.LANCZOS, reducing_gap=3.0)
    result.paste(small, ((width - inner[0]) // 2, (height - inner[1]) // 2))
    return result


# Of EXIF's table: what brings a picture upright.
_TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}


def _turn(image):
    """The number of the picture's turn in EXIF's table; 0 if it is upright, or Pillow turns it by itself."""
    turn = 1 if image.format == "TIFF" else _orientation(image)
    return turn if turn in _TURNS else 0


def _orientation(image):
    """EXIF's number of how the camera was held, 1 to 8; 1 where it says nothing that can be."""
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # damaged notes of the camera are no damage to the picture
        return 1
    return int(found) if found in range(1, 9) else 1


def _count_frames(image, content):
    """Frames of a picture, by no walk through a chain of any length; None if there are several, and many."""
    if not getattr(image, "is_animated", False):
        return 1
    if image.format == "TIFF":
        found = _count_directories(content)
        return found if found < _MOST_FRAMES else None
    if image.format == "GIF" and len(content) > _SMALL_GIF:
        return None
    return image.n_frames


def _frames_note(frames, format_):
    if frames is None:
        return f"first of {_MOST_FRAMES} or more frames" if format_ == "TIFF" else "first of several frames"
    return f"first of {frames} frames"


def _count_directories(content):
    """Directories of a TIFF, at most so many that the count is of use."""
    from PIL import Image

    with Image.open(io.BytesIO(content), formats=("TIFF",)) as image:
        for frame in range(1, _MOST_FRAMES):
            try:
                image.seek(frame)
            except Exception:  # there is none, or it is damaged: the first is what counts
                return frame
    return _MOST_FRAMES


def _deep_note(deep, scale):
    if scale == (0, 65535):
        return f"{deep.room} to 8"
    if deep.family == "float" and scale == (0, 1):
        return "floats to 8 bits"
    return f"{deep.room} to 8{' bits' if deep.room == 'floats' else ''}: {range_in_words(*scale)} as black to white"


def _opacity(alpha):
    """What a channel of opacity says: nothing, where there is none or all is opaque."""
    if alpha is None:
        return "none"
    return "opaque" if alpha.getextrema() == (255, 255) else "transparent"


def _extrema(image):
    found = image.getextrema()
    return found if isinstance(found[0], tuple) else (found,)


def _on_white(image, alpha):
    from PIL import Image

    white = Image.new(image.mode, image.size, "white")
    white.paste(image, mask=alpha)
    return white


def _as_8_bits(image):
    """A picture of 8-bit values upright as L or RGB, the sha256 of what is seen, what was lost, and its opacity."""
    image.load()
    turn = _turn(image)
    if turn:  # before it is hashed: the same scans are another picture where another orientation is stated
        image = image.transpose(_TURNS[turn])
    note = "" if image.mode in ("RGB", "L", "P", "1") else f"{image.mode} to RGB"
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layer = image.convert("LA" if image.mode in ("LA", "La") else "RGBA")
        alpha = layer.getchannel("A")
        colour = layer.convert("L" if layer.mode == "LA" else "RGB")
        del layer
        if alpha.getextrema() != (255, 255):
            digest = hashlib.sha256(_digest(colour) + alpha.tobytes()).digest()
            return _on_white(colour, alpha), digest, "transparency on white", "transparent"
        return colour, _digest(colour), f"opacity of {image.mode} says nothing", "opaque"
    if image.mode not in ("RGB", "L"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    return image, _digest(image), note, "none"


def _digest(image):
    """sha256 of the pixels, the same for a grey picture and for the colour picture that looks like it."""
    found = hashlib.sha256()
    for top in range(0, image.height, _STRIP):
        strip = image.crop((0, top, image.width, min(top + _STRIP, image.height)))
        found.update(strip.convert("RGB").tobytes())
    return found.digest()
