"""Pictures of more than 8 bits a channel: their values, and how a set of them becomes 8 bits without going black.

A 16-bit file seldom uses 16 bits: cameras fill 10, 12 or 14 of them, masks and depth maps 8 or fewer. What the file
says is room, not depth, so the depth is learnt from all pictures of a set together: they share one scale.
"""

import hashlib
import io
import re
from dataclasses import dataclass

import numpy as np

__all__ = ["FLOAT", "INTEGER", "DeepValues", "common_range", "deep_values", "has_deep_colour", "range_in_words"]

INTEGER, FLOAT = "integer", "float"
_BITS = (8, 10, 12, 14, 16)
_ROWS = 256  # at a time, so that a large picture is never held as float64
# Raw modes of colour that Pillow cuts to the high byte of each value, and how to read the low byte instead.
_LOW_BYTE = {
    f"{mode};16{order}": f"{mode};16{other}"
    for mode in ("RGB", "RGBA", "RGBX")
    for order, other in (("B", "L"), ("L", "B"), ("N", "B" if np.little_endian else "L"))
}


@dataclass
class DeepValues:
    """Values of one picture, a band each, with their range.

    Attributes
    ----------
    bands : list of ndarray of shape (height, width)
        One of grey, or three of colour: uint16, int32 or float32.
    alpha : PIL.Image.Image or None
        How opaque each pixel is, 8 bits.
    family : {"integer", "float"}
    low, high : float
        Least and greatest value.
    room : str
        What the file says, in words.
    """

    bands: list
    alpha: object
    family: str
    low: float
    high: float
    room: str

    @property
    def digest(self):
        """sha256 of the values, before anything is lost."""
        found = hashlib.sha256(f"{self.bands[0].dtype}{self.bands[0].shape}{len(self.bands)}".encode())
        for band in self.bands:
            found.update(np.ascontiguousarray(band))
        if self.alpha is not None:
            found.update(self.alpha.tobytes())
        return found.digest()

    def image(self, low, high):
        """As an 8-bit picture, ``low`` black and ``high`` white."""
        from PIL import Image

        parts = [Image.fromarray(_as_8_bits(band, low, high)) for band in self.bands]
        return parts[0] if len(parts) == 1 else Image.merge("RGB", parts)


def common_range(family, low, high):
    """What is black and what is white in a set whose values go from ``low`` to ``high``.

    Parameters
    ----------
    family : {"integer", "float"}
    low, high : float
        Over all pictures of that family.

    Returns
    -------
    tuple of float
        Whole bits where the values are counts, 0 to 1 or 0 to 255 where floats look like that, else the range itself.

    Examples
    --------
    >>> common_range("integer", 3, 120), common_range("integer", 0, 4000), common_range("integer", -5, 7)
    ((0, 255), (0, 4095), (-5, 7))
    >>> common_range("float", 0.0, 0.7), common_range("float", 0.0, 254.5), common_range("float", 0.0, 1.5)
    ((0, 1), (0, 255), (0.0, 1.5))
    """
    if family == INTEGER and low >= 0:
        for bits in _BITS:
            if high < 2**bits:
                return 0, 2**bits - 1
        return 0, high
    if family == FLOAT and low >= 0:
        if high <= 1:
            return 0, 1
        return (0, 255) if 64 <= high <= 255 else (0.0, high)
    return low, high


def range_in_words(low, high):
    """A range for a note.

    Examples
    --------
    >>> range_in_words(0, 4095), range_in_words(-1.5, 2.0)
    ('0 to 4095', '-1.5 to 2')
    """
    return f"{low:.6g} to {high:.6g}"


def _as_8_bits(values, low, high):
    if values.dtype == np.uint16:  # a table of all values that there can be
        return _scaled(np.arange(65536), low, high)[values]
    result = np.empty(values.shape, dtype=np.uint8)
    for first in range(0, len(values), _ROWS):
        result[first : first + _ROWS] = _scaled(values[first : first + _ROWS], low, high)
    return result


def _scaled(values, low, high):
    unit = (np.asarray(values, dtype=np.float64) - low) / max(high - low, 1e-300)
    return np.rint(255 * np.clip(unit, 0, 1)).astype(np.uint8)


def deep_values(image, content, formats):
    """The values of a picture that is open but not decoded; None if 8 bits hold them.

    Parameters
    ----------
    image : PIL.Image.Image
    content : bytes
        The file that it comes from: colour is decoded twice, as its high and as its low bytes, since Pillow has no mode
        for both.
    formats : sequence of str

    Returns
    -------
    DeepValues or None

    Raises
    ------
    ValueError
        They are not finite.
    """
    if image.mode.startswith("I") or image.mode == "F":
        return _grey(image)
    tiles = _low_byte_tiles(image)
    return None if tiles is None else _colour(image, content, formats, *tiles)


