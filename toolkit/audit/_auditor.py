"""Auditor: judges fitted to one set of images, and one judgement of any images of that kind."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from toolkit._core.estimators import is_fitted, seeded_clone
from toolkit._core.images import validate_images
from toolkit._core.jobs import run_steps
from toolkit._core.parameters import JOBS, at_least, check_int
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.types import ImageShape, RandomState
from toolkit.audit._audit import Audit, SetFacts, merge_audits
from toolkit.datasets import ImageSource, as_source, is_source

if TYPE_CHECKING:
    from toolkit.detectors import OutlierDetector
    from toolkit.diagnostics import Assessment

__all__ = ["Auditor"]

# Images judged at a time.
_CHUNK = 4096


class Auditor(BaseEstimator):
    """Learns from a set of images, and judges any images of that kind: what is wrong, how odd it is, can it be undone.

    One pass of the networks over an image gives all three. What is judged may be the set itself, parts of it, or new
    images; answers on parts can be merged (:func:`merge_audits`), and a fitted auditor can be saved
    (:func:`toolkit.save`).

    Parameters
    ----------
    identifier : CorruptionIdentifier, optional
        Names what was done. One that is fitted already is used as it is; another is cloned.
    detector : CorruptionDetector, optional
        Scores how anomalous each image is. It is cloned, and given the identifier.
    restorer : ImageRestorer, optional
        Repairs what can be confirmed. It is cloned, and given the identifier.
    detectors : sequence of str, default=()
        Outlier detectors by name, fitted as well, whose scores are wanted beside.
    image_shape : tuple of int, optional
        Shape of an image in flat rows; None takes a square, or else one row of pixels.
    max_samples : int, default=20_000
        Images of a source that are learnt from, drawn at random; arrays are learnt from as their judges see fit.
    n_jobs : int, default=None
        Fits at the same time, in threads; None is one for each processor. The answers do not depend on it.
    random_state : int, RandomState instance or None, default=None
    verbose : bool, default=False
        Show progress.

    Attributes
    ----------
    identifier_ : CorruptionIdentifier
    detector_ : CorruptionDetector
    restorer_ : ImageRestorer
    detectors_ : dict of str to OutlierDetector
    facts_ : SetFacts
        About the set that was learnt from: prevalence, competence, and why it cannot be judged, if it cannot.
    image_shape_, n_features_in_
        Shape of an image and number of its values.

    See Also
    --------
    toolkit.studies.run_audit : An audit with estimates for outlier detectors, findings in words, and a report.
    toolkit.audit_images : The same in one call.

    Examples
    --------
    >>> from toolkit.audit import Auditor
    >>> from toolkit.corruption import Corruptor
    >>> from toolkit.datasets import load_digits
    >>> images, kinds = Corruptor(["invert"], fraction=0.2, random_state=0).corrupt(load_digits().images[:150])
    >>> auditor = Auditor(random_state=0).fit(images[:100])
    >>> audit = auditor.audit(images[100:])  # images that it has never seen
    >>> len(audit), list(audit.per_image)[:4]
    (50, ['index', 'kind', 'confidence', 'anomaly_score'])
    """

    def __init__(
        self,
        identifier: BaseEstimator | None = None,
        *,
        detector: BaseEstimator | None = None,
        restorer: BaseEstimator | None = None,
        detectors: Sequence[str] = (),
        image_shape: ImageShape = None,
        max_samples: int = 20_000,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: bool = False,
    ):
        self.identifier = identifier
        self.detector = detector
        self.restorer = restorer
        self.detectors = detectors
        self.image_shape = image_shape
        self.max_samples = max_samples
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    _parameter_constraints: ClassVar[dict] = {
        "max_samples": [at_least(2)],
        "n_jobs": JOBS,
    }

    def fit(self, X: ArrayLike | ImageSource, y: object = None) -> Self:
        """Learn from a set of images, damaged ones among them.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features), or ImageSource
            A folder (:func:`toolkit.datasets.load_image_folder`) and a torch ``Dataset`` are taken as they are.
        y : ignored

        Returns
        -------
        self
        """
        self._fit(self._training_images(X), None)
        return self

    def fit_audit(
        self, X: ArrayLike | ImageSource, y: object = None, *, assessment: "Assessment | None" = None
    ) -> Audit:
        """Learn from a set of images and audit them: each is judged once.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features), or ImageSource
        y : ignored
        assessment : Assessment, default=None
            What ``assess(X)`` of a fitted ``identifier`` said, if it was asked already.

        Returns
        -------
        Audit
        """
        if is_source(X):
            source = as_source(X)
            if len(source) > self.max_samples:
                return self.fit(source).audit(source)
            stack, assessment = self._fit(self._training_images(source), assessment)
            return self._judge(stack, source.ids, assessment)
        stack, assessment = self._fit(self._training_images(X), assessment)
        return self._judge(stack, range(len(stack)), assessment)

    def audit(self, X: ArrayLike | ImageSource, *, assessment: "Assessment | None" = None) -> Audit:
        """Judge images of the kind that was learnt from, whether they were among them or not.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features), or ImageSource
        assessment : Assessment, default=None
            What ``identifier_.assess(X)`` said of an array X, if it was asked already.

        Returns
        -------
        Audit
        """
        if assessment is not None:
            check_is_fitted(self)
            stack = validate_images(self, X, reset=False)
            return self._judge(stack, range(len(stack)), assessment)
        return merge_audits(list(self.iter_audits(X)))

    def iter_audits(self, X: ArrayLike | ImageSource, *, chunk_size: int = _CHUNK) -> Iterator[Audit]:
        """Audits of the images of X in order, a chunk at a time: for sources larger than memory.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features), or ImageSource
        chunk_size : int, default=4096

        Yields
        ------
        Audit
        """
        check_is_fitted(self)
        check_int("chunk_size", chunk_size)
        if not is_source(X):
            X = validate_images(self, X, reset=False)
        source = as_source(X)
        start = 0
        for images in source.chunks(chunk_size):
            stack = validate_images(self, images, reset=False)
            ids = source.ids[start : start + len(stack)]
            yield self._judge(stack, ids, self.identifier_.assess(stack))
            start += len(stack)

    def repair_as(self, X: ArrayLike, kinds: Sequence[str]) -> tuple[NDArray, pd.DataFrame]:
        """Repair images as the kinds that somebody names who has looked: :meth:`ImageRestorer.restore_as`.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        kinds : sequence of str of shape (n_samples,)
            What is wrong with each image, or ``"clean"``.

        Returns
        -------
        images : ndarray
            In the layout, dtype and range of X; unchanged where no check confirms the repair.
        repairs : DataFrame of n_samples rows
            ``restorer``, ``angle``, ``repaired``, ``outcome``, and ``why_not`` an image stays as it came.
        """
        check_is_fitted(self)
        return self.restorer_.restore_as(X, kinds)

    def score_samples(self, X: ArrayLike) -> NDArray:
        """How normal each image is; higher = more normal.

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return self.detector_.score_samples(validate_images(self, X, reset=False))

    def predict(self, X: ArrayLike) -> NDArray:
        """1 for images found clean, -1 for those flagged; 1 throughout for a set that cannot be judged.

        Returns
        -------
        ndarray of int of shape (n_samples,)
        """
        check_is_fitted(self)
        kinds = self.identifier_.identify(validate_images(self, X, reset=False))["kind"]
        flagged = (kinds != "clean").to_numpy() & (not self.facts_.reasons)
        return np.where(flagged, -1, 1)

    def _training_images(self, X: Any) -> ArrayLike:
        """Arrays as they are; of a source at most ``max_samples`` images."""
        if not is_source(X):
            return X
        source = as_source(X)
        rows = np.arange(len(source))
        if len(rows) > self.max_samples:
            rows = np.sort(as_generator(self.random_state).choice(len(rows), self.max_samples, replace=False))
        if hasattr(source, "take"):  # shards give the rows drawn without reading all others
            return source.take(rows)
        parts, start = [], 0
        for images in source.chunks(_CHUNK):
            mine = rows[(rows >= start) & (rows < start + len(images))] - start
            parts.append(np.asarray(images)[mine])
            start += len(images)
        return np.concatenate(parts)

    def _fit(self, X: ArrayLike, assessment: "Assessment | None") -> "tuple[NDArray, Assessment]":
        """Fit every judge; returns the images as a stack, and the identifier's assessment of them."""
        from toolkit.detectors import CorruptionDetector, OutlierDetector
        from toolkit.diagnostics import CorruptionIdentifier
        from toolkit.restoration import ImageRestorer

        self._validate_params()
        stack = validate_images(self, X, reset=True)
        if len(stack) < 2:
            raise ValueError(f"Auditor compares images and needs at least 2 of them, got n_samples = {len(stack)}.")
        seeds = spawn_seeds(self.random_state, 4)
        if self.identifier is not None and is_fitted(self.identifier):
            self.identifier_ = self.identifier
        else:
            base = self.identifier
            if base is None:
                base = CorruptionIdentifier(n_jobs=self.n_jobs, verbose=self.verbose)
            self.identifier_ = seeded_clone(base, seeds[0])
            if hasattr(self.identifier_, "fit_assess"):
                assessment = self.identifier_.fit_assess(stack)
            else:
                self.identifier_.fit(stack)
        if assessment is None:
            assessment = self.identifier_.assess(stack)

        def fit_detector() -> Any:
            detector = CorruptionDetector() if self.detector is None else self.detector
            return seeded_clone(detector, seeds[1], identifier=self.identifier_).fit(stack, assessment=assessment)

        def fit_restorer() -> Any:
            restorer = ImageRestorer(n_jobs=self.n_jobs) if self.restorer is None else self.restorer
            return seeded_clone(restorer, seeds[2], identifier=self.identifier_).fit(
                stack, findings=assessment.findings
            )

        def fit_named() -> "dict[str, OutlierDetector]":
            rows = stack.reshape(len(stack), -1)
            return {name: OutlierDetector(name, random_state=seeds[3]).fit(rows) for name in self.detectors}

        self.restorer_, self.detector_, self.detectors_ = run_steps(
            fit_restorer, fit_detector, fit_named, n_jobs=self.n_jobs
        )
        low, high = self.identifier_.prevalence_interval_
        auroc = float(self.identifier_.auroc_)
        self.facts_ = SetFacts(
            prevalence=float(self.identifier_.prevalence_),
            prevalence_interval=(float(low), float(high)),
            competence=self.restorer_.competence_,
            reasons=tuple(self.identifier_.reasons_),
            held_out_auroc=None if np.isnan(auroc) else auroc,
        )
        return stack, assessment

    def _judge(self, stack: NDArray, ids: Sequence, assessment: "Assessment") -> Audit:
        """The audit of images that the identifier has assessed."""
        scores = self.detector_.score_samples(stack, assessment=assessment)
        repaired, repairs = self.restorer_.restore(stack, findings=assessment.findings)
        named = None
        if self.detectors_:
            rows = stack.reshape(len(stack), -1)
            named = pd.DataFrame({name: -detector.score_samples(rows) for name, detector in self.detectors_.items()})
        return Audit(
            images=stack,
            repaired=repaired,
            findings=assessment.findings,
            anomaly_score=-scores,
            repairs=repairs,
            facts=self.facts_,
            ids=ids,
            detector_scores=named,
        )
