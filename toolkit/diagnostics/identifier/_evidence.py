"""All that is known of an image, weighed together: from several witnesses to the likelihood of each kind.

What the networks say, how the image's statistics lie among those of the set, and how much more it would resemble its
neighbours under each symmetry are witnesses with errors of their own. How far each is to be believed on this set, and
where one outweighs another, is a matter of a regression on images in which it is known what was planted: a multinomial
logistic one, so that what comes out are log-likelihoods. It is fitted in two halves, and what it says of the images of
the fit comes from the half that they were not in.

It costs a second where another round of the networks costs ten, and knows more: with networks that have seen nothing of
the set (``epochs=0``) it makes of .94 (AUROC, digits), .91 (handwritten letters) and .93 (clothing) .98, .96 and .96.
"""

from functools import partial

import numpy as np

from toolkit._core.jobs import run_steps
from toolkit._core.robust import robust_scale
from toolkit.diagnostics.identifier._calibration import select_clean_rows

__all__ = ["Evidence", "EvidenceModel", "weighed_as_before"]

# Beyond these a witness is certain: log-likelihoods about their mean, and robust deviations of a statistic.
_MOST_LOGS, _MOST_DEVIATIONS = 15.0, 6.0
# Inverse strength of the ridge. Ten times less or more costs half a point of AUROC on letters or on clothing.
_RIDGE = 0.2
# It is settled anew which of the images as they came count as clean, until no more than this share of them changes
# sides, but so many times at most. Where one kind alone spoilt a fifth of a small set, three times were too few.
_STANDS, _SETTLED = 0.001, 8
_ITERATIONS, _TOLERANCE = 200, 1e-4


class Evidence:
    """What the witnesses say of n images.

    Parameters
    ----------
    logs : ndarray of shape (n, n_outputs)
        Log-likelihoods by the networks; zeros where they know nothing.
    statistics : ndarray of shape (n, n_statistics)
    gains : ndarray of shape (n, n_symmetries + 1)
        Similarity to neighbours that each symmetry, undone, would gain, and the similarity as the image is.
    """

    def __init__(self, logs, statistics, gains):
        self.logs, self.statistics, self.gains = logs, statistics, gains

    def __len__(self):
        return len(self.logs)


class EvidenceModel:
    """Multinomial logistic regression of what was planted on what the witnesses say.

    Parameters
    ----------
    statistics : ndarray of bool of shape (n_statistics,)
        Which of the statistics are witnesses.

    Attributes
    ----------
    weights_ : ndarray of shape (2, n_values + 1, n_outputs)
        Of the two halves, the intercept last.
    """

    # Shrunk towards nothing, not towards what the networks say: that explains planted images better (their likelihood
    # rises by a tenth) and what other hands did worse (balanced accuracy falls by one to two points on three sets).

    def __init__(self, statistics):
        self.statistics = statistics

    def fit_judge(self, given, planted, kind, rows, *, trusted, usual, generator, n_jobs=1):
        """Fit, and return what the half that did not see an image says of it.

        Parameters
        ----------
        given, planted : Evidence
            Of the images as they came, and of images in which something was planted.
        kind : ndarray of int of shape (n_planted,)
            What: 1 and above; 0 is clean.
        rows : ndarray of int of shape (n_planted,)
            In which of the images.
        trusted, usual : ndarray of bool of shape (n_given,)
            Which of those that came count as clean to begin with, and whose statistics are not odd.
        generator : numpy.random.Generator
        n_jobs : int, default=1
            Halves fitted at the same time, as in :func:`toolkit._core.jobs.run_steps`.

        Returns
        -------
        given_logs, planted_logs : ndarray of shape (n, n_outputs), (n_planted, n_outputs)
        clean : ndarray of bool of shape (n_given,)
            Which of those that came count as clean in the end.
        """
        n, n_outputs = given.logs.shape
        self.centre_, self.scale_ = robust_scale(given.statistics[:, self.statistics])
        raw = self._values(planted)
        self.mean_, deviation = raw.mean(axis=0), raw.std(axis=0)
        self.deviation_ = np.where(deviation > 1e-6, deviation, np.inf)
        came, shown = self._columns(given), self._columns(planted)
        half = generator.permutation(n) % 2
        self.weights_ = np.zeros((2, came.shape[1], n_outputs))
        for _ in range(_SETTLED):

            def fitted(one, trusted=trusted):
                # Undone is what a kind does to an image that it had spoilt before: of such ones nothing is learnt.
                clean, others = trusted & (half != one), trusted[rows] & (half[rows] != one)
                columns = np.concatenate([came[clean], shown[others]])
                kinds = np.concatenate([np.zeros(clean.sum(), dtype=int), kind[others]])
                return _fitted(self.weights_[one], columns, kinds)

            self.weights_ = np.stack(run_steps(partial(fitted, 0), partial(fitted, 1), n_jobs=n_jobs))
            given_logs = _by_half(came, half, self.weights_)
            before, trusted = trusted, select_clean_rows(given_logs, usual, half)
            if (before != trusted).mean() <= _STANDS:
                break
        return given_logs, _by_half(shown, half[rows], self.weights_), trusted

    def logs(self, evidence):
        """Log-likelihoods of new images, the mean of both halves: (n, n_outputs)."""
        columns = self._columns(evidence)
        return np.mean([_log_softmax(columns @ weights) for weights in self.weights_], axis=0)

    def _values(self, evidence):
        logs = evidence.logs - evidence.logs.mean(axis=1, keepdims=True)
        deviations = (evidence.statistics[:, self.statistics] - self.centre_) / self.scale_
        return np.column_stack(
            [
                np.clip(logs, -_MOST_LOGS, _MOST_LOGS),
                np.clip(deviations, -_MOST_DEVIATIONS, _MOST_DEVIATIONS),
                evidence.gains,
            ]
        )

    def _columns(self, evidence):
        """Standardised, with a column of ones."""
        values = (self._values(evidence) - self.mean_) / self.deviation_
        return np.column_stack([values, np.ones(len(values))])


