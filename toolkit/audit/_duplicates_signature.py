"""What is kept of a picture so that it can be compared with any other later, whatever the size of either.

A signature is one vector of float32 values: a thumbnail of grey values (64 x 64, stretched to a square, so that the
eight symmetries of the square act on it exactly), two small ones of colour, size, a digest of the pixels, and what the
original resolution says of noise and of JPEG blocks. It is made from one decode and weighs 6 KB.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CHROMA_SIDE",
    "GREY_SIDE",
    "HEAD_LENGTH",
    "SIGNATURE_LENGTH",
    "Signatures",
    "image_signature",
    "is_signatures",
    "with_digests",
]

GREY_SIDE, CHROMA_SIDE = 64, 16
_MARK = 20817.0  # first value of every signature: what is no signature is refused, not compared
_HEAD = ("mark", "height", "width", "channels", "step", "low", "range", "noise", "blockiness", "sharpness", "mean")
_DIGEST = slice(16, 32)
HEAD_LENGTH = 32  # values before the thumbnails
_N_GREY = -(-GREY_SIDE * GREY_SIDE // 3)
_N_CHROMA = -(-2 * CHROMA_SIDE * CHROMA_SIDE // 3)
_GREY = slice(HEAD_LENGTH, HEAD_LENGTH + _N_GREY)
_CHROMA = slice(_GREY.stop, _GREY.stop + _N_CHROMA)
SIGNATURE_LENGTH = _CHROMA.stop

_LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_PATCH = 512  # side of the middle part in which noise and blocks are measured
_AMPLE = 4 * GREY_SIDE  # a picture is reduced with 8 bits down to this, and with floats from there


def image_signature(image: ArrayLike) -> NDArray[np.float32]:
    """What is needed to compare this picture with any other, of any size.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, channels)
        One picture at its own size, with 1 to 4 channels: grey, grey and alpha, colour, colour and alpha. Alpha is
        shown on white. uint8 values as they are; uint16 in 0 to 65,535; bools and floats in 0 to 1, or in their own
        range if that is wider.

    Returns
    -------
    ndarray of shape (SIGNATURE_LENGTH,), float32
        Finite. Signatures of many pictures may be stacked, stored, and handed to :func:`find_duplicates`.

    Raises
    ------
    ValueError
        It is no picture, is empty, or is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.audit import image_signature
    >>> image_signature(np.zeros((40, 60, 3), dtype=np.uint8)).nbytes < 8192
    True
    """
    pixels, digest, channels, step = _canonical(image)
    height, width = pixels.shape[:2]
    found = np.zeros(SIGNATURE_LENGTH, dtype=np.float32)
    found[_DIGEST] = np.frombuffer(digest, dtype=np.uint8)
    grey, chroma = _thumbnails(pixels)
    low, high = float(grey.min()), float(grey.max())
    noise, blockiness, sharpness = _pixel_grid(pixels)
    found[: len(_HEAD)] = (
        _MARK,
        height,
        width,
        channels,
        step,
        low,
        high - low,
        noise,
        blockiness,
        sharpness,
        float(grey.mean()),
    )
    found[_GREY] = _pack((grey - low) * (255 / max(high - low, 1e-12)))
    found[_CHROMA] = _pack(255 * (chroma + 0.5))
    return found


def is_signatures(values: object) -> bool:
    """Whether it is a matrix of signatures, a row each."""
    return (
        isinstance(values, np.ndarray)
        and values.dtype == np.float32
        and values.ndim == 2
        and values.shape[1] == SIGNATURE_LENGTH
        and bool(np.all((values[:, 0] == _MARK) | np.isnan(values[:, 0])))
    )


def with_digests(values: NDArray[np.float32], digests: Sequence[str]) -> NDArray[np.float32]:
    """Signatures with other digests than those of their pixels: of what the files hold beyond these.

    Parameters
    ----------
    values : ndarray of shape (n, SIGNATURE_LENGTH), float32
        Rows of NaN, of what could not be read, stay.
    digests : sequence of str
        Hexadecimal, of 16 bytes and more.

    Examples
    --------
    >>> values = np.array([image_signature(np.zeros((8, 8), np.uint8))] * 2)
    >>> one, other = Signatures(with_digests(values, ["00" * 16, "01" * 16])).digests
    >>> one == other
    False
    """
    found = values.copy()
    for row in np.flatnonzero(values[:, 0] == _MARK).tolist():
        found[row, _DIGEST] = np.frombuffer(bytes.fromhex(digests[row])[:16], dtype=np.uint8)
    return found


@dataclass(frozen=True)
class Signatures:
    """Signatures of n pictures, read.

    Parameters
    ----------
    values : ndarray of shape (n, SIGNATURE_LENGTH), float32
    """

    values: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.values)

    def at(self, rows: Any) -> "Signatures":
        """Of some rows."""
        return Signatures(self.values[rows])

    @property
    def side(self) -> NDArray[np.float32]:
        """Shorter side of each picture in pixels."""
        return np.minimum(self.head("height"), self.head("width"))

    def head(self, name: str) -> NDArray[np.float32]:
        """One figure of each picture: its height, width, number of channels, noise ..."""
        return self.values[:, _HEAD.index(name)]

    @property
    def readable(self) -> NDArray[np.bool_]:
        """Whether there is a signature at all: a row of NaN stands for a picture that could not be read."""
        return self.values[:, 0] == _MARK

    @property
    def digests(self) -> list[bytes | None]:
        """Digest of the pixels of each picture, as it is seen; None where there is none."""
        packed = np.nan_to_num(self.values[:, _DIGEST]).astype(np.uint8)
        return [row.tobytes() if known else None for row, known in zip(packed, self.readable)]

    def grey(self, rows: Any = slice(None)) -> NDArray:
        """Grey thumbnails of some rows: (m, 64, 64), 0 to 1."""
        part = self.values[rows]
        low, width = (part[:, _HEAD.index(name)][:, None, None] for name in ("low", "range"))
        unit = _unpack(part[:, _GREY], GREY_SIDE * GREY_SIDE).reshape(-1, GREY_SIDE, GREY_SIDE)
        return low + unit * (width / np.float32(255))

    def chroma(self, rows: Any = slice(None)) -> NDArray:
        """Thumbnails of colour of some rows: (m, 2, 16, 16), the Cb and Cr of JPEG, about -0.5 to 0.5."""
        unit = _unpack(self.values[rows][:, _CHROMA], 2 * CHROMA_SIDE * CHROMA_SIDE)
        return unit.reshape(-1, 2, CHROMA_SIDE, CHROMA_SIDE) / np.float32(255) - np.float32(0.5)


def _canonical(image: ArrayLike) -> tuple[NDArray, bytes, int, float]:
    """The picture as it is seen: uint8, or float32 of 0 to 1, (h, w) or (h, w, 3); digest, channels, grey step."""
    array = np.asarray(image)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (2, 3, 4)) or 0 in array.shape:
        raise ValueError(f"image must have shape (height, width) or (height, width, 1 to 4), got {array.shape}.")
    if array.dtype.kind not in "buif":
        raise ValueError(f"image must hold numbers, got {array.dtype}.")
    channels = 1 if array.ndim == 2 else int(array.shape[2])
    step, digest = 1 / 255, b""
    if array.dtype != np.uint8:
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError("image must be finite, got NaN or infinity.")
        digest = _digest(np.ascontiguousarray(array))  # of the values, before each picture gets a scale of its own
        array, step = _to_unit(array)
    if channels in (2, 4):
        array = _on_white(array)
    if array.ndim == 3 and _is_grey(array):
        array = array[:, :, 0]
    array = np.ascontiguousarray(array)
    return array, digest or _digest(array), channels, step


def _to_unit(array: NDArray) -> tuple[NDArray[np.float32], float]:
    """Values of another type than uint8 in 0 to 1, and the smallest step between two of them."""
    kind = array.dtype.kind
    if kind == "b":
        return array.astype(np.float32), 1.0
    if array.dtype == np.uint16:
        return array.astype(np.float32) / np.float32(65535), 1 / 65535
    low, high = float(array.min()), float(array.max())
    if kind == "f" and low >= 0 and high <= 1:
        return array.astype(np.float32), 0.0
    if low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    span = max(high - low, 1e-12)
    unit = (array.astype(np.float64) - low) / span
    return unit.astype(np.float32), (1 / span if kind in "ui" else 0.0)


def _on_white(array: NDArray) -> NDArray:
    """What is seen of a picture with alpha on a white ground."""
    alpha, colour = array[:, :, -1:], array[:, :, :-1]
    top = 255 if array.dtype == np.uint8 else 1
    if bool(np.all(alpha == top)):
        shown = colour
    else:
        share = alpha.astype(np.float32) / top
        blended = colour * share + top * (1 - share)
        shown = np.rint(blended).astype(np.uint8) if array.dtype == np.uint8 else blended.astype(np.float32)
    return shown[:, :, 0] if shown.shape[2] == 1 else shown


def _is_grey(array: NDArray) -> bool:
    # A few rows first: most pictures of colour are known by them.
    few = array[:: max(1, len(array) // 16)]
    for part in (few, array):
        if not (np.array_equal(part[:, :, 0], part[:, :, 1]) and np.array_equal(part[:, :, 0], part[:, :, 2])):
            return False
    return True


def _digest(pixels: NDArray) -> bytes:
    """Of the pixels and their shape."""
    found = hashlib.blake2b(f"{pixels.dtype.str}{pixels.shape}".encode(), digest_size=16)
    found.update(pixels.data)
    return found.digest()


def _thumbnails(pixels: NDArray) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Grey (64, 64) and colour (2, 16, 16), each the mean over what it covers; smaller pictures are interpolated."""
    from PIL import Image

    height, width = pixels.shape[:2]
    if pixels.dtype == np.uint8 and min(height, width) >= 2 * _AMPLE:
        # Rounding after a mean over many pixels is far below what is compared, and 8 bits are fast.
        factor = min(height, width) // _AMPLE
        pixels = np.asarray(Image.fromarray(pixels).reduce(factor))
    unit = pixels.astype(np.float32)
    if pixels.dtype == np.uint8:
        unit /= 255
    chroma = np.zeros((2, CHROMA_SIDE, CHROMA_SIDE), dtype=np.float32)
    if unit.ndim == 3:
        grey = unit @ _LUMINANCE
        chroma[0] = _resized((unit[:, :, 2] - grey) * np.float32(0.564), CHROMA_SIDE)
        chroma[1] = _resized((unit[:, :, 0] - grey) * np.float32(0.713), CHROMA_SIDE)
    else:
        grey = unit
    return _resized(grey, GREY_SIDE), chroma


