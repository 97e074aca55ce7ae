"""``toolkit train gan``."""

from pathlib import Path

from toolkit.cli import _options as options
from toolkit.cli._train_autoencoder import samples
from toolkit.cli._training import read_training_images, run_training

__all__ = ["gan"]


def gan(
    data: options.Data = None,
    dataset: options.Dataset = None,
    n_images: options.NImages = None,
    image_size: options.ImageSize = None,
    architecture: options.GANArchitecture = "mlp",
    objective: options.Objective = "nonsaturating",
    gradient_penalty: options.GradientPenalty = None,
    generator_norm: options.GeneratorNorm = "none",
    packing: options.Packing = 1,
    weight_averaging: options.WeightAveraging = None,
    lr_schedule: options.LrSchedule = "constant",
    latent_dim: options.LatentDim = 100,
    epochs: options.Epochs = 50,
    batch_size: options.BatchSize = 64,
    learning_rate: options.LearningRate = 0.0002,
    momentum: options.Momentum = 0.5,
    precision: options.Precision = "float32",
    save_interval: options.SaveInterval = 5,
    seed: options.Seed = 0,
    out: options.Out = Path("outputs/gan"),
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
):
    """Train a generative adversarial network: a generator that learns by fooling a discriminator."""
    from toolkit.generators import GAN, check_gan

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
    run_training(
        model,
        lambda: read_training_images(
            data=data, dataset=dataset, n_images=n_images, seed=seed, verbose=not quiet, image_size=image_size
        ),
        command="gan",
        out=out,
        save_interval=save_interval,
        resume=resume,
        overwrite=overwrite,
        quiet=quiet,
        check=lambda: check_gan(model),
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
