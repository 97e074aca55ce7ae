"""ImageRestorer: identify, repair, let a second classifier accept or reject the repair, abstain when unsure."""

from collections.abc import Sequence
from functools import partial
from numbers import Real
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from toolkit._core.estimators import seeded_clone
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import iter_chunks, match_layout, validate_images
from toolkit._core.jobs import run_steps
from toolkit._core.parameters import JOBS, at_least
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.types import ImageShape, RandomState
from toolkit.restoration._abstention import abstention_thresholds, kinds_worth_learning, least_confidence
from toolkit.restoration._planting import as_bytes, rounds_for
from toolkit.restoration._repair_candidates import CANDIDATES, RepairCandidates
from toolkit.restoration._repair_evidence import RepairEvidence, best_told, fit_classifier, least_sensitivity
from toolkit.restoration._repair_pass import RATHER_CLEAN, RepairPass, check_findings, check_kind_names
from toolkit.restoration._repair_table import repair_table

__all__ = ["ImageRestorer"]

# Rows at a time: bounds memory, so that a memory map of any length can be restored.
_CHUNK = 4096
# A row counts as trusted, for learning what clean images look like, from this probability of being clean.
_TRUSTED = 0.8
# A kind that was found in the set has this many times the weight in training of one that was not.
_FOUND_WEIGHT = 6.0
# A repair is kept if the image is then predicted to be rather clean. An image that was turned and turned back is
# blurred, which networks trained on a sharp set take for damage: the threshold is lowered to the clean probability of
# all but this share of the right repairs of planted images.
_LOWEST_SHARE = 0.1
_LEAST_HELD_OUT = 20  # images needed to fit a classifier of repairs
# Networks learn nothing for kinds of which no image could be repaired, where that spares half of their lessons: for
# less it is not worth what kinds learn from one another (turned digits were repaired less often without slanted ones).
_FEW_KINDS = 0.5
# Why nothing was tried for a kind that is detected.
_TOO_FEW, _NOT_LEARNT = "too few images of this set look so", "nothing undoes it without learning"


