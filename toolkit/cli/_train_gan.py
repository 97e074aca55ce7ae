"""``toolkit train gan``."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli._train_autoencoder import samples
from toolkit.cli._training import (
    BatchSize,
    Data,
    Dataset,
    Epochs,
    ImageSize,
    LatentDim,
    LearningRate,
    NImages,
    Out,
    Quiet,
    Resume,
    SaveInterval,
    Seed,
    read_training_images,
    run_training,
)

__all__ = ["gan"]


def gan(
    data: Data = None,
    dataset: Dataset = None,
    n_images: NImages = None,
    image_size: ImageSize = None,
    architecture: Annotated[str, typer.Option(metavar="NAME", help="mlp, dcgan or resnet.")] = "mlp",
    objective: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="minimax, nonsaturating, least_squares, wasserstein, wasserstein_gp, hinge or relativistic.",
        ),
    ] = "nonsaturating",
    gradient_penalty: Annotated[
        str | None, typer.Option(metavar="NAME", help="r1, r2, r1r2, zero_centred or wgan.  [default: the objective's]")
    ] = None,
    generator_norm: Annotated[str, typer.Option(metavar="NAME", help="none or batch.")] = "none",
    packing: Annotated[int, typer.Option(min=1, help="Images that the discriminator judges at a time.")] = 1,
    weight_averaging: Annotated[
        float | None,
        typer.Option(metavar="DECAY", help="Keep a moving average of the generator, 0.999 say.", show_default=False),
    ] = None,
    lr_schedule: Annotated[str, typer.Option(metavar="NAME", help="constant, linear or cosine.")] = "constant",
    latent_dim: LatentDim = 100,
    epochs: Epochs = 50,
    batch_size: BatchSize = 64,
    learning_rate: LearningRate = 0.0002,
    momentum: Annotated[
        float, typer.Option(metavar="BETA1", min=0.0, max=1.0, help="Adam's first beta, of both networks.")
    ] = 0.5,
    precision: Annotated[str, typer.Option(metavar="NAME", help="float32 or bfloat16.")] = "float32",
    save_interval: SaveInterval = 5,
    seed: Seed = 0,
    out: Out = Path("outputs/gan"),
    resume: Resume = False,
    quiet: Quiet = False,
):
    """Train a generative adversarial network: a generator that learns by fooling a discriminator."""
    from toolkit.generators import GAN
    from toolkit.generators._gan_setup import check_parameters

    shown = tuple(sorted({epoch for epoch in (1, 10, 50, 100, epochs) if epoch <= epochs}))
    model = GAN(
        architecture,
        objective=objective,
        gradient_penalty=gradient_penalty,
        generator_norm=generator_norm,
        packing=packing,
        weight_averaging=weight_averaging,
        lr_schedule=lr_schedule,
        latent_dim=latent_dim,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        betas=(momentum, 0.999),
        precision=precision,
        snapshot_epochs=shown,
        random_state=seed,
        verbose=not quiet,
    )
    found, name = read_training_images(
        data=data, dataset=dataset, n_images=n_images, seed=seed, verbose=not quiet, image_size=image_size
    )
    run_training(
        model,
        found,
        name,
        command="gan",
        out=out,
        save_interval=save_interval,
        resume=resume,
        quiet=quiet,
        check=lambda: check_parameters(model),
        pictures={"samples.png": samples, "growth.png": _growth, "interpolation.png": _interpolation},
        curves=["generator_loss", "discriminator_loss"],
    )


def _growth(model, found):
    """The same latents after the first, the tenth, the fiftieth ... epoch, a row each."""
    import numpy as np

    from toolkit.plots import SampleGridDisplay

    n_columns = 12
    rows = np.concatenate([images[:n_columns] for images in model.snapshots_.values()])
    epochs = ", ".join(map(str, model.snapshots_))
    return SampleGridDisplay.from_predictions(
        rows, n_columns=n_columns, scale=model.pixel_scale_, title=f"The same latents after epochs {epochs}"
    )


def _interpolation(model, found):
    """Ways between latents, a row each."""
    import numpy as np

    from toolkit.plots import SampleGridDisplay

    rows = np.concatenate([model.interpolate(2 * row, 2 * row + 1, 12) for row in range(5)])
    return SampleGridDisplay.from_predictions(
        rows, n_columns=12, scale=model.pixel_scale_, title="From one latent to another"
    )
