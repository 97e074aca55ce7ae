"""The table of everyday faults: what each is called, which statistic says it, and from where on.

To add a fault, write its statistic (in a file of its own, or beside its kin), and its line in the table. ``never`` is
the level up to which no image is called faulty, whatever the set; ``always`` the one from which every image is, even if
the whole set is like that. Between the two the set decides: what is unusual in it. Both were fixed from what the
statistics mean, and on images that no figure is reported on.
"""

from typing import NamedTuple

__all__ = ["EVERYDAY_FAULTS", "EverydayFault"]


class EverydayFault(NamedTuple):
    """One way in which a picture of a folder can be wrong or odd.

    Attributes
    ----------
    words : str
        What an image with it is called in prose.
    damage : bool
        Whether something was lost or spoilt; otherwise it is a mere property, which may be just as it should be.
    statistic : str
        Column of the statistics (of :func:`everyday_statistics`, or of the sizes for ``odd_size`` and ``odd_aspect``).
    high : bool
        Whether high values are suspicious, or low ones.
    never, always : float
        Level up to which no image has it, and level from which each has, in units of the statistic.
    scale : str
        ``"log"`` where ratios count rather than differences, else ``"linear"``.
    not_applicable : str
        When the statistic is missing or means nothing.
    by_nature : bool
        Whether a whole set may be like that as it should be, as micrographs are dark: ``always`` then holds only while
        few images of the set are beyond it.

    Examples
    --------
    >>> from toolkit.diagnostics import EVERYDAY_FAULTS
    >>> fault = EVERYDAY_FAULTS["blurred"]
    >>> fault.words, fault.damage, fault.statistic, fault.high
    ('blurred', True, 'sharpness', False)
    """

    words: str
    damage: bool
    statistic: str
    high: bool
    never: float
    always: float
    scale: str
    not_applicable: str
    by_nature: bool = False


_INF = float("inf")

EVERYDAY_FAULTS: dict[str, EverydayFault] = {
    "dark": EverydayFault(
        "dark", True, "luma_q99", False, 0.45, 0.25, "log", "most of the set is as dark", by_nature=True
    ),
    "overexposed": EverydayFault(
        "overexposed", True, "luma_q05", True, 0.40, 0.62, "linear", "most of the set is as light",
        by_nature=True,
    ),
    "clipped": EverydayFault(
        "clipped at black or white", True, "clipped", True, 0.04, _INF, "linear",
        "cut-outs, drawings and text are usual in the set",
    ),
    "low_contrast": EverydayFault(
        "low in contrast", True, "luma_range", False, 0.40, 0.22, "log", "most of the set is as faint",
        by_nature=True,
    ),
    "colour_cast": EverydayFault(
        "tinted all over", True, "colour_cast", True, 0.20, _INF, "linear", "the set, or the image, has no colour"
    ),
    "grey_among_colour": EverydayFault(
        "grey among colour images", False, "is_colour", False, 0.5, -_INF, "linear", "most of the set is grey"
    ),
    "colour_among_grey": EverydayFault(
        "coloured among grey images", False, "is_colour", True, 0.5, _INF, "linear", "most of the set has colour"
    ),
    "blank": EverydayFault("blank", True, "luma_std", False, 0.02, 0.008, "log", ""),
    "low_information": EverydayFault(
        "low in information", False, "entropy", False, 4.5, 0.5, "linear", "most of the set is as plain",
        by_nature=True,
    ),
    "blurred": EverydayFault(
        "blurred", True, "sharpness", False, 0.20, 0.055, "log",
        "nothing in the image has contrast enough to be sharp",
        by_nature=True,
    ),
    "motion_blur": EverydayFault(
        "blurred in one direction", True, "directional_blur", True, 0.8, _INF, "linear",
        "nothing in the image has contrast enough to be sharp",
    ),
    "noisy": EverydayFault(
        "noisy", True, "noise_sigma", True, 4.0, 15.0, "linear",
        "hardly a part of the image is neither black nor white",
        by_nature=True,
    ),
    "hot_pixels": EverydayFault(
        "single pixels stand out", True, "impulses", True, 250.0, _INF, "linear", "smaller than 3 pixels a side"
    ),
    "dead_lines": EverydayFault(
        "dead rows or columns", True, "line_contrast", True, 15.0, 60.0, "linear", "smaller than 16 pixels a side"
    ),
    "jpeg_blocks": EverydayFault(
        "blocks of strong compression", True, "jpeg_blocks", True, 1.1, 3.0, "linear",
        "smaller than 16 pixels a side",
        by_nature=True,
    ),
    "scaled_up": EverydayFault(
        "scaled up from a smaller image", True, "fine_energy", False, -1.7, -2.75, "linear",
        "smaller than 32 pixels a side, or one even area",
        by_nature=True,
    ),
    "pixelated": EverydayFault(
        "pixelated", True, "pixelation", True, 0.75, 0.95, "linear", "smaller than 8 pixels a side"
    ),
    "framed": EverydayFault("bars or a frame around it", True, "frame", True, 0.005, 0.03, "linear", "one even area"),
    "half_decoded": EverydayFault(
        "the lower part is missing", True, "missing_part", True, 0.05, 0.10, "linear", "one even area"
    ),
    "screenshot": EverydayFault(
        "a screenshot or a drawing among photographs", False, "screen_like", True, 0.05, _INF, "linear",
        "drawings, text or cut-outs are usual in the set",
    ),
    "occluded": EverydayFault(
        "an even rectangle hides a part", True, "even_rectangle", True, 0.01, _INF, "linear",
        "even areas are usual in the set",
    ),
    # Said by a network that looks at the whole; simple statistics of strokes tell too little (AUROC .65). A property:
    # whether somebody wrote it over the picture or on what is in it, pixels do not say.
    "overlaid_text": EverydayFault(
        "with writing on it, perhaps a watermark", False, "writing", True, 2.0, 9.0, "linear",
        "only the network tells it, which did not look", by_nature=True,
    ),
}  # fmt: skip
