"""How a copy differs from the picture that it is a copy of, in words: resized, cropped, brighter, noisier ..."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.audit._duplicates_signature import Signatures
from toolkit.audit._duplicates_verify import Agreement

__all__ = ["SYMMETRY_WORDS", "differences", "quality_order"]

SYMMETRY_WORDS = {
    "identity": "",
    "rotate_90": "turned by 90° to the left",
    "rotate_180": "turned by 180°",
    "rotate_270": "turned by 90° to the right",
    "flip_horizontal": "mirrored",
    "flip_vertical": "upside down, mirrored",
    "transpose": "mirrored and turned by 90° to the left",
    "anti_transpose": "mirrored and turned by 90° to the right",
}
_SAME_SIZE = 0.02  # of a side: what differs by less is the rounding of a crop
_CROP = 0.012  # of a side: about what alignment can tell at 64 x 64
_BRIGHTNESS, _CONTRAST = 0.04, 0.08
_NOISE = 1.5 / 255
_BLOCKS = 0.06
_SOFT = 0.75
_COLOUR = 0.02  # standard deviation of chroma: what is less is grey
_SWAPS_SIDES = ("rotate_90", "rotate_270", "transpose", "anti_transpose")


def quality_order(signatures: Signatures, n_bytes: Sequence[int] | None = None) -> NDArray[np.intp]:
    """Rows from the best picture to keep to the worst: largest, then least noisy and compressed, then the first."""
    area = signatures.head("height").astype(np.float64) * signatures.head("width")
    # Sizes within a few per cent are one size: between them the cleaner picture is better.
    steps = np.round(np.log(np.maximum(area, 1)) / np.log(1.1))
    damage = np.maximum(signatures.head("noise"), 0) / _NOISE + np.maximum(signatures.head("blockiness"), 0) / _BLOCKS
    damage = np.nan_to_num(np.round(damage))
    weight = np.zeros(len(signatures)) if n_bytes is None else -np.asarray(n_bytes, dtype=np.float64)
    return np.lexsort((np.arange(len(signatures)), weight, damage, -np.nan_to_num(steps)))


def differences(
    first: Signatures, a: NDArray[np.intp], second: Signatures, b: NDArray[np.intp], names: NDArray, found: Agreement
) -> list[str]:
    """What was done to row ``b`` of ``second``, if row ``a`` of ``first`` is what it was made of.

    Parameters
    ----------
    names : ndarray of str
        The symmetry of each pair.
    found : Agreement
        Of each pair, the first picture turned like the second.
    """

    def of(signatures: Signatures, rows: NDArray, name: str) -> NDArray:
        return signatures.head(name)[rows].astype(np.float64)

    swapped = np.isin(names, _SWAPS_SIDES)
    height_a, width_a = of(first, a, "height"), of(first, a, "width")
    height_a, width_a = np.where(swapped, width_a, height_a), np.where(swapped, height_a, width_a)
    height_b, width_b = of(second, b, "height"), of(second, b, "width")
    # A crop makes a picture smaller without resizing it: x_b = (1 + scale) x_a + shift, in half-widths of each.
    factor_x, factor_y = (width_b / width_a) * (1 + found.scale[:, 0]), (height_b / height_a) * (1 + found.scale[:, 1])
    factor = np.sqrt(factor_x * factor_y)
    stretch = np.abs(np.log(factor_x / factor_y))
    lost = np.maximum(np.abs(found.scale), np.abs(found.shift)).max(axis=1)
    brightness = of(second, b, "mean") / np.maximum(of(first, a, "mean"), 1e-6)
    contrast = found.gain / np.maximum(brightness, 1e-6)
    noise = of(second, b, "noise") - of(first, a, "noise")
    blocks = of(second, b, "blockiness") - of(first, a, "blockiness")
    sharpness = of(second, b, "sharpness") * factor / np.maximum(of(first, a, "sharpness"), 1e-6)
    colour_a, colour_b = _colourfulness(first, a), _colourfulness(second, b)
    words = {
        "symmetry": np.array([SYMMETRY_WORDS[name] for name in names], dtype=object),
        "size": np.select([factor < 1 - _SAME_SIZE, factor > 1 + _SAME_SIZE], ["smaller", "larger"], ""),
        "stretch": np.where(stretch > 0.06, "stretched", ""),
        "crop": np.select(
            [(lost > _CROP) & (found.scale.sum(axis=1) >= 0), lost > _CROP], ["cropped", "less cropped"], ""
        ),
        "light": np.select([brightness > 1 + _BRIGHTNESS, brightness < 1 - _BRIGHTNESS], ["brighter", "darker"], ""),
        "contrast": np.select(
            [contrast > 1 + 2 * _CONTRAST, contrast < 1 - 2 * _CONTRAST], ["more contrast", "less contrast"], ""
        ),
        "noise": np.select([noise > _NOISE, noise < -_NOISE], ["noisier", "less noise"], ""),
        "blocks": np.where(blocks > _BLOCKS, "recompressed", ""),
        "soft": np.where((sharpness < _SOFT) & (np.abs(np.log(factor)) < 0.05), "softer", ""),
        "colour": np.select(
            [(colour_a > _COLOUR) & (colour_b < _COLOUR / 4), (colour_b > _COLOUR) & (colour_a < _COLOUR / 4)],
            ["grey", "in colour"],
            "",
        ),
    }
    table = pd.DataFrame(words)
    return [
        ", ".join(word for word in row if word) or "saved again" for row in table.itertuples(index=False, name=None)
    ]


def _colourfulness(signatures: Signatures, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Root mean square of chroma."""
    return np.sqrt((signatures.chroma(rows).astype(np.float64) ** 2).mean(axis=(1, 2, 3)))
