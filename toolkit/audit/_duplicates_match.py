"""From signatures to copies: exact classes, candidates, their comparison, and the threshold that the set asks for."""

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from toolkit._core.geometry import DIHEDRAL, dihedral
from toolkit._core.images import iter_chunks
from toolkit._core.jobs import run_jobs
from toolkit._core.progress import Progress
from toolkit.audit._duplicates_calibration import as_evidence, calibrate, least_evidence
from toolkit.audit._duplicates_search import INVERSE, Candidates, describe, find_candidates, is_large, structure
from toolkit.audit._duplicates_signature import Signatures
from toolkit.audit._duplicates_verify import Agreement, compare

__all__ = ["BLANK", "UNREAD", "Matches", "compare_rows", "exact_classes", "match", "most_similar", "reasons"]

BLANK = "too little structure: only exact copies can be told"
UNREAD = "no signature: the picture could not be read"
_CHUNK, _WAVE = 2048, 4  # pairs compared in one job; jobs whose thumbnails are held at a time
_STRONGEST, _ALIKE, _SAMPLED = 2, 0.8, 3000  # of a large set: see _worth_comparing
_FINE = 0.05  # by how much finer details may agree less
_PAN = 0.05  # half-widths: what is within alignment, and two small crops of one picture
_LEAST_STRUCTURE = 0.8  # standard deviation of details at 16 x 16, in steps between grey levels


class Matches(NamedTuple):
    """Pairs that were compared, and what the set says of them.

    Attributes
    ----------
    pairs : Candidates
    agreement : Agreement
    similarity : ndarray of shape (n_pairs,)
    copies : ndarray of bool of shape (n_pairs,)
    needed : ndarray of shape (n,)
        Similarity that a copy of each row of the first set must have; NaN for rows that were not compared.
    detectable : float
        Share of mildly changed copies that would be told.
    """

    pairs: Candidates
    agreement: Agreement
    similarity: NDArray[np.float64]
    copies: NDArray[np.bool_]
    needed: NDArray[np.float64]
    detectable: float

    def only_copies(self) -> "Matches":
        """The pairs that are copies."""
        good = self.copies
        return self._replace(
            pairs=self.pairs.at(good),
            agreement=self.agreement.at(good),
            similarity=self.similarity[good],
            copies=good[good],
        )

    def turned(self, swap: Callable[[NDArray, NDArray], NDArray[np.bool_]]) -> "Matches":
        """With the two of some pairs exchanged: ``swap(a, b)`` says which."""
        wanted = swap(self.pairs.a, self.pairs.b)
        a, b, symmetry, similarity = self.pairs
        pairs = Candidates(
            np.where(wanted, b, a), np.where(wanted, a, b), np.where(wanted, INVERSE[symmetry], symmetry), similarity
        )
        return self._replace(pairs=pairs, agreement=self.agreement.exchanged(wanted, symmetry))


def exact_classes(pixels: Sequence[Hashable], files: Sequence[Hashable]) -> NDArray[np.intp]:
    """The first row with the same pixels or the same file, of each row.

    None as a digest is equal to nothing.

    >>> exact_classes(["p", "q", "p", "r", None], ["f", "g", "h", "g", None]).tolist()
    [0, 1, 0, 1, 4]
    """
    n = len(pixels)
    a, b = [], []
    for values in (pixels, files):
        seen: dict[Hashable, int] = {}
        for row, value in enumerate(values):
            if value is not None:
                a.append(row)
                b.append(seen.setdefault(value, row))
    links = coo_array((np.ones(len(a), dtype=bool), (a, b)), shape=(n, n))
    _, component = connected_components(links, directed=False)
    _, first = np.unique(component, return_index=True)
    return first[component].astype(np.intp)


def reasons(signatures: Signatures) -> NDArray:
    """Why nothing but exact copies can be told of a row; empty where more can."""
    found = np.full(len(signatures), "", dtype=object)
    readable = signatures.readable
    found[~readable] = UNREAD
    rows = np.flatnonzero(readable)
    # Black and white has one large step, floats have none.
    step = np.clip(signatures.head("step")[rows], 1e-5, 1 / 255)
    found[rows[structure(signatures, rows) < _LEAST_STRUCTURE * step]] = BLANK
    return found


def similarity_of(agreement: Agreement) -> NDArray[np.float64]:
    """One figure of how alike two pictures are, 0 to 1: agreement on the whole, and in the worst places.

    It is halved where each shows what lies outside of the other: a camera that panned, not a crop.
    """
    both = (agreement.mean.astype(np.float64) + agreement.least) / 2
    # Where the picture has pixels enough, words differ at 64 x 64 though the lines of two pages agree at 32 x 32.
    both = np.minimum(both, np.nan_to_num(agreement.fine, nan=1.0) + _FINE)
    # Borders of the first, seen from those of the second: both to one side, and it is neither within nor around it.
    low, high = agreement.shift - agreement.scale, agreement.shift + agreement.scale
    panned = np.where(low * high > 0, np.minimum(np.abs(low), np.abs(high)), 0).max(axis=1)
    return np.clip(np.where(panned > _PAN, both / 2, both), 0, 1)


