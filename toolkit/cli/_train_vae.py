"""``toolkit train vae``."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli import _options as options
from toolkit.cli._training import read_training_images, run_training

__all__ = ["vae"]


def vae(
    data: options.Data = None,
    dataset: options.Dataset = None,
    n_images: options.NImages = None,
    image_size: options.ImageSize = None,
    architecture: options.CoderArchitecture = "mlp",
    latent_dim: options.LatentDim = 2,
    beta: Annotated[float, typer.Option(min=0.0, help="Weight of the divergence from the prior.")] = 1.0,
    loss: options.Loss = "mse",
    epochs: options.Epochs = 30,
    batch_size: options.BatchSize = 128,
    learning_rate: options.LearningRate = 0.01,
    save_interval: options.SaveInterval = 5,
    seed: options.Seed = 0,
    out: options.Out = Path("outputs/vae"),
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
):
    """Train a variational autoencoder: images as a decoder of normal random numbers."""
    from toolkit.generators import VariationalAutoencoder
    from toolkit.studies import training_pictures

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
    run_training(
        model,
        lambda: read_training_images(
            data=data, dataset=dataset, n_images=n_images, seed=seed, verbose=not quiet, image_size=image_size
        ),
        command="vae",
        out=out,
        save_interval=save_interval,
        resume=resume,
        overwrite=overwrite,
        quiet=quiet,
        check=model._check_parameters,
        pictures=training_pictures("vae"),
    )
