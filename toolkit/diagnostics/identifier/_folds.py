"""Which network of the ensemble may see which row, so that every calibration can come from one that did not.

Three sorts of rows. Those *held back* are seen by no member: novelty, and the temperature between rounds, are fitted
to them. The others are divided into folds, one a member, which alone is shown them as clean. Of every other fold a
member may plant in most rows, but for a part that is *held out* from it altogether: what it says of these rows, as they
came and with something planted in them, tells how much it knows (``CorruptionIdentifier.competence_``).
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["MIN_CROSS_FITTED", "MIN_HELD_BACK", "Folds", "make_folds", "unseen_folds"]

# Below so many rows nothing is held back for calibration, and below so many there is one member and nothing to measure.
MIN_HELD_BACK, MIN_CROSS_FITTED = 500, 300
# Rows on which competence is measured, where there are so many.
_MEASURED = 1600


@dataclass(frozen=True)
class Folds:
    """Rows by the members that may see them.

    Attributes
    ----------
    fold : ndarray of int of shape (n,)
        The member that may be shown a row as clean; -1 for rows held back.
    held_out : ndarray of bool of shape (n_members, n)
        Rows that a member never sees, neither as they are nor with something planted in them.
    """

    fold: np.ndarray
    held_out: np.ndarray

    @property
    def shown(self):
        """Rows that each member may be shown as clean."""
        return self.fold == np.arange(len(self.held_out))[:, None]

    @property
    def judges(self):
        """Whose word on a row counts: the members that were not shown it as clean (the only one, if it is alone)."""
        return ~self.shown if len(self.held_out) > 1 else np.ones_like(self.held_out)

    @property
    def held_back(self):
        """Rows that no member sees."""
        return self.fold < 0

    @property
    def measured(self):
        """Rows that at least one member never sees."""
        return self.held_out.any(axis=0)


def make_folds(n_samples, n_members, generator):
    """Divide ``n_samples`` rows among ``n_members`` members.

    Parameters
    ----------
    n_samples, n_members : int
    generator : numpy.random.Generator

    Returns
    -------
    Folds
    """
    held_back = np.zeros(n_samples, dtype=bool)
    if n_samples >= MIN_HELD_BACK:
        # A member that is alone has nobody to judge what it was shown: enough is kept from it to measure it by.
        n_back = min(n_samples // 10, 1500) if n_members > 1 else min(n_samples // 2, _MEASURED)
        held_back[generator.choice(n_samples, n_back, replace=False)] = True
    fold = np.where(held_back, -1, generator.permutation(n_samples) % n_members)
    held_out = np.repeat(held_back[None], n_members, axis=0)
    if n_members > 1:
        # From each member the same number of rows of others' folds, until enough can be judged by one that never saw
        # them. In a small set that is all of them: each member then has its own fold and nothing else.
        wanted = -(-max(_MEASURED - int(held_back.sum()), 0) // n_members)
        for member in range(n_members):
            others = np.flatnonzero((fold >= 0) & (fold != member) & ~held_out.any(axis=0))
            held_out[member, others[:wanted]] = True
    return Folds(fold, held_out)


def unseen_folds(n_samples):
    """Folds of one network that learns from none of ``n_samples`` rows: nobody has seen anything."""
    return Folds(np.full(n_samples, -1), np.ones((1, n_samples), dtype=bool))
