"""What only shows must not cost what was computed: a failure to draw is said, and the work goes on."""

import contextlib
import warnings

__all__ = ["only_shows"]


@contextlib.contextmanager
def only_shows(what):
    """Turn any error within the block into a warning that names what is missing.

    Parameters
    ----------
    what : str
        What the block draws.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     with only_shows("losses.png"):
    ...         raise ValueError("no ink")
    >>> print(said[0].message)
    losses.png could not be drawn (ValueError: no ink); what was computed is not affected.
    """
    try:
        yield
    except Exception as error:
        warnings.warn(
            f"{what} could not be drawn ({type(error).__name__}: {error}); what was computed is not affected.",
            stacklevel=3,
        )
