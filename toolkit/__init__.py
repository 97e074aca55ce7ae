"""A label-free laboratory for image sets.

What is wrong with these images, which ones, can it be undone, and did a generator learn all of them?
Answered without labels.

The topic packages are loaded on first use, so that ``import toolkit`` stays cheap: it loads neither torch nor
pyod, umap, numba or matplotlib.
"""

import importlib

__version__ = "0.1.0"

_TOPICS = (
    "audit",
    "comparison",
    "corruption",
    "coverage",
    "datasets",
    "detectors",
    "diagnostics",
    "exceptions",
    "generators",
    "plots",
    "report",
    "restoration",
    "sequence",
    "studies",
)

# Public functions of the toolkit itself, and where they are.
_FUNCTIONS = {
    "audit_images": "toolkit.studies",
    "load": "toolkit._persistence",
    "save": "toolkit._persistence",
}

__all__ = ["__version__", *_FUNCTIONS, *_TOPICS]


def __getattr__(name):
    if name in _FUNCTIONS:
        return getattr(importlib.import_module(_FUNCTIONS[name]), name)
    if name in _TOPICS:
        return importlib.import_module(f"toolkit.{name}")
    raise AttributeError(f"module 'toolkit' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
