"""Teach a network to name corruptions planted in clean images, for identifiers to begin from."""

from collections.abc import Sequence
from numbers import Integral
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.images import is_dark_on_light, validate_images
from toolkit._core.names import check_names
from toolkit._core.parameters import check_int
from toolkit._core.random import as_generator
from toolkit._core.types import ImageShape, PathLike, RandomState
from toolkit.corruption import KINDS
from toolkit.diagnostics.identifier._ensemble import Ensemble
from toolkit.diagnostics.identifier._folds import Folds
from toolkit.diagnostics.identifier._identifier import CorruptionIdentifier
from toolkit.diagnostics.identifier._pretrained import PretrainedWeights

__all__ = ["pretrain_identifier"]


@usual_floating_point
def pretrain_identifier(
    X: ArrayLike,
    path: PathLike,
    *,
    kinds: str | Sequence[str] | None = None,
    image_shape: ImageShape = None,
    rounds: int = 100,
    images_per_round: int = 20_000,
    batch_size: int = 128,
    random_state: RandomState = None,
) -> Path:
    """Learn to name what is planted in clean images, once, for identifiers to begin from.

    What the toolkit ships as ``init="grey"`` came from this function, 100,000 glyphs and 70,000 procedural images
    (``benchmarks/glyph_prior.py``). Give it clean images of your own sort, where there are some, and hand the file to
    ``CorruptionIdentifier(init=...)``.

    Parameters
    ----------
    X : array-like of shape (n_samples, height, width[, 3]) or (n_samples, n_features)
        Clean images. No labels are involved.
    path : path-like
        File to write, ``*.safetensors``.
    kinds : sequence of str, default=None
        Corruptions to plant, of :data:`toolkit.corruption.KINDS`; None takes all 22.
    image_shape : tuple of int, default=None
        Shape of an image in flat rows; None takes a square row as such.
    rounds : int, default=100
        Rounds of planting and learning; on one core about 8 s each.
    images_per_round : int, default=20000
    batch_size : int, default=128
    random_state : int, RandomState or None, default=None

    Returns
    -------
    pathlib.Path
        ``path``.

    References
    ----------
    .. [1] Hendrycks, Lee and Mazeika (2019), "Using pre-training can improve model robustness and uncertainty".

    Examples
    --------
    >>> import tempfile
    >>> from toolkit.datasets import load_digits
    >>> images = load_digits().images[:100]
    >>> path = pretrain_identifier(images, tempfile.mkdtemp() + "/mine.safetensors", kinds=["invert"], rounds=1,
    ...                            images_per_round=100, random_state=0)
    >>> CorruptionIdentifier(["invert"], init=path, epochs=1, random_state=0).fit(images).init_
    'mine'
    """
    for name, value, least in (
        ("rounds", rounds, 1),
        ("images_per_round", images_per_round, 2),
        ("batch_size", batch_size, 2),
    ):
        check_int(name, value, least)
    names = KINDS if kinds is None else check_names(kinds, KINDS, "kind")
    checked = CorruptionIdentifier(image_shape=image_shape)
    images = checked._bytes(validate_images(checked, X, reset=True))
    if len(images) < 2:
        raise ValueError(f"pretrain_identifier needs at least 2 images, got n_samples = {len(images)}.")
    seed = random_state if isinstance(random_state, Integral) else as_generator(random_state).integers(2**31)
    one = Ensemble(
        checked.image_shape_,
        names,
        n_rounds=rounds,
        n_images=images_per_round,
        batch_size=batch_size,
        seeds=[int(seed)],
        n_jobs=1,
        negative=is_dark_on_light(images),
    )
    every = np.ones(len(images), dtype=bool)
    one.train(images, every, Folds(np.zeros(len(images), dtype=int), ~every[None]), rounds)
    state = one.members[0].model.network.state_dict()
    path = Path(path)
    PretrainedWeights(names, {name: value.numpy() for name, value in state.items()}).save(path)
    return path
