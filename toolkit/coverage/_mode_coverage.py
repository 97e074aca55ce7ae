"""ModeCoverage: learn from unlabelled data what a generator should reach, then say what samples miss."""

import numbers
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import validate_images
from toolkit._core.random import as_generator, spawn_seeds
from toolkit._core.types import RandomState
from toolkit._core.value_scale import check_same_scale
from toolkit.coverage._calibration import (
    calibrate_copies,
    calibrate_embedding,
    calibrate_neighbours,
    calibrate_resemblance,
)
from toolkit.coverage._drawing import draw_samples
from toolkit.coverage._duplicates import distinct_rows
from toolkit.coverage._embedding import embed, fit_embedding
from toolkit.coverage._evaluate import evaluate_measures
from toolkit.coverage._fidelity import FidelityJudge
from toolkit.coverage._look_judge import LookJudge
from toolkit.coverage._measures import measure_images
from toolkit.coverage._quantise import assign_bins, group_bins, make_bins, measure_dispersion, neighbouring_bins
from toolkit.coverage._record import CoverageRecord
from toolkit.coverage._rows import check_positive_int
from toolkit.coverage._view import CoverageView, make_view

__all__ = ["ModeCoverage"]

_MIN_PER_BIN = 10  # rows a bin, below which its share says nothing
_N_EXAMPLES = 16  # images kept of each bin


