"""One file repaired at its own size and in its own format, or a reason why it stays as it is."""

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from toolkit._core.pictures import PictureError, decode_picture, readable_formats
from toolkit.audit.files._encode import CannotWrite, encoded, opened, same_pixels, signal_to_noise
from toolkit.audit.files._frame import LOSSY_FORMATS, frame_box
from toolkit.audit.files._jpeg import is_jpeg, jpeg_orientation, jpeg_scans, jpeg_with_orientation
from toolkit.audit.files._notes import without_notes
from toolkit.audit.files._picture_actions import PICTURE_ACTIONS, PictureAction
from toolkit.audit.files._symmetries import SYMMETRIES, composed

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Verdict", "check_written", "repaired_content", "stripped_content"]


Box: TypeAlias = tuple[int, int, int, int]  # left, top, right and lower edge


@dataclass(frozen=True)
class Verdict:
    """What a file, read again, holds of a repair.

    Attributes
    ----------
    right : bool
    psnr : float
        In dB against the repair of the decoded original; infinite where every pixel is equal.
    height, width : int
        As it is shown.
    """

    right: bool
    psnr: float
    height: int
    width: int


def repaired_content(content: bytes, action: str, box: Box | None = None) -> bytes:
    """The file with a symmetry, a cut or an inversion done to the picture as it is shown.

    Parameters
    ----------
    content : bytes
    action : str
        One of ``SYMMETRIES``, ``"crop"``, ``"invert"``, or of ``PICTURE_ACTIONS``.
    box : tuple of int, optional
        Left, top, right and lower edge of what ``"crop"`` keeps, in pixels as shown; without one, what the frame is
        around, where the pixels show where it ends.

    Returns
    -------
    bytes

    Raises
    ------
    CannotWrite
        It cannot be done without loss.
    """
    try:
        if action in SYMMETRIES and is_jpeg(content):
            return jpeg_with_orientation(content, composed(jpeg_orientation(content), SYMMETRIES[action]))
        return encoded(_target(content, action, box), opened(content))
    except CannotWrite:
        raise
    except Exception as error:  # what Pillow raises on damaged files is open-ended
        raise CannotWrite(f"{str(error)[:160] or type(error).__name__}") from error


def stripped_content(content: bytes) -> bytes:
    """The file without notes; every pixel stays.

    Raises
    ------
    CannotWrite
        The notes of this format cannot be taken out without loss.
    """
    try:
        bare = without_notes(content)
        if bare is None:
            _check_depth(content)
            bare = encoded(_upright(content), opened(content), notes=False)
        if not np.array_equal(_shown(bare), _shown(content)):
            raise CannotWrite("its notes could not be removed without loss")
        return bare
    except CannotWrite:
        raise
    except Exception as error:
        raise CannotWrite(f"its notes could not be removed: {str(error)[:160]}") from error


def check_written(before: bytes, after: bytes, action: str, box: Box | None = None) -> Verdict:
    """Whether ``after``, as it was written and read again, is the repair of ``before``.

    Raises
    ------
    CannotWrite
        One of them cannot be read.
    """
    try:
        return _compared(before, after, action, box)
    except CannotWrite:
        raise
    except Exception as error:  # what Pillow raises on damaged notes is open-ended
        raise CannotWrite(f"it cannot be read: {str(error)[:120]}") from error


def _compared(before: bytes, after: bytes, action: str, box: Box | None) -> Verdict:
    if action == "keep":
        right = after == before
        if not right:  # without its notes
            right = np.array_equal(_shown(before), _shown(after))
        size = _shown(after).shape
        return Verdict(right, np.inf if right else signal_to_noise(_shown(before), _shown(after)), *size[:2])
    target, found = _target(before, action, box), _upright(after)
    truth, shown = (np.asarray(image.convert("RGB")) for image in (_plain(target), _plain(found)))
    psnr = np.inf if same_pixels(target, found) else signal_to_noise(truth, shown)
    right = psnr >= 40
    if action in SYMMETRIES:
        right = psnr == np.inf and (not is_jpeg(before) or _same_scans(before, after))
    return Verdict(bool(right), psnr, found.height, found.width)


