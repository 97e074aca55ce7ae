"""Abstention thresholds: how sure of a kind the identifier has to be, from its predictions on planted corruptions.

A confident identifier still calls some clean images flipped: handwriting holds letters that look so. Of a kind that is
really in the set, most images are predicted with high confidence, as planted ones are; of a kind that is not, most
predictions are uncertain. So the number of confident predictions gives the number to expect in all; where more are
found than that, the rest are false alarms and are left alone. And where most of what is named one kind is named with
little confidence, the set holds images that look so by themselves, and those few of which the identifier is sure are
among them: a third of the letters that it was sure to have been turned were letters of a careless hand.

Only a doubt between clean and turned tells of such images: that an image may be turned to the left as well as to the
right says nothing of sound ones. So what is hardly clean at all is sure, however sure the name.

Which kinds sound images resemble by themselves is in part known, of any set: a slanted hand, a broken stroke. In part
it is measured on the set: those of which the independent check cannot tell many repairs from repairs of sound images.
No pen writes speckle, but cloth may be woven so.
"""

import numpy as np

from toolkit.corruption import FAMILIES

__all__ = ["abstention_thresholds", "kinds_worth_learning", "least_confidence"]

# Kinds that clean images may resemble in any set; and the sensitivity of the independent check below which another kind
# counts among them. In nine audits of tuning sets speckle, shot noise and stripes are below it, other noise, blur and
# tones at .8 to 1. To ask for four rows and a confidence of .8 of these cost 7 of 3,468 right repairs; of eight sound
# clothes that were changed, in four audits, four are left alone.
# Stripes are no broken stroke: whether a set has them by itself is for that check to say.
_RESEMBLED, _UNLIKE, _TOLD = ("geometry", "occlusion"), ("stripe",), 0.75
# Of those that leave no trace but what is shown, and of those measured, the identifier has to be as sure as that of a
# row to repair it; and of the former, of this share of all rows that it names so to repair any of them.
_TRACELESS = ("rotate_90", "rotate_180", "rotate_270", "flip_horizontal", "flip_vertical", "transpose", "occlude")
_SURE, _SURE_SHARE = 0.8, 0.5
# Or to find it clean with less than this probability, and of the former this share of all rows. Of glyphs that are
# named a quarter turn four in 25 are named so with .8, but 21 are clean with less than .01; of letters, which do lie on
# their sides, 21 of 48.
_HARDLY_CLEAN, _HARDLY_SHARE = 0.01, 0.75
# So many may look so by themselves in any set: where none was seen, three is the 95 % bound of the count to expect.
# Without it three zeros wider than high, of 600 digits, were transposed in six of eight audits.
_UNSEEN = 3.0
# More rows than expected that are still put down to chance: a share, and standard deviations of a count.
_SLACK, _DEVIATIONS = 0.5, 2.0
# Never repair what is rather clean, nor what is less certain than all but a few of the planted ones.
_HIGHEST, _FEW = 0.5, 0.05
# Clean probabilities below this count as confident predictions; the second holds for kinds that nothing clean
# resembles.
_CONFIDENT, _RATHER_CONFIDENT = 1e-3, 0.05


def resembled(kind, sensitivity=1.0):
    """Whether sound images may look like a kind by themselves.

    Parameters
    ----------
    kind : str
    sensitivity : float, default=1.0
        Share of planted repairs that the independent check tells from repairs of sound images.

    Returns
    -------
    bool

    Examples
    --------
    >>> resembled("shear"), resembled("stripe"), resembled("stripe", 0.5)
    (True, False, True)
    """
    return (FAMILIES.get(kind) in _RESEMBLED and kind not in _UNLIKE) or sensitivity < _TOLD


