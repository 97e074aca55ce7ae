"""A changed picture as a file of the format it came in, with its notes, or why that cannot be without loss."""

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from toolkit._core.pictures import readable_formats
from toolkit.audit.files._exif import upright_block, upright_xmp

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["CannotWrite", "encoded", "opened", "same_pixels", "signal_to_noise"]

_Way: TypeAlias = Callable[[Any, Any, bool], bytes]  # picture, what it was made of, whether with notes

_EXIF = b"Exif\0\0"
_DEEP = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
# Directories, makers' data and what tells where the pixels are: of a TIFF that is written anew, not its own notes.
_TIFF_NOTES = {
    *(269, 270, 271, 272, 282, 283, 285, 296, 305, 306, 315, 316, 700, 33432, 33723, 34377, 34665, 34853),
    *(33550, 33922, 34735, 34736, 34737, 42112, 42113),  # where on earth
}
_TIFF_XMP, _TIFF_DENSITY = 700, (282, 283, 296)  # Adobe's notes; pixels to the inch, which no file loses
# Signal to noise, in dB, below which what was written counts as changed; a first try keeps the file's own tables.
_ENOUGH_DB = 45.0


class CannotWrite(ValueError):
    """Why a repair is not written: the file then stays as it is."""


def opened(content: bytes) -> "Image":
    """A picture by Pillow, decoded."""
    from PIL import Image

    image = Image.open(io.BytesIO(content), formats=readable_formats())
    image.load()
    return image


def encoded(image: "Image", source: "Image", *, notes: bool = True) -> bytes:
    """``image`` as a file in the format of ``source``, with its notes or without.

    Parameters
    ----------
    image : PIL.Image.Image
        Upright.
    source : PIL.Image.Image
        What it was made of, decoded.
    notes : bool, default=True
        Keep what the file says beside the picture; what it takes to show it (a colour profile) always stays.

    Returns
    -------
    bytes

    Raises
    ------
    CannotWrite
        The format has several frames or more depth than can be written, or would lose something.
    """
    if getattr(source, "n_frames", 1) > 1 and source.format != "MPO":
        raise CannotWrite("it has several frames")
    ways = {
        "AVIF": _lossless("AVIF", quality=100, subsampling="4:4:4"),
        "BMP": _lossless("BMP"),
        "GIF": _lossless("GIF"),
        "JPEG": _jpeg,
        "MPO": _jpeg,
        "JPEG2000": _lossless("JPEG2000", irreversible=False),
        "PNG": _png,
        "PPM": _lossless("PPM"),
        "TIFF": _tiff,
        "WEBP": _lossless("WEBP", lossless=True, exact=True),
    }
    if source.format not in ways:
        raise CannotWrite(f"{source.format} is not written here")
    try:
        return ways[source.format](image, source, notes)
    except CannotWrite:
        raise
    except Exception as error:  # what Pillow raises for a mode that a format lacks is open-ended
        raise CannotWrite(f"it cannot be written as {source.format}: {str(error)[:120]}") from error


def _block(image: "Image", source: "Image") -> bytes | None:
    """EXIF's block for the changed picture; None if there was none."""
    block = source.info.get("exif") or b""
    block = block.removeprefix(_EXIF)
    if not block:
        return None
    return upright_block(block, (image.height, image.width))


def _xmp(source: "Image") -> bytes | None:
    """Adobe's notes for the changed picture, which stands upright; None if there were none."""
    notes = source.info.get("xmp")
    return None if notes is None else upright_xmp(notes)


def _saved(image: "Image", format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **{name: value for name, value in options.items() if value is not None})
    return buffer.getvalue()


def _profile(source: "Image") -> bytes | None:
    return source.info.get("icc_profile")


def _lossless(format_: str, **options: Any) -> "_Way":
    def way(image: "Image", source: "Image", notes: bool) -> bytes:
        said: dict[str, Any] = {"icc_profile": _profile(source)}
        if format_ == "GIF":
            said = {"optimize": False, "comment": source.info.get("comment") if notes else b""}
        elif notes and format_ in ("WEBP", "AVIF", "JPEG2000"):
            block = _block(image, source)
            said |= {"exif": None if block is None else _EXIF + block, "xmp": _xmp(source)}
        bare = image.copy()
        bare.info = {name: value for name, value in image.info.items() if name in ("transparency", "background")}
        content = _saved(bare, format_, **options, **said)
        _check_same(image, content)
        return content

    return way