@usual_floating_point
class ImageRestorer(RepairPass, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Undo what was done to the images of a set, and leave alone what is clean or unsure.

    The identifier says of each image what was done to it. Where it is sure enough, the image is repaired: by the
    exact inverse of a flip, a turn or an inversion, by an inverse with parameters estimated on this set (rotation,
    shift, magnification, slant, contrast), or by a network that learnt to undo corruptions planted in the images that
    the identifier trusts. All of this needs no labels and no clean copy.

    A repair is kept only if two checks agree. The identifier has to give the repaired image a higher probability of
    being clean. And a check that is independent of the identifier's networks has to accept it: a logistic
    model of evidence features (statistics, similarity to neighbours, what was replaced), fitted on this very set to
    repairs of planted images and to the same repairs done to sound ones. Everything else is reverted. A negative that
    is not clean as a positive, because it had faded, gets its levels back as well: two repairs, judged as one.

    Which restorer serves a kind is settled in ``fit``: each candidate is evaluated on corruptions planted in held-out
    trusted images (``ranking_``). A kind is left alone that no candidate makes better, that the check of repairs
    cannot tell from sound images, or that the identifier does not detect reliably on this set
    (``competence_``); so is ``"unknown"``. A learned step is used only if it leaves sound images as they are (35 dB
    and more). Contrast and brightness are only ever repaired by a map of grey levels.

    Parameters
    ----------
    identifier : object, default=None
        Something with ``fit`` and ``identify``; None is a
        :class:`toolkit.diagnostics.CorruptionIdentifier`. An identifier that is fitted already, as
        :func:`sklearn.utils.validation.check_is_fitted` says, is used as it is and never changed; one that is not is
        cloned and fitted.
    image_shape : tuple of int, default=None
        Shape of an image in flat rows, ``(height, width)`` or ``(height, width, 3)``. None takes a square row as such,
        else one row of pixels.
    init : {"grey", "random"}, default="grey"
        What the networks that repair begin from: such as have undone corruptions of rendered glyphs and procedural
        images, where they are of 28 x 28 pixels (and grey, but for poses), or nothing.
    min_confidence : float, default=0.6
        Least probability of the predicted kind for a row to be repaired.
    max_clean_changed : float, default=0.0005
        Share of the clean images that are expected to be confidently predicted as a kind that sound images resemble:
        flipped, turned, occluded, and whatever the independent check confirms less than three quarters of. Such a kind
        is left alone where no more than that, or than three, are found. 0 takes no such care.
    min_improvement : float, default=0.1
        By how much the probability of being clean must rise for a repair to stay. It must also reach a half.
    epochs : int, default=5
        Rounds of planting and learning to undo. With 0 nothing is learnt: flips, quarter and half turns, inversions
        and contrast are undone in closed form, the rest is left alone.
    images_per_epoch : int, default=12000
        Images planted in a round; fewer for small sets (three to twelve for each image) and for large images.
    max_samples : int, default=20000
        Rows to learn from; a larger set is sampled. All rows can be restored afterwards.
    n_jobs : int, default=None
        Kinds evaluated at the same time, in threads; None is one for each processor. The result does not depend on it.
    random_state : int, RandomState or None, default=None
    verbose : bool, default=False
        Show progress.

    Attributes
    ----------
    identifier_ : object
        The fitted identifier.
    ranking_ : DataFrame
        ``kind``, ``restorer``, ``gain`` (median PSNR gain in dB on planted corruptions), ``improved`` and ``worsened``
        (shares of images with any gain, and with a loss of more than a decibel), ``sound_psnr`` (median in dB between
        sound images and what a learned step makes of them), best first within a kind.
    competence_ : DataFrame
        One row for each kind that could be undone: what the identifier's ``competence_`` says of it, where it has one,
        then ``restorer``, ``gain`` with its 95 % interval, ``worsened`` and ``sound_psnr`` of the best restorer,
        ``repair_sensitivity`` and ``repair_false_alarms`` (shares of planted and of sound held-out images whose repair
        the independent check would accept) and ``repair``: ``"repaired"``, or why not.
    undoable_ : tuple of str
        Kinds that are repaired.
    checked_kinds_ : tuple of str
        Kinds that are repaired where somebody names them (:meth:`restore_as`): also those of which the independent
        check confirms too few to repair them unasked.
    limits_ : dict of str to float
        For each of ``undoable_`` the highest probability of being clean at which a row predicted as it is repaired. It
        is set so that no more rows are repaired than the number of confident predictions supports, compared with images
        in which the kind was planted.
    n_trusted_ : int
        Size of the training set.
    image_shape_, n_features_in_
        Shape of an image and number of its values.

    See Also
    --------
    toolkit.diagnostics.CorruptionIdentifier : Names what was done.
    restore_images : One restorer, on every image.

    References
    ----------
    .. [1] Zhang, Zuo and Zhang (2018), "FFDNet: toward a fast and flexible solution for CNN-based image denoising".
    .. [2] Hendrycks and Dietterich (2019), "Benchmarking neural network robustness to common corruptions and
           perturbations".

    Examples
    --------
    >>> from toolkit.corruption import Corruptor
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.diagnostics import CorruptionIdentifier
    >>> images = load_digits().images[:300]
    >>> corrupted, kinds = Corruptor(["invert"], fraction=0.2, random_state=0).corrupt(images)
    >>> identifier = CorruptionIdentifier(["invert"], random_state=0)
    >>> restorer = ImageRestorer(identifier, random_state=0).fit(corrupted)
    >>> repaired, repairs = restorer.restore(corrupted)
    >>> bool((repaired[kinds == "invert"] == images[kinds == "invert"]).mean() > 0.9)
    True
    """

    def __init__(
        self,
        identifier: BaseEstimator | None = None,
        *,
        image_shape: ImageShape = None,
        init: str = "grey",
        min_confidence: float = 0.6,
        max_clean_changed: float = 0.0005,
        min_improvement: float = 0.1,
        epochs: int = 5,
        images_per_epoch: int = 12_000,
        max_samples: int = 20_000,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: bool = False,
    ):
        self.identifier = identifier
        self.image_shape = image_shape
        self.init = init
        self.min_confidence = min_confidence
        self.max_clean_changed = max_clean_changed
        self.min_improvement = min_improvement
        self.epochs = epochs
        self.images_per_epoch = images_per_epoch
        self.max_samples = max_samples
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    _parameter_constraints: ClassVar[dict] = {
        "init": [StrOptions({"grey", "random"})],
        "min_confidence": [Interval(Real, 0, 1, closed="both")],
        "max_clean_changed": [Interval(Real, 0, 1, closed="both")],
        "min_improvement": [Interval(Real, 0, 1, closed="both")],
        "epochs": [at_least(0)],
        "images_per_epoch": [at_least(2)],
        "max_samples": [at_least(2)],
        "n_jobs": JOBS,
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def fit(self, X: ArrayLike, y: object = None, *, findings: pd.DataFrame | None = None) -> Self:
        """Learn what the clean images look like, and how to get back to them.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        y : ignored
        findings : DataFrame, default=None
            What ``identify(X)`` of the fitted identifier said, if it is known already.

        Returns
        -------
        self
        """
        self._validate_params()
        stack = validate_images(self, X, reset=True)
        if len(stack) < 2:
            raise ValueError(f"ImageRestorer needs at least 2 images, got n_samples = {len(stack)}.")
        generator = as_generator(self.random_state)
        self.identifier_ = self._fitted_identifier(match_layout(stack, X), generator)
        rows = np.arange(len(stack))
        if len(stack) > self.max_samples:
            rows = np.sort(generator.choice(len(stack), self.max_samples, replace=False))
        sample, self._dtype = stack[rows], stack.dtype
        findings = self._identify(sample) if findings is None else check_findings(findings, len(stack)).iloc[rows]
        clean = np.asarray(findings["clean_probability"], dtype=float)
        trusted = (np.asarray(findings["kind"]) == "clean") & (clean >= _TRUSTED)
        if trusted.sum() < 2:
            trusted[np.argsort(-clean, kind="stable")[: max(2, len(clean) // 2)]] = True
        self.n_trusted_ = int(trusted.sum())
        images = as_bytes(self.pixel_scale_.to_unit(sample[trusted]))
        confirmed = getattr(self.identifier_, "confirmed_kinds_", self._known_kinds())
        caution = {"min_confidence": self.min_confidence, "max_clean_changed": self.max_clean_changed}
        told = [kind for kind in CANDIDATES if kind in confirmed]
        # Where so few images are named a kind that none of them may be repaired, nothing need be learnt for it.
        common = kinds_worth_learning(findings, told, **caution)
        found = pd.Series(np.asarray(findings["kind"])).value_counts()
        least = max(2, 0.001 * len(sample))
        weights = {kind: _FOUND_WEIGHT if found.get(kind, 0) >= least else 1.0 for kind in told}
        few = sum(weights[kind] for kind in common) <= _FEW_KINDS * sum(weights.values())
        learnt = (common if few else told) if self.epochs else ()
        self._candidates = RepairCandidates(told, learnt=learnt, init=self.init).fit(
            images,
            shares=weights,
            **rounds_for(len(images), self.n_features_in_, self.images_per_epoch, self.epochs),
            generator=generator,
            angles=self._angles,
            n_jobs=self.n_jobs,
            verbose=self.verbose,
        )
        self.ranking_ = self._candidates.ranking
        self._fit_classifiers(generator, {kind: _NOT_LEARNT if kind in common else _TOO_FEW for kind in told})
        # Of the others, too few are named for any threshold to be above 0.
        planted = dict(self._candidates.plant_held_out([kind for kind in self.undoable_ if kind in common], generator))
        tasks = [partial(self._identify, self._given(unit, stack.dtype)) for unit in planted.values()]
        told = dict(zip(planted, run_steps(*tasks, n_jobs=self.n_jobs)))
        self.limits_ = dict.fromkeys(self.undoable_, 0.0)
        self.limits_ |= abstention_thresholds(findings, told, self._sensitivity, **caution)
        return self

    def _angles(self, unit):
        """The identifier's estimate of how far the images of a unit stack were turned."""
        return np.asarray(self._identify(self._given(unit, self._dtype))["angle"], dtype=float)

    def _fit_classifiers(self, generator, untried):
        """For each kind that can be undone, fit a classifier of repairs and a threshold on their clean probability."""
        self._evidence, self._classifiers, self._clean_thresholds = None, {}, {}
        order = self._candidates.order
        if order and len(self._candidates.held_out) >= _LEAST_HELD_OUT:
            self._evidence = RepairEvidence(self.image_shape_).fit(self._candidates.training, generator)
            held_out = self._candidates.held_out
            known = held_out, self._evidence.resemblance(held_out)
            tasks = [partial(self._fit_classifier, known, *each) for each in self._candidates.seeded(order, generator)]
            for kind, found in zip(tuple(order), run_steps(*tasks, n_jobs=self.n_jobs)):
                order[kind], self._clean_thresholds[kind], self._classifiers[kind] = found
        self.undoable_ = tuple(
            kind for kind, classifier in self._classifiers.items() if classifier.sensitivity >= least_sensitivity(kind)
        )
        kinds = [kind for kind in CANDIDATES if kind in self._known_kinds()]
        table = repair_table(kinds, untried, self.ranking_, order, self._classifiers, self.undoable_)
        measured = getattr(self.identifier_, "competence_", None)
        if measured is not None:
            table = measured.merge(table, on="kind", how="right", validate="one_to_one")
        self.competence_ = table

    def _fit_classifier(self, known, kind, seed):
        """Candidates of one kind, the threshold on clean probability of their repairs, and the classifier of these."""
        names, generator = self._candidates.order[kind], as_generator(seed)

        def judged(name):
            planted, sound, would_change, repaired = self._candidates.evaluate(
                kind, name, self._evidence, self._angles, generator, known
            )
            after = self._identify(self._given(repaired, self._dtype))["clean_probability"]
            threshold = min(RATHER_CLEAN, float(np.quantile(after, _LOWEST_SHARE)))
            return threshold, fit_classifier(planted, sound, would_change, kind)

        return best_told(names, self._candidates.gains(kind), judged)

    def _given(self, unit, dtype):
        """A unit stack in the range and dtype that came."""
        return self.pixel_scale_.from_unit(unit, dtype)

    def _fitted_identifier(self, X, generator):
        seed = spawn_seeds(generator, 1)[0]
        if self.identifier is None:
            # Imported here: a restorer with an identifier of one's own needs no other.
            from toolkit.diagnostics import CorruptionIdentifier

            identifier = CorruptionIdentifier(image_shape=self.image_shape, random_state=seed, verbose=self.verbose)
            return identifier.fit(X)
        if not hasattr(self.identifier, "identify"):
            raise TypeError(
                f"identifier must have a method identify(X), got {type(self.identifier).__name__}: {self.identifier!r}."
            )
        if not hasattr(self.identifier, "fit"):
            return self.identifier
        try:
            check_is_fitted(self.identifier)
        except NotFittedError:
            return seeded_clone(self.identifier, seed).fit(X)
        return self.identifier

    def _known_kinds(self):
        """Kinds that the identifier can name."""
        return getattr(self.identifier_, "kinds_", tuple(CANDIDATES))

    def _identify(self, stack):
        """Findings on a stack in the dtype that came."""
        return self.identifier_.identify(stack)

    def restore(self, X: ArrayLike, findings: pd.DataFrame | None = None) -> tuple[NDArray, pd.DataFrame]:
        """Repair what can be repaired.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        findings : DataFrame, default=None
            What ``identify(X)`` of the identifier said, if it is known already.

        Returns
        -------
        images : ndarray
            In the layout, dtype and range of X. Rows that were not repaired are equal to X, bit by bit.
        repairs : DataFrame of n_samples rows
            ``kind``, ``probability``, ``restorer`` (empty where nothing was done), ``angle`` (degrees counter-clockwise
            as displayed: how far the image was turned), ``severity``, ``repaired`` (exactly where pixels differ),
            ``improvement`` (rise of the probability of being clean; 0 where nothing was done) and ``outcome``: clean,
            repaired, unsure, cannot be undone, reverted (a judge did not find the repaired image better), or no change.
        """
        check_is_fitted(self)
        stack = validate_images(self, X, reset=False)
        if findings is not None:
            findings = check_findings(findings, len(stack))
        images = np.array(stack)
        frames = []
        for part in iter_chunks(len(stack), _CHUNK):
            given = stack[part]
            found = self._identify(given) if findings is None else findings.iloc[part]
            frames.append(self._restore_chunk(given, images[part], found))
        return match_layout(images, X), pd.concat(frames, ignore_index=True)

    def restore_as(
        self, X: ArrayLike, kinds: Sequence[str], findings: pd.DataFrame | None = None
    ) -> tuple[NDArray, pd.DataFrame]:
        """Repair images as the kinds that somebody names who has looked, whatever they were found to be.

        A name takes the place of the identifier's verdict, and of nothing else. A kind of ``checked_kinds_`` is undone;
        a repair stays if the image is found rather clean afterwards, and cleaner than it came by ``min_improvement``,
        and if the independent check accepts it; what is taken for clean already is not changed by a wrong name.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        kinds : sequence of str of shape (n_samples,)
            What is wrong with each image, or ``"clean"``.
        findings : DataFrame, default=None
            What ``identify(X)`` of the identifier said, if it is known already.

        Returns
        -------
        images : ndarray
            In the layout, dtype and range of X. Rows that were not repaired are equal to X, bit by bit.
        repairs : DataFrame of n_samples rows
            ``kind`` as named, ``restorer``, ``angle``, ``repaired``, ``improvement`` and ``outcome`` as :meth:`restore`
            gives them, and ``why_not``: in words, why an image stays as it came; empty where it was repaired.

        Raises
        ------
        ValueError
            Not one name for each image, or one that is no kind.
        """
        check_is_fitted(self)
        stack = validate_images(self, X, reset=False)
        kinds = check_kind_names(kinds, len(stack))
        if findings is not None:
            findings = check_findings(findings, len(stack))
        images, frames = np.array(stack), []
        for part in iter_chunks(len(stack), _CHUNK):
            found = self._identify(stack[part]) if findings is None else findings.iloc[part]
            frames.append(self._restore_named(stack[part], images[part], kinds[part], found))
        return match_layout(images, X), pd.concat(frames, ignore_index=True)

    def transform(self, X: ArrayLike) -> NDArray:
        """The images of :meth:`restore`.

        Returns
        -------
        ndarray
            In the layout, dtype and range of X.
        """
        return self.restore(X)[0]

    def _restore_chunk(self, given, images, found):
        """Repair one chunk: ``images``, a copy of ``given``, is changed in place."""
        kinds = np.asarray(found["kind"]).astype(object)
        probability = np.asarray(found["probability"], dtype=float)
        clean = np.asarray(found["clean_probability"], dtype=float)
        repairs = pd.DataFrame(
            {
                "kind": kinds,
                "probability": probability,
                "restorer": "",
                "angle": np.asarray(found["angle"], dtype=float),
                "severity": np.asarray(found["severity"], dtype=float),
                "repaired": False,
                "improvement": 0.0,
                "outcome": "clean",
            }
        )
        suspicious = kinds != "clean"
        undoable = np.isin(kinds, self.undoable_)
        limits = np.array([self.limits_.get(kind, 0.0) for kind in kinds])
        least = least_confidence(kinds, clean, self.min_confidence, self._sensitivity)
        sure = (probability >= least) & (clean <= limits)
        repairs.loc[suspicious, "outcome"] = "unsure"
        repairs.loc[suspicious & ~undoable, "outcome"] = "cannot be undone"
        columns = {name: repairs[name].to_numpy(copy=True) for name in ("restorer", "angle", "improvement", "outcome")}
        mine = ((kind, np.flatnonzero(undoable & sure & (kinds == kind))) for kind in self.undoable_)
        # Each changes rows of its own, and looks at no others.
        with_rows = [(kind, rows, given, images, clean, columns) for kind, rows in mine if len(rows)]
        run_steps(*[partial(self._restore_kind, *each) for each in with_rows], n_jobs=self.n_jobs)
        for name, values in columns.items():
            repairs[name] = values
        repairs["repaired"] = repairs["outcome"] == "repaired"
        return repairs
