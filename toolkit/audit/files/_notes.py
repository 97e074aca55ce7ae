"""Files without their notes: where they were taken, by whom and with what, and the pixels as they were."""

import struct
import zlib
from collections.abc import Callable

from toolkit.audit.files._exif import minimal_block, orientation_of
from toolkit.audit.files._jpeg import is_jpeg, jpeg_without_notes

__all__ = ["without_notes"]

_PNG = b"\x89PNG\r\n\x1a\n"
# What it takes to show a PNG as it was; all else, known or not, may be a note.
_PNG_SHOWS = {
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"bKGD"),
    *(b"pHYs", b"acTL", b"fcTL", b"fdAT"),
}
_WEBP_SHOWS = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04  # flags of its extended header


def without_notes(content: bytes) -> bytes | None:
    """The file without notes, every byte of its picture as it was; None for a format whose notes are not known here.

    Raises
    ------
    ValueError
        It is damaged.
    """
    for begins, way in _WAYS:
        if begins(content):
            return way(content)
    return None


def _png(content: bytes) -> bytes:
    kept, number, place = [_PNG], 1, len(_PNG)
    while place < len(content):
        if place + 12 > len(content):
            raise ValueError("its PNG chunks are damaged")
        (length,) = struct.unpack_from(">I", content, place)
        kind, end = content[place + 4 : place + 8], place + 12 + length
        if end > len(content):
            raise ValueError("its PNG chunks are damaged")
        if kind == b"eXIf":
            number = orientation_of(content[place + 8 : end - 4]) or 1
            if number != 1:
                kept.append(_png_chunk(b"eXIf", minimal_block(number)))
        elif kind in _PNG_SHOWS:
            kept.append(content[place:end])
        place = end
        if kind == b"IEND":  # what is hung on behind is no picture
            return b"".join(kept)
    raise ValueError("its PNG has no end")


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _webp(content: bytes) -> bytes:
    kept, number, place = [], 1, 12
    end_of_all = min(len(content), 8 + int.from_bytes(content[4:8], "little"))
    while place + 8 <= end_of_all:
        kind, length = content[place : place + 4], int.from_bytes(content[place + 4 : place + 8], "little")
        end = place + 8 + length + length % 2
        if place + 8 + length > len(content):
            raise ValueError("its WebP chunks are damaged")
        body = content[place + 8 : place + 8 + length]
        if kind == b"EXIF":
            number = orientation_of(body.removeprefix(b"Exif\0\0")) or 1
        elif kind in _WEBP_SHOWS:
            kept.append([kind, body])
        place = end
    if number != 1:
        kept.append([b"EXIF", minimal_block(number)])
    if kept and kept[0][0] == b"VP8X":
        flags = kept[0][1][0] & ~(_WEBP_EXIF | _WEBP_XMP) | (_WEBP_EXIF if number != 1 else 0)
        kept[0][1] = bytes([flags]) + kept[0][1][1:]
    parts = [kind + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2) for kind, body in kept]
    whole = b"WEBP" + b"".join(parts)
    return b"RIFF" + len(whole).to_bytes(4, "little") + whole


def _same(content: bytes) -> bytes:
    """A format that has no room for notes."""
    return content


_WAYS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], bytes]], ...] = (
    (is_jpeg, jpeg_without_notes),
    (lambda content: content.startswith(_PNG), _png),
    (lambda content: content[:4] == b"RIFF" and content[8:12] == b"WEBP", _webp),
    (lambda content: content[:2] == b"BM", _same),
)
