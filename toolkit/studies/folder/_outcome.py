"""What was found of a folder of pictures by looking at its files, without anything that is trained."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from toolkit._core.files import write_csv, write_json
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.printable import printable
from toolkit._core.versions import versions
from toolkit.audit import FileAudit, plan_clean
from toolkit.report import Report, write_figures
from toolkit.studies._folder import whole_folder
from toolkit.studies._result import StudyOutcome, figures_of
from toolkit.studies.folder._decide import add_file_choices
from toolkit.studies.folder._figures import file_displays
from toolkit.studies.folder._sections import add_file_sections, file_facts
from toolkit.studies.folder._write import FILE_TABLES, file_summary, per_file_table, write_file_tables

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FOLDER_FILES", "FolderResult", "cleaning_findings"]

FOLDER_FILES = FILE_TABLES | {"figures", "report.html", "summary.json"}


@dataclass(frozen=True, repr=False)
class FolderResult(StudyOutcome):
    """What was found of a folder of pictures.

    Parameters
    ----------
    files : FileAudit
    applied : DataFrame or None
        What became of each file in a cleaned copy, as :func:`toolkit.audit.apply_plan` gives it.
    settings : dict
        ``name`` of the folder, ``cleaned`` (where the copy is), ``dry_run``.
    timings : dict of str to float
        Wall-clock seconds of each stage.
    versions : dict of str to str
    plan : DataFrame, optional
        What becomes of each file unless somebody decides otherwise; by default :func:`toolkit.audit.plan_clean`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from PIL import Image
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_folder
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for number, image in enumerate(load_digits().images[:4]):
    ...     Image.fromarray(image).save(folder / f"{number}.png")
    >>> _ = (folder / "torn.png").write_bytes((folder / "0.png").read_bytes()[:60])
    >>> result = run_folder(folder, cache=False, n_jobs=1)
    >>> len(result), result.per_file.loc[~result.per_file["readable"], "path"].tolist()
    (5, ['torn.png'])
    >>> result.plan["action"].tolist()
    ['keep', 'keep', 'keep', 'keep', 'leave_out']
    """

    files: FileAudit
    applied: pd.DataFrame | None = None
    settings: dict = field(default_factory=dict)
    timings: dict = field(default_factory=dict)
    versions: dict = field(default_factory=versions)
    plan: pd.DataFrame | None = None

    def __post_init__(self):
        if self.plan is None:
            object.__setattr__(self, "plan", plan_clean(self.files))

    def __len__(self) -> int:
        return len(self.files)

    @property
    def per_file(self) -> pd.DataFrame:
        """One row a file: :attr:`toolkit.audit.FileAudit.per_file`, and what was done."""
        return per_file_table(self.files, applied=self.applied)

    def findings(self) -> list[str]:
        """What was found, in sentences, the most important first."""
        return [*self.files.findings(), *cleaning_findings(self.applied, self.settings)]

    def figures(self) -> dict[str, Figure]:
        """Matplotlib figures by name: the surest files of each fault, groups of duplicates, leaks."""
        return figures_of(file_displays(self.files))

    def tables(self) -> dict[str, pd.DataFrame]:
        """Frames by name."""
        tables = {**self.files.tables(), "per_file": self.per_file, "plan": self.plan}
        return tables if self.applied is None else {**tables, "applied": self.applied}

    def report(self) -> Report:
        """One self-contained page."""
        return self._report(self.figures())

    def _report(self, figures):
        made = ", ".join(f"{package} {version}" for package, version in self.versions.items() if version)
        spent = ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in self.timings.items())
        name = printable(self.settings.get("name") or self.files.survey.root.name)
        report = Report(
            "A folder of pictures",
            f"{name}: {len(self):,} files, looked at one by one",
            footer=f"Time: {spent}.\n\n{made}.",
        )
        report.findings(self.findings()).facts(file_facts(self.files))
        add_file_sections(report, self.files, figures, self.applied)
        return add_file_choices(report, self.files, self.plan)

    @usual_floating_point
    def write(self, out: str | os.PathLike) -> Path:
        """Write a folder, which appears whole or not at all; returns its report.

        Parameters
        ----------
        out : path-like
            Folder for ``per_file.csv`` (and ``.parquet``, where pyarrow is installed), ``duplicates.csv``,
            ``leaks.csv``, ``plan.csv``, ``summary.json``, ``figures/*.png`` and ``report.html``.

        Raises
        ------
        FileExistsError
            The folder holds something that no such study wrote.
        """
        from toolkit.studies.audit._write import AUDIT_FILES

        out = Path(out)
        with whole_folder(out, AUDIT_FILES) as folder:
            write_file_tables(folder, self.per_file, self.files)
            write_csv(folder / "plan.csv", self.plan)
            (folder / "figures").mkdir()
            figures = write_figures(folder / "figures", self.figures())
            self._report(figures).write(folder / "report.html")
            summary = {
                "findings": self.findings(),
                "settings": self.settings,
                "per_file": file_summary(self.files, self.applied),
                "timings": self.timings,
                "versions": self.versions,
            }
            write_json(folder / "summary.json", summary)
        return out / "report.html"


def _joined(parts: list[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def cleaning_findings(applied: pd.DataFrame | None, settings: dict) -> list[str]:
    """A sentence on the cleaned copy, if there is one.

    Parameters
    ----------
    applied : DataFrame or None
        Of :func:`toolkit.audit.apply_plan`.
    settings : dict
        Of a :class:`FolderResult`.

    Returns
    -------
    list of str

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from toolkit.studies import cleaning_findings
    >>> done, psnr = ["kept", "repaired", "left out"], [np.nan, np.inf, np.nan]  # infinite: to the last grey level
    >>> print(*cleaning_findings(pd.DataFrame({"done": done, "psnr": psnr, "note": ""}), {"cleaned": "out"}))
    out holds 2 files: 1 as it was, byte for byte and 1 repaired at its own size; 1 is left out.
    """
    if applied is None:
        return []
    counts = applied["done"].value_counts()
    kept, repaired, left = (int(counts.get(name, 0)) for name in ("kept", "repaired", "left out"))
    is_files = "psnr" in applied
    things = "files" if is_files else "images"
    n_inexact = 0
    if is_files:  # a column without a value is of any type, in a table that was read back from a file
        psnr = pd.to_numeric(applied["psnr"]).to_numpy(dtype=float, na_value=np.nan)
        n_inexact = int(np.isfinite(psnr).sum())
    where = settings.get("cleaned") or "the copy"
    dry = settings.get("dry_run")
    begins = f"{where} would hold" if dry else f"{where} holds"
    as_before = "as it was" if kept == 1 else "as they were"
    parts = [f"{kept:,} {as_before}", f"{repaired:,} repaired"]
    if is_files:
        own = "its" if repaired == 1 else "their"
        bare = int(((applied["done"] == "kept") & applied["note"].astype(str).str.endswith("without its notes")).sum())
        as_before = "as it was" if kept - bare == 1 else "as they were"
        parts = [f"{kept - bare:,} {as_before}, byte for byte", f"{repaired:,} repaired at {own} own size"]
        if bare:
            parts.insert(1, f"{bare:,} {'as it was but for its' if bare == 1 else 'as they were but for their'} notes")
    if repaired and n_inexact:
        parts[-1] += f" ({n_inexact:,} of them not to the last grey level)"
    verb = "is" if left == 1 else "are"
    refused = sum(str(note).startswith("not repaired: ") for note in applied["note"])
    more = f" Of those kept {refused:,} could not be repaired as asked." if refused else ""
    things = things.removesuffix("s") if kept + repaired == 1 else things
    return [f"{begins} {kept + repaired:,} {things}: {_joined(parts)}; {left:,} {verb} left out.{more}"]
