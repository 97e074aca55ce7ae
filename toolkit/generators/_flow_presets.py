"""Settings of a flow by name, each with its paper: what a parameter that is None stands for.

To add one, write its line in :data:`FLOW_PRESETS`: what differs from the rectified flow, and the paper.
"""

from typing import TYPE_CHECKING, Any

import pandas as pd

from toolkit._core.names import lookup
from toolkit.generators._presets import Preset, preset_table

if TYPE_CHECKING:
    from toolkit.generators._flow import FlowMatching

__all__ = ["FLOW_PRESETS", "flow_preset", "flow_presets", "flow_settings"]

# The rectified flow: every parameter that a preset may set, with its value where a preset says nothing of it.
RECTIFIED: dict[str, Any] = {
    "path": "linear",
    "target": "velocity",
    "coupling": "independent",
    "times": "uniform",
    "n_clusters": 0,
    "solver": "adams",
    "n_sampling_steps": 9,
    "noise_scale": 1.0,
    "guidance": 1.0,
    "condition_dropout": 0.1,
    "weight_averaging": 0.999,
    "batch_size": 64,
    "learning_rate": 1e-3,
    "betas": (0.9, 0.99),
    "lr_schedule": "cosine",
}


FLOW_PRESETS = {
    "modern": Preset(
        "Rectified flow told in which of many clusters of the data a row is, and drawn as often from each as the data "
        "are: Adaloglou et al. (2024), Rethinking cluster-conditioned diffusion models; Hu et al. (2023), Self-guided "
        "diffusion models",
        {"n_clusters": 50},
    ),
    "rectified": Preset(
        "Liu et al. (2023), Flow straight and fast: learning to generate and transfer data with rectified flow"
    ),
    "ot": Preset(
        "Tong et al. (2024), Improving and generalizing flow-based generative models with minibatch optimal transport",
        {"coupling": "optimal_transport"},
    ),
    "logit_normal": Preset(
        "Esser et al. (2024), Scaling rectified flow transformers for high-resolution image synthesis",
        {"times": "logit_normal"},
    ),
    "ddpm": Preset(
        "Ho et al. (2020), Denoising diffusion probabilistic models, with the path of Nichol and Dhariwal (2021) in "
        "continuous time; 100 steps for its 1,000",
        {
            "path": "cosine",
            "target": "noise",
            "solver": "ancestral",
            "n_sampling_steps": 100,
            "lr_schedule": "constant",
        },
    ),
    "ddim": Preset(
        "Song et al. (2021), Denoising diffusion implicit models: trained as 'ddpm', drawn in 20 steps without noise",
        {"path": "cosine", "target": "noise", "solver": "ddim", "n_sampling_steps": 20, "lr_schedule": "constant"},
    ),
}


def flow_preset(name: str) -> dict[str, Any]:
    """All settings of a preset.

    Parameters
    ----------
    name : str
        See :func:`flow_presets`.

    Returns
    -------
    dict
        Parameters of :class:`FlowMatching`.

    Raises
    ------
    ValueError
        No such preset.

    Examples
    --------
    >>> from toolkit.generators import flow_preset
    >>> flow_preset("ddpm")["target"], flow_preset("rectified")["target"]
    ('noise', 'velocity')
    """
    return RECTIFIED | dict(lookup(FLOW_PRESETS, name, "preset").settings)


def flow_presets() -> pd.DataFrame:
    """The presets of a flow: a row each, with what it changes of the rectified flow, and its paper.

    Returns
    -------
    DataFrame
        Columns ``preset``, ``settings`` and ``paper``.

    Examples
    --------
    >>> from toolkit.generators import flow_presets
    >>> flow_presets().set_index("preset").loc["ot", "settings"]
    "coupling='optimal_transport'"
    """
    return preset_table(FLOW_PRESETS)


def flow_settings(flow: "FlowMatching") -> dict[str, Any]:
    """Settings of a flow as they are in force: its own where it has any, else those of its preset.

    Parameters
    ----------
    flow : FlowMatching

    Returns
    -------
    dict
        ``weight_averaging`` is None where there is none.

    Examples
    --------
    >>> from toolkit.generators import FlowMatching, flow_settings
    >>> settings = flow_settings(FlowMatching(preset="ot", solver="euler"))
    >>> settings["coupling"], settings["solver"]
    ('optimal_transport', 'euler')
    """
    settings = flow_preset(flow.preset)
    settings |= {name: value for name in RECTIFIED if (value := getattr(flow, name)) is not None}
    if settings["weight_averaging"] == 0:
        settings["weight_averaging"] = None
    return settings
