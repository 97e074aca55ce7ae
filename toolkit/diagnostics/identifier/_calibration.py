"""From the networks' likelihoods to calibrated probabilities, the shares of the kinds, and where clean ends."""

import numpy as np

from toolkit._core.robust import robust_scale
from toolkit.diagnostics.identifier._mixture import clean_interval, fit_temperature, mixture_shares, posterior

__all__ = [
    "CalibratedMixture",
    "held_back_temperature",
    "initial_clean_mask",
    "select_clean_rows",
    "unseen_temperature",
]

# Share of the flagged that may be expected to be clean.
_FALSE_DISCOVERIES = 0.05
_EVENNESS = 0.15
# Probability of being clean, were one in two, above which a row is shown as clean: a usual one, and an odd one.
_TRUST, _VOUCH = 0.3, 0.8
# Robust standard deviations beyond which a row looks more like a kind than the set at large does.
_APART = 3.0
# Images that came, surely corrupted ones left out, without which no temperature is fitted.
_LEAST_DOUBTFUL = 30


class CalibratedMixture:
    """How likelihoods are turned into probabilities and kinds.

    Parameters
    ----------
    temperature : float
    calibrated : bool, default=True
        Whether the temperature was fitted to rows held back. Where it was not, probabilities near one half are not to
        be taken at their word, and what is more likely corrupted than clean is flagged.

    Attributes
    ----------
    shares_ : ndarray of shape (n_outputs,)
    prevalence_ : float
    interval_ : tuple of float
    nameable_ : ndarray of bool of shape (n_outputs,)
        What may be named.
    clean_threshold_ : float
    """

    def __init__(self, temperature, *, calibrated=True):
        self.temperature = temperature
        self.calibrated = calibrated

    def fit(self, logs):
        """Fit the shares of the kinds to the log-likelihoods of the whole set."""
        scaled = logs / self.temperature
        self.shares_ = mixture_shares(scaled, evenness=_EVENNESS, least_clean=0.5)
        self.prevalence_ = float(1 - self.shares_[0])
        self.interval_ = clean_interval(scaled, self.shares_)
        return self.claim(np.ones(len(self.shares_), dtype=bool), logs)

    def claim(self, nameable, logs):
        """From now on name only the outputs that are ``nameable`` (clean is), and draw the line for the set anew."""
        self.nameable_ = nameable
        self.clean_threshold_ = _clean_threshold(self.probabilities(logs)[:, 0], 0.2 if self.calibrated else 0.5)
        return self

    def clean_probability(self, logs):
        """Of being clean, whatever else may be named: what images are ordered by."""
        return posterior(logs / self.temperature, self.shares_)[:, 0]

    def probabilities(self, logs):
        """Of each output; what speaks for a kind that cannot be told here speaks for nothing, so it counts as clean."""
        probabilities = posterior(logs / self.temperature, self.shares_)
        unnamed = np.where(self.nameable_, 0.0, probabilities)
        probabilities = np.where(self.nameable_, probabilities, 0.0)
        probabilities[:, 0] += unnamed.sum(axis=1)
        return probabilities

    def corruption_log_odds(self, logs):
        """Log-odds of not being clean, if the clean were one half and the kinds alike: free of the set's shares."""
        logs = logs / self.temperature
        return np.logaddexp.reduce(logs[:, 1:], axis=1) - np.log(logs.shape[1] - 1) - logs[:, 0]

    def codes(self, probabilities):
        """Clean above the threshold, else the most probable of the other kinds."""
        return np.where(probabilities[:, 0] > self.clean_threshold_, 0, probabilities[:, 1:].argmax(axis=1) + 1)


