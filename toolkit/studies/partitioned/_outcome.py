"""What an audit in parts found: sums over all images, examples, and where the row of each image is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from toolkit._core.files import write_csv, write_json
from toolkit._core.versions import versions
from toolkit.audit import UNJUDGED
from toolkit.corruption import kind_in_words
from toolkit.exceptions import DataFormatError
from toolkit.plots import CorruptionGalleryDisplay, ScoreHistogramDisplay
from toolkit.report import Report
from toolkit.studies._folder import check_target
from toolkit.studies._result import StudyOutcome, figures_of
from toolkit.studies.partitioned._duplicates import SIGNATURES
from toolkit.studies.partitioned._part import HASHES, PARTS, part_name, read_table, write_table
from toolkit.studies.partitioned._repaired import REPAIRED, REPAIRED_ZARR

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PARTITIONED_FILES", "PartitionedAuditResult"]

_TABLES = ("kinds", "failed", "unreadable")
PARTITIONED_FILES = frozenset(
    {"auditor", HASHES, PARTS, REPAIRED, REPAIRED_ZARR, SIGNATURES, "report.html", "run.json", "summary.json"}
    | {"duplicates.csv", "duplicates.json", "duplicates.parquet"}
    | {f"{name}.csv" for name in _TABLES}
)
_N_KINDS = 12


@dataclass(frozen=True, repr=False)
class PartitionedAuditResult(StudyOutcome):
    """What :func:`run_partitioned_audit` found: sums, never all rows, which lie in the folder.

    Attributes
    ----------
    out : Path
        The folder of the audit.
    total : dict
        Sums over all images that were judged: ``n``, ``kinds``, ``restorers``, ``scores``, ``left_out``.
    parts : list of dict
        What each part said of itself.
    facts : SetFacts
        What was found of the set in the sample that the judges were fitted to.
    about : dict
        What was audited, and how.
    engine : str
    unreadable : DataFrame
        ``path`` and ``reason`` of shards that hold no such images.
    scores : DataFrame
        ``row``, ``kind`` and ``anomaly_score`` of rows drawn at random: what the histogram shows.
    duplicates : DataFrame or None
        Pairs: ``row_a``, ``row_b``, ``id_a``, ``id_b``, ``relation``, ``symmetry``, ``difference``, ``similarity``.
    duplicate_counts : dict or None
    timings : dict of str to float
        Seconds of this run.

    Examples
    --------
    >>> import tempfile
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_partitioned_audit
    >>> images, folder = load_digits().images[:12], tempfile.mkdtemp()
    >>> result = run_partitioned_audit(images, folder, quick=True, duplicates=False)
    >>> result.n_images, int(result.kinds["n"].sum()), len(result.parts), len(result.failed)
    (12, 12, 1, 0)
    >>> next(result.iter_tables())["row"].tolist() == list(range(12))
    True
    """

    out: Path
    total: dict[str, Any]
    parts: list[dict[str, Any]]
    facts: Any
    about: dict[str, Any]
    engine: str
    unreadable: pd.DataFrame
    scores: pd.DataFrame
    duplicates: pd.DataFrame | None
    duplicate_counts: dict[str, Any] | None
    timings: dict[str, float]
    source: Any = None
    versions: dict[str, Any] = field(default_factory=versions)

    @property
    def n_images(self) -> int:
        """Images that were judged."""
        return self.total["n"]

    @property
    def judgeable(self) -> bool:
        """Whether anything is claimed of single images."""
        return not self.facts.reasons

    @property
    def n_flagged(self) -> int:
        """Images found to be anything but clean."""
        return sum(values["n"] for kind, values in self.total["kinds"].items() if kind not in ("clean", UNJUDGED))

    @property
    def n_repaired(self) -> int:
        """Images of which pixels changed."""
        return sum(values["repaired"] for values in self.total["kinds"].values())

    @property
    def kinds(self) -> pd.DataFrame:
        """A row for each kind found: ``kind``, ``n``, ``share``, ``mean_confidence``, ``repaired``."""
        rows = [
            {
                "kind": kind,
                "n": values["n"],
                "share": values["n"] / self.n_images,
                "mean_confidence": values["confidence"] / values["n"],
                "repaired": values["repaired"],
            }
            for kind, values in self.total["kinds"].items()
        ]
        table = pd.DataFrame(rows, columns=["kind", "n", "share", "mean_confidence", "repaired"])
        return table.sort_values(["n", "kind"], ascending=[False, True], kind="stable", ignore_index=True)

    @property
    def failed(self) -> pd.DataFrame:
        """A row for each part that could not be judged: ``part``, ``first``, ``stop``, ``reason``."""
        rows = [
            {"part": part["number"], "first": part["first"], "stop": part["stop"], "reason": part["reason"]}
            for part in self.parts
            if part["status"] == "failed"
        ]
        return pd.DataFrame(rows, columns=["part", "first", "stop", "reason"])

    def iter_tables(self) -> Iterator[pd.DataFrame]:
        """The table of each part in order: a row for each image, with its ``row`` in the source and its ``id``."""
        for part in self.parts:
            if part["status"] == "done" and part["n"]:
                yield read_table(self.out / PARTS / part_name(part["number"], f".{self.about['table_format']}"))

    def findings(self) -> list[str]:
        """What was found, in sentences, each figure with the number of images that it is made of."""
        n, sampled = self.n_images, min(self.about["max_samples"], self.about["n_images"])
        sentences = []
        if not self.judgeable:
            why = " ".join(self.facts.reasons)
            sentences.append(f"This set cannot be judged, and no image of {n:,} is named or changed. {why}".strip())
        else:
            low, high = (100 * share for share in self.facts.prevalence_interval)
            learnt = "the set that the auditor was fitted to" if self.about["auditor_given"] else f"{sampled:,} of them"
            sentences.append(
                f"{self.n_flagged:,} of {n:,} images ({100 * self.n_flagged / n:.1f}%) are flagged for a look. "
                f"Estimated from {learnt}, {low:.1f} to {high:.1f}% are corrupted."
            )
            named = self.kinds[~self.kinds["kind"].isin(["clean"])].head(6)
            if len(named):
                words = [kind_in_words(kind, short=True) for kind in named["kind"]]
                listed = ", ".join(f"{kind} ({count:,})" for kind, count in zip(words, named["n"]))
                sentences.append(f"What is wrong, over all {n:,}: {listed}.")
            sentences.append(f"{self.n_repaired:,} of {n:,} images were repaired.{self._kept()}")
        counts = self.duplicate_counts
        if counts is not None:
            text = f"{counts['exact']:,} of {n:,} images are exact copies of another"
            if counts["looked_for"] == "near":
                text += f"; {counts['near']:,} pairs are changed, turned or mirrored copies"
                text += f" ({counts['note']})" if counts["note"] else ""
            if counts["unsigned"]:
                text += f"; in {counts['unsigned']:,} images none but exact copies could be looked for"
            sentences.append(text + ".")
        failed = self.failed
        if len(failed):
            lost = int((failed["stop"] - failed["first"]).sum())
            sentences.append(
                f"{len(failed):,} of {len(self.parts):,} parts ({lost:,} images) could not be judged, and are tried "
                f"again by the next run: {failed['reason'].iloc[0]}"
            )
        if self.total["left_out"]:
            sentences.append(f"{self.total['left_out']:,} images could not be read; parts/*-left_out.csv say why.")
        if len(self.unreadable):
            path, reason = self.unreadable.iloc[0]
            sentences.append(f"{len(self.unreadable):,} shards were left out, the first {path}: {reason}")
        return sentences

    def _kept(self):
        """Where repaired images lie, in words."""
        if not self.about["keep_repaired"]:
            return ""
        if self.about["repaired_format"] == "zarr":
            return f" {REPAIRED_ZARR} holds all {self.about['n_images']:,}, with repairs in place."
        return " They lie in repaired/." if self.n_repaired else ""

    def _file_of(self, name):
        return f"{name}.{self.about['table_format']}" if name == "duplicates" else f"{name}.csv"

    def tables(self) -> dict[str, pd.DataFrame]:
        """``kinds``, ``failed`` parts, ``unreadable`` shards and ``duplicates``; those that are empty are left out."""
        found = {"kinds": self.kinds, "failed": self.failed, "unreadable": self.unreadable}
        if self.duplicates is not None:
            found["duplicates"] = self.duplicates
        return {name: table for name, table in found.items() if len(table)}

    def figures(self) -> dict[str, Figure]:
        """``gallery`` of the surest images of each kind over all parts, and ``scores`` of a sample."""
        displays: dict[str, Any] = {}
        gallery = self._gallery()
        if gallery is not None:
            displays["gallery"] = gallery
        if len(self.scores):
            groups = np.where(self.scores["kind"].isin(["clean", UNJUDGED]), self.scores["kind"], "flagged")
            displays["scores"] = ScoreHistogramDisplay.from_predictions(
                self.scores["anomaly_score"].to_numpy(float), groups.astype(str)
            )
        return figures_of(displays)

    def _gallery(self):
        """Examples are read again, a few of each kind, if the source is still there."""
        if self.source is None:
            return None
        if self.judgeable:
            kinds = self.kinds["kind"].head(_N_KINDS)
            chosen = {row: (kind, sure) for kind in kinds for row, sure in self.total["examples"][kind]}
        else:
            chosen = {row: ("most anomalous", score) for row, score in self.total["most_anomalous"]}
        rows = np.array(sorted(chosen), dtype=np.intp)
        try:
            images = self.source.take(rows)
        except (OSError, DataFormatError):
            return None
        if len(images) != len(rows):
            return None
        kinds, sure = zip(*(chosen[row] for row in rows.tolist()))
        order = None if self.judgeable else ["most anomalous"]
        display = CorruptionGalleryDisplay.from_predictions(images, list(kinds), confidence=sure, order=order)
        if self.judgeable:  # beside its examples stands how many there are of a kind, not how many are shown
            display.counts = {kind: values["n"] for kind, values in self.total["kinds"].items()}
        return display

    def report(self) -> Report:
        """One self-contained page; what it shows of single images is a sample, and says of how many."""
        return self._report(self.figures())

    def _report(self, figures):
        size = " × ".join(map(str, self.about["shape"][:2]))
        subtitle = f"{self.about['name']}: {self.n_images:,} images of {size} pixels in {len(self.parts):,} parts"
        spent = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in self.timings.items())
        report = Report("Image audit in parts", subtitle, footer=f"Seed {self.about['seed']}. This run: {spent}.")
        report.findings(self.findings())
        report.facts(
            {
                "images judged": self.n_images,
                "fitted to": "other images"
                if self.about["auditor_given"]
                else min(self.about["max_samples"], self.about["n_images"]),
                "parts": len(self.parts),
                "parts that failed": len(self.failed),
                "engine": self.engine,
            }
        )
        report.section("What is wrong", f"Sums over all {self.n_images:,} images. Their rows lie in parts/.")
        if "gallery" in figures:
            shown = sum(len(rows) for rows in self.total["examples"].values())
            what = "The surest of each kind" if self.judgeable else "The most anomalous"
            report.figure(figures["gallery"], f"{what}: at most {shown:,} of {self.n_images:,} images.")
        report.table(self.kinds, f"Kinds found, of {self.n_images:,} images.")
        if "scores" in figures:
            report.section("Anomaly scores")
            report.figure(
                figures["scores"], f"Scores of {len(self.scores):,} of {self.n_images:,} images, drawn at random."
            )
        for name, title in (
            ("duplicates", "Duplicates"),
            ("failed", "Parts that could not be judged"),
            ("unreadable", "Shards left out"),
        ):
            table = self.tables().get(name)
            if table is not None:
                report.section(title)
                report.table(
                    table.head(50), f"{min(50, len(table)):,} of {len(table):,}; {self._file_of(name)} has all."
                )
        if self.facts.competence is not None:
            report.section("What can be told here", "Measured on held-out images of the sample.")
            columns = [name for name in ("kind", "recall", "auroc", "status") if name in self.facts.competence]
            report.table(self.facts.competence[columns], "What can be detected.")
        return report

    def write(self, out: str | os.PathLike) -> Path:
        """Write ``summary.json``, tables, and ``report.html``; the rows of images stay where they are.

        Raises
        ------
        FileExistsError
            The folder holds something that no such audit wrote.
        """
        check_target(out, PARTITIONED_FILES, grows=True)
        out = Path(out)
        out.mkdir(parents=True, exist_ok=True)
        tables = self.tables()
        if self.duplicates is not None:
            write_table(out / self._file_of("duplicates"), self.duplicates)
        for name in _TABLES:
            if name in tables:
                write_csv(out / f"{name}.csv", tables[name])
            else:
                (out / f"{name}.csv").unlink(missing_ok=True)
        write_json(out / "summary.json", self._summary())
        self.report().write(out / "report.html")
        return out / "report.html"

    def _summary(self):
        return {
            "findings": self.findings(),
            "about": self.about,
            "images": {
                "judged": self.n_images,
                "left_out": self.total["left_out"],
                "flagged": self.n_flagged,
                "repaired": self.n_repaired,
            },
            "kinds": self.total["kinds"],
            "restorers": self.total["restorers"],
            "scores": self.total["scores"],
            "prevalence": {"estimate": self.facts.prevalence, "interval": self.facts.prevalence_interval},
            "judgeable": self.judgeable,
            "reasons": list(self.facts.reasons),
            "duplicates": self.duplicate_counts,
            "left_out_examples": self.total["left_out_examples"],
            "versions": self.versions,
        }
