"""Can samples be told from images of the data, one by one? Judged against real images that the judge never learnt from.

The data is parted: one part is learnt from, the other held out. Samples and held-out images are both new to the judge,
so under the hypothesis of a perfect sampler they are exchangeable, and the tests below hold at any size. They compare
samples and held-out images within regions of the data: which regions the samples reach is no matter of fidelity. Nor is
whether they are copies: an image that equals a row learnt from is not new to the judge, and left out on both sides.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from toolkit._core.images import iter_chunks
from toolkit._core.pixel_scale import PixelScale
from toolkit.coverage._neighbours import nearest
from toolkit.coverage._quantise import assign_bins, make_bins

__all__ = ["FidelityJudge", "least_of_tails", "stratified_rank_test", "stratified_tail_test"]

_MOST = 5000  # rows that are learnt from, and as many that are held out
_COMPONENTS, _NEIGHBOURS = 50, 5
_PER_REGION, _MOST_REGIONS = 100, 30
_TAILS = (0.99, 0.95)
_CHUNK = 2048


class FidelityJudge:
    """Learns from one half of the data, and holds samples against the other.

    Attributes
    ----------
    mean, components : ndarray
        Principal components of the rows learnt from.
    learnt : ndarray of shape (n_learnt, n_components + 1)
        Their features, and how far each is off them.
    radii : ndarray of shape (n_learnt,)
        Distance of each to its fifth neighbour.
    centres : ndarray of shape (n_regions, n_components)
    held : dict of str to ndarray of shape (n_held,)
        Scores of the rows held out, see :meth:`scores`.
    """

    mean: NDArray
    components: NDArray
    learnt: NDArray
    radii: NDArray
    centres: NDArray
    held: dict[str, NDArray]

    @classmethod
    def learn(cls, stack: NDArray, scale: PixelScale, generator: np.random.Generator) -> Self | None:
        """A judge of images like these; None where there are too few to hold any out.

        Parameters
        ----------
        stack : ndarray of shape (n_samples, height, width[, 3])
        scale : PixelScale
        generator : numpy.random.Generator
        """
        from sklearn.decomposition import PCA

        order = generator.permutation(len(stack))
        size = min(_MOST, len(stack) // 2)
        if size < 4 * _NEIGHBOURS:
            return None
        rows = _rows(stack[np.sort(order[:size])], scale)
        n_components = max(1, min(_COMPONENTS, rows.shape[1], size // 10))
        seed = int(generator.integers(2**31 - 1))
        model = PCA(n_components, svd_solver="randomized" if n_components < rows.shape[1] // 3 else "full")
        with np.errstate(invalid="ignore"):  # of equal images: shares of a variance that is nought, which none reads
            model.set_params(random_state=seed).fit(rows)
        judge = cls()
        judge.mean, judge.components = model.mean_.astype(np.float64), model.components_.astype(np.float64)
        judge.learnt = judge._features(rows)
        judge.radii = nearest(judge.learnt, judge.learnt, _NEIGHBOURS)[0][:, -1]
        n_regions = max(1, min(_MOST_REGIONS, size // _PER_REGION))
        judge.centres = make_bins(judge.learnt[:, :-1], n_regions, seed)
        judge.held = judge.scores(stack[np.sort(order[size : 2 * size])], scale)
        return judge

    def scores(self, stack: NDArray, scale: PixelScale) -> dict[str, NDArray]:
        """What is compared, an array of shape (n_samples,) each.

        ``distance`` to the nearest row learnt from, ``ratio`` of it to that row's own distance to its fifth neighbour,
        ``texture`` (what the principal components do not show), ``detail`` (squared differences of neighbouring pixels
        over the variance of all), and ``region``.
        """
        parts = []
        for part in iter_chunks(len(stack), _CHUNK):
            images = stack[part]
            rows = _rows(images, scale)
            features = self._features(rows)
            distances, places = nearest(features, self.learnt)
            # Rows that repeat others have balls without width; a sample that equals them is at no distance, too.
            floor = self._no_distance
            parts.append(
                {
                    "distance": distances[:, 0],
                    "ratio": distances[:, 0] / np.maximum(self.radii[places[:, 0]], floor),
                    "texture": features[:, -1],
                    "detail": _detail(rows.reshape(images.shape)),
                    "region": assign_bins(features[:, :-1], self.centres),
                }
            )
        return {name: np.concatenate([found[name] for found in parts]) for name in parts[0]}

    def judge(self, stack: NDArray, scale: PixelScale) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
        """p-values by name, figures of the samples, and what is expected of them.

        Parameters
        ----------
        stack : ndarray of shape (n_samples, height, width[, 3])
        scale : PixelScale

        Returns
        -------
        p_values : dict of str to float
            Each adjusted for what it is the least of.
        figures, expected : dict of str to float
            ``far``: share beyond what ``far_tail`` of the held-out images lie beyond, of the samples, and of held-out
            images in the same regions; ``detail``: median. Nothing where all samples equal rows learnt from.
        """
        mine, theirs = self._new(self.scores(stack, scale)), self._new(self.held)
        if not len(mine["distance"]) or not len(theirs["distance"]):
            return {}, {}, {}
        both = {name: np.concatenate([theirs[name], values]) for name, values in mine.items()}
        is_sample = np.arange(len(both["region"])) >= len(theirs["region"])
        p_value, far, due, beyond = least_of_tails([both["distance"], both["ratio"]], both["region"], is_sample)
        found = {"far": p_value}
        for name in ("texture", "detail"):
            found[name] = stratified_rank_test(theirs[name], theirs["region"], mine[name], mine["region"])
        figures = {"far": far, "far_tail": beyond, "detail": float(np.median(mine["detail"]))}
        return found, figures, {"far": due, "detail": float(np.median(theirs["detail"]))}

    @property
    def _no_distance(self):
        """Nearer than this to a row learnt from is that row."""
        return 1e-9 * max(1.0, float(self.radii.max()))

    def _new(self, scores):
        """Scores of those images that equal no row learnt from."""
        is_new = scores["distance"] > self._no_distance
        return {name: values[is_new] for name, values in scores.items()}

    def _features(self, rows):
        centred = rows - self.mean
        features = centred @ self.components.T
        squared = np.square(centred).sum(axis=1) - np.square(features).sum(axis=1)
        return np.column_stack([features, np.sqrt(np.maximum(squared, 0.0))])


def _rows(stack, scale):
    return scale.to_unit(stack).reshape(len(stack), -1).astype(np.float64)


def _detail(images):
    """Of images (n, height, width[, 3]); zeros where they are blank."""
    axes = tuple(range(1, images.ndim))
    variance = images.var(axis=axes)
    changes = sum(np.square(np.diff(images, axis=axis)).sum(axis=axes) for axis in (1, 2))
    size = np.prod(images.shape[1:])
    return np.divide(changes / size, variance, out=np.zeros(len(images)), where=variance > 1e-12)


def least_of_tails(scores: list[NDArray], strata: NDArray, is_sample: NDArray) -> tuple[float, float, float, float]:
    """Do more samples than real rows lie in the tails of any score? The least p-value, adjusted for their number.

    Parameters
    ----------
    scores : list of ndarray of shape (n,)
        Of real rows and samples, the larger the farther.
    strata : ndarray of int of shape (n,)
    is_sample : ndarray of bool of shape (n,)

    Returns
    -------
    p_value : float
    share, expected, beyond : float
        Of the samples in the tail that has the least p-value, what is due, and the share of all real rows in that tail.
    """
    tests = [
        (
            *stratified_tail_test(score[~is_sample], strata[~is_sample], score[is_sample], strata[is_sample], tail),
            1.0 - tail,
        )
        for tail in _TAILS
        for score in scores
    ]
    p_value, share, expected, beyond = min(tests)
    return min(1.0, len(tests) * p_value), share, expected, beyond


def stratified_tail_test(
    real: NDArray, real_strata: NDArray, samples: NDArray, sample_strata: NDArray, tail: float
) -> tuple[float, float, float]:
    """Do more samples than real rows lie beyond the ``tail`` quantile of the real rows? Stratum by stratum.

    Parameters
    ----------
    real, samples : ndarray of shape (n,)
    real_strata, sample_strata : ndarray of int of shape (n,)
    tail : float

    Returns
    -------
    p_value : float
        One-sided, of Mantel and Haenszel's test.
    share, expected : float
        Of the samples beyond, and of real rows as they are weighted by strata.

    References
    ----------
    .. [1] N. Mantel and W. Haenszel, Statistical aspects of the analysis of data from retrospective studies of disease,
       JNCI 22, 1959.
    """
    threshold = np.quantile(real, tail)
    n_strata = int(max(real_strata.max(), sample_strata.max())) + 1
    real_all = np.bincount(real_strata, minlength=n_strata).astype(np.float64)
    sample_all = np.bincount(sample_strata, minlength=n_strata).astype(np.float64)
    real_out = np.bincount(real_strata, weights=real > threshold, minlength=n_strata)
    sample_out = np.bincount(sample_strata, weights=samples > threshold, minlength=n_strata)
    both, out = real_all + sample_all, real_out + sample_out
    there = both > 1
    expected = np.divide(sample_all * out, both, out=np.zeros(n_strata), where=both > 0)
    variance = np.zeros(n_strata)
    variance[there] = (sample_all * real_all * out * (both - out))[there] / (np.square(both) * (both - 1.0))[there]
    # Regions that no held-out row falls into say nothing of shares, but that samples lie there does.
    alone = (real_all == 0) & (sample_all > 0)
    found, due = sample_out.sum(), expected[~alone].sum() + (1.0 - tail) * sample_all[alone].sum()
    spread = np.sqrt(variance.sum() + tail * (1.0 - tail) * sample_all[alone].sum())
    p_value = float(norm.sf((found - due - 0.5) / spread)) if spread > 0 else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        usual = np.where(real_all > 0, real_out / real_all, 1.0 - tail)
    return p_value, float(found / len(samples)), float((usual * sample_all).sum() / len(samples))


def stratified_rank_test(real: NDArray, real_strata: NDArray, samples: NDArray, sample_strata: NDArray) -> float:
    """Are samples larger or smaller than real rows of the same stratum?

    Parameters
    ----------
    real, samples : ndarray of shape (n,)
    real_strata, sample_strata : ndarray of int of shape (n,)

    Returns
    -------
    float
        Two-sided p-value of van Elteren's test: Wilcoxon's within strata, weighted by one over their size.

    References
    ----------
    .. [1] P. van Elteren, On the combination of independent two-sample tests of Wilcoxon, Bulletin of the International
       Statistical Institute 37, 1960.
    """
    statistic, variance = 0.0, 0.0
    for stratum in np.intersect1d(real_strata, sample_strata):
        a, b = real[real_strata == stratum], samples[sample_strata == stratum]
        n, m, total = len(a), len(b), len(a) + len(b)
        ranks = rankdata(np.concatenate([a, b]))
        weight = 1.0 / (total + 1.0)
        statistic += weight * (ranks[n:].sum() - m * (total + 1.0) / 2.0)
        # With ties the ranks vary less.
        variance += weight**2 * n * m / total * ranks.var(ddof=1) if total > 1 else 0.0
    return float(2.0 * norm.sf(abs(statistic) / np.sqrt(variance))) if variance > 0 else 1.0
