"""Optional packages: imported on use, with an error that says how to get them."""

import importlib

from toolkit.exceptions import MissingDependencyError

__all__ = ["import_optional"]


def import_optional(module, *, purpose, extra=None):
    """Import ``module`` or say plainly what it is needed for.

    Examples
    --------
    >>> import_optional("math", purpose="arithmetic").sqrt(4)
    2.0
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        how = f"pip install 'toolkit[{extra}]'" if extra else f"pip install {package}"
        raise MissingDependencyError(f"{purpose} needs the package {package!r}: {how}") from error