def abstention_thresholds(found, planted, sensitivity, *, min_confidence, max_clean_changed):
    """Highest clean probability at which a row predicted as a kind is repaired, for each kind.

    Parameters
    ----------
    found : DataFrame
        Findings on the set.
    planted : dict of str to DataFrame
        Findings on images in which that kind was planted.
    sensitivity : dict of str to float
        Of the independent check, for each of these kinds.
    min_confidence : float
        Least probability of the named kind.
    max_clean_changed : float
        Share of the clean images that may be taken for a kind with high confidence.

    Returns
    -------
    dict of str to float
        0 where the restorer abstains altogether.
    """
    n_clean = float(found["clean_probability"].sum())
    thresholds = {}
    for kind, findings in planted.items():
        here = np.sort(_named(found, kind, min_confidence))
        there = np.sort(_named(findings, kind, min_confidence))
        thresholds[kind] = 0.0
        if not len(here) or not len(there) or not _mostly_sure(found, kind):
            continue
        lookalikes = resembled(kind, sensitivity[kind])
        confidence = _CONFIDENT if lookalikes else _RATHER_CONFIDENT
        middle = max(there[(len(there) - 1) // 2], confidence)
        resembling = _resembling(n_clean, max_clean_changed) if lookalikes else 0.0
        confident = np.searchsorted(here, middle, side="right") - resembling
        total = max(confident, 0.0) / np.searchsorted(there, middle, side="right")  # for each planted one
        expected = total * np.searchsorted(there, here, side="right")
        observed = np.arange(1, len(here) + 1)
        plausible = observed <= (1 + _SLACK) * expected + _DEVIATIONS * np.sqrt(expected)
        if plausible.any():
            least_certain = max(np.quantile(there, 1 - _FEW), confidence, _HARDLY_CLEAN)
            thresholds[kind] = float(min(here[np.flatnonzero(plausible)[-1]], least_certain, _HIGHEST))
    return thresholds


def kinds_worth_learning(found, kinds, *, min_confidence, max_clean_changed):
    """Those of the kinds for which :func:`abstention_thresholds` may be above 0, whatever is planted.

    Parameters
    ----------
    found : DataFrame
        Findings on the set.
    kinds : sequence of str
    min_confidence, max_clean_changed : float

    Returns
    -------
    tuple of str
    """
    n_clean = float(found["clean_probability"].sum())
    return tuple(
        kind
        for kind in kinds
        if len(_named(found, kind, min_confidence)) > resembled(kind) * _resembling(n_clean, max_clean_changed)
        and _mostly_sure(found, kind)
    )


def least_confidence(kinds, clean, min_confidence, sensitivity):
    """The probability with which each of the kinds has to be named.

    Parameters
    ----------
    kinds : ndarray of str of shape (n,)
    clean : ndarray of shape (n,)
        Probabilities of being clean.
    min_confidence : float
    sensitivity : dict of str to float
        Of the independent check, for kinds that can be undone.

    Returns
    -------
    ndarray of shape (n,)
    """
    untold = np.isin(kinds, [kind for kind, share in sensitivity.items() if share < _TOLD and kind not in _TRACELESS])
    careful = untold | (np.isin(kinds, _TRACELESS) & (clean >= _HARDLY_CLEAN))
    return np.where(careful, max(min_confidence, _SURE), min_confidence)


def _mostly_sure(found, kind):
    """Whether the rows that are named a kind that leaves no trace are damaged without a doubt, by and large."""
    if kind not in _TRACELESS:
        return True
    mine = found.loc[found["kind"] == kind, ["probability", "clean_probability"]].astype(float)
    sure, hardly = (mine["probability"] >= _SURE).mean(), (mine["clean_probability"] < _HARDLY_CLEAN).mean()
    return bool(sure >= _SURE_SHARE or hardly >= _HARDLY_SHARE)


def _resembling(n_clean, max_clean_changed):
    """So many clean images may be taken with high confidence for a kind that they resemble."""
    return max(max_clean_changed * n_clean, _UNSEEN) if max_clean_changed else 0.0


def _named(findings, kind, min_confidence):
    """Clean probabilities of the rows that are named ``kind`` with enough confidence."""
    mine = (findings["kind"] == kind) & (findings["probability"] >= min_confidence)
    return findings.loc[mine, "clean_probability"].to_numpy(dtype=float)
