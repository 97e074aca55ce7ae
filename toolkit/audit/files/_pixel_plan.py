"""Repairs that compute pixels anew, in a plan: the method that serves the set, where the file's own judges agree."""

from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toolkit.audit._everyday_table import JUDGED_FAULTS
from toolkit.audit.files._file_audit import FileAudit
from toolkit.audit.files._picture_actions import action_for
from toolkit.datasets import read_original
from toolkit.exceptions import DataFormatError

if TYPE_CHECKING:
    from toolkit.restoration import OriginalChoice

__all__ = ["OF_PIXELS", "PixelRepairs"]

# group: the fault that has to be flagged.
OF_PIXELS = {
    "lines": "dead_lines",
    "pixels": "hot_pixels",
    "noise": "noisy",
    "blocks": "jpeg_blocks",
    "contrast": "low_contrast",
    "blur": "blurred",
}
_MOST = 24  # sound pictures that are read to compare methods on; not all can be used


class PixelRepairs:
    """What of the pixels of a folder's files is repaired, and how.

    Parameters
    ----------
    audit : FileAudit
    """

    def __init__(self, audit: FileAudit):
        self.audit = audit
        self._places = {path: place for place, path in enumerate(audit.survey.files["path"])}
        self._choice = cache(self._chosen)

    def decision(self, file: dict[str, Any], fault: str) -> tuple[str, str, str]:
        """Action, box and reason of a file in which a fault is flagged."""
        from toolkit.restoration import repair_original

        words = f"{JUDGED_FAULTS[fault].words} ({file[f'score_{fault}']:.2f})"
        if file["alpha"] == "transparent":
            return "keep", "", f"{words} left: it is transparent in places"
        choice = self._choice(fault)
        why_not = choice.why
        for method in _in_turn(fault, choice.method):
            try:
                found = repair_original(self._pixels(file["path"]), fault, method=method)
            except (DataFormatError, OSError, ValueError) as error:
                return "keep", "", f"{words} left: {error}"
            if found.repaired:
                reason = f"{words}, seen by a statistic and a network, and less of it afterwards"
                more = f"; {choice.why}" if method == "learned" else ""
                return action_for(fault, method), "", reason + more
            why_not = found.why_not
        return "keep", "", f"{words} left: {why_not}"

    def _pixels(self, path: str) -> NDArray:
        survey = self.audit.survey
        return read_original(survey.root, survey.names[self._places[path]])

    def _chosen(self, fault: str) -> "OriginalChoice":
        """The method that serves this set, and what that rests on."""
        from toolkit.restoration import choose_original_repair

        return choose_original_repair(self._sound, fault)

    @cached_property
    def _sound(self) -> list[NDArray]:
        """Pictures in which no damage is flagged, evenly spread over the set."""
        if self.audit.everyday is None:
            return []
        damaged = self.audit.everyday.damaged
        table = self.audit.per_file
        paths = [
            path
            for path, link in zip(table["path"][table["readable"]], table["link"][table["readable"]])
            if not link and not damaged.get(path, False)
        ]
        found = []
        for place in np.unique(np.linspace(0, max(0, len(paths) - 1), _MOST).astype(int)) if paths else ():
            try:
                pixels = self._pixels(paths[place])
            except (DataFormatError, OSError):
                continue
            if min(pixels.shape[:2]) >= 64:
                found.append(pixels)
        return found


def _in_turn(fault: str, method: str) -> list[str]:
    """The method that was chosen; after a learned one that a file's judges refuse, the classical one."""
    from toolkit.restoration import ORIGINAL_METHODS

    if method == "learned" and "classical" in ORIGINAL_METHODS[fault]:
        return ["learned", "classical"]
    return [method] if method else []
