"""A comparison of generators as a folder of files, which appears whole or not at all."""

from pathlib import Path

from toolkit._core.files import write_csv, write_json
from toolkit._core.floating_point import usual_floating_point
from toolkit._core.showing import only_shows
from toolkit.plots import LossCurveDisplay, SampleRowsDisplay
from toolkit.report import Report
from toolkit.studies._folder import check_target, whole_folder
from toolkit.studies._generators import REAL

__all__ = ["check_comparison_target", "generator_findings", "write_generator_comparison"]

_FILES = frozenset(
    {"generators.csv", "left_out.csv", "losses", "reconstructions.png", "report.html", "samples.png", "summary.json"}
)
_COLUMNS = {
    "frechet_distance": "Fréchet distance",
    "recall": "recall",
    "coverage": "coverage",
    "reconstruction_error": "reconstruction error",
    "fit_seconds": "seconds to fit",
    "cpu_seconds": "CPU seconds",
    "sample_seconds": "seconds to draw",
}
_FORMATS = {
    "Fréchet distance": "{:.3f}",
    "recall": "{:.3f}",
    "coverage": "{:.3f}",
    "reconstruction error": "{:.4f}",
    "seconds to fit": "{:.1f}",
    "CPU seconds": "{:.1f}",
    "seconds to draw": "{:.2f}",
}


def check_comparison_target(out):
    """Refuse a folder that :func:`write_generator_comparison` would refuse, before the long work.

    Raises
    ------
    FileExistsError
    """
    check_target(out, _FILES)


def generator_findings(result):
    """The comparison in plain sentences.

    Parameters
    ----------
    result : GeneratorComparison

    Returns
    -------
    list of str
    """
    means = _means(result)
    floor = result.table.loc[result.table["generator"] == REAL, "frechet_distance"].iloc[0]
    drawn = means["frechet_distance"].dropna().sort_values()
    sentences = []
    if len(drawn):
        order = ", ".join(f"{name} {value:.3g}" for name, value in drawn.items())
        sentences.append(
            f"Closest to images never seen are the samples of {drawn.index[0]}. Fréchet distances: {order}; "
            f"real images of the training part: {floor:.3g}."
        )
    covered = means["coverage"].dropna().sort_values(ascending=False)
    if len(covered):
        order = ", ".join(f"{name} {value:.0%}" for name, value in covered.items())
        sentences.append(f"Share of unseen images that have a sample near them: {order}.")
    rebuilt = means["reconstruction_error"].dropna().sort_values()
    if len(rebuilt):
        order = ", ".join(f"{name} {value:.4f}" for name, value in rebuilt.items())
        sentences.append(f"Images never seen are rebuilt best by {rebuilt.index[0]}. Mean square a pixel: {order}.")
    spent = means["cpu_seconds"].dropna().sort_values()
    if len(spent):
        order = ", ".join(f"{name} {value:.1f} s" for name, value in spent.items())
        sentences.append(f"CPU time to fit: {order}.")
    failed = result.table.loc[result.table["error"].notna()]
    sentences += [f"{row.generator} with seed {row.seed} failed: {row.error}" for row in failed.itertuples()]
    return sentences


def _means(result):
    table = result.table[result.table["generator"] != REAL]
    return table.groupby("generator", sort=False)[list(_COLUMNS)].mean()


@usual_floating_point
def write_generator_comparison(result, out, *, left_out=None) -> Path:
    """Write a comparison: ``generators.csv``, ``summary.json``, ``samples.png``, ``reconstructions.png``, the curves
    of each generator in ``losses``, and ``report.html``, all at once.

    Parameters
    ----------
    result : GeneratorComparison
    out : path-like
    left_out : DataFrame, optional
        Files that are no images of the set, for ``left_out.csv``.

    Returns
    -------
    Path
        The report.

    Raises
    ------
    FileExistsError
        If the folder holds something that no comparison wrote.
    """
    out = Path(out)
    means = _means(result)
    details = {name: f"distance {value:.2f}" for name, value in means["frechet_distance"].dropna().items()}
    errors = {name: f"error {value:.4f}" for name, value in means["reconstruction_error"].dropna().items()}
    pictures = {
        "samples": SampleRowsDisplay.from_predictions(result.samples, details=details, scale=result.scale),
        "reconstructions": SampleRowsDisplay.from_predictions(
            result.reconstructions, details=errors, scale=result.scale
        ),
    }
    if len(result.reconstructions) < 2:
        del pictures["reconstructions"]
    curves = {
        name: LossCurveDisplay.from_history(history, _curves(history), title=name)
        for name, history in result.histories.items()
        if history
    }
    with whole_folder(out, _FILES) as folder:
        write_csv(folder / "generators.csv", result.table)
        if left_out is not None and len(left_out):
            write_csv(folder / "left_out.csv", left_out)
        for name, display in pictures.items():
            with only_shows(f"{name}.png"):
                display.save(folder / f"{name}.png")
        (folder / "losses").mkdir()
        for name, display in curves.items():
            with only_shows(f"losses/{name}.png"):
                display.save(folder / "losses" / f"{name}.png")
        _report(result, pictures, curves).write(folder / "report.html")
        summary = {
            "findings": generator_findings(result),
            "settings": result.settings,
            "table": result.table.astype(object).where(result.table.notna(), None).to_dict(orient="records"),
            "versions": result.versions,
        }
        write_json(folder / "summary.json", summary)
    return out / "report.html"


def _curves(history):
    """What a loss picture shows: losses, not accuracies or norms."""
    return [name for name in history[-1] if "loss" in name] or None


def _report(result, pictures, curves):
    settings = result.settings
    size = " × ".join(map(str, settings["image_shape"][:2]))
    report = Report(
        "Generators compared",
        f"{settings['name']}: {settings['n_train']:,} images of {size} pixels to learn from, "
        f"{settings['n_held_out']:,} held back",
        footer=", ".join(f"{package} {version}" for package, version in result.versions.items() if version) + ".",
    )
    report.findings(generator_findings(result))
    seeds = ["" if missing else str(seed) for seed, missing in zip(result.table["seed"], result.table["seed"].isna())]
    table = result.table.assign(seed=seeds).rename(columns=_COLUMNS)
    if table["error"].isna().all():
        table = table.drop(columns="error")
    report.section(
        "Side by side",
        "The Fréchet distance compares samples to images that no generator saw on the first 50 principal components: "
        "lower is better, and real images of the training part are the floor. A GAN cannot rebuild a given image.",
    )
    report.table(table, "A row for each generator and seed.", formats=_FORMATS)
    report.figure(pictures["samples"], "Samples, not chosen, below some of the images held back.")
    if "reconstructions" in pictures:
        report.figure(pictures["reconstructions"], "Images held back, and what they were rebuilt as.")
    report.section("How they learnt", "Losses of different generators are of different kinds and do not compare.")
    for name, display in curves.items():
        report.figure(display, f"Losses of {name}.")
    return report
