"""Two witnesses of one fault: a statistic of the pixels, and what the network of patches says.

They err on different pictures: a statistic of noise takes gravel for noise, the network a weave for a moire. So what
counts is what both say together, as log odds: of each in units of what it says of sound images of the set, and of the
network's word as it is. All faults have one price in that coin. A statistic that is beyond doubt needs no second
witness, and one that denies a fault is believed.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.audit._everyday_calibration import FEWEST, NORMAL, SHAPE, Levels, levels

__all__ = [
    "WITNESSES",
    "Witnesses",
    "doubted",
    "heard",
    "joined_departure",
    "one_of_a_family",
    "without_the_explained",
]

# fault: which of the network's damages is the same. A dead line crosses few of the patches: the statistic of whole
# lines tells it alone.
WITNESSES = {
    "dark": "dark",
    "overexposed": "overexposed",
    "clipped": "clip_contrast",
    "low_contrast": "low_contrast",
    "colour_cast": "colour_cast",
    "blurred": "gaussian_blur",
    "motion_blur": "motion_blur",
    "noisy": "noise",
    "hot_pixels": "hot_pixels",
    "jpeg_blocks": "jpeg",
    "scaled_up": "scaled_up",
    "pixelated": "pixelate",
}
# What the network may explain a picture by, all together, for a verdict of what is merely unusual in the set: a
# statistic of noise takes fur, gravel and weaves for noise.
_EXPLANATIONS = {"noisy": ("noise", "salt_and_pepper", "hot_pixels")}
_EXPLAINED = 0.7  # probability of these
# Of the grid of pixels the network's word counts by itself, whatever is usual in the set: log ratio below which it
# denies a fault.
_GRID = ("noisy", "hot_pixels", "jpeg_blocks", "scaled_up", "pixelated")
_UNLIKELY = -1.0
_FAR_OUT = 2.0  # levels: what the network says so much more than of sound images of the set is believed all the same
_LEAST = 0.5  # of a log ratio: smaller differences between images mean nothing
_MOST = 3.0  # levels by which one witness can speak for or against a fault
_NOT_DENIED = 0.5  # levels
_CONFIRMED = 0.5  # probability from which a fault explains others
_LIKELY = 0.2  # probability from which the network's choice within a family counts
_FAMILIES = (
    ("blurred", "motion_blur", "scaled_up", "pixelated", "jpeg_blocks"),
    ("overexposed", "clipped", "low_contrast", "dark"),
)
# Of the levels and of the tones of a picture the network's word alone says less than of the grid of its pixels.
_TONES = ("dark", "overexposed", "clipped", "low_contrast", "colour_cast")
# Log odds of a fault: of what the statistic says, of what the network says, both in levels, of the network's log ratio
# as it is, and a constant; to a tenth as ``benchmarks/witness_weights.py`` fits them,
# which prints what depends on which set.
_WEIGHTS = {False: (2.0, 1.8, 1.1, -3.0), True: (1.7, 2.8, 0.4, -3.9)}
_PRICE = 1.0  # log odds below which nothing is a verdict
_UNIT = 4.0  # of log odds in a departure: a score is then the probability
# Sets differ in how far the log odds of their sound images reach: twenty times the fault's rate, since they are no
# single statistic any more; where many images have the fault, with a normal tail.
_LENIENT = 20.0
_MANY = 0.05
_STRONG = 2.0  # log ratio from which, with the statistic, an image is left aside where the usual is learnt
_SPOKEN = 1.0  # log ratio from which the network supports what the statistic is sure of, usual in the set or not
_UNUSUAL = 0.5  # of the level: what is less unusual in the set is never beyond doubt for that alone


def _in_levels(values: NDArray, usual: Levels, bounds: tuple[float, float], least: float) -> NDArray:
    """How far values are above the middle, 1 being the level that sound images exceed at the rate."""
    level = np.clip(usual.level, *bounds)
    return np.clip((values - usual.middle) / np.maximum(level - usual.middle, least), -_MOST, _MOST)


def _set_aside(statistic: NDArray, network: NDArray, never: float, both: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Images that both witnesses hold for faulty by themselves; up to half of a set, they do not say what is usual."""
    faulty = both & (network >= _STRONG) & (statistic > never)
    return faulty if faulty.sum() < 0.5 * both.sum() else np.zeros(len(network), dtype=bool)


