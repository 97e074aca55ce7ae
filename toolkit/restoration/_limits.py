"""How sure is sure enough? A limit for each kind, from what planted corruptions look like to the identifier.

A confident identifier still calls some clean images flipped: handwriting holds letters that look so. Of a kind that is
really there, most images are found with hardly a doubt, as planted ones are; of a kind that is not there, what is found
is mostly doubtful. So the undoubted half tells how many there should be in all, and where more are found than that, the
rest is false alarm and is left alone.
"""

import numpy as np

from toolkit.corruption import FAMILIES

__all__ = ["touch_limits"]

# Kinds that clean images may resemble by themselves: a slanted hand, a broken stroke. No pen writes noise.
_RESEMBLED = ("geometry", "occlusion")
# More rows than expected that are still put down to chance: a share, and standard deviations of a count.
_SLACK, _DEVIATIONS = 0.5, 2.0
# Never touch what is rather clean, nor what is more doubtful than all but a few of the planted ones.
_HIGHEST, _FEW = 0.5, 0.05
# Below this there is no doubt: how many zeros follow says nothing. Of kinds that nothing clean resembles, little doubt.
_NO_DOUBT, _LITTLE_DOUBT = 1e-3, 0.05


def touch_limits(found, planted, *, min_confidence, max_clean_changed):
    """Highest clean probability at which a row named so may be touched, for each kind.

    Parameters
    ----------
    found : DataFrame
        Findings on the set.
    planted : dict of str to DataFrame
        Findings on images in which that kind was planted.
    min_confidence : float
        Least probability of the named kind.
    max_clean_changed : float
        Share of the clean images that may resemble a kind without any doubt.

    Returns
    -------
    dict of str to float
        0 where nothing may be touched.
    """
    n_clean = float(found["clean_probability"].sum())
    limits = {}
    for kind, findings in planted.items():
        here = np.sort(_named(found, kind, min_confidence))
        there = np.sort(_named(findings, kind, min_confidence))
        limits[kind] = 0.0
        if not len(here) or not len(there):
            continue
        resembled = FAMILIES.get(kind) in _RESEMBLED
        middle = max(there[(len(there) - 1) // 2], _NO_DOUBT if resembled else _LITTLE_DOUBT)
        resembling = max_clean_changed * n_clean if resembled else 0.0
        undoubted = np.searchsorted(here, middle, side="right") - resembling
        total = max(undoubted, 0.0) / np.searchsorted(there, middle, side="right")  # for each planted one
        expected = total * np.searchsorted(there, here, side="right")
        observed = np.arange(1, len(here) + 1)
        plausible = observed <= (1 + _SLACK) * expected + _DEVIATIONS * np.sqrt(expected)
        if plausible.any():
            doubtful = max(np.quantile(there, 1 - _FEW), _NO_DOUBT if resembled else _LITTLE_DOUBT)
            limits[kind] = float(min(here[np.flatnonzero(plausible)[-1]], doubtful, _HIGHEST))
    return limits


def _named(findings, kind, min_confidence):
    """Clean probabilities of the rows that are named ``kind`` with enough confidence."""
    mine = (findings["kind"] == kind) & (findings["probability"] >= min_confidence)
    return findings.loc[mine, "clean_probability"].to_numpy(dtype=float)
