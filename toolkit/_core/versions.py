"""The versions that a result was made with."""

import platform
from importlib import metadata

__all__ = ["versions"]

_PACKAGES = ("numpy", "scipy", "scikit-learn", "scikit-image", "pyod", "torch", "umap-learn", "pandas")


def versions():
    """Versions of Python, the toolkit and the packages that move figures, read without importing them.

    Examples
    --------
    >>> "numpy" in versions()
    True
    """
    from toolkit import __version__

    found = {"toolkit": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    return found