def compare_rows(
    first: Signatures,
    second: Signatures,
    pairs: Candidates,
    n_jobs: int | None = 1,
    verbose: bool = False,
) -> Agreement:
    """Compare rows ``pairs.a`` of the first, turned by their symmetry, with rows ``pairs.b`` of the second."""
    if not len(pairs.a):
        return compare(first.grey([]), second.grey([]), np.empty(0))
    found = []
    with Progress(len(pairs.a), desc="comparing pairs", verbose=verbose) as progress:
        for wave in iter_chunks(len(pairs.a), _WAVE * _CHUNK):
            some = pairs.at(wave)
            tasks = [
                {"first": first.at(some.a[part]), "second": second.at(some.b[part]), "symmetry": some.symmetry[part]}
                for part in iter_chunks(len(some.a), _CHUNK)
            ]
            found += run_jobs(_compare, tasks, n_jobs=n_jobs)
            progress.update(len(some.a))
    return Agreement(*(np.concatenate(fields) for fields in zip(*found)))


def _compare(first: Signatures, second: Signatures, symmetry: NDArray[np.intp]) -> Agreement:
    turned = first.grey()
    for index, name in enumerate(DIHEDRAL[1:], start=1):
        rows = symmetry == index
        if rows.any():
            turned[rows] = dihedral(turned[rows], name)
    return compare(turned, second.grey(), np.minimum(first.side, second.side))


def match(
    first: Signatures,
    rows: NDArray[np.intp],
    second: Signatures | None = None,
    others: NDArray[np.intp] | None = None,
    *,
    symmetries: bool,
    n_jobs: int | None,
    verbose: bool,
) -> Matches:
    """Candidates among some rows of a set, or between some of it and some of another, compared and judged."""
    described = describe(first, rows)
    if second is None or others is None:
        found = find_candidates(described, symmetries=symmetries)
        second, others, offset, side = first, rows, 0, first.side[rows]
    else:
        found = find_candidates(described, describe(second, others), symmetries=symmetries)
        offset, side = len(rows), np.concatenate([first.side[rows], second.side[others]])
    pairs = found._replace(a=rows[found.a], b=others[found.b])
    least, complete = least_evidence(side), None
    if is_large(len(others)):
        del described
        chosen, agreement, complete = _worth_comparing(
            first, second, pairs, found.a, found.b + offset, least, n_jobs, verbose
        )
        pairs, found = pairs.at(chosen), found.at(chosen)
    else:
        agreement = compare_rows(first, second, pairs, n_jobs, verbose)
    similarity = similarity_of(agreement)
    copies, needed_of, _, detectable = calibrate(len(side), found.a, found.b + offset, similarity, least, complete)
    needed = np.full(len(first), np.nan)
    needed[rows] = needed_of[: len(rows)]
    return Matches(pairs, agreement, similarity, copies, needed, detectable)


def _worth_comparing(
    first: Signatures,
    second: Signatures,
    pairs: Candidates,
    a: NDArray[np.intp],
    b: NDArray[np.intp],
    least: NDArray,
    n_jobs: int | None,
    verbose: bool,
) -> tuple[NDArray[np.intp], Agreement, NDArray[np.bool_]]:
    """Of the candidates of a large set those that can matter, compared.

    These are the strongest two of each row and all that are much alike; then, of rows that may have a copy, every
    candidate, since what comes next decides whether a copy stands out; and every candidate of rows drawn evenly, which
    tell how often chance makes a gap.

    Returns
    -------
    chosen : ndarray of int
        Which pairs.
    agreement : Agreement
        Of these.
    complete : ndarray of bool of shape (n_rows,)
        Rows of which every candidate was compared, drawn evenly.
    """
    n_rows = len(least)
    strong = pairs.similarity >= _ALIKE
    for rows in (a, b):
        order = np.lexsort((-pairs.similarity, rows))
        rank = np.arange(len(rows)) - np.searchsorted(rows[order], rows[order])
        strong[order[rank < _STRONGEST]] = True
    sampled = np.zeros(n_rows, dtype=bool)
    sampled[np.linspace(0, n_rows - 1, min(n_rows, _SAMPLED)).astype(np.intp)] = True
    strong |= sampled[a] | sampled[b]
    early = np.flatnonzero(strong)
    agreement = compare_rows(first, second, pairs.at(early), n_jobs, verbose)
    likely = as_evidence(similarity_of(agreement)) >= np.maximum(least[a[early]], least[b[early]])
    suspected = np.zeros(n_rows, dtype=bool)
    suspected[a[early[likely]]] = suspected[b[early[likely]]] = True
    late = np.flatnonzero(~strong & (suspected[a] | suspected[b]))
    more = compare_rows(first, second, pairs.at(late), n_jobs, verbose)
    chosen = np.concatenate([early, late])
    order = np.argsort(chosen)
    both = Agreement(*(np.concatenate(fields) for fields in zip(agreement, more)))
    return chosen[order], both.at(order), sampled


def most_similar(
    signatures: Signatures, rows: NDArray[np.intp], others: NDArray[np.intp], symmetries: bool
) -> NDArray[np.float64]:
    """Similarity of pairs of rows of a set, each under the symmetry that suits it best."""
    first, second = describe(signatures, rows), describe(signatures, others)
    names = DIHEDRAL if symmetries else DIHEDRAL[:1]
    each = np.array([(dihedral(first, name) * second).sum(axis=(1, 2)) for name in names])
    pairs = Candidates(rows, others, np.argmax(each, axis=0), each.max(axis=0))
    return similarity_of(compare_rows(signatures, signatures, pairs))
