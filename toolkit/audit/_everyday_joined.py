"""Two witnesses of one fault: a statistic of the pixels, and what the network of patches says.

They err on different pictures: a statistic of noise takes gravel for noise, the network a weave for a moire. So what
counts is what both say together, in units of what each of them says of sound images of the set. A statistic that is
beyond doubt needs no second witness, and one that denies a fault is believed.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit.audit._everyday_calibration import FEWEST, Levels, levels

__all__ = [
    "AFFIRMED_RATE",
    "WITNESSES",
    "affirmed",
    "doubted",
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
TONE = ("dark", "overexposed", "clipped", "low_contrast", "colour_cast")
_UNLIKELY = -1.0
_FAR_OUT = 2.0  # levels: what the network says so much more than of sound images of the set is believed all the same
# Where it affirms the fault by itself, seven times as many may be unusual: it is right about that more often.
_SEEN = (*_GRID, "blurred", "motion_blur")
_LIKELIER = 0.5  # log ratio
AFFIRMED_RATE = 7.0
_LEAST = 0.5  # of a log ratio: smaller differences between images mean nothing
_MOST = 3.0  # levels by which one witness can speak for or against a fault
_NOT_DENIED = 0.5  # levels
_CONFIRMED = 0.5  # probability from which a fault explains others
_LIKELY = 0.2  # probability from which the network's choice within a family counts
_FAMILIES = (
    ("blurred", "motion_blur", "scaled_up", "pixelated", "jpeg_blocks"),
    ("overexposed", "clipped", "low_contrast", "dark"),
)
_GRID_WEIGHTS = (1.8, 3.0, 1.0, -3.3)
_TONE_WEIGHTS = (1.2, 3.2, 0.45, -4.4)
_PRICE = 1.0
_UNIT = 4.0
_ASIDE = 2.0
_SPOKEN = 1.0
_UNUSUAL = 0.5
_MANY = 0.05
ADAPT = True
_FACTOR = 20.0
_TAIL = 1.45
_AGREED = 1.0  # sum of both, each in units of its own level, below which nothing is a verdict


def _in_levels(values: NDArray, usual: Levels, bounds: tuple[float, float], least: float) -> NDArray:
    """How far values are above the middle, 1 being the level that sound images exceed at the rate."""
    level = np.clip(usual.level, *bounds)
    return np.clip((values - usual.middle) / np.maximum(level - usual.middle, least), -_MOST, _MOST)


def _set_aside(statistic: NDArray, network: NDArray, never: float, both: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Images that both witnesses hold for faulty by themselves, where these are many and yet not the most of the set."""
    affirmed_by_both = both & (network >= _ASIDE) & (statistic > never)
    share = affirmed_by_both.sum() / both.sum()
    return affirmed_by_both if share < 0.5 else np.zeros(len(network), dtype=bool)


def affirmed(fault: str, statistics: pd.DataFrame) -> NDArray[np.bool_]:
    """Of which images the network says by itself that they have a fault of the grid or of sharpness.

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
    if fault not in _SEEN:
        return np.zeros(len(statistics), dtype=bool)
    return statistics[f"damage_{WITNESSES[fault]}"].to_numpy(dtype=np.float64) >= _LIKELIER


def doubted(fault: str, statistics: pd.DataFrame) -> NDArray[np.bool_]:
    """Of which images its own words speak against a fault, likewise."""
    against = np.zeros(len(statistics), dtype=bool)
    if fault in _GRID:
        against |= statistics[f"damage_{WITNESSES[fault]}"].to_numpy(dtype=np.float64) < _UNLIKELY
    names = [f"share_{name}" for name in _EXPLANATIONS.get(fault, ()) if f"share_{name}" in statistics]
    if names:
        against |= statistics[names].to_numpy(dtype=np.float64).sum(axis=1) < _EXPLAINED
    return against


def joined_departure(
    statistic: NDArray,
    network: NDArray,
    neighbours: NDArray | None,
    rate: float,
    never: float,
    always: float,
    against: NDArray[np.bool_] | None = None,
    *,
    tone: bool = False,
    known: bool = True,
    by_nature: bool = False,
) -> NDArray | None:
    """Evidence of both, 0 at the level of the verdict, in units of what lies between it and a typical image.

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

    Returns
    -------
    ndarray of shape (n_samples,) or None
        None where too few images have both; NaN where one has neither.
    """
    both = np.isfinite(statistic) & np.isfinite(network)
    if both.sum() < FEWEST:
        return None
    least = 1e-3 * max(1.0, float(np.abs(statistic[both]).max()))
    aside = _set_aside(statistic, network, never, both)
    held = both & ~aside
    of_statistic = levels(np.where(held, statistic, np.nan), neighbours, rate)
    of_network = levels(np.where(held, network, np.nan), neighbours, rate)
    first = _in_levels(statistic, of_statistic, (never, always), least)
    second = _in_levels(network, of_network, (-np.inf, np.inf), _LEAST)
    first, second = np.where(both, first, np.nan), np.where(both, second, np.nan)
    weights = _TONE_WEIGHTS if tone else _GRID_WEIGHTS
    odds = weights[0] * first + weights[1] * second + weights[2] * network + weights[3]
    many = not tone and aside.sum() > _MANY * both.sum()
    usual = levels(np.where(held, odds, np.nan), None, min(_FACTOR * rate, 0.1) if known else rate, _TAIL if many else 1.1)
    level = np.maximum(usual.level, _PRICE) if ADAPT else _PRICE
    departure = (odds - level) / _UNIT
    # Of what the statistic is sure about, the network need not be sure as well; it must not find it unlikely.
    denied = (network <= _SPOKEN) & (second < _NOT_DENIED)
    sure = (statistic >= always) & ~denied
    if by_nature:  # no image is beyond doubt for being what is usual in the set
        sure &= statistic >= of_statistic.middle + _UNUSUAL * (of_statistic.level - of_statistic.middle)
    if against is not None:
        denied = denied | (against & ~sure & (second < _FAR_OUT))
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
