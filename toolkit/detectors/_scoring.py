"""Scores of held models that depend on the row alone: not on its batch, not on chance, not on its neighbours in X.

Some of PyOD's detectors score a row together with the others in the call. Here each is scored against a reference that
is fixed in ``fit``.
"""

import inspect

import numpy as np
from sklearn import config_context

from toolkit.detectors._repeats import row_digests
from toolkit.detectors._uncompiled import leave_uncompiled, own_optimiser, release_optimiser

__all__ = ["ModelScores", "StoredScores", "TailReference", "after_fit", "before_fit", "fit_model", "training_scores"]


class StoredScores:
    """The scores that rows had in the fit, found again by the values of the row.

    A neighbour method leaves a row out of its own neighbours while it is fitted, and cannot know that a row of a later
    call is the same one. Rows that were fitted on therefore keep the score of the fit, so that scoring the training
    rows again, in any order or company, gives what ``fit`` found.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_features)
    scores : ndarray of shape (n_samples,)
    """

    def __init__(self, rows, scores):
        self.scores = {}
        for digest, score in zip(row_digests(rows), scores):
            self.scores.setdefault(digest, float(score))

    def find(self, rows):
        """Stored scores of ``rows``, NaN where a row was not fitted on."""
        return np.array([self.scores.get(digest, np.nan) for digest in row_digests(rows)], dtype=np.float64)


class TailReference:
    """Tail probabilities of ECOD and COPOD against the training rows alone.

    PyOD ranks the rows of a call together with the training rows. Here a value is ranked among the training values of
    its column; a value beyond all of them has the tail probability 1 / (n + 1). Training rows get PyOD's own scores. A
    constant column, whose skewness is undefined and makes PyOD's scores NaN, counts as symmetric.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_features)
    mean_of_tails : bool
        True for COPOD (mean of both tails or the skewed one), False for ECOD (the largest of all).

    References
    ----------
    Li et al. (2022), "ECOD: Unsupervised outlier detection using empirical cumulative distribution functions".
    Li et al. (2020), "COPOD: Copula-based outlier detection".
    """

    def __init__(self, rows, mean_of_tails):
        self.mean_of_tails = mean_of_tails
        centred = rows - rows.mean(axis=0, dtype=np.float64)
        self.skew_sign = np.sign(np.where(np.ptp(rows, axis=0) > 0, np.mean(centred**3, axis=0), 0.0))
        self.columns = np.sort(rows, axis=0).T.copy()  # (n_features, n_samples): each column contiguous

    def __call__(self, rows):
        """Outlier scores of shape (n_samples,): the summed minus log tail probabilities."""
        total = np.zeros(len(rows))
        n_reference = self.columns.shape[1]
        floor = 1.0 / (n_reference + 1)
        for values, reference, sign in zip(np.ascontiguousarray(rows.T), self.columns, self.skew_sign):
            left = np.searchsorted(reference, values, side="right") / n_reference
            right = 1.0 - np.searchsorted(reference, values, side="left") / n_reference
            left, right = -np.log(np.maximum(left, floor)), -np.log(np.maximum(right, floor))
            skewed = right if sign > 0 else left if sign < 0 else left + right
            both = (left + right) / 2 if self.mean_of_tails else np.maximum(left, right)
            total += np.maximum(skewed, both)
        return total


class _FixedRepresentation:
    """DIF's random representation, standardised by the rows of the fit instead of by each batch anew."""

    def __call__(self, network, rows):
        import torch

        with torch.no_grad():
            reduced = network(torch.from_numpy(np.require(rows, np.float32, "CW"))).numpy()
        if not hasattr(network, "reference_mean"):  # the first call for each network comes from fit
            network.reference_mean, network.reference_sd = reduced.mean(axis=0), reduced.std(axis=0)
        sd = np.where(network.reference_sd > 0, network.reference_sd, 1.0)
        return np.tanh((reduced - network.reference_mean) / sd)


def _posterior_mean(mean, log_variance):
    """A variational code without its noise: the score of a row is the same each time."""
    return mean


def before_fit(name, model):
    """Prepare a model that is about to be fitted."""
    _leave_accelerator(model)
    leave_uncompiled()
    if name == "dif":
        model._deep_representation = _FixedRepresentation()
    return model


