"""Two sets of images against each other: which modes does the first hold more often than the second, and which less?"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import hypergeom

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import validate_images
from toolkit._core.parameters import check_number, check_positive_int
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.types import RandomState
from toolkit.coverage._bins import row_divergences
from toolkit.coverage._drawing import draw_samples
from toolkit.coverage._embedding import embed, fit_embedding
from toolkit.coverage._look_comparison import compare_looks
from toolkit.coverage._mode_coverage import ModeCoverage
from toolkit.coverage._quantise import assign_bins, connect_bins, make_bins, neighbouring_bins
from toolkit.coverage._tests import adjust_p_values

__all__ = ["CoverageComparison", "ModeDifference", "compare_coverage"]

_MIN_PER_BIN, _N_EXAMPLES = 10, 16


@dataclass(frozen=True)
class ModeDifference:
    """A part of the images that one set holds more often: bins that hang together.

    Parameters
    ----------
    bins : tuple of int
    a_share, b_share : float
        Of all images of each set that fall into them.
    a_rows, b_rows : ndarray of int
        Examples: indices of images of each set, the most typical first.

    Examples
    --------
    >>> from toolkit.coverage import compare_coverage
    >>> from toolkit.datasets import load_ring
    >>> a, b = load_ring(400, random_state=0), load_ring(400, random_state=1)
    >>> mode = compare_coverage(a.points, b.points[b.labels != 3], n_bins=8, n_draws=99, random_state=0).more_in_a[0]
    >>> mode.b_share, set(a.labels[mode.a_rows].tolist())
    (0.0, {3})
    """

    bins: tuple[int, ...]
    a_share: float
    b_share: float
    a_rows: NDArray[np.intp] = field(repr=False)
    b_rows: NDArray[np.intp] = field(repr=False)


@dataclass(frozen=True)
class CoverageComparison:
    """What :func:`compare_coverage` finds.

    Parameters
    ----------
    names : tuple of str
        Of the two sets.
    n_a, n_b : int
    js : float
        Jensen-Shannon divergence of the shares of bins, in nats.
    js_expected : float
        Its mean over random divisions of all images into sets of these sizes.
    p_value : float
        Of the divergence among such divisions: exact.
    looks_p_value : float
        Of how often each set holds each look, likewise, see ``more_like_a``; NaN with too few images.
    alpha : float
        Level of both tests together, and false discovery rate of the bins.
    bins : DataFrame
        A row a bin: ``bin``, ``a``, ``b`` (images), ``a_share``, ``b_share``, ``ratio`` (of the first share to the
        second), ``p_value`` (exact, two-sided), ``q_value`` (adjusted), ``status`` (``"more in a"``, ``"more in b"``,
        ``"as expected"``).
    more_in_a, more_in_b : tuple of ModeDifference
        The largest difference first.
    more_like_a, more_like_b : ndarray of int
        Rows of that set that fewer images of the other look like than chance leaves anywhere, the worst first: what
        bins may be too coarse for. Of at most 2,500 images that are asked; none where the sets do not differ.

    Examples
    --------
    >>> from toolkit.coverage import compare_coverage
    >>> from toolkit.datasets import load_ring
    >>> a, b = load_ring(400, random_state=0), load_ring(400, random_state=1)
    >>> found = compare_coverage(a.points, b.points[b.labels != 3], n_bins=8, n_draws=99, random_state=0)
    >>> found.flagged, found.js > found.js_expected, found.bins["status"].unique().tolist()
    (True, True, ['as expected', 'more in a'])
    >>> found.frame()["more_in"].tolist()
    ['A']
    """

    names: tuple[str, str]
    n_a: int
    n_b: int
    js: float
    js_expected: float
    p_value: float
    alpha: float
    bins: pd.DataFrame = field(repr=False)
    more_in_a: tuple[ModeDifference, ...] = ()
    more_in_b: tuple[ModeDifference, ...] = ()
    looks_p_value: float = float("nan")
    more_like_a: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp), repr=False)
    more_like_b: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp), repr=False)

    def __repr__(self) -> str:
        return f"<CoverageComparison: {self.n_a:,} against {self.n_b:,} rows. {self.verdict}>"

    @property
    def flagged(self) -> bool:
        """Whether the sets differ by more than chance, at level ``alpha``: by the divergence, or by their looks."""
        return self.joint_p_value <= self.alpha

    @property
    def joint_p_value(self) -> float:
        """The lesser p-value, doubled since it is the lesser of two."""
        return _joint(self.p_value, self.looks_p_value)

    @property
    def verdict(self) -> str:
        """What was found, in sentences."""
        first, second = self.names
        joint = self.joint_p_value
        p_value = "< .001" if joint < 0.001 else f"= {joint:.3f}".replace("0.", ".", 1)
        said = [
            f"{first} and {second} {'differ by more than' if self.flagged else 'differ by no more than'} chance "
            f"(p {p_value})."
        ]
        for name, other, modes, way in (
            (first, second, self.more_in_a, ("a_share", "b_share")),
            (second, first, self.more_in_b, ("b_share", "a_share")),
        ):
            if modes:
                mine, theirs = (sum(getattr(mode, share) for mode in modes) for share in way)
                where = "one part" if len(modes) == 1 else f"{len(modes)} parts"
                said.append(f"{name} has more in {where} of the images: {mine:.1%}, where {other} has {theirs:.1%}.")
        for name, other, rows in ((first, second, self.more_like_a), (second, first, self.more_like_b)):
            if len(rows):
                one = len(rows) == 1
                images, asked = (
                    ("1 image", "that was asked has") if one else (f"{len(rows):,} images", "that were asked have")
                )
                said.append(f"{images} of {name} {asked} fewer like them in {other} than are due.")
        return " ".join(said)

    def frame(self) -> pd.DataFrame:
        """The parts that differ: ``more_in``, ``n_bins``, ``a_share``, ``b_share``, ``ratio``."""
        rows = [
            {
                "more_in": name,
                "n_bins": len(mode.bins),
                "a_share": mode.a_share,
                "b_share": mode.b_share,
                "ratio": mode.a_share / mode.b_share if mode.b_share > 0 else float("inf"),
            }
            for name, modes in zip(self.names, (self.more_in_a, self.more_in_b))
            for mode in modes
        ]
        return pd.DataFrame(rows, columns=["more_in", "n_bins", "a_share", "b_share", "ratio"])


@usual_floating_point
def compare_coverage(
    a: Any,
    b: Any,
    *,
    embedding: Any = "pca",
    n_components: int = 50,
    n_bins: int = 100,
    alpha: float = 0.05,
    n_draws: int = 1000,
    n_samples: int = 10_000,
    image_shape: tuple[int, ...] | None = None,
    names: tuple[str, str] = ("A", "B"),
    random_state: RandomState = None,
) -> CoverageComparison:
    """Which modes does one set of images hold more often than another?

    Neither set is the truth: two generators, or a data set as it was delivered last month and this month. Features and
    bins are those of all images together, without regard to where each comes from; so under the hypothesis that both
    sets are draws of one thing, every division of the images into two sets of these sizes is equally likely, and the
    tests are exact.

    Parameters
    ----------
    a, b : array-like of shape (n, height, width[, 3]) or (n, n_features), or object with ``sample``
        From a generator, ``n_samples`` are drawn.
    embedding : {"pca", "autoencoder"} or transformer, default="pca"
        As for :class:`ModeCoverage`.
    n_components : int, default=50
    n_bins : int, default=100
        Clipped to a tenth of all images.
    alpha : float, default=0.05
        Level of the test of the whole, and false discovery rate of the bins.
    n_draws : int, default=1000
        Random divisions.
    n_samples : int, default=10_000
    image_shape : tuple of int, optional
        Shape of an image in flat rows; None takes a square, or else one row of pixels.
    names : tuple of str, default=("A", "B")
        For sentences.
    random_state : int, RandomState instance or None, default=None

    Returns
    -------
    CoverageComparison

    Raises
    ------
    ValueError
        Images of different shapes, on different scales, or a parameter out of range.

    See Also
    --------
    ModeCoverage : Samples against the data that they should be like.

    Notes
    -----
    Images that come in groups, such as frames of a film or copies of one image, are fewer draws than they seem: p is
    then too small.

    References
    ----------
    .. [1] J. Zhang et al., An interpretable evaluation of entropy-based novelty of generative models (KEN), ICML 2024:
       the same question, without a reference distribution.
    .. [2] Y. Benjamini and Y. Hochberg, Controlling the false discovery rate, JRSS B 57, 1995.

    Examples
    --------
    >>> from toolkit.coverage import compare_coverage
    >>> from toolkit.datasets import load_ring
    >>> a, b = load_ring(1000, random_state=0), load_ring(1000, random_state=1)
    >>> found = compare_coverage(a.points, b.points[b.labels != 3], random_state=0)
    >>> found.flagged, {int(label) for label in a.labels[found.more_in_a[0].a_rows]}
    (True, {3})
    """
    for name, value in (("n_components", n_components), ("n_bins", n_bins), ("n_draws", n_draws)):
        check_positive_int(name, value)
    check_number("alpha", alpha, 0.0, 1.0, above=True)
    seeds = spawn_seeds(random_state, 4)
    reader = ModeCoverage(embedding, image_shape=image_shape)
    stacks = [validate_images(reader, draw_samples(a, n_samples, seeds[0]), reset=True)]
    reader.dtype_ = stacks[0].dtype.name
    stacks.append(reader._samples(draw_samples(b, n_samples, seeds[1]), "b"))
    sizes = [len(stack) for stack in stacks]
    if min(sizes) < 2:
        raise ValueError(f"a and b need at least 2 images each, got {sizes[0]} and {sizes[1]}.")
    scale, stack = reader.pixel_scale_, np.concatenate(stacks)
    model = fit_embedding(embedding, stack, scale, n_components, seeds[2])
    features = embed(model, embedding, stack, scale).astype(np.float32).astype(np.float64)
    centres = make_bins(features, max(1, min(n_bins, len(stack) // _MIN_PER_BIN)), seeds[2])
    bins = assign_bins(features, centres)
    a_counts, b_counts = (np.bincount(part, minlength=len(centres)) for part in np.split(bins, sizes[:1]))
    js = float(row_divergences((a_counts / sizes[0])[None], (b_counts / sizes[1])[None])[0])
    looks = compare_looks(stack, sizes[0], scale, n_draws, as_generator(seeds[3]))
    reference = _divisions(a_counts + b_counts, sizes, n_draws, as_generator(seeds[3]))
    table = _table(a_counts, b_counts, alpha)
    neighbours = neighbouring_bins(features, centres)
    distances = np.square(features - centres[bins]).sum(axis=1)

    def differences(status, sign):
        groups = connect_bins(table.loc[table["status"] == status, "bin"].to_numpy(), neighbours)
        modes = [_difference(group, table, bins, distances, sizes[0]) for group in groups]
        return tuple(sorted(modes, key=lambda mode: sign * (mode.b_share - mode.a_share)))

    # A division counts as far apart as this one when only rounding tells them apart.
    p_value = float((1 + (reference >= js * (1.0 - 1e-9)).sum()) / (n_draws + 1))
    differ = _joint(p_value, looks.p_value) <= alpha
    return CoverageComparison(
        names=(str(names[0]), str(names[1])),
        n_a=sizes[0],
        n_b=sizes[1],
        js=js,
        js_expected=float(reference.mean()),
        p_value=p_value,
        alpha=float(alpha),
        bins=table,
        more_in_a=differences("more in a", 1.0),
        more_in_b=differences("more in b", -1.0),
        looks_p_value=looks.p_value,
        more_like_a=looks.more_in_a if differ else looks.more_in_a[:0],
        more_like_b=looks.more_in_b if differ else looks.more_in_b[:0],
    )


def _joint(p_value, looks_p_value):
    """Of both tests, the second of which there may not be."""
    return p_value if np.isnan(looks_p_value) else min(1.0, 2.0 * min(p_value, looks_p_value))


def _divisions(counts, sizes, n_draws, generator):
    """Divergences of random divisions of all images into sets of these sizes."""
    drawn = generator.multivariate_hypergeometric(counts, sizes[0], size=n_draws, method="marginals")
    return row_divergences(drawn / sizes[0], (counts - drawn) / sizes[1])


def _table(a_counts, b_counts, alpha):
    n_a, n_b = int(a_counts.sum()), int(b_counts.sum())
    both = a_counts + b_counts
    tails = [hypergeom.cdf(a_counts, n_a + n_b, both, n_a), hypergeom.sf(a_counts - 1, n_a + n_b, both, n_a)]
    p_values = np.minimum(1.0, 2.0 * np.minimum(*tails))
    q_values = adjust_p_values(p_values)
    a_share, b_share = a_counts / n_a, b_counts / n_b
    status = np.full(len(both), "as expected", dtype=object)
    status[(q_values <= alpha) & (a_share > b_share)] = "more in a"
    status[(q_values <= alpha) & (a_share < b_share)] = "more in b"
    return pd.DataFrame(
        {
            "bin": np.arange(len(both)),
            "a": a_counts,
            "b": b_counts,
            "a_share": a_share,
            "b_share": b_share,
            "ratio": np.divide(a_share, b_share, out=np.full(len(both), np.inf), where=b_share > 0),
            "p_value": p_values,
            "q_value": q_values,
            "status": status,
        }
    )


def _difference(group, table, bins, distances, n_a):
    rows = np.flatnonzero(np.isin(bins, group))
    rows = rows[np.argsort(distances[rows], kind="stable")]
    return ModeDifference(
        bins=tuple(int(bin_) for bin_ in group),
        a_share=float(table.loc[group, "a_share"].sum()),
        b_share=float(table.loc[group, "b_share"].sum()),
        a_rows=rows[rows < n_a][:_N_EXAMPLES],
        b_rows=rows[rows >= n_a][:_N_EXAMPLES] - n_a,
    )