def weighed_as_before(images, logs, symmetry_evidence, second_opinion):
    """How an identifier saved by an earlier version joins its witnesses: nothing is likelier than each of them says."""
    logs = symmetry_evidence.weigh(images, logs)
    if second_opinion is None:
        return logs
    other = second_opinion.predict(images).logs
    return logs[:, :1] + np.minimum(logs - logs[:, :1], other - other[:, :1])


def _log_softmax(values):
    values = values - values.max(axis=1, keepdims=True)
    return values - np.log(np.exp(values).sum(axis=1, keepdims=True))


def _by_half(columns, half, weights):
    """Each row by the weights of the half of that number."""
    logs = np.empty((len(columns), weights.shape[2]))
    for one in (0, 1):
        logs[half == one] = _log_softmax(columns[half == one] @ weights[one])
    return logs


def _fitted(weights, columns, kind):
    """Weights (n_columns, n_outputs) whose softmax are likelihoods, free of how often what was shown; from a start."""
    from scipy.optimize import minimize

    shape, rows = weights.shape, np.arange(len(kind))
    counts = np.bincount(kind, minlength=shape[1])
    # What was never shown is as unlikely as what was shown once.
    offset = np.log(np.maximum(counts, 1) / max(len(kind), 1)).astype(np.float32)[:, None]
    # Products in single precision, a row for each output: less than half of the time. Sums and steps are in double.
    columns = np.ascontiguousarray(columns.T, dtype=np.float32)

    def loss(flat):
        weights = flat.reshape(shape)
        values = weights.T.astype(np.float32) @ columns + offset  # (n_outputs, n)
        values -= values.max(axis=0)
        told = values[kind, rows]
        np.exp(values, out=values)
        total = values.sum(axis=0)
        values /= total
        values[kind, rows] -= 1
        ridge = weights[:-1] / _RIDGE
        gradient = (columns @ values.T).astype(np.float64)
        gradient[:-1] += ridge
        unlikely = np.log(total).sum(dtype=np.float64) - told.sum(dtype=np.float64)
        return unlikely + 0.5 * (weights[:-1] * ridge).sum(), gradient.ravel()

    options = {"maxiter": _ITERATIONS, "gtol": _TOLERANCE * max(len(kind), 1)}
    return minimize(loss, weights.ravel(), jac=True, method="L-BFGS-B", options=options).x.reshape(shape)
