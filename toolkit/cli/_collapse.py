"""``toolkit collapse``: which settings of a GAN lose a part of the data, since when, and what cures it."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli import _options as options
from toolkit.cli._training import read_training_images

__all__ = ["collapse"]

_RUNS, _STEPS, _CHECKPOINTS, _SAMPLES = 3, 4000, 8, 5000


def collapse(
    data: options.Data = None,
    dataset: options.Dataset = None,
    n_images: options.NImages = None,
    image_size: options.ImageSize = None,
    recipe: Annotated[
        str,
        typer.Option(metavar="NAME", help="collapse, mitigation, ablation, hyperparameters or architectures."),
    ] = "collapse",
    architectures: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help="Instead of a recipe: mlp, dcgan, resnet, joined by commas.", show_default=False
        ),
    ] = None,
    objectives: Annotated[
        str | None, typer.Option(metavar="NAMES", help="... each with each of these objectives.", show_default=False)
    ] = None,
    mitigations: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="... and each of these: none, cure, or packing, batch_norm ...; several at once joined by +.",
            show_default=False,
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(metavar="N", min=1, help=f"Runs of each setting, from --seed on.  [default: {_RUNS}]")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(metavar="N", min=1, help=f"Length of each training.  [default: {_STEPS}]")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(metavar="S", help="Or its limit in seconds.", show_default=False)
    ] = None,
    checkpoints: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help=f"Times that coverage is measured.  [default: {_CHECKPOINTS}]"),
    ] = None,
    samples: Annotated[
        int | None, typer.Option(metavar="N", min=10, help=f"Samples each time.  [default: {_SAMPLES}]")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small networks, short trainings, two seeds: a minute and a half.")
    ] = False,
    jobs: Annotated[int | None, typer.Option(metavar="N", help="Runs at a time.  [default: one a core]")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Repeat runs that the folder already holds.")] = False,
    seed: options.Seed = 0,
    out: options.Out = Path("outputs/collapse"),
    quiet: options.Quiet = False,
):
    """Watch GANs lose parts of the data, and what cures it, without labels.

    Writes runs.csv, settings.csv, summary.json, pictures/*.png and report.html. Finished runs are kept in the folder:
    a study that was stopped goes on where it was.
    """
    from toolkit.cli._outcome import carry_out
    from toolkit.studies import (
        check_collapse_settings,
        collapse_grid,
        collapse_recipe,
        forget_collapse_runs,
        run_collapse_study,
    )

    given = {"--seeds": seeds, "--steps": steps, "--seconds": seconds, "--checkpoints": checkpoints}
    for option, value in ({**given, "--samples": samples} if quick else {}).items():
        if value is not None:
            raise typer.BadParameter("is set by --quick: leave one of the two out.", param_hint=option)
    if seconds is not None and not 0 < seconds < float("inf"):
        raise typer.BadParameter(f"must be a positive number, got {seconds}.", param_hint="--seconds")
    if jobs == 0:
        raise typer.BadParameter("0 jobs do nothing: 1 or more, or -1 for one a core.", param_hint="--jobs")
    length = steps if steps is not None or seconds is not None else _STEPS
    grid = {"architectures": architectures, "objectives": objectives, "mitigations": mitigations}
    grid = {key: _names(value) for key, value in grid.items() if value is not None}
    try:
        if grid:
            settings = collapse_grid(**grid, steps=length or _STEPS)
        else:
            settings = collapse_recipe(recipe, steps=length or _STEPS)
        check_collapse_settings(settings)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error

    def run():
        found, name = read_training_images(
            data=data, dataset=dataset, n_images=n_images, seed=seed, verbose=not quiet, image_size=image_size
        )
        if fresh:
            forget_collapse_runs(out)
        first_seeds = range(seed, seed + (2 if quick else seeds or _RUNS))
        return run_collapse_study(
            found.images,
            settings if grid else recipe,
            seeds=first_seeds,
            steps=length,
            seconds=seconds,
            checkpoints=checkpoints or _CHECKPOINTS,
            n_samples=samples or _SAMPLES,
            quick=quick,
            folder=out / "runs",
            n_jobs=-1 if jobs is None else jobs,
            verbose=not quiet,
            name=name,
            left_out=getattr(found, "skipped", None),
        )

    carry_out("collapse", out, run, quiet=quiet)


def _names(text):
    return tuple(name.strip() for name in text.split(",") if name.strip())
