"""What a :class:`FlowMatching` needs around its training: checks, conditions, networks, and the way to images."""

from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.validation import assert_all_finite

from toolkit._core.images import iter_chunks
from toolkit._core.names import lookup
from toolkit._core.parameters import check_choice, check_int, check_number, check_sizes
from toolkit._core.random import as_generator
from toolkit.generators import _conditional_setup as labels
from toolkit.generators import _gan_setup as scales
from toolkit.generators._flow_presets import flow_settings
from toolkit.generators._presets import default_epochs

if TYPE_CHECKING:
    from toolkit.generators._flow import FlowMatching

_LENGTHS = ("epochs", "max_steps", "max_seconds")
_ROWS_PER_CLUSTER = 20
_CLUSTER_COMPONENTS = 50
_CHUNK, _MOST_ROWS = 4096, 10_000
_LEAST_SIDE = 8  # of images that a U-Net is for


def in_force(flow: "FlowMatching") -> SimpleNamespace:
    """Its parameters, those of its preset filled in: as fitted, else as they would be."""
    settings = getattr(flow, "settings_", None)
    settings = flow_settings(flow) if settings is None else settings
    return SimpleNamespace(**flow.get_params(deep=False) | settings)


def learn_settings(flow, n_rows):
    """What is in force for a training on so many rows: a dict that can be written down."""
    settings = flow_settings(flow) | {name: getattr(flow, name) for name in _LENGTHS}
    if not any(settings[name] is not None for name in _LENGTHS):
        settings["epochs"] = default_epochs(n_rows, min(settings["batch_size"], n_rows))
    if settings.get("architecture") is None:
        sides = (*flow.image_shape_,)[:2]
        settings["architecture"] = flow.architecture or ("unet" if min(sides) >= _LEAST_SIDE else "mlp")
    return settings


def check_parameters(flow: "FlowMatching") -> None:
    """Raise a ValueError that names the first parameter that is out of range.

    Parameters
    ----------
    flow : FlowMatching

    Examples
    --------
    >>> from toolkit.generators import FlowMatching, check_flow
    >>> check_flow(FlowMatching(batch_size=0))
    Traceback (most recent call last):
        ...
    ValueError: batch_size must be an int of at least 1, got 0.
    """
    from toolkit.generators.adversarial import SCHEDULES
    from toolkit.generators.flow import COUPLINGS, NETWORKS, PATHS, SOLVERS, TIMES
    from toolkit.generators.flow._paths import TARGETS

    conditional = flow.conditional
    flow = SimpleNamespace(**flow.get_params(deep=False) | flow_settings(flow))
    if flow.architecture is not None:
        lookup(NETWORKS, flow.architecture, "architecture")
    for table, name in ((PATHS, "path"), (TARGETS, "target"), (COUPLINGS, "coupling"), (TIMES, "times")):
        lookup(table, getattr(flow, name), name)
    lookup(SOLVERS, flow.solver, "solver")
    lookup(SCHEDULES, flow.lr_schedule, "lr_schedule")
    check_choice("precision", flow.precision, ("float32", "bfloat16", "auto"))
    check_choice("scaling", flow.scaling, ("auto", "pixels", "columns"))
    if not isinstance(conditional, (bool, np.bool_)):
        raise ValueError(f"conditional must be True or False, got {conditional!r}.")
    for name in ("n_sampling_steps", "batch_size", "n_threads"):
        check_int(name, getattr(flow, name))
    check_int("n_clusters", flow.n_clusters, 0)
    for name in ("epochs", "max_steps"):
        if getattr(flow, name) is not None:
            check_int(name, getattr(flow, name))
    if flow.max_seconds is not None:
        check_number("max_seconds", flow.max_seconds, above=True)
    if flow.widths is not None:
        check_sizes("widths", flow.widths)
        if not len(flow.widths):
            raise ValueError(f"widths must name at least one width, got {flow.widths!r}.")
    check_number("guidance", flow.guidance)
    check_number("noise_scale", flow.noise_scale, above=True)
    check_number("learning_rate", flow.learning_rate, above=True)
    for name in ("condition_dropout", "weight_averaging"):
        value = getattr(flow, name)
        if value is not None:
            check_number(name, value, high=1.0)
            if value == 1.0:
                raise ValueError(f"{name} must be below 1, got {value!r}.")
    scales._check_betas("betas", flow.betas)


