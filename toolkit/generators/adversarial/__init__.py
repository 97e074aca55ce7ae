"""Adversarial training in small pieces: networks, objectives, penalties, packing, averaging, and the step itself.

Each kind of piece stands in one literal table of names; a new one is a function or a class and a line in its table.
"""

from toolkit.generators.adversarial._architectures import ARCHITECTURES, build_discriminator, build_generator
from toolkit.generators.adversarial._conditional import (
    DISCRIMINATOR_CONDITIONINGS,
    GENERATOR_CONDITIONINGS,
    build_conditional_pair,
)
from toolkit.generators.adversarial._conditional_trainer import ConditionalTrainer
from toolkit.generators.adversarial._inference import call_in_batches
from toolkit.generators.adversarial._information import N_HEADS, InformationTrainer, RecognitionNetwork, append_codes
from toolkit.generators.adversarial._latent import LATENTS
from toolkit.generators.adversarial._objectives import OBJECTIVES, Objective
from toolkit.generators.adversarial._penalties import PENALTIES, Penalty
from toolkit.generators.adversarial._schedules import SCHEDULES
from toolkit.generators.adversarial._trainer import AdversarialTrainer, as_signed_images

__all__ = [
    "ARCHITECTURES",
    "DISCRIMINATOR_CONDITIONINGS",
    "GENERATOR_CONDITIONINGS",
    "LATENTS",
    "N_HEADS",
    "OBJECTIVES",
    "PENALTIES",
    "SCHEDULES",
    "AdversarialTrainer",
    "ConditionalTrainer",
    "InformationTrainer",
    "Objective",
    "Penalty",
    "RecognitionNetwork",
    "append_codes",
    "as_signed_images",
    "build_conditional_pair",
    "build_discriminator",
    "build_generator",
    "call_in_batches",
]
