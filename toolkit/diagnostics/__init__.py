"""Measure and name what went wrong with a set of images.

The identifier is loaded on first use, since it needs torch.
"""

import importlib
from typing import TYPE_CHECKING

from toolkit.diagnostics._diagnostics import CorruptionDiagnostics
from toolkit.diagnostics.damage._scores import DAMAGE_SCORES, damage_scores
from toolkit.diagnostics.damage._transformer import DamageDiagnostics
from toolkit.diagnostics.everyday._faults import EVERYDAY_FAULTS, EverydayFault
from toolkit.diagnostics.everyday._layout import CELLS as LAYOUT_CELLS
from toolkit.diagnostics.everyday._layout import LAYOUT_CHANNELS
from toolkit.diagnostics.everyday._statistics import everyday_statistics
from toolkit.diagnostics.everyday._transformer import EverydayDiagnostics

if TYPE_CHECKING:
    from toolkit.diagnostics.identifier._assessment import Assessment
    from toolkit.diagnostics.identifier._identifier import CorruptionIdentifier
    from toolkit.diagnostics.identifier._pretraining import pretrain_identifier

_LAZY = {
    "Assessment": "toolkit.diagnostics.identifier._assessment",
    "CorruptionIdentifier": "toolkit.diagnostics.identifier._identifier",
    "pretrain_identifier": "toolkit.diagnostics.identifier._pretraining",
}

__all__ = [
    "DAMAGE_SCORES",
    "EVERYDAY_FAULTS",
    "LAYOUT_CELLS",
    "LAYOUT_CHANNELS",
    "Assessment",
    "CorruptionDiagnostics",
    "CorruptionIdentifier",
    "DamageDiagnostics",
    "EverydayDiagnostics",
    "EverydayFault",
    "damage_scores",
    "everyday_statistics",
    "pretrain_identifier",
]


def __getattr__(name: str) -> object:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'toolkit.diagnostics' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
