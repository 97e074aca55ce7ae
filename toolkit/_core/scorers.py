"""What makes a scorer, given to a search in the scorer's place: an error that the search does not swallow."""

__all__ = ["NotAScore", "looks_like_scoring"]


def looks_like_scoring(first, data):
    """Whether a function that makes a scorer was called as if it were one: with an estimator, and data.

    Parameters
    ----------
    first : object
        Its first argument.
    data : tuple
        Further positional arguments, of which it takes none.
    """
    return bool(data) and hasattr(first, "fit")


class NotAScore:
    """What such a call gives back: asked for its number, it says what is wrong.

    An exception would not do. Searches of scikit-learn turn those of a scorer into NaN, warn, and pick a candidate all
    the same; what is no number they refuse.

    Parameters
    ----------
    name : str
        Of the function.
    call : str
        How to call it.
    """

    def __init__(self, name, call):
        self.message = f"{name} makes a scorer and is none itself: give scoring={call}, not scoring={name}."

    def __repr__(self) -> str:
        return self.message

    def item(self):
        """Always a TypeError: scikit-learn asks for the number of a score here."""
        raise TypeError(self.message)

    __float__ = __call__ = item