@usual_floating_point
class ModeCoverage(TransformerMixin, BaseEstimator):
    """Which modes of the data does a sample reach? Answered without labels, and calibrated on the data itself.

    The data is embedded and parted into bins by k-means. Samples are then compared with it bin by bin and by nearest
    neighbours, and every figure is held against what real rows give when they are compared with real rows.

    Parameters
    ----------
    embedding : {"pca", "autoencoder"} or transformer, default="pca"
        The feature space. A transformer is cloned and fitted on flat rows within 0 to 1; a ``FrozenEstimator`` is used
        as it is.
    n_components : int, default=50
        Of the principal components, clipped to pixels and a tenth of the rows, or of the code.
    n_modes : int or "auto", default="auto"
        Groups of bins, by which a person reads tables and pictures; verdicts rest on the bins. ``"auto"`` looks for
        the clearest gap.
    n_bins : int, default=100
        Clipped to a tenth of the rows.
    n_neighbours : int, default=5
        Of precision, recall, density and coverage, clipped or not.
    n_neighbour_rows : int, default=5000
        Rows of the data, and as many samples, that they are taken of; clipped to half of the rows.
    n_splits : int, default=5
        Real-versus-real splits for each calibration, at least 2.
    n_draws : int, default=1000
        Draws of the reference distribution and of the bootstrap.
    alpha : float, default=0.05
        Level of the tests and false discovery rate among bins.
    missing_ratio : float, default=0.25
        A bin that differs is *missing* when it holds less than this part of the samples that are due.
    image_shape : tuple of int, optional
        Shape of an image in flat rows; None takes a square, or else one row of pixels.
    random_state : int, RandomState instance or None, default=None

    Attributes
    ----------
    embedding_ : transformer
        Fitted.
    n_components_, n_bins_, n_modes_ : int
        As clipped and found.
    modes_separate_ : bool
        Whether a clear gap parts the modes.
    centres_ : ndarray of shape (n_bins_, n_components_)
    features_ : ndarray of shape (n_samples, n_components_)
        Of the data, float32.
    bins_, counts_ : ndarray
        Bin of each row of the data, shape (n_samples,), and rows in each bin, shape (n_bins_,).
    mode_of_bin_ : ndarray of shape (n_bins_,)
    bin_neighbours_ : ndarray of shape (n_bins_, 3)
        Bins next to each, -1 where there are no more.
    dispersion_ : float
        By which counts of fresh rows vary more than chance.
    example_rows_ : ndarray of shape (n_bins_, 16)
        Rows nearest to the centre of each bin, -1 where there are no more.
    examples_ : ndarray
        Their images, bin after bin.
    n_duplicates_ : int
        Rows that equal an earlier one, pixel for pixel.
    n_features_in_ : int

    See Also
    --------
    coverage_scorer : Tunes generators by it.

    Notes
    -----
    Counting *empty* clusters with ten clusters or so is blind: with half of the digits gone, none is empty. With a
    hundred bins, proportion tests and the divergence carry the signal.

    The reference distribution of the divergence draws counts of both sizes from the shares of the data, widened by
    ``dispersion_``, which refits on halves of the data find: k-means flatters the rows that made it.

    References
    ----------
    .. [1] E. Richardson and Y. Weiss, On GANs and GMMs, NeurIPS 2018.
    .. [2] M. F. Naeem et al., Reliable fidelity and diversity metrics for generative models, ICML 2020.
    .. [3] Y. Benjamini and Y. Hochberg, Controlling the false discovery rate, JRSS B 57, 1995.

    Examples
    --------
    >>> from toolkit.coverage import ModeCoverage
    >>> from toolkit.datasets import load_ring
    >>> world = load_ring(2000, random_state=0)
    >>> coverage = ModeCoverage(random_state=0).fit(world.points)
    >>> coverage.n_modes_
    8
    >>> partial = load_ring(1000, random_state=1)
    >>> record = coverage.evaluate(partial.points[partial.labels != 3])
    >>> len(record.dropped_modes), set(world.labels[record.dropped_modes[0].rows].tolist())
    (1, {3})
    """

    def __init__(
        self,
        embedding: Any = "pca",
        *,
        n_components: int = 50,
        n_modes: int | str = "auto",
        n_bins: int = 100,
        n_neighbours: int = 5,
        n_neighbour_rows: int = 5000,
        n_splits: int = 5,
        n_draws: int = 1000,
        alpha: float = 0.05,
        missing_ratio: float = 0.25,
        image_shape: tuple[int, ...] | None = None,
        random_state: RandomState = None,
    ) -> None:
        self.embedding = embedding
        self.n_components = n_components
        self.n_modes = n_modes
        self.n_bins = n_bins
        self.n_neighbours = n_neighbours
        self.n_neighbour_rows = n_neighbour_rows
        self.n_splits = n_splits
        self.n_draws = n_draws
        self.alpha = alpha
        self.missing_ratio = missing_ratio
        self.image_shape = image_shape
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn features, bins and reference distributions from unlabelled data.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            A parameter out of range, or fewer than two rows.
        """
        stack = validate_images(self, X, reset=True)
        self._check_parameters()
        if len(stack) < 2:
            raise ValueError(f"ModeCoverage needs at least 2 rows to learn from, got n_samples = {len(stack)}.")
        seeds = dict(zip(("embedding", "bins", "calibration", "neighbours", "evaluation"), self._spawn()))
        self.embedding_ = fit_embedding(self.embedding, stack, self.pixel_scale_, self.n_components, seeds["embedding"])
        measures = self._measure(stack)
        features = measures.features
        # Half the memory, and no less: the measures are rounded to single precision.
        self.features_ = features.astype(np.float32)
        self._digests = measures.digests
        self.n_duplicates_ = len(stack) - len(distinct_rows(measures.digests))
        self.n_components_ = features.shape[1]
        self.centres_ = make_bins(features, max(1, min(self.n_bins, len(stack) // _MIN_PER_BIN)), seeds["bins"])
        self.n_bins_ = len(self.centres_)
        self.bins_ = assign_bins(features, self.centres_)
        self.counts_ = np.bincount(self.bins_, minlength=self.n_bins_)
        self.bin_neighbours_ = neighbouring_bins(features, self.centres_)
        self.mode_of_bin_, self.modes_separate_ = group_bins(self.centres_, self.n_modes)
        self.n_modes_ = int(self.mode_of_bin_.max()) + 1
        self._keep_examples(stack, features)
        self.dispersion_ = measure_dispersion(features, self.n_bins_, self.n_splits, as_generator(seeds["calibration"]))
        self._seed = seeds["evaluation"]
        generator = as_generator(seeds["neighbours"])
        calibrate_neighbours(self, measures, generator)
        calibrate_copies(self, measures, generator)
        calibrate_resemblance(self, measures, generator)
        calibrate_embedding(self, stack, measures, as_generator(self._seed))
        self._fidelity = FidelityJudge.learn(stack, self.pixel_scale_, as_generator(self._seed))
        self._look = LookJudge.learn(stack, self.pixel_scale_, as_generator(self._seed))
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Features of images.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_components_)
        """
        check_is_fitted(self)
        return self._embed(self._samples(X, "X"))

    def predict(self, X: ArrayLike) -> NDArray[np.intp]:
        """Bin of each image.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)

        Returns
        -------
        ndarray of int of shape (n_samples,)
        """
        return assign_bins(self.transform(X), self.centres_)

    def evaluate(self, samples: Any, *, n_samples: int = 10_000, random_state: RandomState = None) -> CoverageRecord:
        """Compare samples with the data.

        Parameters
        ----------
        samples : array-like of shape (n, height, width[, 3]) or (n, n_features), or object with ``sample``
            From a generator, ``n_samples`` are drawn.
        n_samples : int, default=10_000
        random_state : int, RandomState instance or None, default=None
            Of the draw; the evaluation of the same rows is the same each time.

        Returns
        -------
        CoverageRecord

        Raises
        ------
        ValueError
            Images of another shape, or on another scale than the data.
        NotFittedError
            Not fitted, or by version 0.1, which kept too little of the data.
        """
        check_is_fitted(self)
        if not hasattr(self, "_remainder"):
            raise NotFittedError(
                "This ModeCoverage was fitted by version 0.1 of the toolkit, which kept too little of the data to "
                "evaluate samples: fit it again."
            )
        stack = self._samples(draw_samples(samples, n_samples, random_state))
        # Models of earlier versions have none of these two judges.
        judge, look = getattr(self, "_fidelity", None), getattr(self, "_look", None)
        told = None if judge is None else judge.judge(stack, self.pixel_scale_)
        seen = look and look.judge(stack, self.pixel_scale_, self.n_draws, as_generator(self._seed))
        return evaluate_measures(self, self._measure(stack), as_generator(self._seed), told, seen)

    def score(self, X: ArrayLike, y: Any = None) -> float:
        """Minus the Jensen-Shannon divergence between the bins of X and of the data, in nats: 0 at best.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        y : ignored

        Returns
        -------
        float
        """
        from toolkit.coverage._bins import jensen_shannon

        check_is_fitted(self)
        bins = assign_bins(self._embed(self._samples(X)), self.centres_)
        return -jensen_shannon(self.counts_, np.bincount(bins, minlength=self.n_bins_))

    def modes(self) -> pd.DataFrame:
        """How many groups the data forms, and how even they are: the answer without any reference.

        Returns
        -------
        DataFrame
            A row a mode: mode, n_bins, n_rows, share, example_row. In ``attrs``: ``separate``, ``effective_modes`` and
            ``effective_bins`` (exp of the entropy of the shares: as many as there are when all are equal), ``vendi``.
        """
        from toolkit.coverage._vendi import vendi_score

        check_is_fitted(self)
        counts = np.bincount(self.mode_of_bin_, weights=self.counts_, minlength=self.n_modes_).astype(int)
        largest = [
            max(np.flatnonzero(self.mode_of_bin_ == mode), key=self.counts_.__getitem__)
            for mode in range(self.n_modes_)
        ]
        frame = pd.DataFrame(
            {
                "mode": np.arange(self.n_modes_),
                "n_bins": np.bincount(self.mode_of_bin_, minlength=self.n_modes_),
                "n_rows": counts,
                "share": counts / counts.sum(),
                "example_row": self.example_rows_[largest, 0],
            }
        )
        features = self.features_.astype(np.float64)
        frame.attrs |= {
            "separate": bool(self.modes_separate_),
            "effective_modes": _effective_number(counts),
            "effective_bins": _effective_number(self.counts_),
            "vendi": vendi_score(features - features.mean(axis=0)),
        }
        return frame

    def dropped_examples(self, record: CoverageRecord, *, n_per_mode: int = 10) -> tuple[NDArray, pd.DataFrame]:
        """Real images of what the samples of an evaluation do not reach.

        Parameters
        ----------
        record : CoverageRecord
        n_per_mode : int, default=10
            Of each dropped mode at most, taken from its bins in turn.

        Returns
        -------
        images : ndarray
            A stack in the dtype of the data.
        frame : DataFrame
            A row an image: dropped_mode (index into ``record.dropped_modes``), bin, row (of the data).
        """
        check_is_fitted(self)
        check_positive_int("n_per_mode", n_per_mode)
        places, rows = [], []
        for number, mode in enumerate(record.dropped_modes):
            bins = np.array(mode.bins, dtype=np.intp)
            # The most typical of each bin first, then the next of each.
            pairs = [(b, k) for k in range(_N_EXAMPLES) for b in bins.tolist() if self.example_rows_[b, k] >= 0]
            for b, k in pairs[:n_per_mode]:
                places.append(self._example_place[b, k])
                rows.append((number, b, int(self.example_rows_[b, k])))
        frame = pd.DataFrame(rows, columns=["dropped_mode", "bin", "row"])
        return self.examples_[np.array(places, dtype=np.intp)], frame

    def view(
        self,
        samples: Any,
        *,
        n_samples: int = 2000,
        n_rows: int = 2000,
        n_modes: int | None = None,
        random_state: RandomState = 0,
    ) -> CoverageView:
        """Real and generated points on one map (UMAP), with k-means modes: the view that a person reads.

        Parameters
        ----------
        samples : array-like or object with ``sample``, or None
            None maps the data alone.
        n_samples : int, default=2000
            Samples on the map at most.
        n_rows : int, default=2000
            Rows of the data on the map at most.
        n_modes : int, optional
            That of the constructor when given there, else the largest up to 20 that is nearly as clear as the best
            (mean silhouette).
        random_state : int, RandomState instance or None, default=0

        Returns
        -------
        CoverageView
            ``.frame()`` is a row a point, ``.modes`` a row a mode; ``toolkit.plots.CoverageMapDisplay`` draws it.
        """
        check_is_fitted(self)
        if n_modes is None and self.n_modes != "auto":
            n_modes = self.n_modes
        features = None
        if samples is not None:
            stack = self._samples(draw_samples(samples, n_samples, random_state))
            features = self._embed(stack)
        return make_view(
            self.features_.astype(np.float64),
            features,
            n_rows=check_positive_int("n_rows", n_rows, 2),
            n_samples=check_positive_int("n_samples", n_samples),
            n_modes=None if n_modes is None else check_positive_int("n_modes", n_modes),
            generator=as_generator(random_state),
        )

    def _embed(self, stack):
        return embed(self.embedding_, self.embedding, stack, self.pixel_scale_)

    def _measure(self, stack):
        return measure_images(self.embedding_, self.embedding, stack, self.pixel_scale_)

    def _samples(self, X, name="samples"):
        stack = validate_images(self, X, reset=False, name=name)
        if self.pixel_scale_.dtype is None:  # points and other tables as well
            check_same_scale(name, stack, self.pixel_scale_, "ModeCoverage", dtype=self.dtype_)
        return stack

    def _spawn(self):
        return spawn_seeds(self.random_state, 5)

    def _keep_examples(self, stack, features):
        """Rows nearest to the centre of each bin, and their images."""
        self.example_rows_ = np.full((self.n_bins_, _N_EXAMPLES), -1, dtype=np.intp)
        distance = np.square(features - self.centres_[self.bins_]).sum(axis=1)
        for bin_ in range(self.n_bins_):
            rows = np.flatnonzero(self.bins_ == bin_)
            rows = rows[np.argsort(distance[rows], kind="stable")[:_N_EXAMPLES]]
            self.example_rows_[bin_, : len(rows)] = rows
        there = self.example_rows_ >= 0
        self._example_place = np.where(there, np.cumsum(there).reshape(there.shape) - 1, -1)
        self.examples_ = np.ascontiguousarray(stack[self.example_rows_[there]])
        self.dtype_ = stack.dtype.name

    def _check_parameters(self):
        for name in ("n_components", "n_bins", "n_neighbours", "n_neighbour_rows", "n_draws"):
            check_positive_int(name, getattr(self, name))
        check_positive_int("n_splits", self.n_splits, 2)
        if self.n_modes != "auto":
            check_positive_int("n_modes", self.n_modes)
        for name in ("alpha", "missing_ratio"):
            value = getattr(self, name)
            if not isinstance(value, numbers.Real) or isinstance(value, bool) or not 0 < value < 1:
                raise ValueError(f"{name} must be a number between 0 and 1, got {value!r}.")


def _effective_number(counts):
    """exp of the entropy of the shares."""
    shares = counts[counts > 0] / counts.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))
