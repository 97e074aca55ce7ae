"""What a :class:`GAN` needs around its training: checks, scales, networks, snapshots and scores."""

import copy
import math
import warnings
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from toolkit._core.names import lookup
from toolkit._core.parameters import check_choice, check_int, check_number, check_sizes, is_number
from toolkit._core.pixel_scale import PixelScale
from toolkit._core.random import as_generator
from toolkit._core.row_kinds import are_images
from toolkit.generators._presets import PLAIN, default_epochs, gan_settings

if TYPE_CHECKING:
    from toolkit.generators._gan import GAN


_OWN = "own"  # stands for the caller's networks among the settings


def in_force(gan: "GAN") -> SimpleNamespace:
    """Its parameters, those of its preset filled in: as fitted, else as they would be."""
    settings = getattr(gan, "settings_", None)
    settings = gan_settings(gan) if settings is None else PLAIN | settings  # earlier versions knew fewer
    parameters = gan.get_params(deep=False) | settings
    if parameters["architecture"] == _OWN:
        parameters["architecture"] = gan.architecture
    return SimpleNamespace(**parameters)


def learn_settings(gan, n_rows):
    """What is in force for a training on so many rows: a dict that can be written down."""
    settings = gan_settings(gan) | {name: getattr(gan, name) for name in ("epochs", "max_steps", "max_seconds")}
    if not any(settings[name] is not None for name in ("epochs", "max_steps", "max_seconds")):
        settings["epochs"] = default_epochs(n_rows, min(settings["batch_size"], n_rows))
    if not isinstance(settings["architecture"], str):
        settings["architecture"] = _OWN
    return settings


def check_parameters(gan: "GAN") -> None:
    """Raise a ValueError that names the first parameter that is out of range.

    Parameters
    ----------
    gan : GAN

    Examples
    --------
    >>> from toolkit.generators import GAN, check_gan
    >>> check_gan(GAN(batch_size=0))
    Traceback (most recent call last):
        ...
    ValueError: batch_size must be an int of at least 1, got 0.
    """
    from toolkit.generators.adversarial import ARCHITECTURES, LATENTS, OBJECTIVES, PENALTIES, SCHEDULES
    from toolkit.generators.adversarial._augment import check_augmentation

    gan = SimpleNamespace(**gan.get_params(deep=False) | gan_settings(gan))

    if isinstance(gan.architecture, str):
        lookup(ARCHITECTURES, gan.architecture, "architecture")
    elif not (isinstance(gan.architecture, (tuple, list)) and len(gan.architecture) == 2):
        raise ValueError(
            "architecture must be a name or a pair of torch modules (generator, discriminator), "
            f"got {gan.architecture!r}."
        )
    objective = lookup(OBJECTIVES, gan.objective, "objective")
    lookup(LATENTS, gan.latent_distribution, "latent_distribution")
    lookup(SCHEDULES, gan.lr_schedule, "lr_schedule")
    if gan.gradient_penalty is not None:
        lookup(PENALTIES, gan.gradient_penalty, "gradient_penalty")
    check_choice("generator_norm", gan.generator_norm, ("none", "batch"))
    check_choice("precision", gan.precision, ("float32", "bfloat16", "auto"))
    check_choice("scaling", gan.scaling, ("auto", "pixels", "columns"))
    counts = ("latent_dim", "penalty_interval", "packing", "batch_size", "critic_steps", "n_threads")
    for name in (*counts, "n_snapshot_samples"):
        check_int(name, getattr(gan, name))
    for name in ("epochs", "max_steps"):
        if getattr(gan, name) is not None:
            check_int(name, getattr(gan, name))
    if gan.max_seconds is not None:
        check_number("max_seconds", gan.max_seconds, above=True)
    for name in ("generator_widths", "discriminator_widths"):
        widths = getattr(gan, name)
        if widths is not None:
            check_sizes(name, widths)
            if not len(widths) and gan.architecture != "mlp":
                raise ValueError(f"{name} must name at least one width for {gan.architecture!r}, got {widths!r}.")
    check_sizes("snapshot_epochs", gan.snapshot_epochs)
    for name in ("dropout", "weight_averaging"):
        value = getattr(gan, name)
        if value is not None:
            check_number(name, value, high=1.0)
            if value == 1.0:
                raise ValueError(f"{name} must be below 1, got {value!r}.")
    check_number("label_smoothing", gan.label_smoothing, high=0.5)
    if gan.label_smoothing and not objective.smooths:
        raise ValueError(f"label_smoothing has no meaning for objective={gan.objective!r}, which knows no targets.")
    for name in ("penalty_weight", "instance_noise"):
        check_number(name, getattr(gan, name))
    for name in ("unrolled_steps", "n_categories", "n_continuous"):
        check_int(name, getattr(gan, name), 0)
    if gan.n_categories == 1:
        raise ValueError("n_categories must be 0, for none, or at least 2, got 1.")
    for name in ("feature_matching", "information_weight"):
        check_number(name, getattr(gan, name))
    check_augmentation(gan.augmentation)
    if gan.feature_matching and not isinstance(gan.architecture, str) and not hasattr(gan.architecture[1], "features"):
        raise ValueError("feature_matching needs a discriminator with a method features, which the given one lacks.")
    check_number("learning_rate", gan.learning_rate, above=True)
    if gan.discriminator_learning_rate is not None:
        check_number("discriminator_learning_rate", gan.discriminator_learning_rate, above=True)
    _check_betas("betas", gan.betas)
    if gan.discriminator_betas is not None:
        _check_betas("discriminator_betas", gan.discriminator_betas)


