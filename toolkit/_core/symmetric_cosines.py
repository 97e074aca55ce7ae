"""Cosines of descriptions with others under the symmetries of the square, four for the price of one.

A symmetry exchanges the values of a description. Half turn and both flips are a group of which every element undoes
itself, so that descriptions fall apart into four parts that each symmetry keeps or turns over as a whole (the isotypic
parts of the group's representation; Serre, 1977, "Linear representations of finite groups", section 2.6). A cosine is
the sum of the cosines of the parts, and under a symmetry the same sum with other signs. The other four symmetries are
these after a transposition.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["SymmetricCosines"]

_GROUP = ("identity", "rotate_180", "flip_horizontal", "flip_vertical")
_SIGNS = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]])
# Rows at a time: products with a few thousand others then stay in the processor's cache.
_CHUNK = 256


class _Part(NamedTuple):
    """One part: value j of it is ``weight[j]`` times the sum of the values at ``places[:, j]``, with signs."""

    signs: NDArray
    places: NDArray
    weight: NDArray


class SymmetricCosines:
    """Products of descriptions with ``references``, under symmetries of the described images.

    Parameters
    ----------
    references : ndarray of float32, of shape (n_references, n_values)
    moved : callable
        ``moved(symmetry)``: an image under the symmetry is described by ``described[:, moved(symmetry)]``.
    """

    def __init__(self, references: NDArray, moved: Callable[[str], NDArray]):
        self._moved = moved
        self._parts = _parts(np.stack([moved(symmetry) for symmetry in _GROUP]))
        self._references = [_part_of(references, part).T for part in self._parts]
        self._transposed = moved("transpose") if _is_square(moved) else None

    def chunks(self, described: NDArray, symmetries: tuple[str, ...]) -> Iterator[tuple[slice, dict[str, NDArray]]]:
        """For some rows at a time: which, and by symmetry the cosines, of shape (n_rows, n_references)."""
        wanted = {symmetry: self._place(symmetry) for symmetry in symmetries}
        for start in range(0, len(described), _CHUNK):
            rows = slice(start, start + _CHUNK)
            some, cosines = described[rows], {}
            for transposed in sorted({after for after, _ in wanted.values()}):
                # (n_rows, n_references) for each part
                products = self._products(some[:, self._transposed] if transposed else some)
                for symmetry, (after, place) in wanted.items():
                    if after == transposed:
                        cosines[symmetry] = _signed_sum(products, _SIGNS[:, place])
            yield rows, cosines

    def _products(self, described):
        return [_part_of(described, part) @ others for part, others in zip(self._parts, self._references)]

    def _place(self, symmetry):
        """Whether a symmetry is one of the group after a transposition, and which of the group."""
        for after in (False, True) if self._transposed is not None else (False,):
            for place, one in enumerate(_GROUP):
                moved = self._transposed[self._moved(one)] if after else self._moved(one)
                if np.array_equal(moved, self._moved(symmetry)):
                    return after, place
        raise ValueError(f"symmetry must be one of the square, got {symmetry!r}.")


def _is_square(moved):
    """Whether a transposed image is described by as many values in the same order: it is as high as it is wide."""
    identity, transposed = moved("identity"), moved("transpose")
    return np.array_equal(transposed[transposed], identity)


def _signed_sum(products, signs):
    """Sum of the products, each with its sign; the first one's is plus."""
    total = products[0].copy()
    for product, sign in zip(products[1:], signs[1:]):
        total = np.add(total, product, out=total) if sign > 0 else np.subtract(total, product, out=total)
    return total


def _part_of(described, part):
    total = sum(sign * described[:, places] for sign, places in zip(part.signs, part.places))
    return np.ascontiguousarray(total * part.weight, dtype=np.float32)


def _parts(moved):
    """The four parts of descriptions of which ``moved[s]`` says what symmetry ``s`` of the group exchanges."""
    representative = moved.min(axis=0) == np.arange(moved.shape[1])
    places = moved[:, representative]  # (4, n_orbits): what the group makes of one value of each orbit
    kept = places == places[0]
    size = len(_GROUP) / kept.sum(axis=0)
    parts = []
    for signs in _SIGNS:
        # A value that a symmetry leaves in place has no share in what the symmetry turns over.
        alive = ~(kept & (signs[:, None] < 0)).any(axis=0)
        weight = (np.sqrt(size[alive]) / len(_GROUP)).astype(np.float32)
        parts.append(_Part(signs.astype(np.float32), places[:, alive], weight))
    return parts
