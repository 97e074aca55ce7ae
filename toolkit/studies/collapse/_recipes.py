"""What collapses, and what is said to cure it: settings of a GAN by name, and the recipes made of them."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit._core.names import check_names, lookup

__all__ = ["CURE", "MITIGATIONS", "RECIPES", "collapse_grid", "collapse_recipe"]

# One plain pair of networks with the momentum that Adam comes with, which on digits ends with one picture or a few.
# Every setting of a recipe has its widths, depth and batches, so that what differs is what the name says.
_PLAIN = {
    "preset": "plain",
    "architecture": "mlp",
    "objective": "nonsaturating",
    "latent_dim": 64,
    "batch_size": 64,
    "learning_rate": 2e-4,
    "betas": (0.9, 0.999),
    "precision": "bfloat16",
}
_WIDTHS = {"generator_widths": (256, 512, 512), "discriminator_widths": (512, 256, 256)}
_QUICK_WIDTHS = {"generator_widths": (128, 256), "discriminator_widths": (256, 128)}
_QUICK_GRID_WIDTHS = {"generator_widths": (32, 16), "discriminator_widths": (16, 32)}
# What a quick study keeps of a recipe.
_QUICK = {
    "collapse": ("plain", "minimax", "high rate", "cured"),
    "mitigation": ("plain", "packing", "gradient penalty", "batch norm", "together"),
    "ablation": ("cure", "without gradient penalty", "without batch norm", "plain"),
    "hyperparameters": ("usual", "learning rate .01", "batch 256", "no dropout", "Wasserstein"),
    "architectures": ("mlp", "mlp, cured", "dcgan", "dcgan, cured"),
}

# Each by itself, as its paper has it; see toolkit.generators.GAN for the papers.
MITIGATIONS = {
    "none": {},
    "low_momentum": {"betas": (0.5, 0.999)},
    "dropout": {"dropout": 0.3},
    "label_smoothing": {"label_smoothing": 0.1},
    "instance_noise": {"instance_noise": 0.3},
    "packing": {"packing": 4},
    "minibatch_std": {"minibatch_std": True},
    "spectral_norm": {"spectral_norm": True},
    "gradient_penalty": {"gradient_penalty": "r1"},
    "batch_norm": {"generator_norm": "batch"},
    "weight_averaging": {"weight_averaging": 0.999},
    "fast_adam": {"learning_rate": 1e-3, "betas": (0.0, 0.99)},
    "rate_decay": {"lr_schedule": "cosine"},
    "corner_latents": {"latent_distribution": "corners"},
    "relativistic": {"objective": "relativistic"},
}

# Together they cure: found by trial on MNIST, see benchmarks/collapse_mnist.py for what each of them does.
CURE = ("gradient_penalty", "batch_norm", "weight_averaging", "fast_adam", "rate_decay")

# An average over the last thousand steps is no average of a training of a thousand.
_SHORT_TRAINING, _SHORT_AVERAGING = 4000, 0.99


def collapse_recipe(name: str = "collapse", *, steps: int = 4000, quick: bool = False) -> dict[str, dict]:
    """Settings of a recipe.

    Parameters
    ----------
    name : {"collapse", "mitigation", "ablation", "hyperparameters", "architectures"}, default="collapse"
        ``"collapse"`` collapses on purpose, in several ways, and has the cure beside it; ``"mitigation"`` has each
        mitigation by itself, then all of the cure; ``"ablation"`` leaves one part of the cure out at a time;
        ``"hyperparameters"`` asks what learning rate, batch size, dropout and the Wasserstein distance do;
        ``"architectures"`` has each architecture plain and cured.
    steps : int, default=4000
        Length of the trainings: averaging of weights is fitted to it.
    quick : bool, default=False
        Smaller networks, and four or five of the settings.

    Returns
    -------
    dict of str to dict
        Parameters of :class:`toolkit.generators.GAN` by the name of the setting; the first is the one that the others
        are compared with.

    Examples
    --------
    >>> from toolkit.studies import collapse_recipe
    >>> list(collapse_recipe("collapse", quick=True))
    ['plain', 'minimax', 'high rate', 'cured']
    >>> [name for name, part in collapse_recipe("ablation").items() if "generator_norm" not in part]
    ['without batch norm', 'plain']
    """
    settings = lookup(RECIPES, name, "recipe")(_plain(quick))
    if quick:
        settings = {key: settings[key] for key in _QUICK[name]}
    return {key: _fit_averaging(parameters, steps) for key, parameters in settings.items()}


def collapse_grid(
    architectures: Sequence[str] = ("mlp",),
    objectives: Sequence[str] = ("nonsaturating",),
    mitigations: Sequence[str] = ("none", "cure"),
    *,
    steps: int = 4000,
) -> dict[str, dict]:
    """Every architecture with every objective and every mitigation.

    Parameters
    ----------
    architectures : sequence of {"mlp", "dcgan", "resnet"}
    objectives : sequence of str
        See :class:`toolkit.generators.GAN`.
    mitigations : sequence of str
        Names in ``MITIGATIONS``, several at once joined by ``+``; ``"cure"`` is all of ``CURE``.
    steps : int, default=4000

    Returns
    -------
    dict of str to dict
        As of :func:`collapse_recipe`.

    Examples
    --------
    >>> from toolkit.studies import collapse_grid
    >>> list(collapse_grid(objectives=["hinge"], mitigations=["none", "packing+dropout"]))
    ['mlp, hinge', 'mlp, hinge, packing, dropout']
    """
    from toolkit.generators.adversarial import ARCHITECTURES, OBJECTIVES

    grid = {}
    for architecture in check_names(architectures, tuple(ARCHITECTURES), "architecture"):
        for objective in check_names(objectives, tuple(OBJECTIVES), "objective"):
            for mitigation in [mitigations] if isinstance(mitigations, str) else mitigations:
                parts = CURE if mitigation == "cure" else tuple(str(mitigation).split("+"))
                parameters = _architecture(_plain(False), architecture) | {"objective": objective}
                for part in parts:
                    parameters |= lookup(MITIGATIONS, part, "mitigation")
                words = [] if mitigation == "none" else ["cure"] if parts == CURE else [_words(part) for part in parts]
                grid[", ".join([architecture, _words(objective), *words])] = _fit_averaging(parameters, steps)
    return grid


def _plain(quick):
    return _PLAIN | (_QUICK_WIDTHS if quick else _WIDTHS)


def _words(name):
    return name.replace("_", " ")


def _with(parameters, *mitigations):
    for mitigation in mitigations:
        parameters = parameters | MITIGATIONS[mitigation]
    return parameters


def _architecture(parameters, name):
    """Grids have widths of their own."""
    if name == "mlp":
        return dict(parameters)
    quick = parameters["generator_widths"] == _QUICK_WIDTHS["generator_widths"]
    own = {key: value for key, value in parameters.items() if key not in _WIDTHS} | {"architecture": name}
    return own | (_QUICK_GRID_WIDTHS if quick else {})


def _fit_averaging(parameters, steps):
    if parameters.get("weight_averaging") and steps < _SHORT_TRAINING:
        return parameters | {"weight_averaging": _SHORT_AVERAGING}
    return parameters


def _collapse(plain):
    return {
        "plain": plain,
        "minimax": plain | {"objective": "minimax"},
        "high rate": plain | {"learning_rate": 0.01},
        "strong discriminator": plain | {"critic_steps": 5},
        "weak discriminator": plain | {"discriminator_learning_rate": 2e-5},
        "cured": _with(plain, *CURE),
    }


def _mitigation(plain):
    single = [name for name in MITIGATIONS if name != "none"]
    return {
        "plain": plain,
        **{_words(name): _with(plain, name) for name in single},
        "together": _with(plain, *CURE),
        "together, relativistic": _with(plain, *CURE, "relativistic") | {"gradient_penalty": "r1r2"},
    }


def _ablation(plain):
    return {
        "cure": _with(plain, *CURE),
        **{f"without {_words(part)}": _with(plain, *(name for name in CURE if name != part)) for part in CURE},
        "plain": plain,
    }


def _hyperparameters(plain):
    # The usual exercise starts from batches of 100, dropout in the discriminator, and the momentum of DCGAN.
    usual = plain | {"batch_size": 100, "dropout": 0.3, "betas": (0.5, 0.999)}
    return {
        "usual": usual,
        "learning rate .01": usual | {"learning_rate": 0.01},
        "batch 256": usual | {"batch_size": 256},
        "no dropout": usual | {"dropout": 0.0},
        "Wasserstein": usual | {"objective": "wasserstein", "learning_rate": 5e-5, "critic_steps": 5},
        "Wasserstein, penalty": usual | {"objective": "wasserstein_gp", "betas": (0.0, 0.9), "critic_steps": 5},
    }


def _architectures(plain):
    settings = {}
    for name in ("mlp", "dcgan", "resnet"):
        own = _architecture(plain, name)
        settings |= {name: own, f"{name}, cured": _with(own, *CURE)}
    return settings


RECIPES = {
    "collapse": _collapse,
    "mitigation": _mitigation,
    "ablation": _ablation,
    "hyperparameters": _hyperparameters,
    "architectures": _architectures,
}
