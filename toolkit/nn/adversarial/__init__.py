"""Adversarial training in small pieces: networks, objectives, penalties, packing, averaging, and the step itself.

Each kind of piece stands in one literal table of names; a new one is a function or a class and a line in its table.
"""

from toolkit.nn.adversarial._architectures import ARCHITECTURES, build_discriminator, build_generator
from toolkit.nn.adversarial._conditional import (
    DISCRIMINATOR_CONDITIONINGS,
    GENERATOR_CONDITIONINGS,
    build_conditional_pair,
)
from toolkit.nn.adversarial._conditional_trainer import ConditionalTrainer
from toolkit.nn.adversarial._inference import call_in_batches
from toolkit.nn.adversarial._latent import LATENTS
from toolkit.nn.adversarial._objectives import OBJECTIVES, Objective
from toolkit.nn.adversarial._penalties import PENALTIES, Penalty
from toolkit.nn.adversarial._schedules import SCHEDULES
from toolkit.nn.adversarial._trainer import AdversarialTrainer, as_signed_images

__all__ = [
    "ARCHITECTURES",
    "DISCRIMINATOR_CONDITIONINGS",
    "GENERATOR_CONDITIONINGS",
    "LATENTS",
    "OBJECTIVES",
    "PENALTIES",
    "SCHEDULES",
    "AdversarialTrainer",
    "ConditionalTrainer",
    "Objective",
    "Penalty",
    "as_signed_images",
    "build_conditional_pair",
    "build_discriminator",
    "build_generator",
    "call_in_batches",
]