def _same_scans(before: bytes, after: bytes) -> bool:
    """The scans of one file are those of the other, up to its end."""
    first, second = jpeg_scans(before), jpeg_scans(after)
    return first == second or first.startswith(second)


def _shown(content: bytes) -> np.ndarray:
    try:
        return decode_picture(content, None, max_pixels=2**30).pixels
    except PictureError as error:
        raise CannotWrite(str(error)) from error


def _plain(image: "Image") -> "Image":
    return image if image.mode not in ("I;16", "I;16B", "I;16L", "I", "F") else image.convert("L")


def _upright(content: bytes) -> "Image":
    """The picture as it is shown, in the mode of the file."""
    from PIL import Image

    image = opened(content)
    if image.format == "TIFF":  # which Pillow has turned already
        return image
    number = image.getexif().get(0x0112, 1)
    if number not in range(2, 9):
        return image
    return image.transpose(_transposition(number, Image.Transpose))


def _transposition(number: int, ways: Any) -> Any:
    return {
        2: ways.FLIP_LEFT_RIGHT,
        3: ways.ROTATE_180,
        4: ways.FLIP_TOP_BOTTOM,
        5: ways.TRANSPOSE,
        6: ways.ROTATE_270,
        7: ways.TRANSVERSE,
        8: ways.ROTATE_90,
    }[number]


def _target(content: bytes, action: str, box: Box | None) -> "Image":
    """The picture that is to be written, upright."""
    from PIL import Image

    _check_depth(content)
    image = _upright(content)
    if action in SYMMETRIES:
        return image.transpose(_transposition(SYMMETRIES[action], Image.Transpose))
    if action == "invert":
        return _inverted(image)
    if action in PICTURE_ACTIONS:
        return _mended(image, PICTURE_ACTIONS[action])
    if box is None:
        box, why_not = frame_box(_shown(content), lossy=opened(content).format in LOSSY_FORMATS)
        if box is None:
            raise CannotWrite(why_not)
    left, top, right, lower = box
    if not (0 <= left < right <= image.width and 0 <= top < lower <= image.height):
        raise CannotWrite(
            f"the box {left},{top},{right},{lower} is not within its {image.width} x {image.height} pixels"
        )
    return image.crop(box)


def _check_depth(content: bytes) -> None:
    """Colour of more than 8 bits is read as 8 by Pillow, and would be written so."""
    from PIL import Image

    from toolkit._core.depth import has_deep_colour

    with Image.open(io.BytesIO(content), formats=readable_formats()) as image:
        if has_deep_colour(image, content):
            raise CannotWrite("colour of more than 8 bits, such as 16-bit colour, cannot be written without loss")


def _mended(image: "Image", action: PictureAction) -> "Image":
    """The picture without a fault of its pixels, or a reason why it stays."""
    from PIL import Image

    from toolkit.restoration import repair_original

    if image.mode not in ("L", "LA", "RGB", "RGBA"):
        raise CannotWrite(f"the pixels of a picture of mode {image.mode} are not repaired here")
    alpha = image.getchannel("A") if image.mode in ("LA", "RGBA") else None
    if "transparency" in image.info or (alpha is not None and alpha.getextrema() != (255, 255)):
        raise CannotWrite("it is transparent in places")
    colours = np.asarray(image if alpha is None else image.convert(image.mode.removesuffix("A")))
    repair = repair_original(colours, action.fault, method=action.method)
    if not repair.repaired:
        raise CannotWrite(repair.why_not)
    found = Image.fromarray(repair.image)
    if alpha is not None:
        found.putalpha(alpha)
    return found


def _inverted(image: Any) -> "Image":
    from PIL import Image, ImageChops

    if image.mode in ("1", "L", "RGB"):
        return ImageChops.invert(image)
    if image.mode in ("LA", "RGBA"):
        *colours, alpha = image.split()
        return Image.merge(image.mode, [*(ImageChops.invert(band) for band in colours), alpha])
    if image.mode == "P" and "transparency" not in image.info:
        found = image.copy()
        found.putpalette([255 - value for value in image.getpalette()])
        return found
    raise CannotWrite(f"a picture of mode {image.mode} is not inverted here")
