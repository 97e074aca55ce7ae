"""``toolkit audit``: audit an image set and write what was found."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit._core.printable import printable
from toolkit.cli import _options as options
from toolkit.cli._held import hold

__all__ = ["audit"]


def audit(
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|FOLDER",
            help="Images to audit: .npz with 'images', .npy, or a folder or .zip of pictures.",
            show_default=False,
        ),
    ] = None,
    dataset: options.AuditedDataset = None,
    n_images: options.AuditedNImages = None,
    corrupt: options.Corrupt = None,
    detectors: Annotated[
        str, typer.Option(metavar="NAMES", help="Outlier detectors to compare, joined by commas.")
    ] = "iforest,lof,autoencoder",
    image_size: options.ImageSize = None,
    seed: options.Seed = 0,
    jobs: options.Jobs = None,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the result goes, whole or not at all.")] = Path(
        "outputs/audit"
    ),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no findings; errors only.")] = False,
):
    """Find out what is wrong with a set of images, which ones, and undo it where that can be confirmed.

    Takes a .npz or .npy file, or a folder or .zip of pictures, whose files are then named in all that is written.

    Writes per_image.csv, left_out.csv (files that are no images of the set), repaired.npz, detectors.csv, summary.json,
    figures/*.png and report.html. No labels are used; true kinds, where the file holds them or --corrupt made them,
    only check the answers.
    """
    from toolkit.cli._source import read_source
    from toolkit.studies import check_detectors, plain_findings, reserve_result, run_audit, write_audit

    names = tuple(name.strip() for name in detectors.split(",") if name.strip())
    try:
        check_detectors(names)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--detectors") from error
    if jobs == 0:
        raise typer.BadParameter("0 jobs do nothing: 1 or more, or -1 for one a core.", param_hint="--jobs")
    hold(reserve_result("audit", out))

    source = read_source(
        data=data,
        dataset=dataset,
        n_images=n_images,
        corrupt=corrupt,
        seed=seed,
        verbose=not quiet,
        image_size=image_size,
    )
    result = run_audit(
        source.images,
        kinds_truth=source.kinds,
        clean=source.clean,
        detectors=names,
        random_state=seed,
        n_jobs=jobs,
        verbose=not quiet,
        name=source.name,
        paths=source.paths,
        left_out=source.left_out,
        notes=source.notes,
    )
    report = write_audit(result, out)
    if not quiet:
        print(*plain_findings(result), "", f"Report: {printable(report)}", sep="\n")
