"""What became of a generator, in a word, from figures that need no label."""

import math
from collections.abc import Collection

__all__ = ["COLLAPSED", "REPEATING", "RESEMBLING", "name_outcome"]

# A generator has collapsed when this much of the data lies where it hardly draws: of ten digits, three.
COLLAPSED = 0.25
# Of a perfect sampler's share of samples that resemble a real row: with less, the samples are not of the data's kind.
RESEMBLING = 0.1
# It repeats itself when it seems to know fewer than this part of as many things as it was shown.
REPEATING = 0.25


def name_outcome(
    missing_share: float,
    *,
    resembling: float = math.nan,
    expected: float = math.nan,
    support: float = math.inf,
    n_real: int = 0,
    known: bool = False,
    failed: Collection[str] = (),
) -> str:
    """A generator in a word.

    Parameters
    ----------
    missing_share : float
        Of the real rows, those in bins that the samples hardly reach.
    resembling, expected : float
        Share of the samples that resemble a real row, and what it is for real rows; NaN where it was not measured.
    support : float
        How many different things, equally likely, would repeat as often as the samples do.
    n_real : int
        Rows of the data.
    known : bool, default=False
        Whether it drew the data at an earlier time: samples that resembled it, or reached most of it.
    failed : collection of str, default=()
        Parts of the verdict that samples did not pass, see :class:`VerdictPart`.

    Returns
    -------
    str
        The first of these that holds: ``"collapsed"`` (a quarter of the data or more is missing, by a generator that
        draws the data, or once did, or whose samples repeat themselves), ``"undertrained"`` (as much, by one that never
        drew anything like the data, but many different things), ``"copied"`` (more samples than chance allows are
        copies), ``"partial"`` (less is missing, or shares are not the data's), ``"distinguishable"`` (all is reached,
        and single samples can be told from real images), ``"complete"`` (nothing speaks against the samples).

    Examples
    --------
    >>> name_outcome(0.5, resembling=0.7, expected=0.8), name_outcome(0.98, resembling=0.0, expected=0.8)
    ('collapsed', 'undertrained')
    >>> name_outcome(0.98, resembling=0.0, expected=0.8, support=3.0, n_real=1000), name_outcome(0.1)
    ('collapsed', 'partial')
    >>> [name_outcome(0.0, failed=failed) for failed in ([], ["fidelity"], ["originality", "fidelity"])]
    ['complete', 'distinguishable', 'copied']
    """
    if missing_share < COLLAPSED:
        if "originality" in failed:
            return "copied"
        if missing_share > 0 or "coverage" in failed:
            return "partial"
        return "distinguishable" if "fidelity" in failed else "complete"
    # What was not measured is no evidence against having learnt.
    draws = not resembling < RESEMBLING * expected
    return "collapsed" if draws or known or support < REPEATING * n_real else "undertrained"
