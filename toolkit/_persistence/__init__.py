"""Saving and loading fitted estimators without pickle; public as ``toolkit.save`` and ``toolkit.load``.

What may be saved is written down, class by class, in :mod:`toolkit._persistence._classes`. Nothing else is ever
imported or built by a file.
"""

from toolkit._persistence._save import load, save

__all__ = ["load", "save"]
