"""Measure and name what went wrong with a set of images.

The identifier is loaded on first use, since it needs torch.
"""

import importlib

from toolkit.diagnostics._diagnostics import CorruptionDiagnostics

_LAZY = {
    "CorruptionIdentifier": "toolkit.diagnostics.identifier._identifier",
    "pretrain_identifier": "toolkit.diagnostics.identifier._pretraining",
}

__all__ = ["CorruptionDiagnostics", "CorruptionIdentifier", "pretrain_identifier"]


def __getattr__(name):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'toolkit.diagnostics' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
