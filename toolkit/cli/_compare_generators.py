"""``toolkit compare-generators``: autoencoder, variational autoencoder and GAN on the same images."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli import _options as options
from toolkit.cli._training import read_training_images

__all__ = ["compare_generators"]

_SMALL, _PHOTOGRAPHS = ("autoencoder", "vae", "gan"), ("conv_autoencoder", "conv_vae", "dcgan")


def compare_generators(
    data: options.Data = None,
    dataset: options.Dataset = None,
    n_images: options.NImages = None,
    image_size: options.ImageSize = None,
    generators: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Joined by commas: autoencoder, vae, gan, gan_relativistic, conv_autoencoder, conv_vae, dcgan. "
            " [default: the first three; of colour pictures the last three]",
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the images, for each of them.")] = 20,
    repeats: Annotated[int, typer.Option(metavar="N", min=1, help="Fits of each, from N seeds on.")] = 1,
    jobs: Annotated[int, typer.Option(metavar="N", help="Fits at a time.")] = 1,
    seed: options.Seed = 0,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the result goes, whole or not at all.")] = Path(
        "outputs/generators"
    ),
    quiet: options.Quiet = False,
):
    """Compare generators: how close their samples are to unseen images, how well they rebuild, what they cost.

    Writes generators.csv, summary.json, samples.png, reconstructions.png, losses/*.png and report.html.
    """
    from toolkit.cli._outcome import carry_out
    from toolkit.studies import check_generators, run_generator_comparison

    names = None if generators is None else tuple(name.strip() for name in generators.split(",") if name.strip())
    try:
        check_generators(_SMALL if names is None else names)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--generators") from error
    if jobs == 0:
        raise typer.BadParameter("0 jobs do nothing: 1 or more, or -1 for one a core.", param_hint="--jobs")

    def run():
        found, name = read_training_images(
            data=data, dataset=dataset, n_images=n_images, seed=seed, verbose=not quiet, image_size=image_size
        )
        return run_generator_comparison(
            found.images,
            generators=names or (_PHOTOGRAPHS if found.images.ndim == 4 else _SMALL),
            epochs=epochs,
            seeds=range(seed, seed + repeats),
            n_jobs=jobs,
            verbose=not quiet,
            name=name,
            left_out=getattr(found, "skipped", None),
        )

    carry_out("comparison", out, run, quiet=quiet)
