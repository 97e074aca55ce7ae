"""Settings of a GAN by name, each as its paper has it: what a parameter that is None stands for.

To add one, write its line in :data:`GAN_PRESETS`: what differs from the plain pair, and the paper.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit._core.names import lookup
from toolkit._core.parameters import is_number

if TYPE_CHECKING:
    from toolkit.generators._gan import GAN

__all__ = ["GAN_PRESETS", "Preset", "gan_preset", "gan_presets", "gan_settings", "preset_table"]

# The plain pair: every parameter that a preset may set, with its value where a preset says nothing of it.
PLAIN: dict[str, Any] = {
    "architecture": "mlp",
    "objective": "nonsaturating",
    "latent_dim": 100,
    "latent_distribution": "normal",
    "generator_widths": None,
    "discriminator_widths": None,
    "generator_norm": "none",
    "spectral_norm": False,
    "minibatch_std": False,
    "dropout": 0.0,
    "gradient_penalty": None,
    "penalty_weight": 10.0,
    "penalty_interval": 1,
    "packing": 1,
    "label_smoothing": 0.0,
    "instance_noise": 0.0,
    "weight_averaging": None,
    "batch_size": 64,
    "learning_rate": 0.0002,
    "discriminator_learning_rate": None,
    "betas": (0.5, 0.999),
    "discriminator_betas": None,
    "lr_schedule": "constant",
    "critic_steps": 1,
    "unrolled_steps": 0,
    "feature_matching": 0.0,
    "augmentation": "none",
    "n_categories": 0,
    "n_continuous": 0,
    "information_weight": 1.0,
}
_MODERN: dict[str, Any] = {
    "latent_dim": 64,
    "generator_widths": (256, 512, 512),
    "discriminator_widths": (512, 256, 256),
    "generator_norm": "batch",
    "gradient_penalty": "r1",
    "weight_averaging": 0.999,
    "learning_rate": 1e-3,
    "betas": (0.0, 0.99),
    "lr_schedule": "cosine",
}
_WIDTHS = ("generator_widths", "discriminator_widths")
_EPOCHS, _STEPS, _MOST_EPOCHS = 10, 2000, 50


@dataclass(frozen=True)
class Preset:
    """One line of the table.

    Parameters
    ----------
    paper : str
        What it follows, and where it departs from it.
    settings : dict
        What differs from the plain pair, or the rectified flow.
    """

    paper: str
    settings: Mapping[str, Any] = field(default_factory=dict)


GAN_PRESETS = {
    "modern": Preset(
        "R1: Mescheder et al. (2018), Which training methods for GANs do actually converge?; averaging: Yazıcı et al. "
        "(2019); what each part does was measured on MNIST, see the study of collapse",
        _MODERN,
    ),
    "plain": Preset(
        "Goodfellow et al. (2014), Generative adversarial nets, section 3, with the Adam of Radford et al. (2016)"
    ),
    "textbook": Preset(
        "The exercise of most courses: Goodfellow et al. (2014) with dropout in the discriminator and one-sided label "
        "smoothing (Salimans et al., 2016)",
        {"batch_size": 128, "dropout": 0.3, "label_smoothing": 0.1},
    ),
    "dcgan": Preset(
        "Radford et al. (2016), Unsupervised representation learning with deep convolutional GANs; the discriminator "
        "has no batch norm",
        {
            "architecture": "dcgan",
            "generator_norm": "batch",
            "latent_distribution": "uniform",
            "batch_size": 128,
        },
    ),
    "lsgan": Preset(
        "Mao et al. (2017), Least squares generative adversarial networks",
        {"objective": "least_squares", "generator_norm": "batch"},
    ),
    "wgan": Preset(
        "Arjovsky et al. (2017), Wasserstein GAN: weights clipped to 0.01; Adam without momentum for its RMSProp",
        {"objective": "wasserstein", "critic_steps": 5, "learning_rate": 5e-5, "betas": (0.0, 0.9)},
    ),
    "wgan_gp": Preset(
        "Gulrajani et al. (2017), Improved training of Wasserstein GANs",
        {"objective": "wasserstein_gp", "critic_steps": 5, "learning_rate": 1e-4, "betas": (0.0, 0.9)},
    ),
    "sngan": Preset(
        "Miyato et al. (2018), Spectral normalization for generative adversarial networks, with the hinge loss",
        {
            "objective": "hinge",
            "spectral_norm": True,
            "generator_norm": "batch",
            "critic_steps": 5,
            "betas": (0.0, 0.9),
        },
    ),
    "pacgan": Preset(
        "Lin et al. (2018), PacGAN: the power of two samples in generative adversarial networks",
        {"packing": 2},
    ),
    "r3gan": Preset(
        "Huang et al. (2024), The GAN is dead; long live the GAN! A modern GAN baseline: relativistic pairs, R1 and "
        "R2; a small residual pair for its large one",
        {
            "architecture": "resnet",
            "objective": "relativistic",
            "gradient_penalty": "r1r2",
            "latent_dim": 64,
            "weight_averaging": 0.999,
            "betas": (0.0, 0.99),
        },
    ),
    "unrolled": Preset(
        "Metz et al. (2017), Unrolled generative adversarial networks, with five steps, which are "
        "preconditioned as Adam's",
        {"unrolled_steps": 5},
    ),
    "improved": Preset(
        "Salimans et al. (2016), Improved techniques for training GANs: feature matching, one-sided label smoothing "
        "and the spread within a batch",
        {"feature_matching": 1.0, "label_smoothing": 0.1, "minibatch_std": True, "generator_norm": "batch"},
    ),
    "few_rows": Preset(
        "Zhao et al. (2020), Differentiable augmentation for data-efficient GAN training, on the settings of 'modern'",
        _MODERN | {"augmentation": "translation,cutout"},
    ),
    "infogan": Preset(
        "Chen et al. (2016), InfoGAN, on the settings of 'modern', with codes that must stay the same under small "
        "changes (Ji et al., 2019)",
        _MODERN | {"n_categories": 10, "n_continuous": 2},
    ),
}


def gan_preset(name: str) -> dict[str, Any]:
    """All settings of a preset.

    Parameters
    ----------
    name : str
        See :func:`gan_presets`.

    Returns
    -------
    dict
        Parameters of :class:`GAN`.

    Raises
    ------
    ValueError
        No such preset.

    Examples
    --------
    >>> from toolkit.generators import gan_preset
    >>> gan_preset("wgan_gp")["critic_steps"], gan_preset("plain")["critic_steps"]
    (5, 1)
    """
    return PLAIN | dict(lookup(GAN_PRESETS, name, "preset").settings)


def preset_table(presets: Mapping[str, Any]) -> pd.DataFrame:
    """A row for each preset: its name, what it sets, and the paper."""
    rows = [
        {
            "preset": name,
            "settings": ", ".join(f"{key}={value!r}" for key, value in preset.settings.items()),
            "paper": preset.paper,
        }
        for name, preset in presets.items()
    ]
    return pd.DataFrame(rows)


def gan_presets() -> pd.DataFrame:
    """The presets of a GAN: a row each, with what it changes of the plain pair, and its paper.

    Returns
    -------
    DataFrame
        Columns ``preset``, ``settings`` and ``paper``.

    Examples
    --------
    >>> from toolkit.generators import gan_presets
    >>> gan_presets().set_index("preset").loc["pacgan", "settings"]
    'packing=2'
    """
    return preset_table(GAN_PRESETS)


def gan_settings(gan: "GAN") -> dict[str, Any]:
    """Settings of a GAN as they are in force: its own where it has any, else those of its preset.

    Some settings of a preset belong to others of it, and give way with them: widths to another architecture, a penalty
    to an objective that bounds the slope of its critic in a way of its own, smoothed labels to one that has none.

    Parameters
    ----------
    gan : GAN

    Returns
    -------
    dict
        ``gradient_penalty`` and ``weight_averaging`` are None where there is none.

    Examples
    --------
    >>> from toolkit.generators import GAN, gan_settings
    >>> settings = gan_settings(GAN(preset="wgan_gp", critic_steps=2))
    >>> settings["objective"], settings["critic_steps"]
    ('wasserstein_gp', 2)
    """
    from toolkit.generators.adversarial import OBJECTIVES

    settings = gan_preset(gan.preset)
    own = {name: value for name in PLAIN if (value := getattr(gan, name, None)) is not None}
    architecture = own.get("architecture", settings["architecture"])
    if not (isinstance(architecture, str) and architecture == settings["architecture"]):
        settings |= dict.fromkeys(_WIDTHS)
    name = own.get("objective")
    objective = OBJECTIVES.get(name) if isinstance(name, str) else None
    if objective is not None and (objective.penalty or objective.weight_clip):
        settings["gradient_penalty"] = None
    if objective is not None and not objective.smooths:
        settings["label_smoothing"] = 0.0
    settings |= own
    if isinstance(settings["gradient_penalty"], str) and settings["gradient_penalty"] == "none":
        settings["gradient_penalty"] = None
    if is_number(settings["weight_averaging"]) and settings["weight_averaging"] == 0:
        settings["weight_averaging"] = None
    return settings


def default_epochs(n_rows: int, batch_size: int) -> int:
    """Passes over the rows where nobody says how many: ten, or up to fifty where ten are less than 2,000 steps.

    Sets of fewer than 500 rows have ten: they are for trying things out.

    Examples
    --------
    >>> [default_epochs(n_rows, 64) for n_rows in (100, 1000, 5000, 60_000)]
    [10, 50, 26, 10]
    """
    if n_rows < 500:
        return _EPOCHS
    return max(_EPOCHS, min(_MOST_EPOCHS, -(-_STEPS // -(-n_rows // batch_size))))
