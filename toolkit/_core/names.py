"""Names looked up in one literal table; an unknown one is an error that lists the valid ones."""

import difflib

__all__ = ["check_names", "lookup"]


def _unknown(name, valid, what):
    valid = sorted(valid)
    hint = ""
    if isinstance(name, str):
        close = difflib.get_close_matches(name, valid, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
    return ValueError(f"Unknown {what}: {name!r}.{hint} Valid: {', '.join(map(str, valid))}.")


def lookup(table, name, what):
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


def check_names(names, valid, what):
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
