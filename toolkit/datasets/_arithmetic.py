"""Arithmetic expressions: every sum and difference of whole numbers up to some digits, in disjoint parts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.labels import check_strings
from toolkit._core.parameters import check_choice, check_int, check_share
from toolkit._core.random import as_generator
from toolkit._core.types import RandomState

__all__ = ["ArithmeticSet", "make_arithmetic", "pad_strings"]

PARTS = ("train", "validation", "test")
OPERATIONS = ("+", "-")
SPLITS = ("random", "commutative")


@dataclass(frozen=True, eq=False)
class ArithmeticSet:
    """Queries such as ``"45+23"`` with their answers, in three disjoint parts.

    Parameters
    ----------
    queries : ndarray of str of shape (n_queries,)
        Without padding.
    answers : ndarray of str of shape (n_queries,)
        With a leading ``"-"`` where negative.
    parts : ndarray of str of shape (n_queries,)
        ``"train"``, ``"validation"`` or ``"test"``.
    n_digits : int
        Digits of an operand at most.
    split : {"random", "commutative"}
    operations : str

    Attributes
    ----------
    query_length, answer_length : int
        The fixed lengths to pad to, see :func:`pad_strings`: of the longest query and answer that there can be.

    Examples
    --------
    >>> from toolkit.datasets import make_arithmetic
    >>> found = make_arithmetic(random_state=0)
    >>> len(found), found.query_length, found.answer_length
    (20000, 5, 3)
    >>> queries, answers = found.part("test")
    >>> len(queries), int(answers[0]) == eval(queries[0])
    (4000, True)
    """

    queries: np.ndarray
    answers: np.ndarray
    parts: np.ndarray
    n_digits: int
    split: str
    operations: str

    def __len__(self) -> int:
        return len(self.queries)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{(self.parts == part).sum():,} {part}" for part in PARTS)
        digits = f"{self.n_digits} digit{'s' if self.n_digits > 1 else ''}"
        return f"<ArithmeticSet {self.operations!r}, {digits}: {sizes}, {self.split} split>"

    @property
    def query_length(self) -> int:
        """Characters of a query: two numbers and a sign."""
        return 2 * self.n_digits + 1

    @property
    def answer_length(self) -> int:
        """Characters of an answer: one more than of a number."""
        return self.n_digits + 1

    def part(self, name: str) -> tuple[NDArray, NDArray]:
        """``(queries, answers)`` of one part, in random order."""
        if name not in PARTS:
            raise ValueError(f"name must be one of {', '.join(map(repr, PARTS))}, got {name!r}.")
        chosen = self.parts == name
        return self.queries[chosen], self.answers[chosen]


def make_arithmetic(
    operations: str = "+-",
    *,
    n_digits: int = 2,
    train_share: float = 0.75,
    validation_share: float = 0.05,
    n_queries: int | None = None,
    split: str = "random",
    random_state: RandomState = None,
) -> ArithmeticSet:
    """Every ordered query of one operation and two whole numbers, with its answer.

    Parameters
    ----------
    operations : {"+-", "+", "-"}, default="+-"
    n_digits : int, default=2
        Operands run from 0 to ``10 ** n_digits - 1``; at most 4.
    train_share, validation_share : float, default=0.75 and 0.05
        Shares of the queries; the rest is for testing, and must not be empty.
    n_queries : int, optional
        Draw this many of the queries at random; None takes all of them (20,000 for two digits and two operations).
    split : {"random", "commutative"}, default="random"
        ``"commutative"`` keeps ``a+b`` and ``b+a`` in one part, and ``a-b`` and ``b-a`` as well, so that no answer in
        the test part can be had from its mirror image.
    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    ArithmeticSet
        In random order.

    Raises
    ------
    ValueError
        A parameter out of range, or shares that leave a part empty.

    References
    ----------
    Zaremba and Sutskever (2014), "Learning to execute", arXiv:1410.4615.

    Examples
    --------
    >>> make_arithmetic("+", n_digits=1, train_share=0.5, split="commutative", random_state=0)
    <ArithmeticSet '+', 1 digit: 51 train, 4 validation, 45 test, commutative split>
    """
    operations = _check(operations, n_digits, train_share, validation_share, split)
    generator = as_generator(random_state)
    top = 10**n_digits
    total = len(operations) * top * top
    if n_queries is None:
        n_queries = total
    check_int("n_queries", n_queries, 3, total)
    codes = generator.permutation(total)[:n_queries]
    kind, pair = np.divmod(codes, top * top)
    first, second = np.divmod(pair, top)
    parts = _parts(kind, first, second, top, train_share, validation_share, split, generator)
    signs = np.array(list(operations))[kind]
    results = np.where(signs == "+", first + second, first - second)
    queries = np.char.add(np.char.add(first.astype(str), signs), second.astype(str))
    return ArithmeticSet(
        queries.astype(f"<U{2 * n_digits + 1}"),
        results.astype(str).astype(f"<U{n_digits + 1}"),
        parts,
        int(n_digits),
        split,
        operations,
    )


def pad_strings(strings: ArrayLike, length: int) -> NDArray:
    """Strings filled up with trailing spaces to one length.

    Parameters
    ----------
    strings : array-like of str of shape (n_samples,)
    length : int
        At least that of the longest.

    Returns
    -------
    ndarray of str of shape (n_samples,)

    Examples
    --------
    >>> pad_strings(["7+3", "45+23"], 5).tolist()
    ['7+3  ', '45+23']
    """
    check_int("length", length, low=0)
    strings = check_strings("strings", strings)
    longest = int(np.char.str_len(strings).max(initial=0))
    if longest > length:
        raise ValueError(f"strings must have at most length={length} characters, got one of {longest}.")
    return np.char.ljust(strings, length)


def _check(operations, n_digits, train_share, validation_share, split):
    valid = isinstance(operations, str) and operations and set(operations) <= set(OPERATIONS)
    if not valid or len(set(operations)) < len(operations):
        raise ValueError(f"operations must be '+-', '+' or '-', got {operations!r}.")
    check_int("n_digits", n_digits, 1, 4)
    for name, share in (("train_share", train_share), ("validation_share", validation_share)):
        check_share(name, share, below=True)
    if train_share == 0 or train_share + validation_share >= 1:
        raise ValueError(
            f"train_share and validation_share must leave queries to train and to test with, got train_share="
            f"{train_share!r} and validation_share={validation_share!r}."
        )
    check_choice("split", split, SPLITS)
    return "".join(sorted(operations))


def _parts(kind, first, second, top, train_share, validation_share, split, generator):
    """The part of each query; mirror images together where asked."""
    n_queries = len(kind)
    parts = np.full(n_queries, "test", dtype="<U10")
    bounds = [round(train_share * n_queries), round((train_share + validation_share) * n_queries)]
    if not 0 < bounds[0] <= bounds[1] < n_queries:
        raise ValueError(
            f"train_share={train_share!r} and validation_share={validation_share!r} leave a part of the "
            f"{n_queries} queries empty."
        )
    place = np.arange(n_queries)  # the queries are in random order already
    if split == "commutative":
        low, high = np.minimum(first, second), np.maximum(first, second)
        _, group, sizes = np.unique((kind * top + low) * top + high, return_inverse=True, return_counts=True)
        order = generator.permutation(len(sizes))
        # Where a group starts if the groups are laid out in random order: its members share that place.
        starts = np.empty(len(sizes), dtype=np.int64)
        starts[order] = np.cumsum(sizes[order]) - sizes[order]
        place = starts[group]
    parts[place < bounds[1]] = "validation"
    parts[place < bounds[0]] = "train"
    return parts
