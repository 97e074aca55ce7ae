"""``toolkit train cgan``."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli import _options as options
from toolkit.cli._training import chosen_betas, length_in_epochs, read_training_images, run_training

__all__ = ["cgan"]

_COLUMNS = 12


def cgan(
    data: options.Data = None,
    dataset: options.Dataset = None,
    n_images: options.NImages = None,
    image_size: options.ImageSize = None,
    preset: options.GANPreset = "modern",
    architecture: options.GANArchitecture = None,
    generator_conditioning: Annotated[
        str, typer.Option(metavar="NAME", help="How the generator is given the label: embedding or batch_norm.")
    ] = "embedding",
    discriminator_conditioning: Annotated[
        str, typer.Option(metavar="NAME", help="How the discriminator is given it: embedding or projection.")
    ] = "projection",
    mismatch_weight: Annotated[
        float, typer.Option(metavar="W", help="Weight of real images under a wrong label, as further fakes; 0: none.")
    ] = 1.0,
    objective: options.Objective = None,
    gradient_penalty: options.GradientPenalty = None,
    generator_norm: options.GeneratorNorm = None,
    packing: options.Packing = None,
    weight_averaging: options.WeightAveraging = None,
    lr_schedule: options.LrSchedule = None,
    latent_dim: options.GANLatentDim = None,
    epochs: options.GANEpochs = None,
    steps: options.Steps = None,
    seconds: options.Seconds = None,
    batch_size: options.GANBatchSize = None,
    learning_rate: options.GANLearningRate = None,
    momentum: options.Momentum = None,
    beta2: options.Beta2 = None,
    precision: options.Precision = "float32",
    save_interval: options.SaveInterval = 5,
    seed: options.Seed = 0,
    out: options.Out = Path("outputs/cgan"),
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
):
    """Train a conditional GAN: images of the label asked for. It needs labelled images."""
    import numpy as np

    from toolkit.generators import ConditionalGAN, check_conditional_gan
    from toolkit.studies import training_pictures

    epochs = length_in_epochs(epochs, steps, seconds)
    last = epochs or 100
    shown = tuple(sorted({epoch for epoch in (1, 2, 5, 10, 20, 30, 40, 50, 100, last) if epoch <= last}))
    model = ConditionalGAN(
        architecture,
        preset=preset,
        generator_conditioning=generator_conditioning,
        discriminator_conditioning=discriminator_conditioning,
        mismatch_weight=mismatch_weight,
        objective=objective,
        gradient_penalty=gradient_penalty,
        generator_norm=generator_norm,
        packing=packing,
        weight_averaging=weight_averaging,
        lr_schedule=lr_schedule,
        latent_dim=latent_dim,
        epochs=epochs,
        max_steps=steps,
        max_seconds=seconds,
        batch_size=batch_size,
        learning_rate=learning_rate,
        betas=chosen_betas(preset, momentum, beta2),
        precision=precision,
        snapshot_epochs=shown,
        random_state=seed,
        verbose=not quiet,
    )

    def read():
        found, name = read_training_images(
            data=data, dataset=dataset, n_images=n_images, seed=seed, verbose=not quiet, image_size=image_size
        )
        if found.labels is None:
            raise typer.BadParameter(
                f"{name} has no labels, and a conditional GAN learns from them: `toolkit train gan`."
            )
        model.set_params(n_snapshot_samples=5 * min(len(np.unique(found.labels)), _COLUMNS))
        return found, name

    run_training(
        model,
        read,
        labelled=True,
        command="cgan",
        out=out,
        save_interval=save_interval,
        resume=resume,
        overwrite=overwrite,
        quiet=quiet,
        check=lambda: check_conditional_gan(model),
        pictures=training_pictures("cgan"),
        curves=["generator_loss", "discriminator_loss"],
    )
