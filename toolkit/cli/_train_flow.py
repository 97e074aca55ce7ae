"""``toolkit train flow``."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli import _options as options
from toolkit.cli._training import LOOK_SECONDS, length_in_epochs, read_training_images, run_training

__all__ = ["flow"]


def flow(
    data: options.Data = None,
    dataset: options.Dataset = None,
    n_images: options.NImages = None,
    image_size: options.ImageSize = None,
    preset: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Settings by name: modern, rectified, ot, logit_normal, ddpm or ddim; options given win over them.",
        ),
    ] = "modern",
    architecture: Annotated[
        str | None, typer.Option(metavar="NAME", help="unet or mlp.  [default: by the size of the images]")
    ] = None,
    conditional: Annotated[
        bool, typer.Option("--conditional", help="Learn from the labels of the images, to draw what is asked for.")
    ] = False,
    clusters: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Clusters that it is told of.  [default: the preset's]")
    ] = None,
    solver: Annotated[
        str | None, typer.Option(metavar="NAME", help="adams, heun, euler, ddim or ancestral.  [default: the preset's]")
    ] = None,
    sampling_steps: Annotated[
        int | None, typer.Option(min=1, help="Steps from noise to an image.  [default: the preset's]")
    ] = None,
    weight_averaging: options.WeightAveraging = None,
    lr_schedule: options.LrSchedule = None,
    epochs: options.GANEpochs = None,
    steps: options.Steps = None,
    seconds: options.Seconds = None,
    batch_size: options.GANBatchSize = None,
    learning_rate: options.GANLearningRate = None,
    precision: options.Precision = "float32",
    save_interval: options.SaveInterval = 5,
    seed: options.Seed = 0,
    out: options.Out = Path("outputs/flow"),
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
):
    """Train a flow from noise to images (rectified flow, flow matching; a diffusion model by --preset ddpm)."""
    from toolkit.generators import FlowMatching, check_flow
    from toolkit.studies import training_pictures

    model = FlowMatching(
        architecture,
        preset=preset,
        conditional=conditional,
        n_clusters=clusters,
        solver=solver,
        n_sampling_steps=sampling_steps,
        weight_averaging=weight_averaging,
        lr_schedule=lr_schedule,
        epochs=length_in_epochs(epochs, steps, seconds),
        max_steps=steps,
        max_seconds=seconds,
        batch_size=batch_size,
        learning_rate=learning_rate,
        precision=precision,
        random_state=seed,
        verbose=not quiet,
    )
    looks = []

    def watch(images):
        from toolkit._core.pixel_scale import PixelScale
        from toolkit.plots import LiveSamples

        # Drawing takes longer than from a GAN.
        looks.append(LiveSamples(out / "growth.png", every=3 * LOOK_SECONDS, scale=PixelScale.learn(images)))
        return looks

    run_training(
        model,
        lambda: read_training_images(
            data=data, dataset=dataset, n_images=n_images, seed=seed, verbose=not quiet, image_size=image_size
        ),
        command="flow",
        out=out,
        save_interval=save_interval,
        resume=resume,
        overwrite=overwrite,
        quiet=quiet,
        check=lambda: check_flow(model),
        hooks=watch,
        labelled=conditional,
        pictures=training_pictures("flow") | {"growth.png": lambda model, found: looks[0].display()},
        curves=["loss"],
    )
