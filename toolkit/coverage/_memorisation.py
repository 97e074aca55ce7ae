"""Were samples drawn, or copied from the training images?"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest, mannwhitneyu

from toolkit._core.floating_point import usual_floating_point
from toolkit.coverage._duplicates import recurring_share
from toolkit.coverage._neighbours import nearest
from toolkit.coverage._rows import check_rows, check_two_samples

__all__ = ["MemorisationCheck", "memorisation"]


@dataclass(frozen=True)
class MemorisationCheck:
    """What :func:`memorisation` finds.

    Parameters
    ----------
    copied_share : float
        Share of samples that equal a training row, or are nearer to one than ``level`` of the distinct real rows are.
    exact_share : float
        Share of samples that equal a training row.
    level : float
        What ``copied_share`` is for real rows never trained on, where none of them equals a training row.
    n_duplicates : int
        Training rows that equal an earlier one.
    p_value : float
        That so many copies come by chance (one-sided binomial test).
    closeness : float
        Chance that a sample is nearer to its training row than a real row is to its own; 0.5 is what real rows have.
        High values with few copies say that samples are smoother or plainer than the data.
    closeness_p_value : float
        One-sided Mann-Whitney test of it.
    threshold : float
        Distance below which a sample counts as a copy.
    distances, nearest_rows : ndarray of shape (n_samples,)
        Distance of each sample to its nearest training row, and which one that is.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.coverage import memorisation
    >>> train = np.random.default_rng(0).normal(size=(100, 5))
    >>> check = memorisation(train[[7, 3, 3]], train)
    >>> check.exact_share, check.nearest_rows.tolist(), check.clean
    (1.0, [7, 3, 3], False)
    """

    copied_share: float
    exact_share: float
    level: float
    n_duplicates: int
    p_value: float
    closeness: float
    closeness_p_value: float
    threshold: float
    distances: NDArray[np.float64]
    nearest_rows: NDArray[np.intp]

    @property
    def clean(self) -> bool:
        """Whether no more copies were found than chance explains, at 1 %."""
        return self.p_value >= 0.01


@usual_floating_point
def memorisation(
    samples: ArrayLike, train: ArrayLike, *, held_out: ArrayLike | None = None, level: float = 0.01
) -> MemorisationCheck:
    """Compare distances to the nearest training row with those that real rows have.

    Parameters
    ----------
    samples : array-like of shape (n_samples, n_features)
    train : array-like of shape (n_train, n_features)
        What the generator was trained on.
    held_out : array-like of shape (n_held_out, n_features), optional
        Real rows that it was not trained on. Without them, each distinct training row is compared with all the others,
        which is the same thing by exchangeability.
    level : float, default=0.01
        Share of real rows that pass as copies.

    Returns
    -------
    MemorisationCheck

    Notes
    -----
    Repeats within the training rows are at a distance of 0 from each other, and say nothing of how near two pictures
    come: the threshold is taken over distinct rows. How often a fresh row equals a training row by chance comes from
    the held-out rows, or from how often training rows recur.

    References
    ----------
    .. [1] C. Meehan, K. Chaudhuri and S. Dasgupta, A non-parametric test to detect data-copying in generative models,
       AISTATS 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.coverage import memorisation
    >>> rng = np.random.default_rng(0)
    >>> train = rng.normal(size=(500, 5))
    >>> memorisation(rng.normal(size=(500, 5)), train).clean, memorisation(train[:100] + 1e-6, train).clean
    (True, False)
    """
    samples, train = check_two_samples("samples", samples, "train", train)
    if not 0 < level < 1:
        raise ValueError(f"level must be a number between 0 and 1, got {level!r}.")
    things, which = np.unique(train, axis=0, return_inverse=True)
    if held_out is None:
        check_rows("train", train, at_least=2)
        recurring = recurring_share(which.ravel())
        usual = nearest(things, things)[0][:, 0] if len(things) > 1 else np.zeros(1)
    else:
        held_out, train = check_two_samples("held_out", held_out, "train", train)
        usual = nearest(held_out, train)[0][:, 0]
        recurring = float((usual == 0).mean())
        usual = usual[usual > 0] if recurring < 1 else np.zeros(1)
    found_distances, found_rows = nearest(samples, train)
    distances, rows = found_distances[:, 0], found_rows[:, 0]
    threshold = float(np.quantile(usual, level))
    # As many real rows as have it: distances that are equal raise the share that is usual.
    near = min(1.0, max(level, float((usual <= threshold).mean())))
    n_copied = int((distances <= threshold).sum())
    # The usual shares are estimates themselves: shrunken counts, as if a few more copies were usual.
    recurring, near = (
        min(1.0, share + 2.0 * np.sqrt(share * (1.0 - share) / n))
        for share, n in ((recurring, len(train if held_out is None else held_out)), (near, len(usual)))
    )
    usual_share = min(1.0, recurring + (1.0 - recurring) * near)
    rank = mannwhitneyu(distances, usual, alternative="less")
    return MemorisationCheck(
        copied_share=n_copied / len(samples),
        exact_share=float((distances == 0).mean()),
        level=level,
        n_duplicates=len(train) - len(things),
        p_value=float(binomtest(n_copied, len(samples), usual_share, alternative="greater").pvalue),
        closeness=float(1.0 - rank.statistic / (len(distances) * len(usual))),
        closeness_p_value=float(rank.pvalue),
        threshold=threshold,
        distances=distances,
        nearest_rows=rows,
    )
