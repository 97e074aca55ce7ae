"""Generators: models that learn a set of images (or any table) and draw new ones, as fit / sample estimators.

Everything here composes as a ``GaussianMixture`` does: ``fit``, ``sample(n_samples, random_state=...)``, arrays in and
arrays out. No torch is loaded before something is fitted.
"""

import importlib

from toolkit.generators._autoencoder import Autoencoder
from toolkit.generators._conditional import ConditionalGAN
from toolkit.generators._flow import FlowMatching
from toolkit.generators._flow_presets import FLOW_PRESETS, flow_preset, flow_presets, flow_settings
from toolkit.generators._gan import GAN
from toolkit.generators._latent_ways import LATENT_WAYS, decode_latents, draw_latents, latent_sums, latent_walks
from toolkit.generators._presets import GAN_PRESETS, gan_preset, gan_presets, gan_settings
from toolkit.generators._rejection import RejectionRule, calibrate_rejection
from toolkit.generators._variational import VariationalAutoencoder

_LAZY = {
    "check_conditional_gan": ("toolkit.generators._conditional_setup", "check_parameters"),
    "check_flow": ("toolkit.generators._flow_setup", "check_parameters"),
    "check_gan": ("toolkit.generators._gan_setup", "check_parameters"),
}

__all__ = [
    "FLOW_PRESETS",
    "GAN",
    "GAN_PRESETS",
    "LATENT_WAYS",
    "Autoencoder",
    "ConditionalGAN",
    "FlowMatching",
    "RejectionRule",
    "VariationalAutoencoder",
    "calibrate_rejection",
    "check_conditional_gan",
    "check_flow",
    "check_gan",
    "decode_latents",
    "draw_latents",
    "flow_preset",
    "flow_presets",
    "flow_settings",
    "gan_preset",
    "gan_presets",
    "gan_settings",
    "latent_sums",
    "latent_walks",
]


def __getattr__(name):
    if name in _LAZY:
        module, attribute = _LAZY[name]
        return getattr(importlib.import_module(module), attribute)
    raise AttributeError(f"module 'toolkit.generators' has no attribute {name!r}")
