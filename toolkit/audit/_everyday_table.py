"""The faults that are judged over a set: of one image's pixels, of its size, and of how it differs from the others."""

from toolkit.diagnostics import EVERYDAY_FAULTS, EverydayFault

__all__ = ["JUDGED_FAULTS", "LEARNT_FAULTS"]

_INF = float("inf")

_SIZES = {
    "odd_size": EverydayFault(
        # Four times as long as the middle of the set, or a quarter of it, is odd however much sizes differ.
        "of an unusual size",
        False,
        "size_departure",
        True,
        0.25,
        1.386,
        "linear",
        "sizes are not known",
        by_nature=True,
    ),
    "odd_aspect": EverydayFault(
        "of an unusual shape", False, "aspect", True, 0.80, 1.6, "linear", "sizes are not known"
    ),
}

# Told by what the set itself usually looks like; the statistic is the log odds, learnt on the other images. At log odds
# of 7 eleven of twelve verdicts are right where one image in a hundred is so.
LEARNT_FAULTS = {
    "swapped_channels": EverydayFault(
        "red and blue exchanged", True, "odds_swapped_channels", True, 3.5, 7.0, "linear",
        "the set has no colours that tell",
    ),
    "upside_down": EverydayFault(
        "upside down", True, "odds_upside_down", True, 3.5, 7.0, "linear",
        "the set has no up and down that simple statistics see"
    ),
    "quarter_turn": EverydayFault(
        "turned by a quarter", True, "odds_quarter_turn", True, 3.5, 7.0, "linear",
        "the set has no up and down that simple statistics see",
    ),
    "mirrored": EverydayFault(
        "mirrored", True, "odds_mirrored", True, 3.5, 7.0, "linear", "the set has no left and right"
    ),
    "inverted": EverydayFault(
        "inverted", True, "odds_inverted", True, 3.5, 7.0, "linear", "the set has no usual order of dark and bright"
    ),
}  # fmt: skip

JUDGED_FAULTS = {**EVERYDAY_FAULTS, **_SIZES, **LEARNT_FAULTS}
