"""Judges of a repair at the original resolution: whether a fault is seen before it, and less of it afterwards.

Two see the fault, a statistic of the pixels and a network of patches, neither of which has any part in the repair. A
picture from which blur was taken is blurred again besides: what was only taken back has to come out as it was given.
"""

from typing import NamedTuple

from numpy.typing import NDArray

from toolkit.diagnostics import EVERYDAY_FAULTS, damage_scores, everyday_statistics
from toolkit.restoration._deblur import TOLD_AGAIN, blur_between
from toolkit.restoration._original_steps import dead_line_places

__all__ = ["Seen", "seen_in", "why_no_better", "why_not_seen"]

_DAMAGES = {
    "hot_pixels": ("hot_pixels", "salt_and_pepper"),
    "dead_lines": ("dead_lines",),
    "noisy": ("noise",),
    "jpeg_blocks": ("jpeg",),
    "low_contrast": ("low_contrast",),
    "blurred": ("gaussian_blur",),
}
# Damage that looks like it and is undone otherwise: where the network holds that for likelier, it is that.
_RIVALS = {"blurred": ("scaled_up", "motion_blur", "pixelate")}
_LEAST_SHARE = 0.4  # probability of the damage from which the network counts as having seen it
_FALLS = 0.5  # share of that probability that may be left
_SHARPER = 1.5  # times as sharp as before: what was blurred is not wholly as it was afterwards


class Seen(NamedTuple):
    """What the judges see in a picture.

    Attributes
    ----------
    value : float
        Of the fault's statistic.
    shows : bool
        Whether that statistic shows the fault.
    share : float
        The network's probability of it.
    likelier : str
        What it looks like rather, to the network; empty for nothing else.
    """

    value: float
    shows: bool
    share: float
    likelier: str = ""


def seen_in(image: NDArray, fault: str, *, both: bool = True) -> Seen:
    """What the judges of a fault see in a picture.

    Without ``both``, the network is asked only where the statistic shows the fault; its share is 0 elsewhere.
    """
    if fault == "dead_lines":
        value = float(sum(len(places) for places in dead_line_places(image)))
        shows = value > 0
    else:
        row = EVERYDAY_FAULTS[fault]
        value = float(everyday_statistics(image)[row.statistic])
        shows = bool(value > row.never if row.high else value < row.never)
    if not (shows or both):
        return Seen(value, False, 0.0)
    said = damage_scores(image)
    share = sum(said[f"share_{name}"] for name in _DAMAGES[fault])
    rivals = [name for name in _RIVALS.get(fault, ()) if said[f"share_{name}"] > share]
    return Seen(value, shows, share, rivals[0].replace("_", " ") if rivals else "")


def why_not_seen(seen: Seen) -> str:
    """Why a picture is not held to have the fault; empty where both judges see it."""
    if not seen.shows:
        return "the statistic of its pixels does not show it"
    if seen.share < _LEAST_SHARE:
        return "the network does not see it"
    return f"to the network it looks rather {seen.likelier}" if seen.likelier else ""


def why_no_better(given: NDArray, found: NDArray, fault: str, before: Seen) -> str:
    """Why the repaired picture is not held to be better; empty where all judges see less of the fault."""
    after = seen_in(found, fault)
    if after.share > _FALLS * before.share:
        return "the network still sees it afterwards"
    if fault == "blurred":
        if not after.value >= _SHARPER * before.value:
            return "it is hardly sharper afterwards"
        return "" if blur_between(given, found)[1] <= TOLD_AGAIN else "what was changed is no blur taken back"
    if fault != "jpeg_blocks" and after.shows:
        return "the statistic still shows it afterwards"
    return ""
