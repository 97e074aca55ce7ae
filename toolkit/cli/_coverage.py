"""``toolkit coverage``: which modes of real images do samples from anywhere reach?"""

from pathlib import Path
from typing import Annotated

import typer

from toolkit._core.printable import printable
from toolkit.cli import _options as options

__all__ = ["coverage"]


def coverage(
    real: Annotated[
        Path,
        typer.Argument(metavar="REAL", help="Real images: .npz with 'images', .npy, or a folder or .zip of pictures."),
    ],
    samples: Annotated[Path, typer.Argument(metavar="SAMPLES", help="Generated images, likewise, of the same shape.")],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the result goes, whole or not at all.")] = Path(
        "outputs/coverage"
    ),
    bins: Annotated[int, typer.Option(min=2, help="Bins of the feature space.")] = 100,
    image_size: options.ImageSize = None,
    embedding: Annotated[str, typer.Option(metavar="NAME", help="Feature space: pca or autoencoder.")] = "pca",
    view: Annotated[bool, typer.Option("--map/--no-map", help="Draw the map of modes, which takes longest.")] = True,
    differences: Annotated[
        bool,
        typer.Option(
            "--differences",
            help="Take neither set for the truth: which parts does each hold more often than the other?",
        ),
    ] = False,
    seed: options.Seed = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
):
    """Say which parts of the real images the samples miss, without labels, calibrated on real against real.

    Writes figures.csv, bins.csv, evidence.csv, left_out.csv (files of folders that are no images of them),
    missing.csv (real images that the samples have none or few like, by path), summary.json, samples.png,
    dropped.png, scarce.png, map.png and report.html.
    With --differences: differences.csv, bins.csv, images.csv (those that one set has more like, by path),
    summary.json, pictures of them and report.html.
    """
    if embedding not in ("pca", "autoencoder"):
        raise typer.BadParameter(f"{embedding} is neither pca nor autoencoder.", param_hint="--embedding")

    from toolkit.cli._outcome import carry_out
    from toolkit.cli._source import is_folder, left_out_of, read_file
    from toolkit.coverage import ModeCoverage
    from toolkit.studies import run_coverage, run_differences

    if image_size is not None and not (is_folder(real) or is_folder(samples)):
        raise typer.BadParameter("is for folders of pictures, and both are files.", param_hint="--image-size")

    def run():
        found = [
            read_file(path, image_size=image_size if is_folder(path) else None, verbose=not quiet)
            for path in (real, samples)
        ]
        names = (printable(real.name), printable(samples.name))
        paths = tuple(getattr(images, "paths", None) for images in found)
        if differences:
            return run_differences(
                *(images.images for images in found),
                embedding=embedding,
                n_bins=bins,
                names=names,
                paths=paths,
                random_state=seed,
            )
        return run_coverage(
            *(images.images for images in found),
            coverage=ModeCoverage(embedding, n_bins=bins, random_state=seed),
            with_map=view,
            names=names,
            left_out=left_out_of(real=found[0], samples=found[1]),
            paths=paths[0],
            random_state=seed,
            verbose=not quiet,
        )

    carry_out("coverage", out, run, quiet=quiet)
