"""Two sets of images against each other, neither of which is the truth: what differs, with pictures, as a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from toolkit._core.files import write_csv, write_json
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.pixel_scale import PixelScale
from toolkit._core.printable import printable
from toolkit._core.showing import only_shows
from toolkit._core.value_scale import bring_to_scale
from toolkit._core.versions import versions
from toolkit.coverage import CoverageComparison, compare_coverage
from toolkit.exceptions import DataFormatError
from toolkit.plots import Display, SampleGridDisplay, SampleRowsDisplay
from toolkit.report import Report
from toolkit.studies._folder import whole_folder
from toolkit.studies._result import StudyOutcome, figures_of
from toolkit.studies.coverage._shown import evenly_chosen

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DIFFERENCES_FILES", "DifferencesResult", "run_differences"]

DIFFERENCES_FILES = frozenset(
    {
        "bins.csv",
        "differences.csv",
        "images.csv",
        "more_in_a.png",
        "more_in_b.png",
        "more_like_a.png",
        "more_like_b.png",
    }
)
_MOST_MODES, _N_COLUMNS = 12, 12
_N_ALIKE = 36


@dataclass(frozen=True, repr=False)
class DifferencesResult(StudyOutcome):
    """What :func:`run_differences` finds.

    Parameters
    ----------
    comparison : CoverageComparison
    pictures : dict of str to dict
        For ``"more_in_a"`` and ``"more_in_b"``: examples of each part by its shares, of the set that has more.
    scale : PixelScale
    alike : dict of str to ndarray
        For ``"more_like_a"`` and ``"more_like_b"``: some images of that set that too few of the other look like.
    paths : tuple of sequence of str, or None
        What the images of either set are called, where they are files.
    notes : tuple of str
        What was done to the second set before.
    versions : dict of str to str

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_differences
    >>> images, labels = load_digits().images[:300], load_digits().labels[:300]
    >>> result = run_differences(images[labels < 5], images[labels >= 5], names=("low", "high"))
    >>> result.comparison.flagged, list(result.pictures)
    (True, ['more_in_a', 'more_in_b'])
    >>> result.tables()["differences"]["more_in"].unique().tolist()
    ['low', 'high']
    """

    comparison: CoverageComparison
    pictures: dict[str, dict[str, np.ndarray]]
    scale: PixelScale
    alike: dict[str, np.ndarray] = field(default_factory=dict)
    paths: tuple[Sequence[str] | None, Sequence[str] | None] = (None, None)
    notes: tuple = ()
    versions: dict = field(default_factory=versions)

    def findings(self) -> list[str]:
        """What was found, in sentences."""
        if len(self.comparison.bins) < 2:  # the test could not have come out otherwise
            first, second = self.comparison.names
            return [f"All images fall into a single bin: too few different ones to tell {first} from {second}."]
        return [f"{sentence.rstrip('.')}." for sentence in self.comparison.verdict.split(". ")]

    def figures(self) -> dict[str, Figure]:
        """Matplotlib figures by name."""
        return figures_of(self._displays())

    def tables(self) -> dict[str, pd.DataFrame]:
        """Frames by name: the parts that differ, the bins, and images that one set has more like.

        ``images`` has a row for each: ``more_in`` (the name of the set), ``part`` (a number for parts that are bins,
        "looks" for images that too few of the other set look like), ``row``, and ``path`` where images are files.
        """
        return {"differences": self.comparison.frame(), "bins": self.comparison.bins, "images": self._images()}

    def _images(self):
        found, tables = self.comparison, []
        sides = (("a_rows", found.more_in_a, found.more_like_a), ("b_rows", found.more_in_b, found.more_like_b))
        for name, paths, (rows_of, modes, alike) in zip(found.names, self.paths, sides):
            parts = [(str(number), getattr(mode, rows_of)) for number, mode in enumerate(modes, start=1)]
            parts.append(("looks", alike))
            for part, rows in parts:
                table = pd.DataFrame({"more_in": name, "part": part, "row": rows})
                if paths is not None:
                    table["path"] = [paths[row] for row in rows]
                tables.append(table)
        return pd.concat([pd.DataFrame(columns=["more_in", "part", "row"]), *tables], ignore_index=True)

    def report(self) -> Report:
        """The study as one page."""
        found = self.comparison
        report = Report(
            "Differences",
            f"{found.names[0]}: {found.n_a:,} images; {found.names[1]}: {found.n_b:,} images",
            footer=", ".join(f"{package} {version}" for package, version in self.versions.items() if version) + ".",
        )
        report.findings(self.findings())
        if self.notes:
            report.note("\n\n".join(self.notes))
        report.text(
            f"Over {len(found.bins)} bins of all images together the divergence is {found.js:.4f}; random divisions of "
            f"them into sets of these sizes have {found.js_expected:.4f} on average. Parts are bins that differ at a "
            f"false discovery rate of {found.alpha:.0%}."
        )
        table = found.frame()
        if len(table):
            first, second = (f"share of {name}" for name in found.names)
            report.table(
                table.rename(columns={"more_in": "more in", "n_bins": "bins", "a_share": first, "b_share": second}),
                index=False,
                precision=4,
            )
        for key, display in self._displays().items():
            mine, other = found.names if key.endswith("_a") else found.names[::-1]
            if key.startswith("more_in"):
                report.section(f"More in {mine}")
                report.figure(display, "A row for each part, the largest difference first; its share of either set.")
            else:
                report.section(f"Images of {mine} that {other} has few like")
                report.figure(
                    display,
                    f"Fewer images of {other} look like these than chance leaves anywhere (some of them, evenly "
                    "chosen, the worst first).",
                )
        return report

    def write(self, out: str | os.PathLike) -> Path:
        """Write ``differences.csv``, ``bins.csv``, ``images.csv``, ``summary.json``, pictures and ``report.html``.

        Returns
        -------
        Path
            The report.
        """
        out, found = Path(out), self.comparison
        from toolkit.studies.coverage._write import COVERAGE_FILES

        with whole_folder(out, COVERAGE_FILES) as folder:
            write_csv(folder / "differences.csv", found.frame())
            write_csv(folder / "bins.csv", found.bins)
            write_csv(folder / "images.csv", self._images())
            summary = {
                name: getattr(found, name) for name in ("names", "n_a", "n_b", "js", "js_expected", "p_value", "alpha")
            }
            known = not np.isnan(found.looks_p_value)
            summary |= {"looks_p_value": found.looks_p_value if known else None}
            summary |= {name: getattr(found, name).tolist() for name in ("more_like_a", "more_like_b")}
            summary |= {"flagged": bool(found.flagged), "findings": self.findings(), "notes": self.notes}
            write_json(folder / "summary.json", summary | {"versions": self.versions})
            for name, display in self._displays().items():
                with only_shows(f"{name}.png"):
                    display.save(folder / f"{name}.png")
            self.report().write(folder / "report.html")
        return out / "report.html"

    def _displays(self) -> dict[str, Display]:
        return {
            name: SampleRowsDisplay.from_predictions(rows, scale=self.scale)
            for name, rows in self.pictures.items()
            if rows
        } | {
            name: SampleGridDisplay.from_predictions(images, n_columns=_N_COLUMNS, scale=self.scale)
            for name, images in self.alike.items()
            if len(images)
        }


@usual_floating_point
def run_differences(
    a: ArrayLike,
    b: ArrayLike,
    *,
    names: tuple[str, str] = ("A", "B"),
    paths: tuple[Sequence[str] | None, Sequence[str] | None] = (None, None),
    random_state: int = 0,
    **options: Any,
) -> DifferencesResult:
    """Say which modes one set of images holds more often than another.

    Parameters
    ----------
    a, b : ndarray of shape (n, height, width) or (n, height, width, 3)
        Where dtypes or usual ranges differ, the second is brought to the scale of the first, which the report says.
    names : tuple of str, default=("A", "B")
    paths : tuple of sequence of str, optional
        What the images of either set are called, for ``images.csv``.
    random_state : int, default=0
    **options
        Of :func:`toolkit.coverage.compare_coverage`.

    Returns
    -------
    DifferencesResult

    Raises
    ------
    DataFormatError
        Images of different shapes.

    Examples
    --------
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_differences
    >>> found = load_digits()
    >>> result = run_differences(found.images[:600], found.images[600:1200][found.labels[600:1200] != 0])
    >>> result.findings()[0]
    'A and B differ by more than chance (p = .002).'
    """
    names = (printable(names[0]), printable(names[1]))
    a, b = np.asarray(a), np.asarray(b)
    if a.shape[1:] != b.shape[1:]:
        raise DataFormatError(f"{names[1]} holds images of shape {b.shape[1:]}, but {names[0]} of {a.shape[1:]}.")
    scale = PixelScale.learn(a)
    b, guess = bring_to_scale(b, scale, a.dtype.name)
    notes = (f"The values of {names[1]} were a guess: {guess}.",) if guess else ()
    found = compare_coverage(a, b, names=names, random_state=random_state, **options)
    pictures = {
        name: {
            f"{number}: {mode.a_share:.1%}, {mode.b_share:.1%}": images[getattr(mode, rows)[:_N_COLUMNS]]
            for number, mode in enumerate(modes[:_MOST_MODES], start=1)
        }
        for name, modes, images, rows in (
            ("more_in_a", found.more_in_a, a, "a_rows"),
            ("more_in_b", found.more_in_b, b, "b_rows"),
        )
    }
    alike = {
        name: images[evenly_chosen(rows, _N_ALIKE)]
        for name, images, rows in (("more_like_a", a, found.more_like_a), ("more_like_b", b, found.more_like_b))
    }
    return DifferencesResult(found, pictures, scale, alike, paths, notes)
