"""Imports that survive what a process inherits: a plotting backend that is not there, no place for compiled code.

matplotlib refuses to be imported where ``MPLBACKEND`` names a backend that it cannot find, as it does in a shell that a
notebook of another environment opened. numba refuses to compile functions that ask to be cached where it can write
neither beside the package nor in a home. The toolkit draws into files and needs no backend, and can do without a cache.
"""

import atexit
import contextlib
import importlib
import os
import shutil
import sys
import tempfile

from toolkit._core.optional import import_optional
from toolkit.exceptions import MissingDependencyError

__all__ = ["guard_matplotlib", "import_compiled", "import_matplotlib", "keep_compiled"]


def import_matplotlib():
    """Import and return matplotlib, whatever backend the environment names.

    Call it before anything that imports matplotlib: what is imported once stays imported.

    Examples
    --------
    >>> import_matplotlib().__name__
    'matplotlib'
    """
    if "matplotlib" in sys.modules or "MPLBACKEND" not in os.environ:
        return importlib.import_module("matplotlib")
    asked = os.environ.pop("MPLBACKEND")
    try:
        matplotlib = importlib.import_module("matplotlib")
    finally:
        os.environ["MPLBACKEND"] = asked
    with contextlib.suppress(ValueError):  # the usual backend stays where there is no such one
        matplotlib.rcParams["backend"] = asked
    return matplotlib


def guard_matplotlib():
    """Call this before importing packages that may import matplotlib themselves; it costs nothing in the usual case."""
    if "MPLBACKEND" in os.environ:
        import_matplotlib()


def import_compiled(module, *, purpose):
    """Import a package whose functions numba compiles and caches; where it finds no place, in a folder of this process.

    Examples
    --------
    >>> import_compiled("math", purpose="arithmetic").sqrt(4)
    2.0
    """
    guard_matplotlib()
    try:
        return import_optional(module, purpose=purpose)
    except RuntimeError as error:
        if "cannot cache function" not in str(error):
            raise
    try:
        _cache_in(tempfile.mkdtemp(prefix="numba-"))
        return import_optional(module, purpose=purpose)
    except (OSError, RuntimeError) as error:
        raise MissingDependencyError(
            f"{purpose} needs a folder for compiled code: set NUMBA_CACHE_DIR to one that can be written ({error})."
        ) from error


def keep_compiled(package):
    """Have numba keep what it compiles of a package's functions, those that do not ask for it included.

    Another process finds it and is spared the compiling, which takes seconds; each function's own source, the versions
    and the processor say whether what is kept is still right. Where there is no place to keep it, nothing is changed.

    Parameters
    ----------
    package : module
        With its modules that are imported by now.

    Examples
    --------
    >>> import math
    >>> keep_compiled(math)  # nothing there is compiled by numba
    """
    names = [name for name in sys.modules if f"{name}.".startswith(f"{package.__name__}.")]
    for thing in [thing for name in names for thing in vars(sys.modules[name]).values()]:
        function = getattr(thing, "py_func", None)
        if function is not None and function.__module__ in names and hasattr(thing, "enable_caching"):
            with contextlib.suppress(RuntimeError):
                thing.enable_caching()


def _cache_in(folder):
    """Have numba keep compiled code in ``folder`` until this process ends; processes of ours use it, too."""
    import numba

    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = numba.config.CACHE_DIR = folder