def learn_clusters(flow, stack, n_clusters, seed):
    """Clusters of rows in [0, 1], found without labels: their means, (n_clusters, n_values).

    k-means on principal components of ten thousand rows at most; too few rows have fewer clusters, or none.
    """
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    unit = _some_rows(flow, stack, None, seed)[0]
    n_clusters = min(n_clusters, len(unit) // _ROWS_PER_CLUSTER)
    if n_clusters < 2:
        return unit[:0]
    n_components = min(_CLUSTER_COMPONENTS, *unit.shape)
    with np.errstate(invalid="ignore"):  # of equal rows: shares of a variance that is nought, which nobody reads
        features = PCA(n_components, svd_solver="randomized", random_state=seed).fit_transform(unit)
    n_clusters = min(n_clusters, len(np.unique(features.round(6), axis=0)))
    if n_clusters < 2:
        return unit[:0]
    found = KMeans(n_clusters, n_init=1, random_state=seed).fit_predict(features)
    return np.stack([unit[found == code].mean(axis=0) for code in np.unique(found)]).astype(np.float32)


def nearest_cluster(flow, stack):
    """Place of the nearest of the flow's clusters for each row."""
    centres = flow.cluster_centres_
    half, found = 0.5 * np.square(centres).sum(axis=1), []
    for part in iter_chunks(len(stack), _CHUNK):
        unit = scales.to_unit(flow, stack[part])
        found.append((half - unit.reshape(len(unit), -1) @ centres.T).argmin(axis=1))
    return np.concatenate(found).astype(np.int64)


def learn_gaussian(flow, stack, codes, seed):
    """Mean and covariance of the rows in [-1, 1], within conditions."""
    from toolkit.generators.flow import learn_gaussian

    unit, codes = _some_rows(flow, stack, codes, seed)
    rows = 2.0 * unit.reshape(len(unit), *(*flow.image_shape_, 1)[:3]) - 1.0
    rows = rows.transpose(0, 3, 1, 2).reshape(len(unit), -1)
    return learn_gaussian(rows, codes, flow.n_conditions_, seed)


def _some_rows(flow, stack, codes, seed):
    """Rows in [0, 1] that means and components are learnt from, ten thousand at most, and their codes."""
    if len(stack) > _MOST_ROWS:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(stack))[:_MOST_ROWS])
        stack, codes = stack[chosen], None if codes is None else codes[chosen]
    return scales.to_unit(flow, stack).reshape(len(stack), -1), codes


def make_trainer(flow, gaussian, weight_seed, training_seed, total_steps):
    """A fresh network and its optimiser, as the parameters say."""
    from toolkit.generators.flow import FlowTrainer, build_network
    from toolkit.nn import resolve_device, torch_generator

    device, settings = resolve_device(flow.device), in_force(flow)
    network = build_network(
        settings.architecture,
        scales.channels_first(flow.image_shape_),
        widths=None if settings.widths is None else tuple(settings.widths),
        n_conditions=flow.n_conditions_,
        gaussian=gaussian,
        path=settings.path,
        target=settings.target,
        generator=torch_generator(weight_seed),  # on the processor, so that weights start the same everywhere
    )
    return FlowTrainer(
        network.to(device),
        random=torch_generator(training_seed, device),
        **_trainer_options(flow, settings, device, total_steps),
    )


