"""Undo what was done to images: restorers by name, and identify -> repair -> verify -> abstain.

The estimator is loaded on first use, since it needs torch.
"""

import importlib
from typing import TYPE_CHECKING

from toolkit.restoration._original import ORIGINAL_METHODS, ORIGINAL_REPAIRS, OriginalRepair, repair_original
from toolkit.restoration._original_choice import OriginalChoice, choose_original_repair
from toolkit.restoration._quality import psnr, ssim
from toolkit.restoration._restorers import available_restorers, restore_images, restorer_in_words

if TYPE_CHECKING:
    from toolkit.restoration._image_restorer import ImageRestorer

_LAZY = {"ImageRestorer": "toolkit.restoration._image_restorer"}

__all__ = [
    "ORIGINAL_METHODS",
    "ORIGINAL_REPAIRS",
    "ImageRestorer",
    "OriginalChoice",
    "OriginalRepair",
    "available_restorers",
    "choose_original_repair",
    "psnr",
    "repair_original",
    "restore_images",
    "restorer_in_words",
    "ssim",
]


def __getattr__(name: str) -> object:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'toolkit.restoration' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
