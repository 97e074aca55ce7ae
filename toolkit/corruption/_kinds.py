"""The table of corruption kinds: their order, models, families and default ranges.

To add a kind, write its model (in a file of its own, or beside its kin) and its line in the table. A model is a
function ``(stack, strength, generator) -> (stack, parameters)``: float32 images of about 0 to 1, the strength of each
image (None for a kind that is there or not), a numpy Generator; back come the images, which the caller clips, and a
dict of arrays worth reporting.

The ranges are data and were fixed before anything was tuned on them. Two models were narrowed later, while the
identifier was being built: occluders first lay anywhere, half of them in the background's colour and the others in any
grey; stripes were first bright or dark at random. Figures for these two kinds hold for the models as they stand now.

Lengths are in pixels of a 28 x 28 image and grow with the image: a length is multiplied by the square root of
``height * width`` over 28.
"""

from collections.abc import Callable
from typing import NamedTuple

from toolkit.corruption import _blur, _everyday, _geometric, _intensity, _noise, _occlusion

__all__ = [
    "ALL_KINDS",
    "ANGLES",
    "EVERYDAY_KINDS",
    "FAMILIES",
    "KINDS",
    "MEASURED_KINDS",
    "MODELS",
    "SHAPE_KEEPING",
    "STRENGTHS",
    "SYMMETRIES",
    "Kind",
    "Strength",
    "kind_in_words",
]


class Strength(NamedTuple):
    """What makes a kind stronger, at severity 0 and at severity 1."""

    parameter: str
    weakest: float
    strongest: float
    unit: str  # a unit that begins with "px" is a length, and grows with the image


class Kind(NamedTuple):
    """One way in which an image can go wrong; without a strength it is there or not."""

    model: Callable
    family: str
    words: str  # what it is called in prose
    strength: Strength | None = None
    measured: bool = False  # one of the twelve kinds that the figures on named sets are about
    symmetry: bool = False  # only moves pixels to other pixels: two such kinds may cancel each other
    keeps_shape: bool = True  # of an image that is not square
    angle: float = 0.0  # by how much it turns, in degrees counter-clockwise as displayed
    everyday: bool = False  # of pictures rather than of small grey images: planted only where it is asked for by name