def fit_model(name, model, rows):
    """The model, fitted; what it cannot learn from is one error that names it."""
    own_optimiser(model)
    try:
        # Rows are numpy's own here: with scikit-learn's dispatch by kind of array, mixtures refuse to begin as they do.
        with config_context(array_api_dispatch=False):
            model.fit(rows)
        if name == "pca" and model.n_components is None:
            return _without_empty_directions(model, rows)
        return model
    # Models fail on degenerate rows in as many ways as there are libraries underneath.
    except (ValueError, RuntimeError, ArithmeticError, IndexError, AssertionError) as error:
        raise ValueError(
            f"The detector {name!r} cannot be fitted to these {len(rows)} rows of {rows.shape[1]} features: {error}"
        ) from error
    finally:
        release_optimiser(model)


def _without_empty_directions(model, rows):
    """PyOD's PCA divides by the variance of each direction: those without any (a constant or a repeated column, or
    fewer rows than columns) would drown all others in rounding errors, or make every score NaN."""
    variances = model.explained_variance_
    used = int((variances > 10 * np.finfo(variances.dtype).eps * np.max(variances, initial=0.0)).sum())
    if 0 < used < len(variances):
        model.n_components = used
        model.fit(rows)
    return model


def _leave_accelerator(model):
    """LUNAR and AE1SVM take a GPU unasked, and have no parameter to forbid it; results would depend on the machine."""
    chosen = "device" in inspect.signature(type(model).__init__).parameters
    if chosen or getattr(getattr(model, "device", None), "type", "cpu") == "cpu":
        return
    import torch

    model.device = torch.device("cpu")
    for value in list(vars(model).values()):
        if isinstance(value, torch.nn.Module):
            value.to(model.device)


def _five_digits(scores):
    exponent = np.floor(np.log10(np.maximum(np.abs(scores), 1e-30)))
    unit = 10.0 ** (exponent - 4)
    return np.rint(scores / unit) * unit


class ModelScores:
    """Outlier scores of a fitted model, higher = more of an outlier.

    Parameters
    ----------
    model : estimator
        Of PyOD or in scikit-learn's interface.
    seed : int or None
        For a model that draws while it scores (LSCP): every call starts from here.
    single_precision : bool
        For torch models: the last digits depend on how many rows are computed together, and are rounded off.
    lone_rows : bool
        False for a model that fails on a batch of a single row (AE1SVM), which is then accompanied by itself.
    """

    def __init__(self, model, *, seed=None, single_precision=False, lone_rows=True):
        self.model, self.seed, self.single_precision, self.lone_rows = model, seed, single_precision, lone_rows

    def __call__(self, rows):
        if not self.lone_rows and len(rows) % self.model.batch_size == 1:
            return self._scores(np.concatenate([rows, rows[-1:]]))[:-1]
        return self._scores(rows)

    def _scores(self, rows):
        leave_uncompiled()
        if self.seed is not None:
            self.model.random_state = np.random.RandomState(self.seed)
        if hasattr(self.model, "decision_scores_"):
            scores = np.asarray(self.model.decision_function(rows), dtype=np.float64).ravel()
            return _five_digits(scores) if self.single_precision else scores
        score = getattr(self.model, "score_samples", None) or self.model.decision_function
        return -np.asarray(score(rows), dtype=np.float64).ravel()


def after_fit(name, model, *, seed, deep):
    """What scores in the name of a fitted model; a torch model is put into inference mode."""
    if name in ("ecod", "copod"):
        return TailReference(model.X_train, mean_of_tails=name == "copod")
    if name == "vae":
        model.model.reparameterize = _posterior_mean
    for value in list(vars(model).values()):
        if hasattr(value, "parameters") and hasattr(value, "eval"):
            value.eval()  # ALAD leaves its dropout on
    return ModelScores(model, seed=seed if name == "lscp" else None, single_precision=deep, lone_rows=name != "ae1svm")


def training_scores(model):
    """The outlier scores that a fitted neighbour model keeps of its own training rows."""
    if hasattr(model, "decision_scores_"):
        return np.array(model.decision_scores_, dtype=np.float64).ravel()
    return -np.asarray(model.negative_outlier_factor_, dtype=np.float64)
