"""What a :class:`ConditionalGAN` needs beside a :class:`GAN`: labels, their weights, and its networks."""

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.validation import assert_all_finite, column_or_1d

from toolkit._core import labels as given
from toolkit._core.names import lookup
from toolkit._core.parameters import check_int, check_number
from toolkit.generators import _gan_setup as setup
from toolkit.generators._presets import gan_settings

if TYPE_CHECKING:
    from toolkit.generators._conditional import ConditionalGAN

__all__ = ["check_labels", "check_parameters", "encode", "make_trainer", "one_hot", "weights"]

_SHOWN = 20


def check_parameters(gan: "ConditionalGAN") -> None:
    """Raise a ValueError that names the first parameter that is out of range.

    Parameters
    ----------
    gan : ConditionalGAN

    Examples
    --------
    >>> from toolkit.generators import ConditionalGAN, check_conditional_gan
    >>> check_conditional_gan(ConditionalGAN(batch_size=0))
    Traceback (most recent call last):
        ...
    ValueError: batch_size must be an int of at least 1, got 0.
    """
    from toolkit.generators.adversarial import ARCHITECTURES, DISCRIMINATOR_CONDITIONINGS, GENERATOR_CONDITIONINGS

    settings = gan_settings(gan)
    for name in ("unrolled_steps", "feature_matching", "n_categories", "n_continuous"):
        if settings[name]:
            raise ValueError(f"preset={gan.preset!r} has {name}={settings[name]!r}, which a ConditionalGAN has not.")
    lookup(ARCHITECTURES, settings["architecture"], "architecture")
    lookup(GENERATOR_CONDITIONINGS, gan.generator_conditioning, "generator conditioning")
    lookup(DISCRIMINATOR_CONDITIONINGS, gan.discriminator_conditioning, "discriminator conditioning")
    check_int("embedding_dim", gan.embedding_dim)
    check_number("mismatch_weight", gan.mismatch_weight)
    setup.check_parameters(gan)
    widths = settings["generator_widths"]
    if gan.generator_conditioning == "batch_norm" and widths is not None and not len(widths):
        raise ValueError("generator_widths must name at least one width for generator_conditioning='batch_norm'.")


def check_labels(y, n_samples, name="y", owner="ConditionalGAN"):
    """Labels as a one-dimensional array of numbers or strings, one for each of ``n_samples`` rows if that is given."""
    if y is None:
        raise ValueError(f"{owner} requires y to be passed, but the target y is None.")
    if np.iscomplexobj(y):
        raise ValueError(f"{name} must hold numbers or strings, got complex ones.")
    if np.ndim(y) != 1:
        y = column_or_1d(y, warn=True)
    if hasattr(y, "dtype"):
        assert_all_finite(np.asarray(y), input_name=name)
    y = given.check_labels(name, y)
    if n_samples is not None and len(y) != n_samples:
        raise ValueError(f"{name} must have one label for each of the {n_samples} rows of X, got {len(y)}.")
    return y


def encode(classes, y):
    """Places of labels in ``classes``."""
    y = np.asarray(y)
    # Numbers and strings are never equal, and numpy would make strings of both.
    comparable = (y.dtype.kind in "US") == (classes.dtype.kind in "US")
    known = np.isin(y, classes) if comparable else np.zeros(len(y), dtype=bool)
    if not known.all():
        unseen = ", ".join(map(repr, list(dict.fromkeys(y[~known].tolist()))[:_SHOWN]))
        more = ", ..." if len(classes) > _SHOWN else ""
        seen = ", ".join(map(repr, classes[:_SHOWN].tolist()))
        raise ValueError(f"y holds labels that were not seen in fit: {unseen}. Seen: {seen}{more}.")
    return np.searchsorted(classes, y)


def one_hot(codes, n_classes):
    """Weights (n, n_classes) of codes (n,)."""
    return np.eye(n_classes, dtype=np.float32)[codes]


def weights(classes, y, n_samples):
    """Weights (n_samples, n_classes) of one label, of one for each row, or as they come."""
    if y is None:
        raise ValueError("y must be a label, or one for each row, got None.")
    if np.ndim(y) == 2:
        y = np.asarray(y, dtype=np.float32)
        if y.shape != (n_samples, len(classes)):
            raise ValueError(f"y must have shape ({n_samples}, {len(classes)}) as weights of classes, got {y.shape}.")
        assert_all_finite(y, input_name="y")
        return y
    y = check_labels([y] * n_samples if np.ndim(y) == 0 else y, n_samples)
    return one_hot(encode(classes, y), len(classes))


def make_trainer(gan, weight_seed, training_seed, total_steps):
    """Fresh networks and optimisers as the parameters say."""
    from toolkit.generators.adversarial import ConditionalTrainer, build_conditional_pair
    from toolkit.nn import resolve_device, torch_generator

    settings = setup.in_force(gan)
    pair = build_conditional_pair(
        settings.architecture,
        int(settings.latent_dim),
        len(gan.classes_),
        setup.channels_first(gan.image_shape_),
        conditionings=(gan.generator_conditioning, gan.discriminator_conditioning),
        widths=(settings.generator_widths, settings.discriminator_widths),
        norm=settings.generator_norm,
        embedding_dim=int(gan.embedding_dim),
        packing=int(settings.packing),
        dropout=settings.dropout,
        spectral_norm=settings.spectral_norm,
        minibatch_std=settings.minibatch_std,
        generator=torch_generator(weight_seed),  # on the processor, so that weights start the same everywhere
    )
    device = resolve_device(gan.device)
    return ConditionalTrainer(
        *(network.to(device) for network in pair),
        class_shares=gan.class_shares_.tolist(),
        mismatch_weight=float(gan.mismatch_weight),
        **setup.trainer_options(gan, training_seed, total_steps),
    )
