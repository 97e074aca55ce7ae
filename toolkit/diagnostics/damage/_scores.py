"""damage_scores: how much one picture looks as each damage makes pictures look."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit._core.floating_point import usual_floating_point
from toolkit.diagnostics.damage._patches import patches_of
from toolkit.diagnostics.damage._weights import load_network
from toolkit.diagnostics.damage._writing import writing_odds
from toolkit.diagnostics.everyday._views import check_image

__all__ = ["DAMAGE_SCORES", "damage_scores", "patch_logits", "pooled", "told_of"]

# The network's damages, in its order; written out here since the network's file needs torch.
DAMAGE_SCORES = (
    "noise",
    "salt_and_pepper",
    "hot_pixels",
    "gaussian_blur",
    "motion_blur",
    "jpeg",
    "pixelate",
    "scaled_up",
    "low_contrast",
    "dark",
    "overexposed",
    "clip_contrast",
    "colour_cast",
    "dead_lines",
    "moire",
)
_TONES = ("low_contrast", "dark", "overexposed", "clip_contrast", "colour_cast")
_CERTAIN = 8.0  # log ratio beyond which a patch says no more: one patch is not to outvote fifteen


def patch_logits(patches: NDArray) -> NDArray:
    """What the network says of each patch: (n_patches, 1 + n_damages), clean first."""
    import torch

    from toolkit.nn import limit_threads

    with limit_threads(1), torch.inference_mode():
        logits = load_network()(torch.from_numpy(np.require(patches, requirements=["C", "W"])))
    return logits.numpy().astype(np.float64)


def pooled(logits: NDArray) -> tuple[NDArray, NDArray]:
    """Of the patches of one picture: mean log ratio of each damage to clean, and mean probability of each damage."""
    ratios = np.clip(logits[:, 1:] - logits[:, :1], -_CERTAIN, _CERTAIN)
    unit = np.exp(logits - logits.max(axis=1, keepdims=True))
    return ratios.mean(axis=0), (unit / unit.sum(axis=1, keepdims=True)).mean(axis=0)[1:]


def told_of(image: NDArray) -> tuple[NDArray, NDArray]:
    """What the network says of one picture, as :func:`pooled`.

    Of its tones all of it tells, its bare parts too; of the grid of its pixels only what shows something.
    """
    spread, shown = patches_of(image)
    found = pooled(patch_logits(spread))
    if shown is spread:
        return found
    of_tone = np.isin(DAMAGE_SCORES, _TONES)
    first, second = (np.where(of_tone, *both) for both in zip(found, pooled(patch_logits(shown))))
    return first, second


@usual_floating_point
def damage_scores(image: ArrayLike, *, writing: bool = True) -> dict[str, float]:
    """How much one picture looks as each damage makes pictures look, at its original resolution.

    A network looks at up to 16 patches, another one at the whole, made small, for writing. They have learnt from
    procedural images only, and never saw a photograph; what is usual in a set has to be set against what they say, as
    :class:`DamageDiagnostics` does.

    Parameters
    ----------
    image : array-like of uint8 (or bool), of shape (height, width) or (height, width, 3 or 4)
        Transparency is seen on white.
    writing : bool, default=True
        Whether to look for writing, too, which takes half of the time.

    Returns
    -------
    dict of str to float
        ``"damage_noise"`` and so on: the mean over patches of the logarithm of how much likelier the damage is than
        none, between -8 and 8. ``"share_noise"`` and so on: the mean probability that it is this damage, of all.
        ``"writing"``, unless it is not looked for: the logarithm of how much likelier writing was laid over the
        picture than not.

    Raises
    ------
    ValueError
        If the image is not of such a type and shape, or has no pixel.

    References
    ----------
    A. B. Lee, D. Mumford and J. Huang, "Occlusion models for natural images: a statistical study of a scale-invariant
    dead leaves model", International Journal of Computer Vision 41, 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.datasets import load_image_folder
    >>> from toolkit.diagnostics import damage_scores
    >>> image = load_image_folder().images[0]
    >>> noisy = image + np.random.default_rng(0).normal(0, 30, image.shape)
    >>> noisy = np.clip(noisy, 0, 255).astype(np.uint8)
    >>> damage_scores(noisy)["damage_noise"] > damage_scores(image)["damage_noise"] + 2
    True
    """
    image = check_image(image)
    ratios, shares = told_of(image)
    found = {f"damage_{name}": float(value) for name, value in zip(DAMAGE_SCORES, ratios)}
    found |= {f"share_{name}": float(value) for name, value in zip(DAMAGE_SCORES, shares)}
    return found | {"writing": writing_odds(image)} if writing else found
