"""CorruptionIdentifier: learn from the contaminated set itself to name what was done to each image."""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from toolkit._core.appearance import oriented_gradients
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import is_dark_on_light, iter_chunks, validate_images
from toolkit._core.jobs import run_steps
from toolkit._core.names import check_names
from toolkit._core.parameters import JOBS, at_least
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.types import ImageShape, PathLike, RandomState
from toolkit.corruption import KINDS
from toolkit.diagnostics.identifier._assessment import Assessment, Judged
from toolkit.diagnostics.identifier._calibration import CalibratedMixture
from toolkit.diagnostics.identifier._competence import DETECTED, NOT_DETECTED, measure_competence, why_not
from toolkit.diagnostics.identifier._ensemble import Ensemble
from toolkit.diagnostics.identifier._evidence import Evidence, weighed_as_before
from toolkit.diagnostics.identifier._folds import MIN_CROSS_FITTED, MIN_HELD_BACK, make_folds, unseen_folds
from toolkit.diagnostics.identifier._injection import images_per_round
from toolkit.diagnostics.identifier._novelty_score import NoveltyScore, StatisticsOutlierScore, clipped_statistics
from toolkit.diagnostics.identifier._pretrained import load_pretrained
from toolkit.diagnostics.identifier._rounds import learn_in_rounds, rounds_for
from toolkit.diagnostics.identifier._symmetry_evidence import SymmetryEvidence
from toolkit.diagnostics.identifier._test_time_augmentation import TWO_VIEWS, VIEWS
from toolkit.diagnostics.identifier._two_sorts import MOST_LINKED, balanced_cut
from toolkit.diagnostics.identifier._weighing import weigh_witnesses

__all__ = ["CorruptionIdentifier"]

_CHUNK = 4096  # images judged at a time: bounds memory, so that a memory map of any length can be identified
_TURN_ROUNDS = 0.5  # rounds of turns alone, for each round of planting
_NOVEL_SHARE = 0.004  # share of the clean that may be called unknown for being strange