def warn_of_losses(hooks):
    """A GAN's loss falls when its opponent gets worse, and says nothing of what is drawn."""
    from toolkit.nn import EarlyStopping

    for hook in hooks:
        if isinstance(hook, EarlyStopping):
            warnings.warn(
                f"EarlyStopping watches {hook.loss!r}: the losses of a GAN are relative to its opponent, and one that "
                "does not fall says little of the samples. toolkit.coverage.CoverageMonitor stops by what is drawn.",
                UserWarning,
                stacklevel=4,
            )


def _check_betas(name, betas):
    good = isinstance(betas, (tuple, list)) and len(betas) == 2
    if not good or not all(is_number(beta) and 0 <= beta < 1 for beta in betas):
        raise ValueError(f"{name} must be two numbers in [0, 1), got {betas!r}.")


def length(gan):
    """How long to train, in the words of ``fit_loop``."""
    settings = gan.settings_
    length = {"seconds": settings["max_seconds"]}
    if settings["max_steps"] is not None:
        return length | {"steps": settings["max_steps"]}
    return length | {"epochs": settings["epochs"]}


def column_range(gan, stack):
    """Least and largest value of each column, (2, n_features), or None where all values share one range."""
    is_image = are_images(stack, as_stack=gan.layout_ != "rows", image_shape=gan.image_shape)
    if gan.scaling == "pixels" or (gan.scaling == "auto" and is_image):
        return None
    rows = stack.reshape(len(stack), -1)
    scales = [PixelScale.learn(column) for column in rows.T.astype(np.float64)]
    return np.array([[scale.low for scale in scales], [scale.high for scale in scales]])


def to_unit(gan, stack):
    """Values as float32, the range seen in ``fit`` to the unit interval."""
    if gan.column_range_ is None:
        return gan.pixel_scale_.to_unit(stack)
    # Halving first keeps the span finite even for values near the largest float.
    low, high = 0.5 * gan.column_range_
    rows = 0.5 * stack.reshape(len(stack), -1).astype(np.float64)
    return ((rows - low) / (high - low)).astype(np.float32).reshape(stack.shape)


def from_unit(gan, unit):
    """Values in the range and dtype of the training rows."""
    if gan.column_range_ is None:
        return gan.pixel_scale_.from_unit(unit, gan.dtype_)
    low, high = gan.column_range_
    share = np.clip(unit.reshape(len(unit), -1).astype(np.float64), 0.0, 1.0)
    values = low * (1.0 - share) + high * share
    dtype = np.dtype(gan.dtype_)
    return (np.rint(values) if dtype.kind in "uib" else values).astype(dtype).reshape(unit.shape)


def training_array(gan, stack):
    """uint8 as it is, scaled a batch at a time; anything else once, since torch knows fewer types than numpy does."""
    return stack if stack.dtype == np.uint8 and gan.column_range_ is None else to_unit(gan, stack)


def channels_first(image_shape):
    """(height, width[, 3]) as (channels, height, width)."""
    height, width, channels = (*image_shape, 1)[:3]
    return channels, height, width


def latent_size(gan):
    """Values of a latent with the codes behind it."""
    gan = in_force(gan)
    return int(gan.latent_dim) + int(gan.n_categories) + int(gan.n_continuous)