def _png(image: "Image", source: "Image", notes: bool) -> bytes:
    from PIL.PngImagePlugin import PngInfo

    if image.mode in _DEEP and image.mode not in ("I;16", "I"):
        raise CannotWrite("its depth cannot be written without loss")
    said = {"icc_profile": _profile(source), "dpi": source.info.get("dpi"), "exif": b""}
    texts = PngInfo()
    if notes:
        said["exif"] = _block(image, source)
        for name, text in getattr(source, "text", {}).items():
            if not name.startswith("Raw profile type "):  # older EXIF, which would tell of another orientation
                words = upright_xmp(text.encode()).decode()
                texts.add_itxt(name, words, getattr(text, "lang", "") or "", getattr(text, "tkey", "") or "")
    bare = image.copy()
    bare.info = {name: value for name, value in image.info.items() if name in ("transparency", "gamma", "chromaticity")}
    content = _saved(bare, "PNG", pnginfo=texts, **said)
    _check_same(image, content)
    return content


def _tiff(image: Any, source: Any, notes: bool) -> bytes:
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    kept = ImageFileDirectory_v2()
    for tag, value in source.tag_v2.items():
        if tag in (_TIFF_NOTES if notes else _TIFF_DENSITY) and tag not in (34665, 34853):
            kept[tag] = upright_xmp(value) if tag == _TIFF_XMP and isinstance(value, bytes) else value
            kept.tagtype[tag] = source.tag_v2.tagtype[tag]
    if notes:
        exif = source.getexif()
        for tag in (34665, 34853):
            if tag in exif:
                kept[tag] = dict(exif.get_ifd(tag))
    compression = source.info.get("compression", "raw")
    tries = [compression] if compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "group4") else []
    for way in [*tries, "tiff_adobe_deflate"]:
        bare = image.copy()
        bare.info = {}
        try:
            content = _saved(bare, "TIFF", compression=way, tiffinfo=kept, icc_profile=_profile(source))
            _check_same(image, content)
            return content
        except CannotWrite as error:
            last = error
    raise last


def _jpeg(image: Any, source: Any, notes: bool) -> bytes:
    from PIL import JpegImagePlugin

    block = _block(image, source) if notes else None
    said = {
        "exif": b"" if block is None else _EXIF + block,
        "icc_profile": _profile(source),
        "progressive": bool(source.info.get("progressive")),
        "comment": source.info.get("comment") if notes else None,
        "xmp": _xmp(source) if notes else None,
        "dpi": source.info.get("dpi"),
        "optimize": True,
    }
    sampling = JpegImagePlugin.get_sampling(source)
    tables = {"qtables": source.quantization, "subsampling": sampling if sampling >= 0 else 0}
    finest = {"quality": 100, "subsampling": 0}
    bare = image.copy()
    bare.info = {}
    reached = -np.inf
    for options in (tables, finest):
        content = _saved(bare, "JPEG", **said, **options)
        reached = signal_to_noise(_values(image), _values(opened(content)))
        if reached >= _ENOUGH_DB:
            return content
    raise CannotWrite(f"as a JPEG it would keep only {reached:.0f} dB")


def _check_same(image: "Image", content: bytes) -> None:
    if not same_pixels(image, opened(content)):
        raise CannotWrite("it could not be written without loss")


def same_pixels(first: "Image", second: "Image") -> bool:
    """Whether two pictures have the same values, opacity and depth included."""
    if first.size != second.size:
        return False
    if first.mode in _DEEP or second.mode in _DEEP:
        return first.mode[:1] == second.mode[:1] and np.array_equal(np.asarray(first), np.asarray(second))
    if first.mode == "CMYK" or second.mode == "CMYK":
        return first.mode == second.mode and np.array_equal(np.asarray(first), np.asarray(second))
    return np.array_equal(np.asarray(first.convert("RGBA")), np.asarray(second.convert("RGBA")))


def _values(image: "Image") -> np.ndarray:
    return np.asarray(image.convert("RGB") if image.mode not in ("L", "RGB", "CMYK") else image)


def signal_to_noise(truth: np.ndarray, found: np.ndarray) -> float:
    """PSNR in dB of 8-bit values, infinite where they are equal, minus infinity where the shapes differ.

    >>> round(signal_to_noise(np.zeros((2, 2)), np.ones((2, 2))), 2)
    48.13
    """
    if truth.shape != found.shape:
        return -np.inf
    error = np.mean((truth.astype(np.float64) - found) ** 2)
    return np.inf if error == 0 else float(10 * np.log10(255**2 / error))