def doubted(fault: str, statistics: pd.DataFrame) -> NDArray[np.bool_]:
    """Of which images the network's own words speak against a fault, whatever is usual in the set.

    Parameters
    ----------
    fault : str
        Of ``WITNESSES``.
    statistics : DataFrame
        With what the network says of each image.

    Returns
    -------
    ndarray of bool of shape (n_samples,)
    """
    against = np.zeros(len(statistics), dtype=bool)
    if fault in _GRID:
        against |= statistics[f"damage_{WITNESSES[fault]}"].to_numpy(dtype=np.float64) < _UNLIKELY
    names = [f"share_{name}" for name in _EXPLANATIONS.get(fault, ()) if f"share_{name}" in statistics]
    if names:
        # A picture may be light and noisy: what its tones explain is not in question.
        of_tones = [f"share_{WITNESSES[tone]}" for tone in _TONES if f"share_{WITNESSES[tone]}" in statistics]
        in_question = 1 - statistics[of_tones].to_numpy(dtype=np.float64).sum(axis=1)
        against |= statistics[names].to_numpy(dtype=np.float64).sum(axis=1) < _EXPLAINED * in_question
    return against


@dataclass(frozen=True)
class Witnesses:
    """What both say of each image, in levels (1: what sound images of the set exceed at the rate), and what is usual.

    ``held`` are the images from which that was learnt.
    """

    first: NDArray
    second: NDArray
    of_statistic: Levels
    of_network: Levels
    held: NDArray[np.bool_]


def heard(
    statistic: NDArray, network: NDArray, neighbours: NDArray | None, rate: float, never: float, always: float
) -> Witnesses | None:
    """Both witnesses in units of what sound images of the set show; parameters as of :func:`joined_departure`."""
    both = np.isfinite(statistic) & np.isfinite(network)
    if both.sum() < FEWEST:
        return None
    least = 1e-3 * max(1.0, float(np.abs(statistic[both]).max()))
    held = both & ~_set_aside(statistic, network, never, both)
    of_statistic = levels(np.where(held, statistic, np.nan), neighbours, rate)
    of_network = levels(np.where(held, network, np.nan), neighbours, rate)
    first = _in_levels(statistic, of_statistic, (never, always), least)
    second = _in_levels(network, of_network, (-np.inf, np.inf), _LEAST)
    first, second = (np.where(both, levels_said, np.nan) for levels_said in (first, second))
    return Witnesses(first, second, of_statistic, of_network, held)