def draw_latents(gan, n_samples, seed):
    """Latents of a seed, codes behind them: (n_samples, latent_size)."""
    from toolkit.generators.adversarial import LATENTS, append_codes
    from toolkit.nn import torch_generator

    gan, generator = in_force(gan), torch_generator(seed)
    latents = LATENTS[gan.latent_distribution](int(n_samples), int(gan.latent_dim), generator)
    return append_codes(latents, int(gan.n_categories), int(gan.n_continuous), generator).numpy()


def make_trainer(gan, weight_seed, training_seed, *, total_steps):
    """Fresh networks and optimisers as the parameters say."""
    from toolkit.generators.adversarial import AdversarialTrainer
    from toolkit.nn import torch_generator

    weights = torch_generator(weight_seed)  # on the processor, so that weights start the same everywhere
    return AdversarialTrainer(*_networks(gan, weights), **trainer_options(gan, training_seed, total_steps))


def make_information_trainer(gan, weight_seed, training_seed, *, total_steps):
    """The same for a GAN with codes."""
    from toolkit.generators.adversarial import N_HEADS, InformationTrainer, RecognitionNetwork
    from toolkit.nn import build, resolve_device, torch_generator

    weights, settings = torch_generator(weight_seed), in_force(gan)
    pair = _networks(gan, weights)
    codes = {"n_categories": int(settings.n_categories), "n_continuous": int(settings.n_continuous)}
    shape, n_heads = channels_first(gan.image_shape_), N_HEADS if codes["n_categories"] else 1
    recognition = build(lambda: RecognitionNetwork(shape, **codes, n_heads=n_heads), weights)
    return InformationTrainer(
        *pair,
        recognition.to(resolve_device(gan.device)),
        **codes,
        information_weight=float(settings.information_weight),
        **trainer_options(gan, training_seed, total_steps),
    )


def _networks(gan, weights):
    from toolkit.generators.adversarial import build_discriminator, build_generator
    from toolkit.nn import resolve_device

    device, shape, n_latent = resolve_device(gan.device), channels_first(gan.image_shape_), latent_size(gan)
    gan = in_force(gan)
    generator = build_generator(
        gan.architecture,
        n_latent,
        shape,
        widths=gan.generator_widths,
        norm=gan.generator_norm,
        generator=weights,
    )
    discriminator = build_discriminator(
        gan.architecture,
        shape,
        widths=gan.discriminator_widths,
        packing=int(gan.packing),
        dropout=gan.dropout,
        spectral_norm=gan.spectral_norm,
        minibatch_std=gan.minibatch_std,
        generator=weights,
    )
    if not isinstance(gan.architecture, str):
        _check_own(generator, discriminator, gan, shape, n_latent)
    return generator.to(device), discriminator.to(device)


def trainer_options(gan, training_seed, total_steps):
    """What a trainer is to know beside its networks."""
    from toolkit.nn import resolve_device, torch_generator

    device, draw_rows = resolve_device(gan.device), gan._sample
    gan = in_force(gan)
    rate, betas = gan.learning_rate, tuple(gan.betas)
    other_rate = rate if gan.discriminator_learning_rate is None else gan.discriminator_learning_rate
    other_betas = betas if gan.discriminator_betas is None else tuple(gan.discriminator_betas)
    return {
        "random": torch_generator(training_seed, device),
        "latent_dim": int(gan.latent_dim),
        "total_steps": total_steps,
        "objective": gan.objective,
        "latent_distribution": gan.latent_distribution,
        "lr_schedule": gan.lr_schedule,
        "gradient_penalty": gan.gradient_penalty,
        "penalty_weight": gan.penalty_weight,
        "penalty_interval": gan.penalty_interval,
        "learning_rates": (rate, other_rate),
        "betas": (betas, other_betas),
        "critic_steps": gan.critic_steps,
        "packing": gan.packing,
        "label_smoothing": gan.label_smoothing,
        "instance_noise": gan.instance_noise,
        "weight_averaging": gan.weight_averaging,
        "augmentation": gan.augmentation,
        "feature_matching": float(gan.feature_matching),
        "unrolled_steps": int(gan.unrolled_steps),
        "autocast": _autocast(gan.precision, device),
        "draw_rows": draw_rows,
    }


def _autocast(precision, device):
    import contextlib

    import torch

    from toolkit.nn import resolve_precision

    if resolve_precision(precision, device) == "float32":
        return contextlib.nullcontext
    # Without torch's cache of cast weights: it belongs to the process, and a fit in another thread that empties it
    # would change in which precision the gradients of two calls are added up.
    return lambda: torch.autocast(device.type, dtype=torch.bfloat16, cache_enabled=False)


