"""JPEG files as segments: another orientation, or no notes, with every byte of the picture itself as it was.

ITU-T T.81, annex B: a file is a chain of segments, each with a marker; notes stand in APP and COM segments before the
scans.
"""

from typing import NamedTuple

from toolkit.audit.files._exif import XMP_ORIENTATION, minimal_block, orientation_of, with_orientation

__all__ = ["is_jpeg", "jpeg_orientation", "jpeg_scans", "jpeg_with_orientation", "jpeg_without_notes"]

_SOI, _EOI, _SOS, _COM = 0xD8, 0xD9, 0xDA, 0xFE
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_MOST = 65533  # bytes that a segment can hold


class _Segment(NamedTuple):
    marker: int
    body: bytes

    def written(self) -> bytes:
        if len(self.body) > _MOST:
            raise ValueError("its notes have no room for an orientation")
        return bytes([0xFF, self.marker]) + (len(self.body) + 2).to_bytes(2, "big") + self.body


def is_jpeg(content: bytes) -> bool:
    """Whether a file begins as a JPEG does."""
    return content[:3] == b"\xff\xd8\xff"


def _split(content: bytes) -> tuple[list[_Segment], bytes]:
    """Segments before the first scan, and all from there on."""
    segments: list[_Segment] = []
    place = 2
    while True:
        while content[place : place + 2] == b"\xff\xff":  # fill bytes
            place += 1
        if len(content) < place + 4 or content[place] != 0xFF:
            raise ValueError("its JPEG segments are damaged")
        marker, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4], "big")
        if marker == _SOS:
            return segments, content[place:]
        if length < 2 or place + 2 + length > len(content):
            raise ValueError("its JPEG segments are damaged")
        segments.append(_Segment(marker, content[place + 4 : place + 2 + length]))
        place += 2 + length


def _joined(segments: list[_Segment], rest: bytes) -> bytes:
    return b"\xff\xd8" + b"".join(segment.written() for segment in segments) + rest


def jpeg_scans(content: bytes) -> bytes:
    """All of a file but its notes: tables and scans."""
    segments, rest = _split(content)
    return b"".join(segment.written() for segment in segments if not _is_note(segment)) + rest


def _is_note(segment: _Segment) -> bool:
    return 0xE0 <= segment.marker <= 0xEF or segment.marker == _COM


def jpeg_orientation(content: bytes) -> int:
    """The orientation that EXIF states, or else Adobe's notes; 1 where none does."""
    stated = [segment.body for segment in _split(content)[0] if segment.marker == _APP1]
    for body in stated:
        if body.startswith(_EXIF):
            number = orientation_of(body[len(_EXIF) :])
            if number is not None:
                return number if 1 <= number <= 8 else 1
            break
    for body in stated:
        found = XMP_ORIENTATION.search(body) if body.startswith(_XMP) else None
        if found is not None:
            return int(found[2])
    return 1


def jpeg_with_orientation(content: bytes, number: int) -> bytes:
    """The file with another orientation in its notes; tables and scans stay as they are, byte for byte.

    Raises
    ------
    ValueError
        Segments or notes are damaged, or there is no room.
    """
    segments, rest = _split(content)
    place = next(
        (i for i, one in enumerate(segments) if one.marker == _APP1 and one.body.startswith(_EXIF)),
        None,
    )
    if place is None:
        after = 1 if segments and segments[0].marker == _APP0 else 0
        segments.insert(after, _Segment(_APP1, _EXIF + minimal_block(number)))
    else:
        block = with_orientation(segments[place].body[len(_EXIF) :], number)
        segments[place] = _Segment(_APP1, _EXIF + block)
    # Some viewers believe Adobe's notes first.
    for i, one in enumerate(segments):
        if one.marker == _APP1 and one.body.startswith(_XMP):
            segments[i] = _Segment(_APP1, XMP_ORIENTATION.sub(rb"\g<1>%d\3" % number, one.body))
    return _joined(segments, rest)


def jpeg_without_notes(content: bytes) -> bytes:
    """The file without EXIF, XMP, IPTC, comments, thumbnails, and what stands behind its end.

    What says how to show the picture stays: its orientation, its colour profile, Adobe's colour transform, its density.
    """
    number = jpeg_orientation(content)
    segments, rest = _split(content)
    kept = []
    for one in segments:
        if one.marker == _APP0 and one.body.startswith(b"JFIF\0") and len(one.body) >= 14:
            kept.append(_Segment(_APP0, one.body[:12] + b"\0\0"))  # its own thumbnail is of no pixels
        elif not _is_note(one) or _shows(one):
            kept.append(one)
    if number != 1:
        kept.insert(1 if kept and kept[0].marker == _APP0 else 0, _Segment(_APP1, _EXIF + minimal_block(number)))
    return _joined(kept, _until_the_end(rest))


def _shows(segment: _Segment) -> bool:
    return (segment.marker == _APP2 and segment.body.startswith(b"ICC_PROFILE\0")) or (
        segment.marker == _APP14 and segment.body.startswith(b"Adobe")
    )


def _until_the_end(rest: bytes) -> bytes:
    """Scans up to their end: without notes between them and what was hung on behind."""
    kept: list[bytes] = []
    start = place = 0
    while (place := rest.find(b"\xff", place)) >= 0 and place + 1 < len(rest):
        marker = rest[place + 1]
        if marker == 0xFF:
            place += 1
        elif marker == 0 or 0xD0 <= marker <= 0xD7 or marker == 1:
            place += 2
        elif marker == _EOI:
            return b"".join(kept) + rest[start : place + 2]
        else:
            end = place + 2 + int.from_bytes(rest[place + 2 : place + 4], "big")
            if _is_note(_Segment(marker, b"")):
                kept.append(rest[start:place])
                start = end
            place = end
    raise ValueError("its JPEG has no end")
