"""Do samples look like images of the data, and is each look drawn as often as it is due? Judged against held-out ones.

Bins of principal components part the data once, and a class that many bins share is thinned in each by less than chance
leaves. Here the rows learnt from are landmarks: each held-out image and each sample is given to the landmarks that look
most like it, and neighbouring landmarks are counted together, so that every landmark has a region of its own. Both
kinds of image are new to the landmarks. Were the samples more of the data, any labelling of the same images as held out
and as samples would be as likely as that which was found: labels are drawn anew, and the test holds at any size.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from toolkit._core.pixel_scale import PixelScale
from toolkit.coverage._duplicates import image_digests
from toolkit.coverage._fidelity import least_of_tails
from toolkit.coverage._looks import describe_looks
from toolkit.coverage._neighbours import nearest
from toolkit.coverage._quantise import assign_bins, make_bins

__all__ = ["LookJudge", "LookJudgement"]

_MOST = 2500  # landmarks, twice as many held-out images, and as many samples as those
_FEWEST = 20  # of each
_COMPONENTS, _ROWS_PER_COMPONENT = 50, 10
_GIVEN = 10  # landmarks that an image is given to
_COUNTED = 10  # landmarks that are counted together
_NEIGHBOURS = 10
_PER_REGION, _MOST_REGIONS = 100, 30
_NOTHING = 1e-6  # of the largest variance: less than that is rounding
_AT_A_TIME = 250  # labellings
_LEVEL = 0.05


@dataclass(frozen=True)
class LookJudgement:
    """What a :class:`LookJudge` says of samples.

    Parameters
    ----------
    look, neighbourhoods : float
        p-values: more samples than held-out images look like nothing in the data; landmarks are drawn unevenly. NaN
        with too few images.
    unlike, expected_unlike, unlike_tail : float
        Share of the samples that look less like any landmark than all but ``unlike_tail`` of the held-out images, and
        what is due.
    scarce_rows : tuple of int
        Landmarks, as rows of the data, about which fewer samples lie than chance leaves about any (in 95 of 100 sets
        that lack nothing there is none), the emptiest first.
    n_asked : int
        Landmarks.
    """

    look: float = float("nan")
    neighbourhoods: float = float("nan")
    unlike: float = float("nan")
    expected_unlike: float = float("nan")
    unlike_tail: float = float("nan")
    scarce_rows: tuple[int, ...] = ()
    n_asked: int = 0


class LookJudge:
    """Knows what one half of the data looks like, and holds samples against the other.

    Attributes
    ----------
    rows : ndarray of int of shape (n_landmarks,)
        Which rows of the data the landmarks are.
    landmarks, held : ndarray of float16 of shape (n, n_values)
        What they look like.
    digests, held_digests : ndarray of uint64

    References
    ----------
    .. [1] M. F. Schilling, Multivariate two-sample tests based on nearest neighbors, Journal of the American
       Statistical Association 81, 1986.
    .. [2] M. M. Breunig et al., LOF: identifying density-based local outliers, SIGMOD 2000.
    .. [3] P. H. Westfall and S. S. Young, Resampling-based multiple testing, Wiley, 1993 (least of many landmarks).
    """

    rows: NDArray
    landmarks: NDArray
    held: NDArray
    digests: NDArray
    held_digests: NDArray

    @classmethod
    def learn(cls, stack: NDArray, scale: PixelScale, generator: np.random.Generator) -> Self | None:
        """A judge of images like these; None where there are too few to hold any out.

        Parameters
        ----------
        stack : ndarray of shape (n_samples, height, width[, 3])
        scale : PixelScale
        generator : numpy.random.Generator
        """
        digests = image_digests(stack, scale)
        # Copies of one image on both sides would be no new images.
        distinct = np.sort(np.unique(digests, return_index=True)[1])
        order = generator.permutation(len(distinct))
        size = min(_MOST, len(distinct) // 2)
        if size < _FEWEST:
            return None
        judge = cls()
        judge.rows = distinct[np.sort(order[:size])]
        held = distinct[np.sort(order[size : size + 2 * _MOST])]
        judge.landmarks, judge.digests = describe_looks(stack[judge.rows], scale), digests[judge.rows]
        judge.held, judge.held_digests = describe_looks(stack[held], scale), digests[held]
        return judge

    def judge(self, stack: NDArray, scale: PixelScale, n_draws: int, generator: np.random.Generator) -> LookJudgement:
        """Hold samples against the data.

        Parameters
        ----------
        stack : ndarray of shape (n_samples, height, width[, 3])
        scale : PixelScale
        n_draws : int
            Labellings.
        generator : numpy.random.Generator
        """
        stack = stack[np.sort(generator.permutation(len(stack))[: 2 * _MOST])]
        digests = np.concatenate([self.held_digests, image_digests(stack, scale)])
        looks = np.concatenate([self.held, describe_looks(stack, scale)])
        is_sample = np.arange(len(looks)) >= len(self.held)
        # An image that occurs several times counts once, on a side that is drawn from those it is on. One that equals a
        # landmark is not new: whether samples are copies is no matter of how they look.
        order = generator.permutation(len(looks))
        kept = np.sort(order[np.unique(digests[order], return_index=True)[1]])
        kept = kept[~np.isin(digests[kept], self.digests)]
        looks, is_sample = looks[kept].astype(np.float64), is_sample[kept]
        if min(is_sample.sum(), (~is_sample).sum()) < _FEWEST:
            return LookJudgement()
        landmarks = self.landmarks.astype(np.float64)
        to_features = _components(landmarks)
        among, given = to_features(landmarks), to_features(looks)
        look, unlike, due, beyond = self._tails(landmarks, looks, among, given, is_sample)
        n_given = min(_GIVEN, len(landmarks))
        near = nearest(given, among, n_given)[1]
        p_value, scarce = _evenness(near, among, is_sample, n_draws, generator)
        return LookJudgement(look, p_value, unlike, due, beyond, tuple(self.rows[scarce].tolist()), len(self.rows))

    @staticmethod
    def _tails(landmarks, looks, among, given, is_sample):
        """Are more samples than held-out images far from all landmarks, compared within regions?

        By the distance itself, and by how it compares with those of the nearest landmarks from each other: a letter
        among ones is nearer than a strange shirt is to shirts.
        """
        n_neighbours = min(_NEIGHBOURS, len(landmarks) - 1)
        distances, places = nearest(looks, landmarks, n_neighbours)
        usual = nearest(landmarks, landmarks, n_neighbours)[0].mean(axis=1)
        ratios = distances.mean(axis=1) / np.maximum(usual[places].mean(axis=1), 1e-9)
        n_regions = max(1, min(_MOST_REGIONS, len(landmarks) // _PER_REGION))
        regions = assign_bins(given, make_bins(among, n_regions, 0))
        return least_of_tails([distances[:, 0], ratios], regions, is_sample)


def _components(landmarks):
    """Principal components of the landmarks, the lesser ones raised to half of what would make them as wide."""
    mean = landmarks.mean(axis=0)
    variance, axes = np.linalg.eigh((landmarks - mean).T @ (landmarks - mean) / len(landmarks))
    n_components = min(_COMPONENTS, max(1, len(landmarks) // _ROWS_PER_COMPONENT))
    kept = np.flatnonzero(variance > max(_NOTHING * variance[-1], 1e-12))[-n_components:]
    matrix = axes[:, kept] / variance[kept] ** 0.25 if len(kept) else axes[:, :1] * 0.0
    return lambda looks: (looks - mean) @ matrix


def _evenness(near, among, is_sample, n_draws, generator):
    """p-value of how unevenly samples lie about landmarks, and the landmarks that lack the most.

    The statistic is the mean fourth power of how far landmarks are from their due: a few that lack much are what a
    missing mode leaves; squares have as much from many that lack a little by chance.
    """
    n_images, n_given = near.shape
    n_landmarks = len(among)
    n_counted = min(_COUNTED, n_landmarks)
    belongs = csr_matrix(
        (np.ones(near.size, np.float32), near.ravel(), np.arange(n_images + 1) * n_given), (n_images, n_landmarks)
    )
    together = np.column_stack([np.arange(n_landmarks), nearest(among, among, n_counted - 1)[1]])
    together = csr_matrix(
        (np.ones(together.size, np.float32), together.ravel(), np.arange(n_landmarks + 1) * n_counted),
        (n_landmarks, n_landmarks),
    )
    weights = together @ belongs.T  # of images, about each landmark
    share = is_sample.mean()
    # Of labels drawn without putting back, which all together have no variance.
    squares, sums = (np.asarray(w.sum(axis=1)).ravel() for w in (weights.multiply(weights), weights))
    variance = share * (1.0 - share) * (squares - np.square(sums) / n_images) * n_images / (n_images - 1.0)
    spread = np.sqrt(np.maximum(variance, 0.0))
    usable = variance > 1e-6 * n_given
    labels = [is_sample] + [generator.permutation(is_sample) for _ in range(n_draws)]
    statistics, least, found = [], [], None
    for start in range(0, n_draws + 1, _AT_A_TIME):
        columns = np.stack(labels[start : start + _AT_A_TIME], axis=1).astype(np.float32) - np.float32(share)
        z = (weights @ columns)[usable] / spread[usable, None]
        found = z[:, 0] if found is None else found
        statistics.append(np.square(np.square(z)).mean(axis=0, dtype=np.float64) if usable.any() else columns[0] * 0)
        least.append(z.min(axis=0) if usable.any() else columns[0] * 0)
    statistics, least = np.concatenate(statistics), np.concatenate(least)
    p_value = float((1 + (statistics[1:] >= statistics[0] * (1 - 1e-6)).sum()) / (1 + n_draws))
    order = np.argsort(found, kind="stable")
    scarce = np.flatnonzero(usable)[order[found[order] < np.quantile(least[1:], _LEVEL)]]
    return p_value, scarce