def make_distillation(flow, n_steps, seed, total_steps):
    """A trainer of a copy of its network, and the optimiser, for so few steps of the sampler."""
    import copy

    from toolkit.generators.flow import DistillationTrainer
    from toolkit.nn import resolve_device, torch_generator

    device = resolve_device(flow.device)
    return DistillationTrainer(
        copy.deepcopy(flow.network_).to(device),
        n_steps=n_steps,
        random=torch_generator(seed, device),
        **_trainer_options(flow, in_force(flow), device, total_steps),
    )


def _trainer_options(flow, settings, device, total_steps):
    """What a trainer takes from the parameters in force."""
    return {
        "total_steps": total_steps,
        "path": settings.path,
        "target": settings.target,
        "coupling": settings.coupling,
        "times": settings.times,
        "lr_schedule": settings.lr_schedule,
        "n_conditions": flow.n_conditions_,
        "condition_dropout": float(settings.condition_dropout) if flow.n_conditions_ else 0.0,
        "learning_rate": float(settings.learning_rate),
        "betas": tuple(settings.betas),
        "weight_averaging": settings.weight_averaging,
        "autocast": scales._autocast(settings.precision, device),
        "draw_rows": flow._sample,
    }


def draw_noise(flow, n_samples, seed, scale=None):
    """Noise that becomes images: (n_samples, channels * height * width); ``scale`` in the place of the parameter."""
    import torch

    from toolkit.nn import torch_generator

    shape = scales.channels_first(flow.image_shape_)
    noise = torch.randn(n_samples, int(np.prod(shape)), generator=torch_generator(seed), dtype=torch.float32).numpy()
    if scale is None:
        scale = in_force(flow).noise_scale
    else:
        check_number("noise_scale", scale, above=True)
    return noise if scale is None else noise * np.float32(scale)  # flows of earlier versions have none


def draw_conditions(flow, n_samples, seed):
    """Weights (n_samples, n_conditions) of labels or clusters, drawn as often as they were seen."""
    if not flow.n_conditions_:
        return np.zeros((n_samples, 0), dtype=np.float32)
    drawn = as_generator(seed).choice(flow.n_conditions_, n_samples, p=flow.condition_shares_)
    return np.eye(flow.n_conditions_, dtype=np.float32)[drawn]


def unit_images(flow, network, z, conditions, *, n_steps, guidance, seed):
    """What noise (n, n_values) becomes under conditions: float32 (n, height, width[, 3]) in [0, 1]."""
    import torch

    from toolkit.generators.flow import draw_images
    from toolkit.nn import limit_threads, resolve_device

    settings = in_force(flow)
    device = resolve_device(flow.device)
    noise = torch.from_numpy(np.require(z, np.float32, "CW"))
    with limit_threads(flow.n_threads):
        images = draw_images(
            network.to(device),
            noise.reshape(len(z), *scales.channels_first(flow.image_shape_)),
            torch.from_numpy(np.require(conditions, np.float32, "CW")),
            path=settings.path,
            target=settings.target,
            solver=settings.solver,
            n_steps=int(settings.n_sampling_steps if n_steps is None else n_steps),
            guidance=float(settings.guidance if guidance is None else guidance),
            seed=seed,
            autocast=scales._autocast(settings.precision, device),
        )
    network.cpu()
    images = images.permute(0, 2, 3, 1).numpy()
    return (0.5 * (images + 1.0)).reshape(len(z), *flow.image_shape_)


def conditions_of(flow, y, n_samples):
    """Weights (n_samples, n_conditions) of labels, or of weights as they come."""
    if not flow.conditional:
        raise ValueError("y must be None for a flow that was fitted without labels (conditional=False).")
    y = np.asarray(y)
    if y.ndim == 2:
        if y.shape != (n_samples, flow.n_conditions_):
            raise ValueError(
                f"y must have shape ({n_samples}, {flow.n_conditions_}) as weights of classes, got {y.shape}."
            )
        assert_all_finite(y, input_name="y")
        return y.astype(np.float32)
    return labels.weights(flow.classes_, y if y.ndim else y.item(), n_samples)
