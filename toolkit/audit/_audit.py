"""What an auditor says of images: frames and arrays, a row for each image."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from toolkit._core.types import BY_POSITION

__all__ = ["PER_IMAGE_COLUMNS", "UNJUDGED", "Audit", "SetFacts", "merge_audits"]

PER_IMAGE_COLUMNS = (
    "index",
    "kind",
    "confidence",
    "anomaly_score",
    "repaired",
    "restorer",
    "angle",
    "severity",
)

# The kind of every image of a set that cannot be judged: nothing is claimed of it, not even that it is clean.
UNJUDGED = "unjudged"


@dataclass(frozen=True)
class SetFacts:
    """What was found about the set that an auditor was fitted to; every audit by it carries the same.

    Attributes
    ----------
    prevalence : float
        Estimated share of corrupted images.
    prevalence_interval : tuple of float
        Its lower and upper end.
    competence : DataFrame or None
        What can be told and undone, one row a kind: :attr:`ImageRestorer.competence_`.
    reasons : tuple of str
        Why the set cannot be judged; none if it can.
    held_out_auroc : float or None
        Of damage planted in held-out images against images as they came; None where it is not measurable.
    """

    prevalence: float
    prevalence_interval: tuple[float, float]
    competence: pd.DataFrame | None = None
    reasons: tuple[str, ...] = ()
    held_out_auroc: float | None = None

    def agrees(self, other: "SetFacts") -> bool:
        """Whether both are the same facts."""
        for name in (part.name for part in fields(self)):
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, pd.DataFrame) and isinstance(theirs, pd.DataFrame):
                if not mine.equals(theirs):
                    return False
            elif type(mine) is not type(theirs) or mine != theirs:
                return False
        return True


@dataclass(frozen=True, repr=False)
class Audit:
    """One judgement of n images by a fitted :class:`Auditor`.

    Attributes
    ----------
    images, repaired : ndarray of shape (n, height, width) or (n, height, width, 3)
        As given, and after repair: the same order, dtype and range.
    findings : DataFrame of n rows
        ``kind``, ``probability``, ``severity``, ``angle`` and ``clean_probability``, as the identifier found them.
    anomaly_score : ndarray of shape (n,)
        Higher is more anomalous.
    repairs : DataFrame of n rows
        As :meth:`ImageRestorer.restore` gives them.
    facts : SetFacts
        About the set that the auditor was fitted to.
    ids : sequence of n values
        What each image is called: its position, or the key or file that it came with.
    detector_scores : DataFrame of n rows or None
        Anomaly scores of the outlier detectors asked for, a column each; higher is more anomalous.

    Examples
    --------
    >>> from toolkit.audit import Auditor
    >>> from toolkit.datasets import load_digits
    >>> images = load_digits().images[:20].copy()
    >>> images[3] = images.max() - images[3]  # one is inverted
    >>> audit = Auditor(random_state=0).fit_audit(images)
    >>> len(audit), int(audit.anomaly_score.argmax()), audit[3]["kind"]
    (20, 3, 'invert')
    >>> 3 in audit.per_image[audit.flagged].index
    True
    """

    images: NDArray
    repaired: NDArray
    findings: pd.DataFrame
    anomaly_score: NDArray
    repairs: pd.DataFrame
    facts: SetFacts
    ids: Sequence = BY_POSITION
    detector_scores: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        if self.ids is None:
            object.__setattr__(self, "ids", range(len(self.images)))
        lengths = {
            name: len(getattr(self, name))
            for name in ("images", "repaired", "findings", "anomaly_score", "repairs", "ids")
        }
        if len(set(lengths.values())) > 1:
            raise ValueError(f"an audit has one row for each image, got {lengths}.")

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        if not self.judgeable:
            return f"<Audit of {len(self):,} images of a set that cannot be judged>"
        return f"<Audit of {len(self):,} images: {int(self.flagged.sum()):,} flagged, {self.n_repaired:,} repaired>"

    def _repr_html_(self) -> str:
        counts = self.per_image["kind"].value_counts().rename_axis("kind").rename("images").reset_index()
        return f"<p>{repr(self)[1:-1]}</p>{counts.to_html(index=False)}"

    def __getitem__(self, name: object) -> pd.Series:
        """What is said of one image: its row of ``per_image``, by the id that it came with.

        Raises
        ------
        KeyError
            No image has that id.
        """
        places = [place for place, known in enumerate(self.ids) if known == name]
        if not places:
            raise KeyError(f"no image is called {name!r}; ids has all {len(self)} names")
        return self.per_image.iloc[places[0]]

    @property
    def judgeable(self) -> bool:
        """Whether anything is claimed of the set."""
        return not self.facts.reasons

    @property
    def flagged(self) -> pd.Series:
        """Which images are flagged: booleans by id, as the rows of ``per_image``."""
        return pd.Series(self.judgeable & (self.findings["kind"] != "clean").to_numpy(), index=self._index)

    @property
    def n_repaired(self) -> int:
        """Images of which pixels changed."""
        return int(self._changed.sum())

    @property
    def _index(self) -> pd.Index:
        return pd.Index(self.ids, name="image")

    @property
    def _changed(self) -> NDArray:
        # Judged by the pixels themselves, so that the column can never disagree with the images.
        return (self.images != self.repaired).reshape(len(self.images), -1).any(axis=1)

    @property
    def per_image(self) -> pd.DataFrame:
        """One row for each image, in the order of :data:`PER_IMAGE_COLUMNS`.

        ``index`` (the image's id), ``kind``, ``confidence`` (0 to 1), ``anomaly_score`` (higher is more anomalous),
        ``repaired`` (1 exactly where pixels changed), ``restorer`` (empty where nothing was done), ``angle`` (degrees,
        counter-clockwise as displayed, in (-180, 180]) and ``severity``. In a set that cannot be judged every ``kind``
        is ``"unjudged"`` and every ``confidence`` 0; the anomaly scores stand.

        The rows are labelled by the ids as well (the axis is named ``image``), so that ``per_image.loc[id]`` and
        ``per_image[audit.flagged]`` are what they say; the column is there for files, which keep no labels.
        """
        findings, repairs, changed = self.findings, self.repairs, self._changed
        if not self.judgeable:
            findings = findings.assign(kind=UNJUDGED, probability=0.0, severity=0.0)
            repairs = repairs.assign(angle=0.0)
        table = pd.DataFrame(
            {
                "index": list(self.ids),
                "kind": np.asarray(findings["kind"]).astype(str),
                "confidence": np.asarray(findings["probability"], dtype=float).clip(0, 1),
                "anomaly_score": np.asarray(self.anomaly_score, dtype=float),
                "repaired": changed.astype(int),
                "restorer": np.where(changed, np.asarray(repairs["restorer"]).astype(str), ""),
                # The restorer judges a rotated image again before it turns it back.
                "angle": np.nan_to_num(np.asarray(repairs["angle"], dtype=float)),
                "severity": np.nan_to_num(np.asarray(findings["severity"], dtype=float)),
            },
            index=self._index,
        )
        return table[list(PER_IMAGE_COLUMNS)]


def merge_audits(audits: Sequence[Audit]) -> Audit:
    """One audit of the images of several, in order: of the chunks or shards that one auditor judged.

    Parameters
    ----------
    audits : sequence of Audit
        By the same fitted auditor. Where their ids are positions they are counted on, else they have to differ.

    Returns
    -------
    Audit

    Raises
    ------
    ValueError
        There is none, they are of different auditors, of images of different shape or dtype, or an id comes twice.

    Examples
    --------
    >>> from toolkit.audit import Auditor, merge_audits
    >>> from toolkit.datasets import load_digits
    >>> digits = load_digits().images[:60]
    >>> auditor = Auditor(random_state=0).fit(digits)
    >>> len(merge_audits([auditor.audit(digits[:20]), auditor.audit(digits[20:50])]))
    50
    """
    audits = list(audits)
    if not audits:
        raise ValueError("audits must hold at least one Audit, got none.")
    first = audits[0]
    for place, audit in enumerate(audits):
        if not isinstance(audit, Audit):
            raise TypeError(f"audits must hold Audits, got {type(audit).__name__} at place {place}.")
        if audit.images.shape[1:] != first.images.shape[1:] or audit.images.dtype != first.images.dtype:
            raise ValueError(
                f"audits must be of images of one shape and dtype: the first has {first.images.shape[1:]} of "
                f"{first.images.dtype}, the one at place {place} {audit.images.shape[1:]} of {audit.images.dtype}."
            )
        if not audit.facts.agrees(first.facts):
            raise ValueError(f"audits must be by one fitted auditor: the one at place {place} is by another.")
        if (audit.detector_scores is None) != (first.detector_scores is None):
            raise ValueError(f"the audit at place {place} and the first do not have the scores of the same detectors.")
    ids = BY_POSITION
    if not all(isinstance(audit.ids, range) for audit in audits):
        ids = [name for audit in audits for name in audit.ids]
        if len(set(ids)) != len(ids):
            twice = next(name for name in ids if ids.count(name) > 1)
            raise ValueError(f"each image has an id of its own: {twice!r} comes twice.")
    scores = None
    if first.detector_scores is not None:
        scores = pd.concat([audit.detector_scores for audit in audits], ignore_index=True)
    return replace(
        first,
        images=np.concatenate([audit.images for audit in audits]),
        repaired=np.concatenate([audit.repaired for audit in audits]),
        findings=pd.concat([audit.findings for audit in audits], ignore_index=True),
        anomaly_score=np.concatenate([audit.anomaly_score for audit in audits]),
        repairs=pd.concat([audit.repairs for audit in audits], ignore_index=True),
        ids=ids,
        detector_scores=scores,
    )
