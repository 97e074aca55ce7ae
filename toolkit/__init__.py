"""A label-free laboratory for image sets.

What is wrong with these images, which ones, can it be undone, and did a generator learn all of them?
Answered without labels.

The topic packages are loaded on first use, so that ``import toolkit`` stays cheap: it loads neither torch nor
pyod, umap, numba or matplotlib.
"""

import importlib
from typing import TYPE_CHECKING

# For type checkers, which do not see what loads on first use.
if TYPE_CHECKING:
    from toolkit import (
        audit,
        callbacks,
        comparison,
        corruption,
        coverage,
        datasets,
        detectors,
        diagnostics,
        embeddings,
        exceptions,
        generators,
        plots,
        report,
        restoration,
        sequence,
        studies,
    )
    from toolkit._persistence import load, save
    from toolkit.studies import audit_images

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "audit",
    "audit_images",
    "callbacks",
    "comparison",
    "corruption",
    "coverage",
    "datasets",
    "detectors",
    "diagnostics",
    "embeddings",
    "exceptions",
    "generators",
    "load",
    "plots",
    "report",
    "restoration",
    "save",
    "sequence",
    "studies",
]

# Public functions of the toolkit itself, and where they are.
_FUNCTIONS = {
    "audit_images": "toolkit.studies",
    "load": "toolkit._persistence",
    "save": "toolkit._persistence",
}

# The rest are the topic packages.
_TOPICS = set(__all__) - set(_FUNCTIONS) - {"__version__"}


def __getattr__(name: str) -> object:
    if name in _FUNCTIONS:
        return getattr(importlib.import_module(_FUNCTIONS[name]), name)
    if name in _TOPICS:
        return importlib.import_module(f"toolkit.{name}")
    raise AttributeError(f"module 'toolkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