def joined_departure(
    statistic: NDArray,
    network: NDArray,
    neighbours: NDArray | None,
    rate: float,
    never: float,
    always: float,
    against: NDArray[np.bool_] | None = None,
    *,
    fault: str = "",
    by_nature: bool = False,
) -> NDArray | None:
    """Log odds of a fault by both, 0 at the level of the verdict, in units of four.

    Parameters
    ----------
    statistic, network : ndarray of shape (n_samples,)
        Of more suspicious images higher; NaN where one says nothing.
    neighbours : ndarray or None
        As of :func:`toolkit.audit._everyday_calibration.context_neighbours`.
    rate : float
        Of sound images, that may be flagged.
    never, always : float
        Of the statistic: where no image has the fault, and from where on each has.
    against : ndarray of bool of shape (n_samples,), default=None
        As of :func:`doubted`: these are not flagged for what is unusual alone.
    fault : str, default=""
        Of ``WITNESSES``: of tones both are weighed otherwise.
    by_nature : bool, default=False
        Whether a whole set may be like that as it should be.

    Returns
    -------
    ndarray of shape (n_samples,) or None
        None where too few images have both; NaN where one has neither.
    """
    said = heard(statistic, network, neighbours, rate, never, always)
    if said is None:
        return None
    of_tone = fault in _TONES
    weights = _WEIGHTS[of_tone]
    odds = weights[0] * said.first + weights[1] * said.second + weights[2] * network + weights[3]
    n_both = np.isfinite(odds).sum()
    many = not of_tone and n_both - said.held.sum() > _MANY * n_both
    reached = levels(np.where(said.held, odds, np.nan), None, min(_LENIENT * rate, 0.1), NORMAL if many else SHAPE)
    departure = (odds - np.maximum(reached.level, _PRICE)) / _UNIT
    # Of what the statistic is sure about, the network need not be sure as well; it must not find it unlikely. Where it
    # says the same of most of a set that may be so, only what it says more of an image counts.
    silent = network <= _SPOKEN
    if by_nature:
        silent |= said.of_network.middle > _SPOKEN
    denied = silent & (said.second < _NOT_DENIED)
    sure = (statistic >= always) & ~denied
    if by_nature:
        usual = said.of_statistic
        sure &= statistic >= usual.middle + _UNUSUAL * (usual.level - usual.middle)
    if against is not None:
        denied = denied | (against & ~sure & (said.second < _FAR_OUT))
    denied = denied | (statistic <= never)
    departure = np.where(sure, np.maximum(departure, 0) + 1e-3, departure)
    return np.where(denied, np.minimum(departure, -1e-3), departure)


# What is flagged because of another fault is not said beside it.
_EXPLAINS = {
    "dark": ("low_information", "screenshot", "occluded"),
    "overexposed": ("low_information", "screenshot", "occluded", "hot_pixels", "blank"),
    "clipped": ("low_information", "screenshot", "occluded", "hot_pixels"),
    "low_contrast": ("low_information", "screenshot", "occluded"),
    "pixelated": ("low_information", "screenshot", "occluded"),
    "jpeg_blocks": ("low_information", "screenshot", "occluded"),
    "framed": ("screenshot", "occluded"),
    "half_decoded": ("low_information", "screenshot", "occluded", "jpeg_blocks", "pixelated"),
}


def without_the_explained(flagged: pd.DataFrame, statistics: pd.DataFrame) -> pd.DataFrame:
    """Verdicts without those that follow from another one which the network confirms.

    Parameters
    ----------
    flagged : DataFrame of bool
    statistics : DataFrame
        With what the network says, or without: then nothing changes.

    Returns
    -------
    DataFrame of bool
    """
    flagged = flagged.copy()
    for fault, explained in _EXPLAINS.items():
        column = f"share_{WITNESSES.get(fault, '')}"
        if fault not in flagged or "share_noise" not in statistics:
            continue
        sure = flagged[fault].to_numpy()
        if column in statistics:
            sure = sure & (statistics[column].to_numpy(dtype=np.float64) >= _CONFIRMED)
        for name in explained:
            if name in flagged:
                flagged[name] &= ~sure
    return flagged


def one_of_a_family(flagged: pd.DataFrame, statistics: pd.DataFrame) -> pd.DataFrame:
    """Verdicts of which one of each family stays: what is scaled up is blurred as well, and is called the former.

    Parameters
    ----------
    flagged : DataFrame of bool
        A column a fault.
    statistics : DataFrame
        With what the network says of each image, or without: then nothing changes.

    Returns
    -------
    DataFrame of bool
    """
    flagged = flagged.copy()
    for family in _FAMILIES:
        names = [name for name in family if name in flagged and f"share_{WITNESSES[name]}" in statistics]
        if len(names) < 2:
            continue
        said = np.nan_to_num(statistics[[f"share_{WITNESSES[name]}" for name in names]].to_numpy(dtype=np.float64))
        verdicts = flagged[names].to_numpy()
        said = np.where(verdicts, said, -1)
        likeliest = said.argmax(axis=1)
        several = (verdicts.sum(axis=1) > 1) & (said.max(axis=1) >= _LIKELY)
        flagged[names] = np.where(several[:, None], np.arange(len(names)) == likeliest[:, None], verdicts)
    return flagged
