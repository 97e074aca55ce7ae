"""A collapse study as files: tables, pictures of each run, and a report that begins with what was found."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit._core.files import write_csv, write_json
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.showing import only_shows
from toolkit.coverage import COLLAPSED, COVERAGE_METRICS, RESEMBLING
from toolkit.report import Report, write_figures
from toolkit.studies._folder import check_target, reserved_folder, whole_folder
from toolkit.studies.collapse._figures import collapse_figures, run_picture
from toolkit.studies.collapse._findings import collapse_answer, collapse_findings, differing_parameters
from toolkit.studies.collapse._summary import compare_settings, hardly_reached, rank_settings, settings_table

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from toolkit.studies.collapse._study import CollapseStudy

__all__ = [
    "COLLAPSE_FILES",
    "add_collapse_sections",
    "check_collapse_target",
    "fill_collapse_folder",
    "forget_collapse_runs",
    "write_collapse_study",
]

RUNS = "runs"
COLLAPSE_FILES = frozenset(
    {RUNS, "left_out.csv", "pictures", "report.html", "runs.csv", "settings.csv", "summary.json"}
)
_FORMATS = {
    "hardly reached": "{:.1%}",
    "divergence": "{:.4f}",
    "clipped coverage": "{:.3f}",
    "seconds": "{:.1f}",
}


def check_collapse_target(out: str | os.PathLike) -> None:
    """Refuse a folder that holds anything but a collapse study: worth knowing before the long work.

    Parameters
    ----------
    out : path-like

    Raises
    ------
    FileExistsError

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from toolkit.studies import check_collapse_target
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> check_collapse_target(folder / "new")
    >>> (folder / "weights.pt").touch()
    >>> check_collapse_target(folder)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    FileExistsError: ... holds 'weights.pt', which is no part of such a result, and would be lost: ...
    """
    check_target(out, COLLAPSE_FILES, grows=True)


def forget_collapse_runs(out: str | os.PathLike) -> None:
    """Remove the runs that an earlier study kept in a folder, so that all are run again.

    Parameters
    ----------
    out : path-like

    Examples
    --------
    >>> import os, tempfile
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import forget_collapse_runs, run_collapse_study
    >>> folder, settings = tempfile.mkdtemp(), {"tiny": {"generator_widths": (8,), "discriminator_widths": (8,)}}
    >>> plan = {"seeds": [0], "steps": 1, "n_samples": 20, "folder": f"{folder}/runs"}
    >>> _ = run_collapse_study(load_digits().images[:100, ::2, ::2], settings, **plan)
    >>> len(os.listdir(f"{folder}/runs"))
    2
    >>> forget_collapse_runs(folder)
    >>> os.listdir(folder)
    []
    """
    check_collapse_target(out)
    shutil.rmtree(Path(out) / RUNS, ignore_errors=True)


@usual_floating_point
def write_collapse_study(
    study: CollapseStudy,
    out: str | os.PathLike,
    *,
    figures: dict[str, Figure] | None = None,
    left_out: pd.DataFrame | None = None,
) -> Path:
    """Write a study beside the runs that it kept in ``out``.

    Parameters
    ----------
    study : CollapseStudy
    out : path-like
        Folder for ``runs.csv`` (a row for each run and checkpoint), ``settings.csv`` (a row for each setting),
        ``summary.json``, ``pictures`` (of each run, and the figures of the report) and ``report.html``. Each file is
        whole at any time; the summary is written last.
    figures : dict of str to Figure, optional
        Of the study, where they have been drawn already.
    left_out : DataFrame, optional
        Files that are no images of the set, for ``left_out.csv``; by default those that the study knows of.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    FileExistsError
        If the folder holds something that no study wrote.

    Examples
    --------
    >>> import os, tempfile
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.studies import run_collapse_study, write_collapse_study
    >>> images = load_digits().images[:100, ::2, ::2]
    >>> settings = {"tiny": {"generator_widths": (8,), "discriminator_widths": (8,)}}
    >>> study = run_collapse_study(images, settings, seeds=[0], steps=1, n_samples=20)
    >>> with tempfile.TemporaryDirectory() as folder:  # figures={}: those of the report take the most time
    ...     print(sorted(os.listdir(write_collapse_study(study, f"{folder}/study", figures={}).parent)))
    ['pictures', 'report.html', 'runs.csv', 'settings.csv', 'summary.json']
    """
    fill_collapse_folder(study, Path(out), figures, left_out)
    return Path(out) / "report.html"


def fill_collapse_folder(
    study: CollapseStudy,
    out: Path,
    figures: dict[str, Figure] | None = None,
    left_out: pd.DataFrame | None = None,
) -> dict[str, Figure | bytes]:
    """Do what :func:`write_collapse_study` says, and return the figures as further pages should be given them.

    Parameters
    ----------
    study : CollapseStudy
    out : Path
    figures : dict of str to Figure, optional
    left_out : DataFrame, optional

    Returns
    -------
    dict of str to Figure or bytes
        Of :func:`toolkit.report.write_figures`.
    """
    left_out = study.left_out if left_out is None else left_out
    with reserved_folder(out, COLLAPSE_FILES, grows=True):
        if left_out is not None and len(left_out):
            write_csv(out / "left_out.csv", left_out)
        return _fill(study, out, collapse_figures(study) if figures is None else figures)


def _fill(study, out, figures):
    (out / "summary.json").unlink(missing_ok=True)
    pictures = {f"{_slug(*cell)}.png": run_picture(study, *cell) for cell in study.records}
    names = {*pictures, *(f"{name}.png" for name in figures)}
    earlier = {path.name for path in (out / "pictures").iterdir()} if (out / "pictures").is_dir() else set()
    with whole_folder(out / "pictures", names | earlier) as folder:
        for file, display in pictures.items():
            if display is not None:
                with only_shows(file):
                    display.save(folder / file, dpi=110)
        shown = write_figures(folder, figures)
    for file, table in (("runs.csv", study.runs), ("settings.csv", settings_table(study))):
        write_csv(out / file, table)
    build_collapse_report(study, shown).write(out / "report.html")
    write_json(out / "summary.json", summarise_collapse(study))
    return shown


def _slug(setting, seed):
    import re

    return f"{re.sub(r'[^a-z0-9]+', '-', setting.lower()).strip('-') or 'setting'}-seed{seed}"


def summarise_collapse(study: CollapseStudy) -> dict:
    """What ``summary.json`` holds: findings, settings, tables of settings and tests, versions."""
    summary = {
        "answer": collapse_answer(study),
        "findings": collapse_findings(study),
        "study": study.facts,
        "baseline": study.baseline,
        "settings": study.settings,
        "by_setting": settings_table(study).to_dict(orient="records"),
        "against_baseline": compare_settings(study).to_dict(orient="records"),
        "verdicts": [
            {"setting": setting, "seed": seed} | {key: record.get(key) for key in ("status", "outcome", "verdict")}
            for (setting, seed), record in study.records.items()
        ],
        "timings": study.timings,
        "versions": study.versions,
    }
    if len(study.settings) > 1:
        ranks, outcome = rank_settings(study)
        summary["ranks"] = ranks["mean_rank"].to_dict()
        summary["significance"] = outcome.sentence
    return summary


def build_collapse_report(study: CollapseStudy, figures: dict[str, Figure]) -> Report:
    """The study on one page.

    Parameters
    ----------
    study : CollapseStudy
    figures : dict of str to Figure

    Returns
    -------
    Report
    """
    facts = study.facts
    size = " × ".join(map(str, facts["image_shape"][:2]))
    n_seeds = len(facts["seeds"])
    report = Report(
        "Mode collapse",
        f"{facts['name']}: {facts['n_images']:,} images of {size} pixels, {len(study.settings)} settings of a GAN, "
        f"{n_seeds} {'seed' if n_seeds == 1 else 'seeds'} each, without labels",
        footer=", ".join(f"{package} {version}" for package, version in study.versions.items() if version) + ".",
    )
    report.findings(collapse_answer(study))
    report.section("Findings in full").items(collapse_findings(study))
    return add_collapse_sections(report, study, figures)


def add_collapse_sections(report: Report, study: CollapseStudy, figures: dict[str, Figure]) -> Report:
    """Add what the findings rest on to a report, and return it."""
    report.section(
        "Settings side by side",
        "Samples of the median run of each setting, not chosen. A collapsed generator may draw each image well: what "
        "it lacks shows only when many are seen.",
    )
    if "samples" in figures:
        report.figure(figures["samples"], "Real images, and below them what each setting draws.")
    table = _read_table(study)
    formats = {column: form for column, form in _FORMATS.items() if column in table.columns}
    report.table(
        table,
        "Means over the seeds ± standard deviation, runs that finished. Hardly reached: share of the real images where "
        "a setting hardly draws, on which the outcome rests. The divergence is Jensen and Shannon's, in nats. Clipped "
        "coverage says how much of the data is reached, clipped density and the share that resembles the data whether "
        "samples look real.",
        formats=formats,
    )
    report.table(_differences(study), f"What each setting has that “{study.baseline}” has not.", max_rows=None)
    if "never_drawn" in figures:
        report.section(
            "What is never drawn",
            "Real images from the parts of the data that a setting hardly reaches, the largest part first. No label "
            "was used to find them.",
        )
        report.figure(figures["never_drawn"], "Typical real images of what is missing.")
    if "curves" in figures:
        report.section(
            "Over training",
            "When a setting lost the data, or found it. The line is the mean over the seeds, the band their range.",
        )
        report.figure(figures["curves"], "Share of the data reached, and the divergence, at each checkpoint.")
    if "map" in figures:
        report.section(
            "Where they draw",
            "Real images (grey) and generated ones (colour) on one map, by UMAP. The map is for the eye; verdicts rest "
            "on the bins.",
        )
        report.figure(figures["map"], "The same map for each setting.")
    _significance(report, study)
    _runs(report, study)
    report.section(
        "How this was measured",
        "The images were reduced to principal components and parted into bins by k-means; the samples of each run were "
        f"counted in the same bins ({study.facts['n_samples']:,} samples). A bin is missing when it holds less than a "
        "quarter of the samples that are due, with a false discovery rate of 5% over the bins. Where samples are too "
        "few to call single bins missing, what lies in bins that hold as little counts as hardly reached, too, less "
        f"what chance would leave empty. A run has collapsed when {100 * COLLAPSED:.0f}% of the real images or more "
        "are hardly reached, and if it draws, or once drew, the data, or draws the same things over and over. Where at "
        "no checkpoint the samples resembled the data "
        f"(their share is below {100 * RESEMBLING:.0f}% of what it is for real images) nor reached most of it, and are "
        "not alike either, it never learnt to draw: its outcome is “undertrained”. A sample resembles the data when it "
        "lies within the usual distance of its nearest real image. What a perfect sampler would give comes from real "
        "images against real images.",
    )
    return report


def _read_table(study):
    import pandas as pd

    table = settings_table(study)
    shown = pd.DataFrame({"setting": table["setting"], "outcome": _outcomes(table)})
    shown["hardly reached"] = _spread(table, "lost_share", "{:.1%}")
    shown["divergence"] = _spread(table, "js", "{:.3f}")
    # What a generator of noise cannot raise; the others are in settings.csv.
    placed = [metric for metric in COVERAGE_METRICS.values() if metric.place is not None]
    for metric in sorted(placed, key=lambda metric: metric.place):
        shown[metric.name.replace("_", " ")] = _spread(table, metric.name, "{:.2f}")
    return shown


def _differences(study):
    import pandas as pd

    return pd.DataFrame(
        {
            "setting": list(study.settings),
            "differs by": [differing_parameters(study, setting) or "—" for setting in study.settings],
        }
    )


def _outcomes(table):
    names = ("undertrained", "collapsed", "partial", "complete", "diverged", "failed")
    return [", ".join(f"{row[name]} {name}" for name in names if row[name]) for _, row in table.iterrows()]


def _spread(table, figure, form):
    cells = []
    for mean, sd in zip(table[f"{figure}_mean"], table[f"{figure}_sd"]):
        if mean != mean:
            cells.append("—")
        else:
            cells.append(form.format(mean) + (f" ± {form.format(sd)}" if sd == sd else ""))
    return cells


def _significance(report, study):
    if len(study.settings) < 2:
        return
    ranks, outcome = rank_settings(study)
    report.section("Ranks and significance", outcome.sentence)
    columns = {"mean_rank": "mean rank", "sd_rank": "sd of rank", "best": "times best", "n_blocks": "seeds"}
    report.table(
        ranks[list(columns)].rename(columns=columns).rename_axis("setting").reset_index(),
        "Ranks by divergence within each seed, 1 is best; a run that diverged ranks last.",
        formats={"mean rank": "{:.2f}", "sd of rank": "{:.2f}"},
    )
    tests = compare_settings(study).rename(
        columns={"p_value": "p", "p_adjusted": "p, adjusted", "smallest_p": "smallest p possible"}
    )
    report.table(
        tests.drop(columns="better"),
        f"Divergence of each setting against “{study.baseline}”: difference of means and Mann-Whitney test over the "
        "seeds, two-sided, unpaired; adjusted by Holm's method.",
        formats={"difference": "{:+.4f}"},
    )


def _runs(report, study):
    import pandas as pd

    final = study.final
    shown = final[["setting", "seed", "outcome", "step", "seconds"]].copy()
    if "missing_share" in final:
        shown["hardly reached"] = hardly_reached(final)
    for column, name in (("js", "divergence"), ("clipped_coverage", "clipped coverage")):
        if column in final:
            shown[name] = final[column]
    if final["error"].notna().any():
        shown["what went wrong"] = [error or "—" for error in final["error"].fillna("")]
    report.section("Every run")
    formats = {name: form for name, form in _FORMATS.items() if name in shown.columns}
    report.table(shown, "The end of each run.", formats=formats, max_rows=None)
    said = [(*run, record["verdict"]) for run, record in study.records.items() if record.get("verdict")]
    if said:
        verdicts = pd.DataFrame(said, columns=["setting", "seed", "verdict"])
        report.table(
            verdicts,
            "What the samples of each run were found to be. Where figures speak against each other, it says which to "
            "believe.",
        )
