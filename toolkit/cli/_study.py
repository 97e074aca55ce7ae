"""``toolkit study``: audit a data set, then see whether a generator learns all of it; one report."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli._training import Quiet, Seed

__all__ = ["study"]


def study(
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Images: .npz with 'images', or .npy.", show_default=False),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Or a data set by name, see `toolkit data list`.  [default: glyphs]"),
    ] = None,
    n_images: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Only N images, of a file the first.  [default: all of a file, else 4000]"
        ),
    ] = None,
    corrupt: Annotated[
        float | None,
        typer.Option(
            metavar="FRACTION",
            min=0.0,
            max=1.0,
            help="Share of images to corrupt first, to see the audit at work.  [default: 0 for a file, else 0.2]",
        ),
    ] = None,
    seed: Seed = 0,
    jobs: Annotated[int | None, typer.Option(metavar="N", help="Fits at a time.  [default: one a core]")] = None,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where everything goes.")] = Path("outputs/study"),
    quiet: Quiet = False,
):
    """Audit a set of images, repair it, and see whether a GAN learns all of what is then clean.

    Writes report.html and summary.json, and in audit/ and collapse/ what `toolkit audit` and `toolkit collapse --quick`
    write. No labels are used.
    """
    from toolkit.cli._source import read_source
    from toolkit.studies import check_study_target, run_study, study_findings, write_study

    if jobs == 0:
        raise typer.BadParameter("0 jobs do nothing: 1 or more, or -1 for one a core.", param_hint="--jobs")
    check_study_target(out)
    source = read_source(data=data, dataset=dataset, n_images=n_images, corrupt=corrupt, seed=seed, verbose=not quiet)
    result = run_study(
        source.images,
        kinds_truth=source.kinds,
        clean=source.clean,
        random_state=seed,
        n_jobs=jobs,
        folder=out,
        verbose=not quiet,
        name=source.name,
    )
    report = write_study(result, out)
    if not quiet:
        print(*study_findings(result), "", f"Report: {report}", sep="\n")
