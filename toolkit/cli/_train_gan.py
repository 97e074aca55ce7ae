"""``toolkit train gan``."""

from pathlib import Path

from toolkit.cli import _options as options
from toolkit.cli._training import LOOK_SECONDS, chosen_betas, length_in_epochs, read_training_images, run_training

__all__ = ["gan"]


def gan(
    data: options.Data = None,
    dataset: options.Dataset = None,
    n_images: options.NImages = None,
    image_size: options.ImageSize = None,
    preset: options.GANPreset = "modern",
    architecture: options.GANArchitecture = None,
    objective: options.Objective = None,
    gradient_penalty: options.GradientPenalty = None,
    generator_norm: options.GeneratorNorm = None,
    packing: options.Packing = None,
    weight_averaging: options.WeightAveraging = None,
    augmentation: options.Augmentation = None,
    categories: options.Categories = None,
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
    out: options.Out = Path("outputs/gan"),
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    quiet: options.Quiet = False,
):
    """Train a generative adversarial network: a generator that learns by fooling a discriminator."""
    from toolkit.generators import GAN, check_gan
    from toolkit.studies import training_pictures

    epochs = length_in_epochs(epochs, steps, seconds)
    model = GAN(
        architecture,
        preset=preset,
        objective=objective,
        gradient_penalty=gradient_penalty,
        generator_norm=generator_norm,
        packing=packing,
        weight_averaging=weight_averaging,
        augmentation=augmentation,
        n_categories=categories,
        lr_schedule=lr_schedule,
        latent_dim=latent_dim,
        epochs=epochs,
        max_steps=steps,
        max_seconds=seconds,
        batch_size=batch_size,
        learning_rate=learning_rate,
        betas=chosen_betas(preset, momentum, beta2),
        precision=precision,
        snapshot_epochs=(),
        random_state=seed,
        verbose=not quiet,
    )
    looks = []

    def watch(images):
        from toolkit._core.pixel_scale import PixelScale
        from toolkit.plots import LiveSamples

        looks.append(LiveSamples(out / "growth.png", every=LOOK_SECONDS, scale=PixelScale.learn(images)))
        return looks

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
        hooks=watch,
        pictures=training_pictures("gan") | {"growth.png": lambda model, found: looks[0].display()},
        curves=["generator_loss", "discriminator_loss"],
    )
