"""Names looked up in one literal table; an unknown one is an error that lists the valid ones."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

__all__ = ["check_names", "lookup", "suggest"]

_Entry = TypeVar("_Entry")

# What the field calls things besides their names here.
_OTHER_NAMES = {
    "ae": "autoencoder",
    "cgan": "gan",
    "cnn": "convolutional",
    "conv": "convolutional",
    "hinge_loss": "hinge",
    "isolation_forest": "iforest",
    "isolationforest": "iforest",
    "local_outlier_factor": "lof",
    "lsgan": "least_squares",
    "one_class_svm": "ocsvm",
    "rgan": "relativistic",
    "rpgan": "relativistic",
    "standard": "minimax",
    "variational_autoencoder": "vae",
    "wgan": "wasserstein",
    "wgan_gp": "wasserstein_gp",
    "wgangp": "wasserstein_gp",
}


def suggest(name: object, valid: Iterable) -> str:
    """A sentence that names the valid one which was probably meant; empty if none is near.

    Examples
    --------
    >>> suggest("LOF", ["iforest", "lof"]), suggest("wgan", ["hinge", "wasserstein"]), suggest("x", ["lof"])
    (" Did you mean 'lof'?", " Did you mean 'wasserstein'?", '')
    """
    if not isinstance(name, str):
        return ""
    plain = {_plain(each): each for each in valid if isinstance(each, str)}
    asked = _plain(name)
    close = [asked] if asked in plain else [_OTHER_NAMES[asked]] if _OTHER_NAMES.get(asked) in plain else []
    close = close or difflib.get_close_matches(asked, plain, n=1)
    return f" Did you mean {plain[close[0]]!r}?" if close else ""


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")


def _unknown(name: object, valid: Iterable, what: str) -> ValueError:
    valid = sorted(valid)
    return ValueError(f"Unknown {what}: {name!r}.{suggest(name, valid)} Valid: {', '.join(map(str, valid))}.")


def lookup(table: Mapping[str, _Entry], name: object, what: str) -> _Entry:
    """Return ``table[name]``, or raise a ValueError that lists the valid names.

    Parameters
    ----------
    table : mapping of str to object
    name : str
    what : str
        What is being looked up, in the singular, for the message: ``"detector"``.

    Examples
    --------
    >>> lookup({"iforest": 1}, "iforst", "detector")
    Traceback (most recent call last):
        ...
    ValueError: Unknown detector: 'iforst'. Did you mean 'iforest'? Valid: iforest.
    """
    if not isinstance(name, str) or name not in table:
        raise _unknown(name, table, what)
    return table[name]


def check_names(names: str | Iterable, valid: Collection, what: str) -> tuple[str, ...]:
    """Check a collection of names against the valid ones and return it as a tuple.

    Examples
    --------
    >>> check_names(["rotate"], ("invert", "rotate"), "kind")
    ('rotate',)
    """
    if isinstance(names, str):
        names = (names,)
    names = tuple(str(name) if isinstance(name, str) else name for name in names)
    for name in names:
        if name not in valid:
            raise _unknown(name, valid, what)
    if not names:
        raise ValueError(f"At least one {what} is needed, got none. Valid: {', '.join(sorted(valid))}.")
    return names