def _check_own(generator, discriminator, gan, shape, n_latent):
    """The caller's own networks are tried on two empty rows."""
    import torch

    try:
        with torch.no_grad():
            images = generator(torch.zeros(2, n_latent))
            channels, height, width = shape
            logits = discriminator(torch.zeros(2, channels * gan.packing, height, width))
    except RuntimeError as error:
        raise ValueError(f"architecture does not fit images of shape {shape}: {error}") from error
    if images.numel() != 2 * math.prod(shape) or logits.numel() != 2:
        raise ValueError(
            f"architecture must lead latents to images of shape {shape} and images to one logit each, got shapes "
            f"{tuple(images.shape)} and {tuple(logits.shape)} for two rows."
        )


def finished_discriminator(trainer):
    """A copy that no longer draws anything."""
    network = copy.deepcopy(trainer.discriminator).eval()
    for layer in network.modules():
        if hasattr(layer, "generator"):
            layer.generator = None
    return network


def codes(gan, stack):
    """What rows were made of: probabilities of categories (n, n_categories), continuous codes (n, n_continuous)."""
    import torch

    from toolkit.generators.adversarial import as_signed_images, call_in_batches

    images = as_signed_images(torch.from_numpy(np.require(training_array(gan, stack), requirements="CW")))
    answer = call_in_batches(gan.recognition_, images)
    n_categories = gan.recognition_.config["n_categories"]
    return answer[:, :n_categories].softmax(dim=1).double().numpy(), answer[:, n_categories:].double().numpy()


def copied(state):
    """A deep copy of nested dicts of tensors, on the processor."""
    import torch

    if isinstance(state, dict):
        return {name: copied(value) for name, value in state.items()}
    return state.detach().cpu().clone() if isinstance(state, torch.Tensor) else state


def packing_context(stack, packing, n_contexts, seed):
    """Training rows that complete packs: (n_contexts * (packing - 1), height, width[, 3])."""
    rows = as_generator(seed).integers(len(stack), size=n_contexts * (packing - 1))
    return stack[np.sort(rows)].copy()


def unit_images(network, z, image_shape):
    """What a generator makes of latents (n, latent_dim): float32 (n, height, width[, 3]) in [0, 1]."""
    import torch

    from toolkit.generators.adversarial import call_in_batches

    images = call_in_batches(network, torch.from_numpy(np.require(z, np.float32, "CW")))
    images = images.reshape(len(z), *channels_first(image_shape)).permute(0, 2, 3, 1).numpy()
    return (0.5 * (images + 1.0)).reshape(len(z), *image_shape)


def scores(gan, stack, context, *conditions):
    """Logits of rows, (n,): means over contexts of training rows where the discriminator judges packs.

    ``conditions``: pairs of what else is known of the rows and of the context, as float32 arrays (n, n_values).
    """
    import torch

    from toolkit.generators.adversarial import as_signed_images, call_in_batches

    def images(rows):
        return as_signed_images(torch.from_numpy(np.require(training_array(gan, rows), requirements="CW")))

    packing = in_force(gan).packing
    known = [_packs(images(stack), images(context) if packing > 1 else None, packing)]
    known += [_packs(torch.from_numpy(mine), torch.from_numpy(others), packing) for mine, others in conditions]
    logits = [call_in_batches(gan.discriminator_, *packs).reshape(-1).double() for packs in zip(*known)]
    return torch.stack(logits).mean(dim=0).numpy()


def _packs(mine, context, packing):
    """Each row with each context, along the second axis: a list of tensors (n, packing * c, ...)."""
    import torch

    if packing == 1:
        return [mine]
    others = context.reshape(-1, (packing - 1) * mine.shape[1], *mine.shape[2:])
    return [torch.cat([mine, other.expand(len(mine), *other.shape)], dim=1) for other in others]


class Snapshots:
    """A hook that draws the same latents after chosen epochs; part of a checkpoint.

    Parameters
    ----------
    gan : GAN
        Its parameters and scales are used; it is not changed.
    latents : ndarray
        What its generator takes.
    """

    def __init__(self, gan, latents):
        self.gan, self.latents, self.images = gan, latents, {}

    def __call__(self, trainer, entry):
        if entry["epoch"] in self.gan.snapshot_epochs:
            self.images[int(entry["epoch"])] = self.gan._images(trainer.finished_generator(), self.latents)

    def state_dict(self):
        return {str(epoch): images for epoch, images in self.images.items()}

    def load_state_dict(self, state):
        self.images = {int(epoch): np.asarray(images) for epoch, images in state.items()}