def _resized(band: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    from PIL import Image

    # Pillow widens the kernel by the factor of reduction: an antialiased triangle, linear interpolation if enlarged.
    resized = Image.fromarray(np.ascontiguousarray(band)).resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(resized, dtype=np.float32)


def _pixel_grid(pixels: NDArray) -> tuple[float, float, float]:
    """Noise, blockiness and sharpness in the middle of the picture at its own resolution, in units of white = 1."""
    height, width = pixels.shape[:2]
    if min(height, width) < 3:
        return 0.0, 0.0, 0.0
    # The corner lies on a multiple of eight, so that blocks of JPEG are where they were written.
    top, left = (max(0, (size - _PATCH) // 2) // 8 * 8 for size in (height, width))
    part: Any = pixels[top : top + _PATCH, left : left + _PATCH].astype(np.float32)
    if pixels.dtype == np.uint8:
        part /= 255
    if part.ndim == 3:
        part = part @ _LUMINANCE
    # Immerkaer's operator, blind to edges that are straight: the median is, besides, blind to texture in a part.
    second = part[:, :-2] - 2 * part[:, 1:-1] + part[:, 2:]
    noise = np.abs(second[:-2] - 2 * second[1:-1] + second[2:])
    level = 1.4826 * float(np.median(noise)) / 6
    steps = [np.abs(np.diff(part, axis=axis)).mean(axis=1 - axis) for axis in (0, 1)]
    blockiness = float(np.mean([_blockiness(step) for step in steps]))
    return level, blockiness, float(np.mean([step.mean() for step in steps]))


def _blockiness(step: NDArray[np.float32]) -> float:
    """How much larger steps are at every eighth place than next to it, against all steps."""
    if len(step) < 24:
        return 0.0
    at = np.arange(7, len(step) - 1, 8)
    excess = step[at] - (step[at - 1] + step[at + 1]) / 2
    return float(np.median(excess) / max(float(step.mean()), 1e-6))


def _pack(values: NDArray) -> NDArray[np.float32]:
    """Values of 0 to 255, three to a float32: whole numbers below 2 ** 24 are exact in it."""
    flat = np.clip(np.rint(values), 0, 255).astype(np.uint32).ravel()
    flat = np.concatenate([flat, np.zeros(-len(flat) % 3, dtype=np.uint32)]).reshape(-1, 3)
    return (flat[:, 0] + 256 * flat[:, 1] + 65536 * flat[:, 2]).astype(np.float32)


def _unpack(packed: NDArray[np.float32], n_values: int) -> NDArray[np.float32]:
    whole = np.ascontiguousarray(packed.astype(np.uint32))
    three = np.stack([whole & 255, (whole >> 8) & 255, whole >> 16], axis=-1)
    return three.reshape(len(packed), 3 * packed.shape[1])[:, :n_values].astype(np.float32)