def has_deep_colour(image, content):
    """Whether a picture that is open but not decoded has colour of more than 8 bits, by its header.

    Pillow has no mode for such colour: what it decodes, and would write, are the high bytes.

    Parameters
    ----------
    image : PIL.Image.Image
    content : bytes
        The file that it comes from.

    Examples
    --------
    >>> import io
    >>> from PIL import Image
    >>> file = io.BytesIO()
    >>> Image.new("RGB", (2, 2)).save(file, "PNG")
    >>> with Image.open(file) as image:
    ...     has_deep_colour(image, file.getvalue())
    False
    """
    if image.mode.startswith("I") or image.mode == "F":
        return False
    if image.format == "JPEG2000":
        # ITU-T T.800, A.5.1: after 36 bytes of sizes the number of components, and of each its bits less one.
        place = content.find(b"\xff\x4f\xff\x51") + 40
        count = int.from_bytes(content[place : place + 2], "big")
        return any(bits & 0x7F > 7 for bits in content[place + 2 : place + 2 + 3 * count : 3])
    if image.format == "AVIF":
        # AV1 in ISO media files, 2.3.3: the third byte of a configuration says whether values have 10 or 12 bits.
        return any(found[1][2] & 0x40 for found in re.finditer(rb"(?s)av1C(.{4})", content))
    for tile in image.tile:
        raw, *more = [tile.args] if isinstance(tile.args, str) else (tile.args or [""])
        if ";16" in str(raw) or (tile.codec_name == "ppm" and more and more[0] > 255):
            return True
    return False


def _grey(image):
    image.load()
    values = np.asarray(image)
    if values.dtype == bool or values.dtype == np.uint8:
        return None
    if image.mode == "F" and not all(np.isfinite(part).all() for part in np.array_split(values, 64)):
        raise ValueError("holds NaN or infinite values")
    if values.dtype.kind != "f" and values.dtype != np.uint16 and values.dtype.itemsize <= 2:
        values = values.astype(np.uint16)  # of a foreign byte order
    family = FLOAT if image.mode == "F" else INTEGER
    room = "16 bits" if image.mode.startswith("I;16") else "floats" if family == FLOAT else "32 bits"
    if image.mode == "I" and values.min() >= 0 and 255 < values.max() <= 65535:
        room, values = "16 bits", values.astype(np.uint16)
    return DeepValues([values], None, family, values.min().item(), values.max().item(), room)


def _low_byte_tiles(image):
    """How to read the high and the low bytes of 16-bit colour: two pairs of a mode and tiles; None if it is not."""
    if not image.tile:
        return None
    modes = {tile.args if isinstance(tile.args, str) else (tile.args or [""])[0] for tile in image.tile}
    if len(modes) != 1:
        return None
    (raw,) = modes
    if image.tile[0].codec_name == "ppm" and raw == "RGB" and image.tile[0].args[1] > 255:
        tiles = [
            [tile._replace(codec_name="raw", args=(f"RGB;16{order}", 0, 1)) for tile in image.tile] for order in "BL"
        ]
        return ("RGB", tiles[0]), ("RGB", tiles[1])
    if raw == "LA;16B" and image.format == "PNG":
        # Grey with opacity, four bytes a pixel: read as they are.
        tiles = [tile._replace(args="RGBA") for tile in image.tile]
        return ("RGBA", tiles), ("RGBA", tiles)
    if raw not in _LOW_BYTE:
        return None

    def other(tile):
        return tile._replace(args=_LOW_BYTE[raw] if isinstance(tile.args, str) else (_LOW_BYTE[raw], *tile.args[1:]))

    return (image.mode, image.tile), (image.mode, [other(tile) for tile in image.tile])


def _colour(image, content, formats, high_bytes, low_bytes):
    from PIL import Image

    is_grey = high_bytes is not low_bytes and high_bytes[1] is low_bytes[1]
    bands, alpha = [], None
    if is_grey:
        image._mode, image.tile = high_bytes
        image.load()
        bands = [_joined(image.getchannel(0), image.getchannel(1))]
        alpha = image.getchannel(2)
    else:
        with Image.open(io.BytesIO(content), formats=formats) as other:
            image._mode, image.tile = high_bytes
            other._mode, other.tile = low_bytes
            image.load()
            other.load()
            bands = [_joined(image.getchannel(band), other.getchannel(band)) for band in range(3)]
        alpha = image.getchannel(3) if image.mode == "RGBA" else None
    low, high = min(int(band.min()) for band in bands), max(int(band.max()) for band in bands)
    return DeepValues(bands, alpha, INTEGER, low, high, "16 bits")


def _joined(high, low):
    values = np.asarray(high).astype(np.uint16)
    values <<= 8
    values |= np.asarray(low)
    return values
