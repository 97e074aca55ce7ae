"""Strings and their characters as numbers: alphabets, padding, and what is refused."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["BLANK", "alphabet_of", "as_strings", "decode", "encode"]

BLANK = " "


def as_strings(values: ArrayLike, name: str) -> NDArray:
    """One-dimensional array of str, without trailing spaces, or one clear error."""
    if isinstance(values, (list, tuple)) and any(isinstance(value, str) for value in values):
        # numpy would write out numbers and what is missing.
        wrong = next((value for value in values if not isinstance(value, str)), None)
        if wrong is not None or None in values:
            raise ValueError(f"{name} must be strings, got {wrong!r} among them.")
    array = np.asarray(values)
    if array.ndim != 1 or len(array) == 0:
        raise ValueError(f"{name} must be strings of shape (n_samples,), got an array of shape {array.shape}.")
    if array.dtype.kind == "O" and all(isinstance(value, str) for value in array):
        array = array.astype(str)
    if array.dtype.kind != "U":
        raise ValueError(f"{name} must be strings, got an array of {array.dtype}.")
    return np.char.rstrip(array, BLANK)


def alphabet_of(strings: NDArray) -> str:
    """The characters that occur, blank first, as one string."""
    return BLANK + "".join(sorted(set("".join(strings.tolist())) - {BLANK}))


def encode(strings: NDArray, alphabet: str, length: int, name: str) -> NDArray:
    """Numbers of the characters, (n, length) int64, padded with blanks at the end.

    Raises
    ------
    ValueError
        A string longer than ``length``, or with a character that is not in ``alphabet``.
    """
    sizes = np.char.str_len(strings)
    if sizes.max() > length:
        longest = str(strings[sizes.argmax()])
        raise ValueError(
            f"{name} must have at most the {length} characters of the longest string in fit, got {longest!r} "
            f"with {len(longest)}."
        )
    codes = np.char.ljust(strings, length).astype(f"<U{length}").view(np.uint32).reshape(len(strings), length)
    known = np.array([ord(character) for character in alphabet], dtype=np.uint32)
    order = np.argsort(known)
    places = np.clip(np.searchsorted(known[order], codes), 0, len(known) - 1)
    numbers = order[places]
    wrong = known[numbers] != codes
    if wrong.any():
        row = int(wrong.any(axis=1).argmax())
        character = chr(int(codes[row][wrong[row]][0]))
        raise ValueError(
            f"{name} must consist of the characters in fit ({alphabet.strip()!r}), got {character!r} in "
            f"{str(strings[row])!r}."
        )
    return numbers.astype(np.int64)


def decode(numbers: NDArray, alphabet: str) -> NDArray:
    """Strings of the numbers (n, length), without blanks."""
    letters = np.array(list(alphabet))[numbers]
    joined = np.ascontiguousarray(letters.astype("<U1")).view(f"<U{letters.shape[1]}")[:, 0]
    return np.char.strip(joined, BLANK)
