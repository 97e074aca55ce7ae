"""EXIF's block of notes, changed in place: all that is not meant stays as it is, offsets and makers' notes included.

The block is a TIFF file without pixels (CIPA DC-008, "Exchangeable image file format"): a directory of entries of 12
bytes each, and a second directory for a thumbnail.
"""

import re
import struct

__all__ = ["XMP_ORIENTATION", "minimal_block", "orientation_of", "upright_block", "upright_xmp", "with_orientation"]

_ORIENTATION, _EXIF_DIRECTORY = 0x0112, 0x8769
_WIDTH, _HEIGHT = 0xA002, 0xA003  # as the camera made it
_THUMBNAIL, _THUMBNAIL_BYTES = 0x0201, 0x0202
_SHORT, _LONG = 3, 4
# Adobe's notes may state it as well, and some viewers believe them first.
XMP_ORIENTATION = re.compile(rb"(tiff:Orientation\s*(?:=\s*[\"']|>)\s*)([1-8])(\s*[\"'<])")


class _Block:
    """A block that can be written; ValueError for what is no such block."""

    def __init__(self, content: bytes) -> None:
        self.content = bytearray(content)
        order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(content[:4]))
        if order is None:
            raise ValueError("its EXIF notes are damaged")
        self.order = order

    def unpack(self, form: str, place: int) -> tuple[int, ...]:
        try:
            return struct.unpack_from(self.order + form, self.content, place)
        except struct.error:
            raise ValueError("its EXIF notes are damaged") from None

    def pack(self, form: str, place: int, *values: int) -> None:
        struct.pack_into(self.order + form, self.content, place, *values)

    @property
    def first(self) -> int:
        return self.unpack("I", 4)[0]

    def entries(self, directory: int) -> tuple[dict[int, int], int]:
        """Tag to place of its entry, and the place where the next directory is said."""
        (count,) = self.unpack("H", directory)
        places = [directory + 2 + 12 * number for number in range(count)]
        return {self.unpack("H", place)[0]: place for place in places}, directory + 2 + 12 * count

    def value(self, place: int) -> int:
        """A single whole number."""
        _, kind, count = self.unpack("HHI", place)
        if count != 1 or kind not in (_SHORT, _LONG):
            raise ValueError("its EXIF notes have no plain number where one is due")
        return self.unpack("H" if kind == _SHORT else "I", place + 8)[0]

    def set(self, place: int, number: int) -> None:
        self.value(place)
        self.pack("H" if self.unpack("HHI", place)[1] == _SHORT else "I", place + 8, number)


def minimal_block(number: int) -> bytes:
    """A block that holds an orientation and nothing else."""
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, _SHORT, 1, number, 0, 0)


def orientation_of(block: bytes) -> int | None:
    """The orientation that a block states, None where it states none."""
    found = _Block(block)
    entries, _ = found.entries(found.first)
    return found.value(entries[_ORIENTATION]) if _ORIENTATION in entries else None


def with_orientation(block: bytes, number: int) -> bytes:
    """The block with another orientation.

    Where it had none, its first directory is written anew behind all the rest, an entry longer: nothing else moves.

    Raises
    ------
    ValueError
        The block is damaged.

    Examples
    --------
    >>> orientation_of(with_orientation(minimal_block(1), 6))
    6
    """
    found = _Block(block)
    entries, end = found.entries(found.first)
    if _ORIENTATION in entries:
        found.set(entries[_ORIENTATION], number)
    else:
        new = struct.pack(found.order + "HHIHH", _ORIENTATION, _SHORT, 1, number, 0)
        rows = [bytes(found.content[place : place + 12]) for place in sorted(entries.values())]
        rows = sorted([*rows, new], key=lambda row: struct.unpack(found.order + "H", row[:2])[0])
        after = bytes(found.content[end : end + 4])
        if len(found.content) % 2:
            found.content += b"\0"
        found.pack("I", 4, len(found.content))
        found.content += struct.pack(found.order + "H", len(rows)) + b"".join(rows) + after
    return bytes(found.content)


def upright_block(block: bytes, size: tuple[int, int] | None = None) -> bytes:
    """The block of a picture whose pixels were turned or cut: upright, of that size, without its thumbnail.

    Parameters
    ----------
    block : bytes
    size : tuple of int, optional
        ``(height, width)`` now.
    """
    found = _Block(block)
    entries, end = found.entries(found.first)
    if _ORIENTATION in entries:
        found.set(entries[_ORIENTATION], 1)
    if size is not None and _EXIF_DIRECTORY in entries:
        inner, _ = found.entries(found.value(entries[_EXIF_DIRECTORY]))
        for tag, length in ((_HEIGHT, size[0]), (_WIDTH, size[1])):
            if tag in inner:
                found.set(inner[tag], length)
    (second,) = found.unpack("I", end)
    if second:
        thumbnail, _ = found.entries(second)
        if _THUMBNAIL in thumbnail and _THUMBNAIL_BYTES in thumbnail:
            place, length = (found.value(thumbnail[tag]) for tag in (_THUMBNAIL, _THUMBNAIL_BYTES))
            if place + length > len(found.content):
                raise ValueError("its EXIF notes are damaged")
            found.content[place : place + length] = bytes(length)
        found.pack("I", end, 0)
    return bytes(found.content)


def upright_xmp(notes: bytes) -> bytes:
    """Adobe's notes (XMP) of a picture whose pixels were turned: upright, if they state an orientation.

    Examples
    --------
    >>> upright_xmp(b'<rdf:Description tiff:Orientation="6"/>')
    b'<rdf:Description tiff:Orientation="1"/>'
    """
    return XMP_ORIENTATION.sub(rb"\g<1>1\3", notes)
