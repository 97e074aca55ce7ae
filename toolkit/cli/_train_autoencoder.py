"""``toolkit train autoencoder``."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli import _options as options
from toolkit.cli._training import read_training_images, run_training

__all__ = ["autoencoder"]


def autoencoder(
    data: options.Data = None,
    dataset: options.Dataset = None,
    n_images: options.NImages = None,
    image_size: options.ImageSize = None,
    architecture: options.CoderArchitecture = "mlp",
    latent_dim: options.LatentDim = 2,
    loss: options.Loss = "mse",
    noise: Annotated[
        float, typer.Option(metavar="SD", min=0.0, help="Noise on the input, which makes it denoising.")
    ] = 0.0,
    epochs: options.Epochs = 20,
    batch_size: options.BatchSize = 128,
    learning_rate: options.LearningRate = 0.005,
    save_interval: options.SaveInterval = 5,
    seed: options.Seed = 0,
    out: options.Out = Path("outputs/autoencoder"),
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
):
    """Train an autoencoder: images to a few numbers and back; samples come from the density of these numbers."""
    from toolkit.generators import Autoencoder
    from toolkit.studies import training_pictures

    model = Autoencoder(
        architecture,
        latent_dim=latent_dim,
        loss=loss,
        noise=noise,
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
        command="autoencoder",
        out=out,
        save_interval=save_interval,
        resume=resume,
        overwrite=overwrite,
        quiet=quiet,
        check=model._check_parameters,
        pictures=training_pictures("autoencoder"),
    )
