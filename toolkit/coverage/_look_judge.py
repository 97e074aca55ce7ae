"""Do samples look like images of the data, and is each look drawn as often as it is due? Judged against held-out ones.

Bins of principal components part the data once, and a class that many bins share is thinned in each by less than chance
leaves. Here the rows learnt from are landmarks: each held-out image and each sample is given to the landmarks that look
most like it, and neighbouring landmarks are counted together, so that every landmark has a region of its own. Both
kinds of image are new to the landmarks. Were the samples more of the data, any labelling of the same images as held out
and as samples would be as likely as that which was found: labels are drawn anew, and the test holds at any size.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from toolkit._core.pixel_scale import PixelScale
from toolkit.coverage._duplicates import distinct_rows, image_digests
from toolkit.coverage._fidelity import least_of_tails
from toolkit.coverage._looks import describe_looks
from toolkit.coverage._neighbourhoods import compare_neighbourhoods, components_of, distinct_with_sides
from toolkit.coverage._neighbours import nearest
from toolkit.coverage._quantise import assign_bins, make_bins

__all__ = ["LookJudge", "LookJudgement"]

_MOST = 2500  # landmarks, twice as many held-out images, and as many samples as those
_FEWEST = 20  # of each
_NEIGHBOURS = 10
_PER_REGION, _MOST_REGIONS = 100, 30


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
    scarce : dict of int to float
        Landmarks, as rows of the data, about which fewer samples lie than chance leaves about any (in 95 of 100 sets
        that lack nothing there is none), the emptiest first, and how many there are to how many are due.
    n_asked : int
        Landmarks.
    """

    look: float = float("nan")
    neighbourhoods: float = float("nan")
    unlike: float = float("nan")
    expected_unlike: float = float("nan")
    unlike_tail: float = float("nan")
    scarce: dict[int, float] = field(default_factory=dict)
    n_asked: int = 0


class LookJudge:
    """Knows what one half of the data looks like, and holds samples against the other.

    Attributes
    ----------
    rows : ndarray of int of shape (n_landmarks,)
        Which rows of the data the landmarks are.
    landmarks : ndarray of float16 of shape (n_landmarks, n_values)
        What they look like.
    digests : ndarray of uint64 of shape (n_landmarks,)
    usual : ndarray of shape (n_landmarks,)
        Mean distance of each to its ten nearest.
    centres : ndarray of shape (n_regions, n_components)
    held : dict of str to ndarray
        Of the images held out, see :meth:`_measure`.

    References
    ----------
    .. [1] M. M. Breunig et al., LOF: identifying density-based local outliers, SIGMOD 2000.
    """

    rows: NDArray
    landmarks: NDArray
    digests: NDArray
    usual: NDArray
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
        # Copies of one image on both sides would be no new images.
        digests = image_digests(stack, scale)
        distinct = distinct_rows(digests)
        order = generator.permutation(len(distinct))
        size = min(_MOST, len(distinct) // 2)
        if size < _FEWEST:
            return None
        judge = cls()
        judge.rows = distinct[np.sort(order[:size])]
        judge.landmarks, judge.digests = describe_looks(stack[judge.rows], scale), digests[judge.rows]
        landmarks = judge.landmarks.astype(np.float64)
        to_features = components_of(landmarks)
        judge.usual = nearest(landmarks, landmarks, _NEIGHBOURS)[0].mean(axis=1)
        n_regions = max(1, min(_MOST_REGIONS, size // _PER_REGION))
        judge.centres = make_bins(to_features(landmarks), n_regions, 0)
        held = stack[distinct[np.sort(order[size : size + 2 * _MOST])]]
        judge.held = judge._measure(held, scale, landmarks, to_features)
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
        landmarks = self.landmarks.astype(np.float64)
        to_features = components_of(landmarks)
        chosen = stack[np.sort(generator.permutation(len(stack))[: 2 * _MOST])]
        samples = self._measure(chosen, scale, landmarks, to_features)
        both = {name: np.concatenate([values, samples[name]]) for name, values in self.held.items()}
        is_sample = np.arange(len(both["digest"])) >= len(self.held["digest"])
        kept = distinct_with_sides(both["digest"], generator)
        # One that equals a landmark is not new: whether samples are copies is no matter of how they look.
        kept = kept[~np.isin(both["digest"][kept], self.digests)]
        both, is_sample = {name: values[kept] for name, values in both.items()}, is_sample[kept]
        if min(is_sample.sum(), (~is_sample).sum()) < _FEWEST:
            return LookJudgement()
        # By the distance itself, and by how it compares with those of landmarks from each other: a letter among ones is
        # nearer than a strange shirt is to shirts.
        look, unlike, due, beyond = least_of_tails([both["distance"], both["ratio"]], both["region"], is_sample)
        features = both["features"].astype(np.float64)
        found = compare_neighbourhoods(to_features(landmarks), features, is_sample, n_draws, generator)
        scarce = dict(zip(self.rows[found.fewer].tolist(), found.ratios[found.fewer].tolist()))
        return LookJudgement(look, found.p_value, unlike, due, beyond, scarce, len(self.rows))

    def _measure(self, stack, scale, landmarks, to_features):
        """``digest``, ``features``, ``region``, ``distance`` to the nearest landmark, and ``ratio`` to the usual."""
        looks = describe_looks(stack, scale).astype(np.float64)
        features = to_features(looks).astype(np.float32)
        distances, places = nearest(looks, landmarks, _NEIGHBOURS)
        return {
            "digest": image_digests(stack, scale),
            "features": features,
            "region": assign_bins(features.astype(np.float64), self.centres),
            "distance": distances[:, 0],
            "ratio": distances.mean(axis=1) / np.maximum(self.usual[places].mean(axis=1), 1e-9),
        }
