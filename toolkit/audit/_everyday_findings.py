"""EverydayFindings: which images of a set have which everyday faults, and what could not be judged."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from toolkit.audit._everyday_table import JUDGED_FAULTS

__all__ = ["EverydayFindings"]


@dataclass(frozen=True, eq=False)
class EverydayFindings:
    """What :func:`judge_everyday` says of a set, a row an image.

    Attributes
    ----------
    scores : DataFrame
        A column a fault, in [0, 1]: one half is the level that a sound image of this set exceeds at the fault's rate,
        one is beyond doubt; NaN where the fault cannot be judged.
    flagged : DataFrame of bool
        The verdicts, in the same columns.
    competence : DataFrame
        A row a fault: ``words``, ``damage``, ``applicable``, ``why_not``, ``n_judged``, ``n_flagged``, ``usual`` and
        ``level`` (medians over the images, in the units of ``statistic``; NaN where images are ranked and no verdict is
        given), ``recall`` (of images changed on purpose, at 1 % of false alarms, where a fault is learnt from the set),
        ``rate`` (the part of ``false_alarms`` that it has), ``whole_set`` (more than half have it).
    false_alarms : float
        Share of sound images that may be flagged as damaged, by what is unusual in the set, and again for a property.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.audit import judge_everyday
    >>> from toolkit.diagnostics import everyday_statistics
    >>> images = np.random.default_rng(0).integers(0, 256, (4, 40, 40), dtype=np.uint8)
    >>> images[1] = 7
    >>> statistics = pd.DataFrame([everyday_statistics(image) for image in images], index=["a", "b", "c", "d"])
    >>> found = judge_everyday(statistics, faults=["blank", "mirrored"])
    >>> found.reasons["b"], found.damaged.tolist()
    ('blank', [False, True, False, False])
    >>> for sentence in found.findings():
    ...     print(sentence)
    1 of 4 images: blank (fault).
    Not judged: mirrored: 4 images are too few to learn it from: 60 are needed.
    """

    scores: pd.DataFrame
    flagged: pd.DataFrame
    competence: pd.DataFrame
    false_alarms: float

    def without(self, reasons: dict[str, str]) -> "EverydayFindings":
        """The same with some faults taken back, since they cannot be told here: by name, each with its reason."""
        names = [name for name in reasons if name in self.scores]
        scores, flagged, competence = self.scores.copy(), self.flagged.copy(), self.competence.copy()
        scores[names], flagged[names] = np.nan, False
        for name in names:
            competence.loc[name, ["applicable", "why_not", "n_flagged", "n_judged", "whole_set"]] = [
                False,
                reasons[name],
                0,
                0,
                False,
            ]
        types = self.competence.dtypes
        return replace(self, scores=scores, flagged=flagged, competence=competence.astype(types))

    @property
    def damaged(self) -> pd.Series:
        """Whether an image has any fault by which something is lost or spoilt."""
        return self._any_of(damage=True)

    @property
    def odd(self) -> pd.Series:
        """Whether an image has any property that is unusual in the set and may be just as it should be."""
        return self._any_of(damage=False)

    def _any_of(self, *, damage: bool) -> pd.Series:
        names = [name for name in self.flagged if JUDGED_FAULTS[name].damage == damage]
        return self.flagged[names].any(axis=1)

    @property
    def reasons(self) -> pd.Series:
        """What is wrong with or odd about each image, in words, the surest first; empty where nothing is."""
        surest = self.scores.where(self.flagged)
        found = []
        for row in surest.to_numpy():
            order = sorted((-score, place) for place, score in enumerate(row) if score == score)
            found.append("; ".join(JUDGED_FAULTS[surest.columns[place]].words for _, place in order))
        return pd.Series(found, index=self.flagged.index, name="reasons", dtype=object)

    def frame(self) -> pd.DataFrame:
        """One row an image and flagged fault: ``id``, ``fault``, ``words``, ``damage``, ``score``."""
        places = self.flagged.to_numpy().nonzero()
        names = [self.flagged.columns[column] for column in places[1]]
        return pd.DataFrame(
            {
                "id": [self.flagged.index[row] for row in places[0]],
                "fault": names,
                "words": [JUDGED_FAULTS[name].words for name in names],
                "damage": [JUDGED_FAULTS[name].damage for name in names],
                "score": self.scores.to_numpy()[places],
            }
        )

    def findings(self) -> list[str]:
        """Sentences: how many images have which fault, what the whole set has, and what could not be judged."""
        n_images = len(self.flagged)
        said = []
        for _, row in self.competence.iterrows():
            if not row["n_flagged"]:
                continue
            kind = "fault" if row["damage"] else "property"
            if row["whole_set"]:
                said.append(f"The whole set ({row['n_flagged']:,} of {n_images:,}): {row['words']} ({kind}).")
            else:
                said.append(f"{row['n_flagged']:,} of {n_images:,} images: {row['words']} ({kind}).")
        missing = self.competence[self.competence["why_not"] != ""]
        said += [f"Not judged: {row['words']}: {row['why_not']}." for _, row in missing.iterrows()]
        return said