@usual_floating_point
class CorruptionIdentifier(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Name what was done to each image of a set, without labels and without a clean copy.

    The identifier plants known corruptions in the given images and trains a small ensemble of networks to name what
    it planted; after each round the ensemble's own verdicts say which rows are not to be shown as clean. What the
    networks say is then weighed with statistics and neighbours of an image, by a regression on planted images that no
    network saw. Its likelihoods are calibrated, the shares of the kinds in the set are fitted to them, and what fits
    neither the clean majority nor any planted kind is called unknown.

    Then it measures what it can tell on this very set (``competence_``), on rows that a network never saw. A kind that
    is not detected there is not named, and a set in which hardly anything is detected cannot be judged
    (``judgeable_``, ``reasons_``). That an image was flipped or turned, its neighbours in the set have to say as well.

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
    init : {"grey", "random"} or path-like, default="grey"
        What the networks begin from: one that has named corruptions of rendered letters and digits and of procedural
        images, nothing, or a file of :func:`toolkit.diagnostics.pretrain_identifier`. A file of another network (made
        for grey and not colours, or for a size far from this one; the shipped one is for about 28 x 28) is left aside;
        ``init_`` says what was done.
    epochs : int, default=None
        Rounds of planting and learning, at most (``epochs_`` is what it took); None is four, and one for each thousand
        images up to ten. With 0 nothing is learnt from the set, and the pretrained networks are weighed with the other
        evidence, in seconds. So it is in sets of fewer than 300 images; there are fewer rounds where none fits these.
    images_per_epoch : int, default=20000
        Images planted in a round, at most: as many as there are in the set, and up to four times as many where that is
        less than 15,000 (twice below 500 images, once below 200).
    n_members : int, default=2
        Networks in the ensemble. One alone is kept from up to half of the rows, to be measured by.
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
    trusted_, learned_from_ : ndarray of shape (n_learned_from,)
        Which of the rows learned from count as clean, and which rows of X those were.
    clean_threshold_ : float
        Probability of being clean above which an image is called clean: between .2 and .9, as high as an expected
        false discovery rate of one in twenty allows; at least .5 in sets of fewer than 500, which are not calibrated.
    temperature_ : float
        Calibration of the likelihoods.
    init_ : str
        What the networks began from.
    competence_ : DataFrame
        What can be told on this set, one row for each kind and ``"unknown"``: ``recall`` of planted images at one false
        alarm in a hundred, with its 95 % interval, on held-out rows (``n_sound`` of them, ``n_planted`` with the kind);
        ``auroc``; ``calibration_gap`` (confidence less precision, at the set's own shares); ``status``:
        ``"detected"`` (a recall of a half or more), ``"not detected"``, or ``"not measurable"`` where fewer than 240
        held-out rows look clean.
    auroc_ : float
        Of planted images of all kinds against the others, on held-out rows; NaN where it is not measurable.
    diagnostics_ : CorruptionDiagnostics
        Measures the statistics that novelty rests on.
    judgeable_ : bool
        Whether the set can be judged. It cannot where ``auroc_`` is below .92, where fewer than half of the kinds are
        detected, where the clean cannot be shown to be the majority, where flagged and estimated shares contradict
        each other, or where the set consists of two sorts of images, half and half.
    reasons_ : tuple of str
        Why not, in words.
    confirmed_kinds_ : tuple of str
        Kinds of which it was shown here that they can be told, in a set that can be judged. Where that is not
        measurable: all kinds if the networks learnt from other images and from none of these, else none.
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
    .. [3] Hendrycks et al. (2019), "Using pre-training can improve model robustness and uncertainty".
    .. [4] Saerens, Latinne and Decaestecker (2002), "Adjusting the outputs of a classifier to new a priori
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
        kinds: str | Sequence[str] | None = None,
        *,
        image_shape: ImageShape = None,
        init: PathLike = "grey",
        epochs: int | None = None,
        images_per_epoch: int = 20_000,
        n_members: int = 2,
        batch_size: int = 128,
        max_samples: int = 20_000,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: bool = False,
    ):
        self.kinds = kinds
        self.image_shape = image_shape
        self.init = init
        self.epochs = epochs
        self.images_per_epoch = images_per_epoch
        self.n_members = n_members
        self.batch_size = batch_size
        self.max_samples = max_samples
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    _parameter_constraints: ClassVar[dict] = {
        "epochs": [at_least(0), None],
        "images_per_epoch": [at_least(2)],
        "n_members": [at_least(1)],
        "batch_size": [at_least(2)],
        "max_samples": [at_least(2)],
        "n_jobs": JOBS,
    }

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn from the images themselves.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        y : ignored

        Returns
        -------
        self
        """
        self._fit(X)
        return self

    def fit_assess(self, X: ArrayLike, y: object = None) -> Assessment:
        """Learn from images and assess them, as ``fit(X).assess(X)`` does: each is judged once.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        y : ignored

        Returns
        -------
        Assessment
        """
        images, judged = self._fit(X)
        if len(images) < len(np.asanyarray(X)):
            return self.assess(X)
        parts = iter_chunks(len(images), _CHUNK)
        return Assessment.concatenate([self._concluded(images[part], judged.take(part)) for part in parts])

    def _fit(self, X, clean=None):
        """Fit; ``clean``, for studies with known truth, says which rows to trust instead of finding out."""
        from toolkit.nn import limit_threads

        # From the first weights to the last judgement: a pool of threads, once begun, does not survive a fork.
        with limit_threads(1):
            return self._fit_on_one_thread(X, clean)

    def _fit_on_one_thread(self, X, clean):
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
        prior = load_pretrained(self.init)
        # Few images carry little to learn: networks that know others and have not seen these do better by them.
        few = n_samples < MIN_CROSS_FITTED
        n_rounds = rounds_for(n_samples) if self.epochs is None else self.epochs
        n_rounds, n_members = (min(n_rounds, n_samples // 40), 1) if few else (n_rounds, self.n_members)
        n_images = max(min(images_per_round(n_samples), self.images_per_epoch), 2)
        self._ensemble = Ensemble(
            self.image_shape_,
            names,
            n_rounds=max(n_rounds, 1),
            n_images=n_images,
            batch_size=self.batch_size,
            seeds=spawn_seeds(generator, n_members if n_rounds else 1),
            n_jobs=self.n_jobs,
            prior=prior,
            negative=is_dark_on_light(images),
        )
        is_pretrained = self._ensemble.members[0].is_pretrained
        self.init_ = Path(self.init).stem if is_pretrained else "random"
        if few and is_pretrained:
            n_rounds = 0
        folds = make_folds(n_samples, n_members, generator) if n_rounds else unseen_folds(n_samples)
        outlier_score = StatisticsOutlierScore(self.image_shape_)
        self._symmetry_evidence = SymmetryEvidence(tuple(names), most=4000 if n_rounds else 2000)
        self._second_opinion = None
        predict = partial(self._ensemble.predict_in_chunks, images, _CHUNK, views=TWO_VIEWS)
        # Networks that learn nothing say before and after the same.
        steps = (lambda: outlier_score.fit_measure(images, generator), lambda: None if n_rounds else predict())
        statistics, prediction = run_steps(*steps, n_jobs=self.n_jobs)
        trusted, self.epochs_ = learn_in_rounds(
            self._ensemble,
            images,
            outlier_score.usual_,
            folds,
            n_rounds,
            clean=None if clean is None else clean[self.learned_from_],
            first_logs=None if prediction is None else prediction.logs,
            generator=generator,
            verbose=self.verbose,
        )
        prediction = predict() if prediction is None else prediction
        turns = math.ceil(_TURN_ROUNDS * n_rounds) if "rotate" in names and self.epochs_ else 0
        logs, _ = run_steps(
            lambda: self._calibrate(images, prediction, outlier_score, statistics, folds, trusted, generator),
            lambda: self._ensemble.learn_angles(images[trusted | (trusted.sum() < 2)], turns) if turns else None,
            n_jobs=self.n_jobs,
        )
        self._n_features_out = self._ensemble.predict(images[:2], views=("identity",)).features.shape[1]
        return images, Judged(prediction, statistics, logs)

    def _bytes(self, stack):
        """Images as 8-bit grey levels or colours: what is planted and what came are then rounded alike."""
        if stack.dtype == np.uint8 and self.pixel_scale_.high == 255:
            return np.ascontiguousarray(stack)
        return np.rint(np.clip(self.pixel_scale_.to_unit(stack), 0, 1) * 255).astype(np.uint8)

    def _calibrate(self, images, prediction, outlier_score, statistics, folds, trusted, generator):
        """Evidence weighed, temperature, shares, what is flagged, what can be told; returns all logs of the images."""
        self._symmetry_evidence.fit(images[trusted], generator)
        told = self._told(prediction.logs)
        self._evidence_model, came, temperature, unseen = weigh_witnesses(
            self._ensemble, self._symmetry_evidence, outlier_score, told, statistics, images, folds, trusted, generator
        )
        logs = self._symmetry_evidence.cap(came.gains, self._evidence_model.logs(came))
        self._calibration = CalibratedMixture(temperature, calibrated=len(images) >= MIN_HELD_BACK).fit(logs)
        self.temperature_, self.shares_ = self._calibration.temperature, self._calibration.shares_
        self.prevalence_, self.prevalence_interval_ = self._calibration.prevalence_, self._calibration.interval_
        self._measure(images, statistics, unseen, logs, generator)
        self.clean_threshold_ = self._calibration.clean_threshold_
        trusted = self._calibration.probabilities(logs)[:, 0] > self.clean_threshold_
        self.trusted_ = trusted | (trusted.sum() < 2)
        self._novelty_score = NoveltyScore(outlier_score, _NOVEL_SHARE)
        self.diagnostics_ = outlier_score.diagnostics_
        odds = self._calibration.corruption_log_odds(logs)
        self._novelty_score.fit(statistics, prediction.features, odds, self.trusted_, folds.held_back, generator)
        return logs

    def _told(self, logs):
        """The networks' log-likelihoods; zeros of networks that know nothing at all."""
        return logs if self.epochs_ or self.init_ != "random" else np.zeros_like(logs)

    def _measure(self, images, statistics, unseen, logs, generator):
        """What can be told on this set, and what may be claimed."""
        kinds = self.kinds_[1:]
        some = np.sort(generator.permutation(len(images))[:MOST_LINKED])
        cut = balanced_cut([clipped_statistics(statistics[some]), oriented_gradients(images[some])], generator)
        self.competence_, self.auroc_ = measure_competence(kinds, unseen, self.shares_)
        self.reasons_ = tuple(why_not(self.competence_, self.auroc_, self._calibration, logs, *cut))
        self.judgeable_ = not self.reasons_
        detected = (self.competence_["status"] != NOT_DETECTED).to_numpy() | (kinds == "unknown")  # a claim of nothing
        self._calibration.claim(np.r_[True, detected], logs)
        independent = self.epochs_ == 0 and self.init_ != "random"  # such networks are witnesses of their own
        shown = (self.competence_["status"] == DETECTED).to_numpy() | independent
        self.confirmed_kinds_ = tuple(kinds[:-1][shown[:-1]].tolist()) if self.judgeable_ else ()

    def _weigh(self, images, prediction, statistics):
        """Log-likelihoods of new images by all witnesses."""
        if self._evidence_model is None:
            return weighed_as_before(images, prediction.logs, self._symmetry_evidence, self._second_opinion)
        gains = self._symmetry_evidence.gains(images)
        logs = self._evidence_model.logs(Evidence(self._told(prediction.logs), statistics, gains))
        return self._symmetry_evidence.cap(gains, logs)

    @property
    def _views(self):
        """From which sides an image is judged: with other witnesses beside, two say as much as four."""
        return VIEWS if self._evidence_model is None else TWO_VIEWS

    def _chunks(self, X):
        """Validated images of X as bytes, a chunk at a time."""
        check_is_fitted(self)
        stack = validate_images(self, X, reset=False)
        for part in iter_chunks(len(stack), _CHUNK):
            yield self._bytes(stack[part])

    def assess(self, X: ArrayLike) -> Assessment:
        """Everything the identifier says of each image, from one pass of the networks.

        ``identify``, ``kind_probabilities``, ``predict`` and ``score_samples`` each return a part of it, and pass once
        for themselves.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        Assessment
        """
        return Assessment.concatenate([self._assess(images) for images in self._chunks(X)])

    def _assess(self, images):
        """The assessment of one chunk."""
        prediction = self._ensemble.predict(images, views=self._views)
        statistics = self._novelty_score.outlier_score.measure(images)
        return self._concluded(images, Judged(prediction, statistics, self._weigh(images, prediction, statistics)))

    def _concluded(self, images, judged):
        """The assessment of images of which everything is known but what follows from it."""
        return judged.conclude(
            self.kinds_, self._calibration, self._novelty_score, lambda rows: self._ensemble.angles(images[rows])
        )

    def identify(self, X: ArrayLike) -> pd.DataFrame:
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
        return self.assess(X).findings

    def kind_probabilities(self, X: ArrayLike) -> pd.DataFrame:
        """Calibrated probability of each of ``kinds_`` for each image.

        Returns
        -------
        DataFrame of shape (n_samples, n_kinds)
        """
        return pd.DataFrame(self.assess(X).probabilities, columns=list(self.kinds_))

    def predict(self, X: ArrayLike) -> NDArray:
        """Code of the kind of each image, an index into ``kinds_``, as ``identify`` names it.

        Returns
        -------
        ndarray of int of shape (n_samples,)
        """
        probabilities = self.assess(X).probabilities
        return self._calibration.codes(probabilities)

    def score_samples(self, X: ArrayLike) -> NDArray:
        """How normal each image is: higher is more normal.

        The log-odds of being clean, less the novelty: how far the image lies from what was found clean, in the
        networks' features and in the statistics of :class:`CorruptionDiagnostics`, each on the scale of the clean.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        return self.assess(X).scores

    def transform(self, X: ArrayLike) -> NDArray:
        """Features of the networks' penultimate layers.

        Returns
        -------
        ndarray of shape (n_samples, n_members * 128)
        """
        parts = [self._ensemble.predict(images, views=("identity",)).features for images in self._chunks(X)]
        dtype = np.float64 if getattr(X, "dtype", None) == np.float64 else np.float32
        return np.concatenate(parts).astype(dtype, copy=False)