_TABLE = {
    "gaussian_noise": Kind(
        _noise.gaussian_noise, "noise", "Gaussian noise", Strength("sigma", 0.10, 0.35, "of the range"), measured=True
    ),
    "shot_noise": Kind(_noise.shot_noise, "noise", "shot noise", Strength("photons", 15.0, 3.0, "at full brightness")),
    "speckle_noise": Kind(
        _noise.speckle_noise, "noise", "speckle noise", Strength("sigma", 0.30, 0.80, "of the pixel")
    ),
    "salt_and_pepper": Kind(
        _noise.salt_and_pepper,
        "noise",
        "salt-and-pepper noise",
        Strength("amount", 0.05, 0.25, "of the pixels"),
        measured=True,
    ),
    "gaussian_blur": Kind(_blur.gaussian_blur, "blur", "blurred", Strength("sigma", 1.0, 2.2, "px"), measured=True),
    "motion_blur": Kind(_blur.motion_blur, "blur", "motion blur", Strength("length", 6.0, 11.0, "px")),
    "rotate": Kind(
        _geometric.rotate, "geometry", "rotated", Strength("turn", 20.0, 80.0, "degrees, either way"), measured=True
    ),
    "rotate_90": Kind(
        _geometric.symmetry("rotate_90"),
        "geometry",
        "a quarter turn to the left",
        symmetry=True,
        keeps_shape=False,
        angle=90.0,
    ),
    "rotate_180": Kind(
        _geometric.symmetry("rotate_180"), "geometry", "upside down", measured=True, symmetry=True, angle=180.0
    ),
    "rotate_270": Kind(
        _geometric.symmetry("rotate_270"),
        "geometry",
        "a quarter turn to the right",
        symmetry=True,
        keeps_shape=False,
        angle=-90.0,
    ),
    "flip_horizontal": Kind(
        _geometric.symmetry("flip_horizontal"), "geometry", "flipped left to right", measured=True, symmetry=True
    ),
    "flip_vertical": Kind(
        _geometric.symmetry("flip_vertical"), "geometry", "flipped top to bottom", measured=True, symmetry=True
    ),
    "transpose": Kind(_geometric.symmetry("transpose"), "geometry", "transposed", symmetry=True, keeps_shape=False),
    "invert": Kind(_intensity.invert, "intensity", "inverted", measured=True),
    "occlude": Kind(
        _occlusion.occlude, "occlusion", "partly covered", Strength("side", 7.0, 11.0, "px"), measured=True
    ),
    "stripe": Kind(
        _occlusion.stripe, "occlusion", "striped", Strength("opacity", 0.40, 1.00, "of the line"), measured=True
    ),
    "low_contrast": Kind(
        _intensity.low_contrast,
        "intensity",
        "low contrast",
        Strength("factor", 0.45, 0.15, "of the contrast"),
        measured=True,
    ),
    "brightness": Kind(
        _intensity.brightness,
        "intensity",
        "wrong brightness",
        Strength("offset", 0.20, 0.50, "of the range, either way"),
    ),
    "translate": Kind(
        _geometric.translate, "geometry", "shifted", Strength("distance", 5.0, 7.0, "px, any direction"), measured=True
    ),
    "scale": Kind(_geometric.scale, "geometry", "wrong size", Strength("factor", 1.35, 1.80, "larger or smaller")),
    "shear": Kind(_geometric.shear, "geometry", "slanted", Strength("slant", 0.40, 0.90, "px per px, either way")),
    "pixelate": Kind(_blur.pixelate, "blur", "pixelated", Strength("block", 3.0, 6.0, "px")),
    "dark": Kind(_everyday.dark, "intensity", "dark", Strength("light", 0.30, 0.08, "of the light"), everyday=True),
    "overexposed": Kind(
        _everyday.overexposed, "intensity", "overexposed", Strength("gain", 1.6, 3.5, "of the light"), everyday=True
    ),
    "clip_contrast": Kind(
        _everyday.clip_contrast,
        "intensity",
        "clipped at black and white",
        Strength("gain", 2.0, 5.0, "of the contrast"),
        everyday=True,
    ),
    "colour_cast": Kind(
        _everyday.colour_cast,
        "colour",
        "tinted all over",
        Strength("strength", 0.20, 0.60, "of the logarithm of a channel"),
        everyday=True,
    ),
    "swap_channels": Kind(_everyday.swap_channels, "colour", "red and blue exchanged", everyday=True),
    "jpeg": Kind(
        _everyday.jpeg, "storage", "strongly compressed", Strength("quality", 20.0, 4.0, "of JPEG"), everyday=True
    ),
    "scaled_up": Kind(
        _everyday.scaled_up, "blur", "scaled up", Strength("factor", 2.0, 4.0, "of the side"), everyday=True
    ),
    "hot_pixels": Kind(
        _everyday.hot_pixels,
        "noise",
        "single pixels stand out",
        Strength("amount", 0.0005, 0.005, "of the pixels"),
        everyday=True,
    ),
    "dead_lines": Kind(
        _everyday.dead_lines,
        "occlusion",
        "dead rows or columns",
        Strength("share", 0.005, 0.05, "of the lines"),
        everyday=True,
    ),
    "moire": Kind(
        _everyday.moire,
        "noise",
        "a fine wave over it",
        Strength("amplitude", 0.08, 0.30, "of the pixel"),
        everyday=True,
    ),
    "letterbox": Kind(
        _everyday.letterbox,
        "occlusion",
        "bars around it",
        Strength("share", 0.10, 0.40, "of the height or width"),
        everyday=True,
    ),
    "half_decoded": Kind(
        _everyday.half_decoded,
        "storage",
        "the lower part missing",
        Strength("share", 0.20, 0.60, "of the height"),
        everyday=True,
    ),
    "text_overlay": Kind(
        _everyday.text_overlay, "occlusion", "written over", Strength("height", 4.0, 8.0, "px"), everyday=True
    ),
}

# Kinds that are planted and identified by default, and those of everyday pictures, which are planted when asked for.
KINDS = tuple(kind for kind, row in _TABLE.items() if not row.everyday)
EVERYDAY_KINDS = tuple(kind for kind, row in _TABLE.items() if row.everyday)
ALL_KINDS = (*KINDS, *EVERYDAY_KINDS)
MEASURED_KINDS = tuple(kind for kind, row in _TABLE.items() if row.measured)
FAMILIES = {kind: _TABLE[kind].family for kind in KINDS}
STRENGTHS = {kind: row.strength for kind, row in _TABLE.items()}
MODELS = {kind: row.model for kind, row in _TABLE.items()}

SYMMETRIES = tuple(kind for kind, row in _TABLE.items() if row.symmetry)
SHAPE_KEEPING = tuple(kind for kind in KINDS if _TABLE[kind].keeps_shape)
ANGLES = {kind: row.angle for kind, row in _TABLE.items() if row.angle}


def kind_in_words(kind: str, *, short: bool = False) -> str:
    """What a kind of corruption is called in prose.

    Parameters
    ----------
    kind : str
        One of ``ALL_KINDS``, ``"unknown"``, or a name of one's own, which is only freed of underscores.
    short : bool, default=False
        For a table or a caption: what is unknown is called just that.

    Returns
    -------
    str

    Examples
    --------
    >>> from toolkit.corruption import kind_in_words
    >>> kind_in_words("rotate_180"), kind_in_words("my_kind"), kind_in_words("unknown", short=True)
    ('upside down', 'my kind', 'unknown')
    """
    if kind == "unknown" and not short:
        return "wrong in a way that fits no known kind"
    return _TABLE[kind].words if kind in _TABLE else str(kind).replace("_", " ")
