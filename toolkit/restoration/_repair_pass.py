"""Repairs of one kind tried in order, judged, and kept or reverted: as the identifier says, or as somebody does."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from toolkit._core.names import suggest
from toolkit.corruption import ALL_KINDS, ANGLES, SHAPE_KEEPING, kind_in_words
from toolkit.restoration._planting import as_bytes
from toolkit.restoration._repair_candidates import TONES
from toolkit.restoration._restorers import RESTORERS

__all__ = ["RATHER_CLEAN", "RepairPass", "check_findings", "check_kind_names"]

RATHER_CLEAN = 0.5
# Where the identifier finds an image clean with less than the first of these probabilities, it has no doubt that it was
# damaged. Then it may doubt the repair, down to the second, if the independent check accepts it by so many log-odds;
# below the third the line of that check is drawn without room.
_DOUBTLESS, _DOUBTFUL, _BY_FAR, _CERTAIN = 0.01, 0.1, 2.0, 1e-3
# Columns that findings need.
_FINDINGS = ("kind", "probability", "severity", "angle", "clean_probability")
# A turn by less than this angle is taken for a writer's slant.
_LEAST_TURN = 12.0

_NOT_UNDONE = "no restorer is made for that"
_SMALL_TURN = f"it is turned by less than {_LEAST_TURN:g} degrees, as a writer's slant may be"
_NO_CHANGE = "that repair changes nothing in it"
_NOT_CLEANER = "repaired like that, it would not look cleaner than it came"
_NOT_ACCEPTED = "the independent check does not accept that repair"


def check_kind_names(kinds: Sequence[str], n_samples: int) -> np.ndarray:
    """One known name for each image, as an array of objects.

    Raises
    ------
    ValueError
    """
    names = np.asarray(list(kinds), dtype=object)
    if len(names) != n_samples:
        raise ValueError(f"kinds must name a kind for each image: got {len(names)} names for {n_samples} images.")
    valid = ("clean", *ALL_KINDS)
    for name in dict.fromkeys(names.tolist()):
        if name not in valid:
            raise ValueError(f"kinds: {name!r} is no kind.{suggest(name, valid)} Valid: {', '.join(valid)}.")
    return names


def check_findings(findings: pd.DataFrame, n_samples: int) -> pd.DataFrame:
    """Findings of ``identify``, if they are such and have one row for each image.

    Raises
    ------
    ValueError
    """
    missing = [name for name in _FINDINGS if name not in getattr(findings, "columns", ())]
    if missing:
        raise ValueError(
            f"findings must be a frame as identify(X) returns it, with columns {', '.join(_FINDINGS)}; "
            f"missing: {', '.join(missing)}."
        )
    if len(findings) != n_samples:
        raise ValueError(f"findings must have one row for each image: got {len(findings)} rows for {n_samples} images.")
    return findings


class RepairPass:
    """The part of a fitted :class:`ImageRestorer` that repairs rows of one chunk."""

    # Of the fitted restorer. What is repaired unasked, `undoable_`, is less than can be checked.
    _candidates: Any
    _classifiers: Any
    _clean_thresholds: Any
    _evidence: Any
    _given: Any
    _identify: Any
    competence_: pd.DataFrame
    image_shape_: tuple
    min_improvement: float
    pixel_scale_: Any
    undoable_: tuple

    def _restore_named(self, given, images, kinds, found):
        """Repair one chunk as the kinds named: ``images``, a copy of ``given``, is changed in place."""
        n = len(given)
        # The identifier says how far only of what it takes to be turned; of other images the pose network does.
        told = np.where(np.asarray(found["kind"]) == "rotate", np.asarray(found["angle"], dtype=float), np.nan)
        fixed = np.array([ANGLES.get(kind, 0.0) for kind in kinds])
        columns = {
            "restorer": np.full(n, "", dtype=object),
            "angle": np.where(kinds == "rotate", told, fixed),
            "improvement": np.zeros(n),
            "outcome": np.where(kinds == "clean", "clean", "cannot be undone").astype(object),
            "why_not": np.array([self._why_cannot(kind) for kind in kinds], dtype=object),
        }
        clean = np.asarray(found["clean_probability"], dtype=float)
        for kind in self.checked_kinds_:
            rows = np.flatnonzero(kinds == kind)
            if len(rows):
                self._restore_kind(kind, rows, given, images, clean, columns, named=True)
        repaired = columns["outcome"] == "repaired"
        columns["why_not"][repaired] = ""
        return pd.DataFrame({"kind": kinds, **columns, "repaired": repaired, "angle": np.nan_to_num(columns["angle"])})

    @property
    def checked_kinds_(self) -> tuple[str, ...]:
        """Kinds that are undone where somebody names them: those that some restorer undoes and whose repairs are told
        from repairs of sound images, if only some of them; of held-out sound images one of 200 passes that
        check at most."""
        return tuple(kind for kind, classifier in self._classifiers.items() if classifier.sensitivity > 0)

    @property
    def _sensitivity(self):
        """Of the independent check, for each kind that can be undone."""
        return {kind: classifier.sensitivity for kind, classifier in self._classifiers.items()}

    def _why_cannot(self, kind):
        if kind == "clean":
            return ""
        table = self.competence_
        row = table[table["kind"] == kind]
        if kind in self.checked_kinds_ or not len(row):
            return _NOT_UNDONE
        return f"{kind_in_words(kind)} cannot be undone on this set: {row['repair'].iloc[0]}"

    def _restore_kind(self, kind, rows, given, images, clean, columns, *, named=False):
        """Try the candidates of a kind in order; a row goes to the next one if it is not found cleaner."""
        columns["outcome"][rows] = "no change"
        why_not = columns.get("why_not", np.empty(len(given), dtype=object))
        why_not[rows] = _NO_CHANGE
        turned = columns["angle"].copy()
        if kind == "rotate":
            columns["angle"][rows] = self._candidates.estimate_angle(self._unit(given[rows]), turned[rows])
            small = np.abs(columns["angle"][rows]) < _LEAST_TURN
            why_not[rows[small]] = _SMALL_TURN
            rows = rows[~small]
        left_alone = rows[:0]
        for name, sharpness in self._candidates.candidates(kind):
            if named and sharpness > 1:  # a network that left it alone finds it sound, whoever says otherwise
                rows = rows[~np.isin(rows, left_alone)]
            if not len(rows):
                return
            repaired = self._apply(name, kind, given[rows], turned[rows], sharpness)
            verdict = self._judge(kind, given[rows], repaired, clean[rows], named=named)
            changed, kept = verdict["changed"], verdict["kept"]
            left_alone = rows[~changed] if sharpness <= 1 else left_alone
            why_not[rows[changed]] = np.where(verdict["cleaner"], _NOT_ACCEPTED, _NOT_CLEANER)[changed]
            columns["restorer"][rows[kept]] = name
            columns["improvement"][rows[kept]] = verdict["gain"][kept]
            if kind == "invert":
                faded = np.flatnonzero(changed & ~kept)
                found = verdict["looks"][faded], clean[rows[faded]]
                repaired[faded], names, gain = self._unfade(given[rows[faded]], repaired[faded], *found)
                done = names != ""
                kept[faded] = done
                columns["restorer"][rows[faded[done]]] = [f"{name}+{second}" for second in names[done]]
                columns["improvement"][rows[faded[done]]] = gain[done]
            done = rows[kept]
            images[done] = repaired[kept]
            columns["outcome"][done] = "repaired"
            columns["outcome"][rows[changed & ~kept]] = "reverted"
            rows = rows[~kept]

    def _judge(self, kind, given, repaired, clean, *, named=False):
        """What both judges say of each repair, ``clean`` being the probability of being clean as the image came.

        Returns
        -------
        dict of str to ndarray
            Whether it ``changed`` anything; ``looks``, as what the identifier takes the repaired image; ``gain``, the
            rise of the probability of being clean; whether the image is ``cleaner`` then; whether the repair is
            ``kept``.
        """
        n = len(given)
        changed = (repaired != given).reshape(n, -1).any(axis=1)
        after, gain, looks = np.zeros(n), np.zeros(n), np.full(n, "", dtype=object)
        if changed.any():
            found = self._identify(repaired[changed])
            after[changed], looks[changed] = found["clean_probability"], found["kind"]
            gain[changed] = after[changed] - clean[changed]
        least, better = self._clean_thresholds[kind], gain >= self.min_improvement
        # What the identifier named itself need not look cleaner where a right repair leaves traces, as of a turn.
        cleaner = changed & (after >= least) & (better | (not named and least < RATHER_CLEAN))
        doubtful = changed & better & (after >= _DOUBTFUL) & (clean < _DOUBTLESS) & ~cleaner
        margin, asked = np.full(n, -np.inf), cleaner | doubtful
        margin[asked] = self._margin(kind, given[asked], repaired[asked])
        line = np.where(clean < _CERTAIN, -self._classifiers[kind].room, 0.0)
        kept = (cleaner & (margin >= line)) | (doubtful & (margin >= _BY_FAR))
        return {"changed": changed, "looks": looks, "gain": gain, "cleaner": cleaner, "kept": kept}

    def _margin(self, kind, given, repaired):
        """By how much the independent check accepts each repair; both stacks in the dtype that came."""
        given, repaired = (as_bytes(self._unit(stack)) for stack in (given, repaired))
        return self._classifiers[kind].margin(self._evidence.features(given, repaired))

    def _unfade(self, given, positives, looks, clean):
        """Repair negatives that are no sound images as positives, but look faded: ``looks`` says how, if it is known.

        The second repair has to pass the independent check for its own sake, and both together as one.

        Returns
        -------
        images : ndarray
            The positives, repaired where that was accepted.
        restorers : ndarray of str
            What repaired them; empty where nothing did.
        gain : ndarray of float
            Rise of the probability of being clean.
        """
        images, gain = positives.copy(), np.zeros(len(given))
        restorers = np.full(len(given), "", dtype=object)
        for kind in [kind for kind in TONES if kind in self.undoable_]:  # a faded negative is a faded positive
            rows = np.flatnonzero(((looks == kind) | (looks == "unknown")) & (restorers == ""))
            for name, sharpness in self._candidates.candidates(kind):
                if not len(rows):
                    break
                repaired = self._apply(name, kind, positives[rows], np.zeros(len(rows)), sharpness)
                verdict = self._judge("invert", given[rows], repaired, clean[rows])
                kept = verdict["kept"]
                kept[kept] = self._margin(kind, positives[rows[kept]], repaired[kept]) >= 0
                images[rows[kept]], gain[rows[kept]], restorers[rows[kept]] = (
                    repaired[kept],
                    verdict["gain"][kept],
                    name,
                )
                rows = rows[~kept]
        return images, restorers, gain

    def _unit(self, given):
        return np.clip(self.pixel_scale_.to_unit(given), 0, 1)

    def _apply(self, name, kind, given, angle, sharpness=1.0):
        """One candidate on rows in the dtype that came."""
        restorer = RESTORERS.get(name)
        square = self.image_shape_[0] == self.image_shape_[1]
        if restorer is not None and restorer.exact and (square or kind in SHAPE_KEEPING):
            return restorer.function(given)
        return self._given(self._candidates.repair(name, self._unit(given), kind, angle, sharpness), given.dtype)
