"""``toolkit train vae``."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli._train_autoencoder import (
    Architecture,
    Loss,
    latent_grid,
    latent_points,
    reconstructions,
    samples,
)
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

__all__ = ["vae"]


def vae(
    data: Data = None,
    dataset: Dataset = None,
    n_images: NImages = None,
    image_size: ImageSize = None,
    architecture: Architecture = "mlp",
    latent_dim: LatentDim = 2,
    beta: Annotated[float, typer.Option(min=0.0, help="Weight of the divergence from the prior.")] = 1.0,
    loss: Loss = "mse",
    epochs: Epochs = 30,
    batch_size: BatchSize = 128,
    learning_rate: LearningRate = 0.01,
    save_interval: SaveInterval = 5,
    seed: Seed = 0,
    out: Out = Path("outputs/vae"),
    resume: Resume = False,
    quiet: Quiet = False,
):
    """Train a variational autoencoder: images as a decoder of normal random numbers."""
    from toolkit.generators import VariationalAutoencoder

    model = VariationalAutoencoder(
        architecture,
        latent_dim=latent_dim,
        beta=beta,
        loss=loss,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
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
        command="vae",
        out=out,
        save_interval=save_interval,
        resume=resume,
        quiet=quiet,
        check=model._check_parameters,
        pictures={
            "samples.png": samples,
            "reconstructions.png": reconstructions,
            "latent.png": latent_points,
            "manifold.png": latent_grid,
        },
    )