def _clean_threshold(probability, least):
    """Probability of being clean above which an image is called clean.

    Images are flagged in the order of that probability, as many as keep the false discovery rate to be expected at one
    in twenty (Mueller et al., 2004, "Optimal sample size for multiple testing"): a missed corruption costs more than a
    second look, and a set with nothing to find yields nothing to look at. Between ``least`` and .9 all the same.
    """
    order = np.sort(probability)
    rates = np.cumsum(order) / np.arange(1, len(order) + 1)
    flagged = np.searchsorted(rates, _FALSE_DISCOVERIES)
    threshold = np.clip(order[min(flagged, len(order) - 1)], least, 0.9)
    # The clean are the majority, also where a network that saw next to nothing says otherwise.
    return float(min(threshold, np.nextafter(order[(len(order) - 1) // 2], 0)))


def initial_clean_mask(logs, usual):
    """Which rows to show as clean first, by networks that know other images only.

    A fifth of the set turned in one and the same way has company, and networks that are shown it as clean come to
    defend it; the first word belongs to those that have not seen it. Where they would call most of the set corrupted
    they do not know this sort of image, and are only asked which rows look far more like a named kind than the others.

    Parameters
    ----------
    logs : ndarray of shape (n, n_outputs)
    usual : ndarray of bool of shape (n,)
    """
    trusted = _likely_clean(logs, usual)
    if trusted.mean() >= 0.5:
        return trusted
    against = logs[:, 1:-1] - logs[:, :1]
    centre, scale = robust_scale(against)
    trusted = usual & ((against - centre) / scale <= _APART).all(axis=1)
    return trusted if trusted.mean() >= 0.5 else usual.copy()


def select_clean_rows(logs, usual, fold):
    """Which rows to show as clean from now on: the usual ones, but for those that would hardly be clean.

    One in two is assumed to be clean. While contamination is part of what is shown as clean, the likelihoods lean to
    clean, and a prevalence fitted to them would be little.

    Parameters
    ----------
    logs : ndarray of shape (n, n_outputs)
        Calibrated log-likelihoods.
    usual : ndarray of bool of shape (n,)
        Rows whose statistics are not odd: networks come to call clean what they were shown as clean, so what is
        plainly odd is not shown at all.
    fold : ndarray of int of shape (n,)
        Which member may be shown a row, -1 for none; every member keeps something.
    """
    trusted = _likely_clean(logs, usual)
    if trusted.mean() < 0.5:
        # The clean are the majority: at least half of the rows stay, the cleanest ones.
        probability = _even_odds(logs)
        trusted = probability >= np.median(probability)
    for index in range(fold.max() + 1):
        if not (trusted & (fold == index)).any():
            trusted |= fold == index
    return trusted


def _even_odds(logs):
    """Probability of being clean, were one in two, and the other half of the kinds that are there.

    All kinds alike would shield a kind that alone spoilt a fifth of the set: spread over twenty, it would have to be
    twenty times likelier than clean.
    """
    return posterior(logs, mixture_shares(logs, n_iterations=20, evenness=_EVENNESS, clean=0.5))[:, 0]


def _likely_clean(logs, usual):
    return _even_odds(logs) > np.where(usual, _TRUST, _VOUCH)


def held_back_temperature(judge, injector, images, logs, held_back, generator):
    """Temperature that suits rows nobody learnt from: as they came, but for the surely corrupted, and planted.

    On rows that the networks trust alone they would seem surer than they are.

    Parameters
    ----------
    judge : callable
        ``judge(images) -> logs``.
    injector : Injector
    images : ndarray of uint8
    logs : ndarray of shape (n, n_outputs)
    held_back : ndarray of bool of shape (n,)
    generator : numpy.random.Generator
    """
    doubtful = held_back & ~_suspicious(logs)
    base = images[doubtful]
    if len(base) < _LEAST_DOUBTFUL:
        return 1.0
    base = np.concatenate([base] * max(1, 2000 // len(base)))
    planted = injector.plant(base, injector.draw(len(base), injector.even_shares(), generator), generator)
    named = planted.kind >= 0
    return _temperature(logs[doubtful], judge(planted.images[named]), planted.kind[named])


def unseen_temperature(logs, planted_logs, kind):
    """The same where everything was judged already, by what never saw it.

    Parameters
    ----------
    logs, planted_logs : ndarray of shape (n, n_outputs), (n_planted, n_outputs)
        Of the images as they came, and with something planted.
    kind : ndarray of int of shape (n_planted,)
    """
    doubtful = ~_suspicious(logs)
    return _temperature(logs[doubtful], planted_logs, kind) if doubtful.sum() >= _LEAST_DOUBTFUL else 1.0


def _suspicious(logs):
    return posterior(logs, np.ones(logs.shape[1]))[:, 0] < 0.02


def _temperature(doubtful, planted, kind):
    logs = np.concatenate([doubtful, planted])
    return fit_temperature(logs, np.concatenate([np.zeros(len(doubtful), dtype=int), kind]), doubt=0.05)
