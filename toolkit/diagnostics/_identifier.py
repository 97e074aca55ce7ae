"""CorruptionIdentifier: learn from the contaminated set itself to name what was done to each image."""

import os
from numbers import Integral
from typing import ClassVar

import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from toolkit._core.images import iter_chunks, validate_images
from toolkit._core.jobs import run_jobs
from toolkit._core.names import check_names
from toolkit._core.random import as_generator, spawn_seeds
from toolkit.corruption import KINDS
from toolkit.diagnostics._committee import Committee
from toolkit.diagnostics._mixture import clean_interval, fit_temperature, mixture_shares, posterior
from toolkit.diagnostics._novelty import Novelty
from toolkit.diagnostics._planting import Planter

__all__ = ["CorruptionIdentifier"]

_ANGLES = {"rotate_90": 90.0, "rotate_180": 180.0, "rotate_270": -90.0}
# Images judged at a time: bounds memory, so that a memory map of any length can be identified.
_CHUNK = 4096
# Share of the flagged that may be expected to be clean, and share of the clean that may be called novel.
_FALSE_DISCOVERIES, _NOVEL_SHARE = 0.1, 0.006
# Below so many rows nothing is held back for calibration.
_MIN_HELD_BACK = 500


class CorruptionIdentifier(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Name what was done to each image of a set, without labels and without a clean copy.

    The identifier plants known corruptions in the given images and trains a small committee of networks to name what
    it planted. The set itself is contaminated, so some of what is shown as clean is not; after a few rounds the
    committee's own verdicts say which rows those are, they are left out of what is shown as clean, and the training
    goes on. In the end the likelihoods are calibrated on rows held back, the shares of the kinds in the set are fitted
    to them, and what fits neither the clean majority nor any planted kind is called unknown.

    It assumes that the clean images are the majority and that the set has an upright: a wholly corrupted set, or a
    clean minority, cannot be told apart from a clean set without labels, and what looks the same after a flip (an 8,
    an H) shows no flip. It is no classifier: nothing it learns comes from labels, and ``predict`` returns integer
    codes into ``kinds_``, as clusterers do.

    Parameters
    ----------
    kinds : sequence of str, default=None
        Corruptions to plant and name, of :data:`toolkit.corruption.KINDS`; None takes all 22.
    image_shape : tuple of int, default=None
        Shape of an image in flat rows, ``(height, width)`` or ``(height, width, 3)``. None takes a square row as such,
        else one row of pixels.
    epochs : int, default=8
        Rounds of planting and learning. Sets of fewer than a thousand images are given fewer rounds.
    images_per_epoch : int, default=20000
        Images planted in a round, at most: as many as there are in the set, and up to three times as many where that is
        less than 15,000.
    n_members : int, default=2
        Networks in the committee.
    batch_size : int, default=128
    max_samples : int, default=20000
        Rows to learn from; a larger set is sampled. All rows can be identified afterwards.
    n_jobs : int, default=None
        Threads. None is one for each member, at most one for each processor. The result does not depend on it.
    random_state : int, RandomState or None, default=None
    verbose : bool, default=False
        Show progress.

    Attributes
    ----------
    kinds_ : ndarray of str
        ``"clean"``, the planted kinds in order, ``"unknown"``.
    shares_ : ndarray of shape (n_kinds,)
        Estimated share of each of ``kinds_`` in the set.
    prevalence_ : float
        Estimated share of corrupted images.
    prevalence_interval_ : tuple of float
        95 % interval of ``prevalence_``; it covers chance and overlap, not a misfit of the networks.
    trusted_ : ndarray of bool of shape (n_learned_from,)
        Which of the rows learned from count as clean (``learned_from_`` says which rows those are).
    clean_threshold_ : float
        Probability of being clean above which an image is called clean: between .5 and .9, as high as an expected
        false discovery rate of one in ten allows.
    temperature_ : float
        Calibration of the likelihoods.
    image_shape_, n_features_in_
        Shape of an image and number of its values.

    See Also
    --------
    toolkit.diagnostics.CorruptionDiagnostics : Named statistics of each image, without learning.
    toolkit.restoration.ImageRestorer : Undo what was identified.

    References
    ----------
    .. [1] Golan and El-Yaniv (2018), "Deep anomaly detection using geometric transformations".
    .. [2] Han et al. (2018), "Co-teaching: robust training of deep neural networks with extremely noisy labels".
    .. [3] Saerens, Latinne and Decaestecker (2002), "Adjusting the outputs of a classifier to new a priori
           probabilities".

    Examples
    --------
    >>> from toolkit.corruption import Corruptor
    >>> from toolkit.datasets import load_digits
    >>> images = load_digits().images[:200]
    >>> corrupted, kinds = Corruptor(["invert"], fraction=0.2, random_state=0).corrupt(images)
    >>> identifier = CorruptionIdentifier(["invert", "gaussian_noise"], epochs=6, random_state=0).fit(corrupted)
    >>> found = identifier.identify(corrupted)
    >>> bool(((found["kind"] == "invert") == (kinds == "invert")).mean() > 0.9)
    True
    """

    def __init__(
        self,
        kinds=None,
        *,
        image_shape=None,
        epochs=8,
        images_per_epoch=20_000,
        n_members=2,
        batch_size=128,
        max_samples=20_000,
        n_jobs=None,
        random_state=None,
        verbose=False,
    ):
        self.kinds = kinds
        self.image_shape = image_shape
        self.epochs = epochs
        self.images_per_epoch = images_per_epoch
        self.n_members = n_members
        self.batch_size = batch_size
        self.max_samples = max_samples
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    _parameter_constraints: ClassVar[dict] = {
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "images_per_epoch": [Interval(Integral, 2, None, closed="left")],
        "n_members": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "max_samples": [Interval(Integral, 2, None, closed="left")],
    }

    def fit(self, X, y=None):
        """Learn from the images themselves.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        y : ignored

        Returns
        -------
        self
        """
        return self._fit(X)

    def _fit(self, X, clean=None):
        """Fit; ``clean``, for studies with known truth, says which rows to trust instead of finding out."""
        self._validate_params()
        names = KINDS if self.kinds is None else check_names(self.kinds, KINDS, "kind")
        stack = validate_images(self, X, reset=True)
        if len(stack) < 2:
            raise ValueError(f"CorruptionIdentifier needs at least 2 images, got n_samples = {len(stack)}.")
        generator = as_generator(self.random_state)
        self.kinds_ = np.array(["clean", *names, "unknown"])
        self.learned_from_ = np.arange(len(stack))
        if len(stack) > self.max_samples:
            self.learned_from_ = np.sort(generator.choice(len(stack), self.max_samples, replace=False))
        images = self._bytes(stack[self.learned_from_])
        n_samples = len(images)
        # Few images carry little to learn, and a tiny set should not take long: the plan shrinks with it.
        n_rounds = min(self.epochs, max(3, n_samples // 100))
        n_images = max(min(_planned(n_samples), self.images_per_epoch), 2)
        n_members = self.n_members if n_samples >= _MIN_HELD_BACK else 1
        self._committee = Committee(
            self.image_shape_,
            names,
            n_rounds=n_rounds,
            n_images=n_images,
            batch_size=self.batch_size,
            seeds=spawn_seeds(generator, n_members),
            run=self._run,
        )
        held_back = np.zeros(n_samples, dtype=bool)
        if n_samples >= _MIN_HELD_BACK:
            held_back[generator.choice(n_samples, min(n_samples // 10, 1500), replace=False)] = True
        owner = np.where(held_back, -1, generator.permutation(n_samples) % n_members)
        self._learn(images, owner, n_rounds, clean if clean is None else clean[self.learned_from_], generator)
        self._calibrate(images, owner, generator)
        self.epochs_ = n_rounds
        self._n_features_out = self._committee.judge(images[:2], all_views=False).features.shape[1]
        return self

    def _run(self, function, tasks):
        threads = min(len(tasks), os.cpu_count() or 1) if self.n_jobs is None else self.n_jobs
        with joblib.parallel_config(backend="threading"):
            return run_jobs(function, tasks, n_jobs=threads)

    def _bytes(self, stack):
        """Images as 8-bit grey levels or colours: what is planted and what came are then rounded alike."""
        if stack.dtype == np.uint8 and self.pixel_scale_.high == 255:
            return np.ascontiguousarray(stack)
        return np.rint(np.clip(self.pixel_scale_.to_unit(stack), 0, 1) * 255).astype(np.uint8)

    def _learn(self, images, owner, n_rounds, clean, generator):
        """Rounds of learning, with a verdict on every row after each second round."""
        from tqdm.auto import tqdm

        trusted = np.ones(len(images), dtype=bool) if clean is None else clean.copy()
        with tqdm(total=n_rounds, desc="identifier", disable=not self.verbose) as bar:
            done = 0
            while done < n_rounds:
                rounds = min(2, n_rounds - done)
                self._committee.train(images, trusted & (owner >= 0), owner, rounds)
                done += rounds
                bar.update(rounds)
                if clean is None and done < n_rounds:
                    logs = self._committee.cross_judge(images, owner)
                    temperature = self._temperature(images, logs, owner, generator)
                    trusted = self._trust(logs / temperature, owner)

    def _trust(self, logs, owner):
        """Which rows to show as clean from now on: all but those that would hardly be, if one in two were clean.

        While contamination is part of what is shown as clean, the likelihoods lean to clean, and shares fitted to them
        would find little; all kinds alike, on the other hand, would drop what is only rare.
        """
        even = np.full(logs.shape[1], 0.5 / (logs.shape[1] - 1))
        even[0] = 0.5
        probability = posterior(logs, even)[:, 0]
        trusted = probability > 0.3
        if trusted.mean() < 0.5:
            # The clean are the majority: at least half of the rows stay, the cleanest ones.
            trusted = probability >= np.median(probability)
        # Every member keeps something to be shown as clean.
        for index in range(owner.max() + 1):
            if not (trusted & (owner == index)).any():
                trusted |= owner == index
        return trusted

    def _calibrate(self, images, owner, generator):
        """Temperature on planted rows that were held back; shares of the kinds; what is flagged; what is novel."""
        held_back = owner < 0
        opinion = self._judge_all(images)
        self.temperature_ = self._temperature(images, opinion.logs, owner, generator)
        logs = opinion.logs / self.temperature_
        self.shares_ = mixture_shares(logs, evenness=0.15)
        probability = posterior(logs, self.shares_)[:, 0]
        self.prevalence_ = float(1 - self.shares_[0])
        self.prevalence_interval_ = clean_interval(logs, self.shares_)
        self.clean_threshold_ = _clean_threshold(probability)
        self.trusted_ = probability > self.clean_threshold_
        if self.trusted_.sum() < 2:
            self.trusted_[:] = True
        self._novelty = Novelty().fit(opinion.features[self.trusted_ & ~held_back], generator)
        novelty = self._novelty.score(opinion.features)
        apart = self.trusted_ & held_back
        clean = novelty[apart] if apart.sum() >= 30 else novelty[self.trusted_]
        self._novelty_centre, self._novelty_spread = _centre_and_spread(clean)
        self._novelty_limit = float(np.quantile(clean, 1 - _NOVEL_SHARE))
        beyond = (novelty > self._novelty_limit) & self.trusted_
        # Of the rows beyond the limit, so many would be clean anyway.
        self._novel_clean = float(np.clip(_NOVEL_SHARE * self.trusted_.sum() / max(beyond.sum(), 1), 0.0, 0.5))

    def _temperature(self, images, logs, owner, generator):
        """Temperature that suits rows nobody learnt from: as they came, but for the surely corrupted, and planted.

        On rows that the networks trust alone they would seem surer than they are.
        """
        held_back = owner < 0
        suspicious = posterior(logs, np.ones(logs.shape[1]))[:, 0] < 0.02
        doubtful = held_back & ~suspicious
        base = images[doubtful]
        if len(base) < 30:
            return 1.0
        planter = Planter(tuple(self.kinds_[1:-1]))
        even = np.r_[0.0, np.full(planter.n_outputs - 1, 1.0 / (planter.n_outputs - 1))]
        base = np.concatenate([base] * max(1, 2000 // len(base)))
        planted = planter.plant(base, planter.draw(len(base), even, generator), generator)
        named = planted.kind >= 0
        planted_logs = self._committee.judge(planted.images[named]).logs
        return fit_temperature(
            np.concatenate([logs[doubtful], planted_logs]),
            np.concatenate([np.zeros(len(logs[doubtful]), dtype=int), planted.kind[named]]),
            doubt=0.05,
        )

    def _judge_all(self, images):
        parts = [self._committee.judge(images[part]) for part in iter_chunks(len(images), _CHUNK)]
        fields = ("logs", "direction", "severity", "features")
        return type(parts[0])(*(np.concatenate([getattr(part, field) for part in parts]) for field in fields))

    def _chunks(self, X):
        """Validated images of X as bytes, a chunk at a time."""
        check_is_fitted(self)
        stack = validate_images(self, X, reset=False)
        for part in iter_chunks(len(stack), _CHUNK):
            yield self._bytes(stack[part])

    def _assess(self, images):
        """Opinion, probabilities (novelty included) and novelty of one chunk."""
        opinion = self._committee.judge(images)
        probabilities = posterior(opinion.logs / self.temperature_, self.shares_)
        novelty = self._novelty.score(opinion.features)
        novel = (novelty > self._novelty_limit) & (self._decide(probabilities) == 0)
        moved = probabilities[novel, 0] * (1 - self._novel_clean)
        probabilities[novel, 0] -= moved
        probabilities[novel, -1] += moved
        return opinion, probabilities, novelty

    def _decide(self, probabilities):
        """Clean above the threshold, else the most probable of the other kinds."""
        return np.where(probabilities[:, 0] > self.clean_threshold_, 0, probabilities[:, 1:].argmax(axis=1) + 1)

    def identify(self, X):
        """Say of each image what was done to it.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        DataFrame of n_samples rows
            ``kind`` (one of ``kinds_``), ``probability`` of that kind, ``severity`` in [0, 1] (the strength within the
            range that is planted; 0 for clean, 1 for kinds without a strength), ``angle`` in degrees counter-clockwise
            as displayed, in (-180, 180] (0 where the kind turns nothing), and ``clean_probability``.
        """
        frames = [self._identify_chunk(images) for images in self._chunks(X)]
        return pd.concat(frames, ignore_index=True)

    def _identify_chunk(self, images):
        opinion, probabilities, _ = self._assess(images)
        codes = self._decide(probabilities)
        kinds = self.kinds_[codes]
        angle = np.array([_ANGLES.get(kind, 0.0) for kind in kinds])
        rotated = np.flatnonzero(kinds == "rotate")
        angle[rotated] = self._committee.angles(images[rotated], opinion.direction[rotated])
        without = np.isin(kinds, [*_ANGLES, "flip_horizontal", "flip_vertical", "transpose", "invert"])
        severity = np.where(without, 1.0, np.where(codes == 0, 0.0, opinion.severity))
        return pd.DataFrame(
            {
                "kind": kinds.astype(object),
                "probability": probabilities[np.arange(len(codes)), codes],
                "severity": severity.astype(float),
                "angle": angle,
                "clean_probability": probabilities[:, 0],
            }
        )

    def kind_probabilities(self, X):
        """Calibrated probability of each of ``kinds_`` for each image.

        Returns
        -------
        DataFrame of shape (n_samples, n_kinds)
        """
        parts = [self._assess(images)[1] for images in self._chunks(X)]
        return pd.DataFrame(np.concatenate(parts), columns=list(self.kinds_))

    def predict(self, X):
        """Code of the kind of each image, an index into ``kinds_``, as ``identify`` names it.

        Returns
        -------
        ndarray of int of shape (n_samples,)
        """
        return np.concatenate([self._decide(self._assess(images)[1]) for images in self._chunks(X)])

    def score_samples(self, X):
        """How normal each image is: higher is more normal.

        Two opinions count alike, each on the scale of the clean: the log-odds of being clean, and the nearness to what
        was found clean in the networks' features.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return np.concatenate([self._normality(*self._assess(images)[1:]) for images in self._chunks(X)])

    def _normality(self, probabilities, novelty):
        clean = np.clip(probabilities[:, 0], 1e-6, 1 - 1e-6)
        odds = np.log(clean) - np.log1p(-clean)
        strangeness = (novelty - self._novelty_centre) / self._novelty_spread
        return odds - strangeness

    def transform(self, X):
        """Features of the networks' penultimate layers.

        Returns
        -------
        ndarray of shape (n_samples, n_members * 128)
        """
        parts = [self._committee.judge(images, all_views=False).features for images in self._chunks(X)]
        dtype = np.float64 if getattr(X, "dtype", None) == np.float64 else np.float32
        return np.concatenate(parts).astype(dtype, copy=False)


def _planned(n_samples):
    """Images to plant in a round: a small set is planted several times over, a tiny one is not."""
    return n_samples if n_samples < 1000 else max(n_samples, min(3 * n_samples, 15_000))


def _clean_threshold(probability):
    """Probability of being clean above which an image is called clean.

    Images are flagged in the order of that probability, as many as keep the false discovery rate to be expected at one
    in ten (Mueller et al., 2004, "Optimal sample size for multiple testing"): a missed corruption costs more than a
    second look, and a set with nothing to find yields nothing to look at. Between .5 and .9 all the same.
    """
    order = np.sort(probability)
    rates = np.cumsum(order) / np.arange(1, len(order) + 1)
    flagged = np.searchsorted(rates, _FALSE_DISCOVERIES)
    return float(np.clip(order[min(flagged, len(order) - 1)], 0.5, 0.9))


def _centre_and_spread(values):
    centre = float(np.median(values))
    spread = float(np.median(np.abs(values - centre))) * 1.4826
    return centre, max(spread, 1e-6 * max(abs(centre), 1.0))
