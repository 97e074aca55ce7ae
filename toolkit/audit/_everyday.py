"""judge_everyday: from the statistics of each image to verdicts over the set."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.names import check_names
from toolkit._core.parameters import check_share
from toolkit.audit._colour_order import ColourOrder
from toolkit.audit._everyday_calibration import FEWEST, context_neighbours, levels
from toolkit.audit._everyday_findings import EverydayFindings
from toolkit.audit._everyday_joined import (
    WITNESSES,
    doubted,
    joined_departure,
    one_of_a_family,
    without_the_explained,
)
from toolkit.audit._everyday_symmetries import (
    FEWEST_LEARNT,
    FEWEST_SURE,
    LEAST_AUROC,
    LEAST_RECALL,
    joined_odds,
    layout_cells,
    symmetry_odds,
)
from toolkit.audit._everyday_table import JUDGED_FAULTS, LEARNT_FAULTS
from toolkit.audit._orientation import Orientation
from toolkit.diagnostics import EVERYDAY_FAULTS, EverydayFault

__all__ = ["judge_everyday"]

_STEEPNESS = 4.0  # of the score: a typical image has .02, one at the level .5, one twice as far out .98
_OPTIONAL = ("odd_size", "odd_aspect", "overlaid_text")  # judged where sizes were given, or a network looked
_BELOW = float(np.nextafter(0.5, 0))  # score of what is ranked, not flagged
_FLOOR = 1e-3  # of statistics whose logarithm counts
_BY_NATURE = 0.2  # share of a set from which what would be a fault elsewhere may be how the set is
_MAJORITY = 0.8  # share of a set from which the others are the exception
_OF_A_SORT = 1 / 3  # of the coloured images of a set, or of the grey ones: what so many are, that sort is by nature
# What hides or replaces a part of an image is in no sort's nature; and it may itself bring the colour.
_OF_A_PART = ("occluded", "half_decoded", "framed", "dead_lines")
_COLOURED = 0.02  # of full scale, by which channels differ somewhere on a coarse mesh
# Of photographs that were called tinted three of eleven were.
_TOO_WEAK = {"colour_cast": "warm light and orange fur are taken for a tint more often than not"}
# fault: columns and levels; an image below one of them shows that it does not have the fault. A page holds ink, if much
# white; what was exposed too long has lights that are white; an image of a few levels was never meant to hold tones.
_CONTRADICTED = {
    "overexposed": (("luma_q01", 0.2), ("luma_q99", 0.96)),
    "clipped": (("levels_used", 16 / 256),),
}
# In a blank image nothing else is worth saying.
_EXPLAINED_BY_BLANK = (
    "low_contrast",
    "low_information",
    "blurred",
    "half_decoded",
    "framed",
    "screenshot",
    "scaled_up",
    "dark",
    "overexposed",
    "clipped",
    "colour_cast",
    "motion_blur",
    "noisy",
    "hot_pixels",
    "dead_lines",
    "jpeg_blocks",
    "pixelated",
    "grey_among_colour",
)


@usual_floating_point
def judge_everyday(
    statistics: pd.DataFrame,
    *,
    sizes: pd.DataFrame | np.ndarray | None = None,
    faults: str | list[str] | tuple[str, ...] | None = None,
    false_alarms: float = 0.02,
    orientation: Orientation | None = None,
    colours: ColourOrder | None = None,
) -> EverydayFindings:
    """Judge which images of a set have everyday faults, from their statistics.

    Parameters
    ----------
    statistics : DataFrame
        A row an image, the columns of :func:`toolkit.diagnostics.everyday_statistics`. The index names the images.
    sizes : array-like of shape (n_samples, 2), default=None
        Height and width of each image, in pixels.
    faults : str or sequence of str, default=None
        Which to judge, of ``toolkit.audit.JUDGED_FAULTS``; None judges all.
    false_alarms : float, default=0.02
        Share of sound images that may be flagged as damaged, by what is unusual: shared out among the damages that are
        asked for. As large a share may be flagged for a property that they have, likewise.
    orientation : Orientation, default=None
        Of the same images, from :func:`judge_orientation`: what is upside down or turned by a quarter is then told by
        what is in the images, unless their coarse layout tells images changed on purpose better.
    colours : ColourOrder, default=None
        Likewise, from :func:`judge_colours`: of red for blue, and light for dark.

    Returns
    -------
    EverydayFindings

    Raises
    ------
    ValueError
        If columns are missing, sizes are not one an image, or the rate is not between 0 and .5.

    Notes
    -----
    A fault has a level up to which no image has it and one from which each has, whatever the set
    (``EVERYDAY_FAULTS``). Between the two an image is flagged if it exceeds what sound images of the set, of about its
    size, exceed at the rate that is left for each fault (``competence["rate"]``).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from toolkit.audit import judge_everyday
    >>> from toolkit.diagnostics import everyday_statistics
    >>> generator = np.random.default_rng(0)
    >>> images = [generator.integers(0, 256, (40, 40), dtype=np.uint8) for _ in range(3)]
    >>> images[1][:] = 7
    >>> statistics = pd.DataFrame([everyday_statistics(image) for image in images], index=["a", "b", "c"])
    >>> judge_everyday(statistics).flagged["blank"].tolist()
    [False, True, False]
    """
    check_share("false_alarms", false_alarms)
    chosen = tuple(JUDGED_FAULTS) if faults is None else check_names(faults, JUDGED_FAULTS, "fault")
    statistics = _with_sizes(statistics, sizes)
    neighbours = _neighbours(statistics)
    judges = {"orientation": orientation, "colours": colours}
    witnesses = {fault: judge for judge in judges.values() if judge is not None for fault in judge.auroc}
    for what, judge in judges.items():
        n_judged = len(statistics) if judge is None else len(judge.evidence(next(iter(judge.auroc))))
        if n_judged != len(statistics):
            raise ValueError(f"{what} is of {n_judged} images, statistics of {len(statistics)}.")
    # Damage and mere properties are counted apart: what a picture is like takes no part of what damage may err by.
    sorts = [JUDGED_FAULTS[name].damage for name in chosen]
    rates = {damage: false_alarms / max(1, sorts.count(damage)) for damage in (True, False)}
    rows = {
        name: _judge(name, statistics, neighbours, rates[JUDGED_FAULTS[name].damage], witnesses.get(name))
        for name in JUDGED_FAULTS
        if name in chosen
    }
    scores = pd.DataFrame({name: row["scores"] for name, row in rows.items()}, index=statistics.index)
    flagged = without_the_explained(one_of_a_family(scores >= 0.5, statistics), statistics)
    if "blank" in flagged:
        if "share_dark" in statistics and "dark" in flagged:  # what is dark holds little, but it holds something
            seen = statistics[["share_dark", "luma_std"]].to_numpy(dtype=np.float64)
            flagged["blank"] &= ~(
                flagged["dark"] & (seen[:, 0] >= 0.5) & (seen[:, 1] >= EVERYDAY_FAULTS["blank"].always)
            )
        for name in set(_EXPLAINED_BY_BLANK) & set(flagged):
            flagged[name] &= ~flagged["blank"]
    table = pd.DataFrame({name: row["competence"] for name, row in rows.items()}).T
    table["n_flagged"] = flagged.sum()
    table["whole_set"] = table["n_flagged"] > 0.5 * max(1, len(statistics))
    types = {
        "damage": bool,
        "applicable": bool,
        "n_judged": int,
        "n_flagged": int,
        "usual": float,
        "level": float,
        "recall": float,
        "rate": float,
    }
    return EverydayFindings(scores, flagged, table.astype(types), float(false_alarms))


def _with_sizes(statistics: pd.DataFrame, sizes: pd.DataFrame | np.ndarray | None) -> pd.DataFrame:
    """The statistics with what sizes say as columns of their own."""
    if not isinstance(statistics, pd.DataFrame):
        raise ValueError(f"statistics must be a DataFrame, a row an image, got {type(statistics).__name__}.")
    if sizes is None:
        return statistics
    pixels = np.asarray(sizes, dtype=np.float64)
    if pixels.shape != (len(statistics), 2):
        raise ValueError(f"sizes must be (height, width) of {len(statistics)} images, got shape {pixels.shape}.")
    height, width = np.maximum(pixels, 1).T
    side = 0.5 * np.log(height * width)
    return statistics.assign(
        size_departure=np.abs(side - np.median(side)) if len(side) else side,
        aspect=np.abs(np.log(width / height)),
        log_height=np.log(height),
        log_width=np.log(width),
    )


def _neighbours(statistics: pd.DataFrame) -> NDArray | None:
    """Images of about the same size, and of the same sort of colour."""
    names = [name for name in ("log_height", "log_width", "is_colour") if name in statistics]
    return context_neighbours(statistics[names].to_numpy(dtype=np.float64)) if names and len(statistics) else None


def _evidence(name: str, fault: EverydayFault, statistics: pd.DataFrame) -> tuple[NDArray, float, float]:
    """The statistic of a fault, turned so that more is more suspicious, and the two absolute levels with it."""
    values = statistics[fault.statistic].to_numpy(dtype=np.float64)
    never, always = fault.never, fault.always
    for column, least in _CONTRADICTED.get(name, ()):
        if column in statistics:
            values = np.where(statistics[column] < least, np.minimum(values, never), values)
    if fault.scale == "log":
        values = np.log(np.maximum(values, _FLOOR))
        never, always = (np.log(max(level, _FLOOR)) if np.isfinite(level) else level for level in (never, always))
    return (values, never, always) if fault.high else (-values, -never, -always)


def _why_not(name: str, fault: EverydayFault, statistics: pd.DataFrame, values: NDArray, always: float) -> str:
    """Why a fault cannot be judged in this set; empty where it can."""
    n_said = int(np.isfinite(values).sum())
    if n_said == 0:
        return fault.not_applicable
    if name in ("grey_among_colour", "colour_among_grey"):
        colour = float(np.nanmean(statistics["is_colour"]))
        usual = colour if name == "grey_among_colour" else 1 - colour
        if usual >= _MAJORITY and n_said >= FEWEST:
            return ""
        sort = "have colour" if name == "grey_among_colour" else "are grey"
        return f"{usual:.0%} of the images {sort}, {_MAJORITY:.0%} and {FEWEST} images are needed"
    if n_said < FEWEST and not np.isfinite(always):
        return f"{n_said} images tell too little of what is usual: {FEWEST} are needed"
    return ""


def _only_ranks(name: str, statistics: pd.DataFrame, recall: float, by_layout: bool) -> str:
    """Why images are ranked by a fault and none is flagged; empty where verdicts are given."""
    if recall < LEAST_RECALL:
        return f"at 1% of false alarms {recall:.0%} of the images changed on purpose are found"
    if name in _TOO_WEAK:
        return _TOO_WEAK[name]
    if by_layout and len(statistics) < FEWEST_SURE:
        return f"{len(statistics)} images are too few to be sure of it: {FEWEST_SURE} are needed"
    return ""


def _learnt(
    name: str, statistics: pd.DataFrame, judge: Orientation | ColourOrder | None
) -> tuple[NDArray | None, float, bool, str]:
    """Evidence of a learnt fault, the recall of images changed on purpose, whether by layout alone; or why not."""
    n_samples = len(statistics)
    if n_samples < FEWEST_LEARNT:
        return None, np.nan, False, f"{n_samples} images are too few to learn it from: {FEWEST_LEARNT} are needed"
    if name == "swapped_channels" and np.nanmean(statistics["is_colour"]) < 0.5:
        return None, np.nan, False, "most of the images have no colour"
    layout = symmetry_odds(layout_cells(statistics), name)
    told = [(layout.as_came, layout.auroc, layout.recall, True)]
    if judge is not None:
        told.append((judge.evidence(name), judge.auroc[name], judge.recall[name], False))
    if isinstance(judge, ColourOrder) and min(auroc for _, auroc, _, _ in told) >= LEAST_AUROC:
        both = joined_odds(layout, judge.evidence(name))
        told.append((both.as_came, both.auroc, both.recall, False))
    # The one that tells images changed on purpose best, in this set.
    odds, auroc, recall, by_layout = max(told, key=lambda one: one[1])
    if auroc < LEAST_AUROC:
        why_not = f"{LEARNT_FAULTS[name].not_applicable} (AUROC {auroc:.2f} on images changed on purpose)"
        return None, recall, by_layout, why_not
    if name == "swapped_channels":
        odds = np.where(statistics["is_colour"] > 0, odds, np.nan)
    return odds, recall, by_layout, ""


def _judge(
    name: str,
    statistics: pd.DataFrame,
    neighbours: NDArray | None,
    rate: float,
    judge: Orientation | ColourOrder | None,
) -> dict[str, Any]:
    """Scores of one fault, and its row of the table of competence."""
    fault = JUDGED_FAULTS[name]
    nothing = np.full(len(statistics), np.nan)
    why_not, recall, by_layout = "", np.nan, False
    if name in LEARNT_FAULTS:
        odds, recall, by_layout, why_not = _learnt(name, statistics, judge)
        statistics = statistics.assign(**{fault.statistic: nothing if odds is None else odds})
    elif fault.statistic not in statistics:
        if name not in _OPTIONAL:
            raise ValueError(f"statistics lack the column {fault.statistic!r}, which {name!r} is judged by.")
        statistics, why_not = statistics.assign(**{fault.statistic: nothing}), fault.not_applicable
    values, never, always = _evidence(name, fault, statistics)
    if by_layout:
        never = always  # what is said without having seen what is in the images has to be beyond doubt
    if fault.by_nature and np.isfinite(values).any() and (values >= always).mean() > _BY_NATURE:
        always = np.inf
    if not why_not and np.isinf(never):
        why_not = fault.not_applicable
    why_not = why_not or _why_not(name, fault, statistics, values, always)
    usual = level = np.nan
    scores = nothing
    if not why_not:
        sign = 1 if fault.high else -1
        # What is odd about a size is not asked of images of the same size.
        asked = None if name in ("odd_size", "odd_aspect") else neighbours
        scores, usual, level = _scores(values, never, always, asked, rate)
        scores = _joined(name, statistics, values, never, always, neighbours, rate, scores)
        if fault.damage and name not in (*LEARNT_FAULTS, *_OF_A_PART):
            scores = np.where(_by_sort(scores, values, always, statistics), np.minimum(scores, _BELOW), scores)
        usual, level = (sign * value for value in (usual, level))
        if fault.scale == "log":
            usual, level = np.exp(usual), np.exp(level)
    ranks = "" if why_not else _only_ranks(name, statistics, recall, by_layout)
    if ranks:
        # An order is worth a look; a verdict would be wrong more often than right.
        scores, level, why_not = np.minimum(scores, _BELOW), np.nan, f"it only ranks: {ranks}"
    return {
        "scores": scores,
        "competence": {
            "words": fault.words,
            "damage": fault.damage,
            "statistic": fault.statistic,
            "applicable": not why_not or bool(ranks),
            "why_not": why_not,
            "recall": recall,
            "rate": rate,
            "n_judged": int(np.isfinite(scores).sum()),
            "usual": usual,
            "level": level,
        },
    }


def _joined(
    name: str,
    statistics: pd.DataFrame,
    values: NDArray,
    never: float,
    always: float,
    neighbours: NDArray | None,
    rate: float,
    alone: NDArray,
) -> NDArray:
    """Scores of the statistic together with the network of patches, where it looked at the images."""
    column = f"damage_{WITNESSES.get(name, '')}"
    if column not in statistics:
        return alone
    network = statistics[column].to_numpy(dtype=np.float64)
    against = doubted(name, statistics)
    departure = joined_departure(
        values, network, neighbours, rate, never, always, against, fault=name, by_nature=JUDGED_FAULTS[name].by_nature
    )
    if departure is None:
        return alone
    return np.where(np.isnan(departure), alone, 1 / (1 + np.exp(-_STEEPNESS * np.clip(departure, -10, 8))))


def _by_sort(scores: NDArray, values: NDArray, always: float, statistics: pd.DataFrame) -> NDArray[np.bool_]:
    """Images that are unusual in the set for what their sort is like: a few stained micrographs among grey ones, say.

    Where a sort has images enough, it is compared with itself from the start; here are those that have not.
    """
    unusual = (scores >= 0.5) & (values < always)
    out = np.zeros(len(scores), dtype=bool)
    # Coarse colours: noise in three channels makes no grey picture a coloured one.
    colour = np.abs(layout_cells(statistics)[:, 1:3]).max(axis=(1, 2, 3), initial=0) > _COLOURED
    for sort in (colour, ~colour):
        if 3 <= sort.sum() < FEWEST and unusual[sort].mean() >= _OF_A_SORT:
            out |= sort & unusual
    return out


def _scores(
    values: NDArray, never: float, always: float, neighbours: NDArray | None, rate: float
) -> tuple[NDArray, float, float]:
    """Scores in [0, 1], the median of what is usual, and the median level of the verdict."""
    said = np.isfinite(values)
    if said.sum() >= FEWEST:
        usual = levels(values, neighbours, rate)
        # Just above `never` is a verdict; at it, none.
        level = np.clip(usual.level, np.nextafter(never, np.inf), always)
        middle, spread = usual.middle, usual.spread
    else:
        level = np.full(len(values), always)
        middle, spread = np.full(len(values), min(never, always)), np.zeros(len(values))
    width = np.maximum.reduce([level - middle, 2.5 * spread, np.full(len(values), 1e-3)])
    departure = np.clip((values - level) / width, -10, 8)
    scores = np.where(said, 1 / (1 + np.exp(-_STEEPNESS * departure)), np.nan)
    return scores, float(np.median(middle[said])), float(np.median(level[said]))
