"""choose_original_repair: which repair of a fault serves a set of photographs, measured on sound pictures of it."""

import io
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from toolkit._core.floating_point import usual_floating_point
from toolkit._core.names import lookup
from toolkit.restoration._original_steps import STEPS
from toolkit.restoration._quality import psnr

__all__ = ["OriginalChoice", "choose_original_repair"]

FEWEST = 8  # sound pictures from which on gains are compared
_MOST = 16  # pictures that are looked at
_SIDE = 192  # pixels a side that are looked at of each, in its middle
_SOUND = 35.0  # dB at which a learned repair has to leave sound pictures, in the median
_LEAST_GAIN = 0.5  # dB, in the median, for which a learned repair is worth it
_WORSE, _WORSE_SHARE = 1.0, 0.1  # dB that count as worse, and the share of pictures that may be


def _noisy(image: NDArray, sigma: float, generator: np.random.Generator) -> NDArray:
    return image + generator.normal(0, sigma, image.shape)


def _compressed(image: NDArray, quality: int, _: np.random.Generator) -> NDArray:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def _blurred(image: NDArray, width: float, _: np.random.Generator) -> NDArray:
    return ndimage.gaussian_filter(image.astype(np.float32), (width, width, 0)[: image.ndim], mode="nearest")


# fault: what plants it, and how strongly, in turns: levels of noise, qualities of JPEG, pixels of blur.
_PLANTED: dict[str, tuple[Callable[..., NDArray], tuple[Any, ...]]] = {
    "noisy": (_noisy, (10.0, 20.0, 35.0)),
    "jpeg_blocks": (_compressed, (8, 13, 20)),
    "blurred": (_blurred, (1.2, 1.8, 2.5)),
}


class OriginalChoice(NamedTuple):
    """What :func:`choose_original_repair` found.

    Attributes
    ----------
    method : str
        ``"classical"``, ``"learned"``, or empty: nothing that is known serves this set.
    gains : dict of str to float
        Median gain of each method, in dB, on pictures in which the fault was planted; empty where it was not measured.
    sound : float
        Median PSNR of sound pictures after the learned repair, in dB, to themselves; NaN where it was not measured.
    why : str
        In words.

    Examples
    --------
    >>> from skimage import data
    >>> from toolkit.restoration import choose_original_repair
    >>> parts = [data.astronaut()[top : top + 48, left : left + 48] for top in (0, 96) for left in (0, 96, 192, 288)]
    >>> choice = choose_original_repair(parts, "noisy")
    >>> choice.method, sorted(choice.gains), choice.sound > 35
    ('learned', ['classical', 'learned'], True)
    >>> choose_original_repair(parts[:3], "blurred").why
    'gains cannot be compared on 3 sound pictures, 8 or more can'
    """

    method: str
    gains: dict[str, float]
    sound: float
    why: str


@usual_floating_point
def choose_original_repair(pictures: Sequence[ArrayLike], fault: str) -> OriginalChoice:
    """Find out whether the learned repair of a fault is to be used on a set, and not the classical one or none.

    The fault is planted in sound pictures of the set, none of which the network has learnt from, at several strengths.
    The learned repair is chosen only if it gains more than the classical one, makes at most one in ten worse by a
    decibel, and leaves the same pictures at 35 dB or more where nothing was planted. In fewer than eight pictures that
    cannot be measured.

    Parameters
    ----------
    pictures : sequence of array-like of uint8, of shape (height, width) or (height, width, 3)
        Sound pictures of the set, of any sizes; up to 16 of them are looked at, 192 pixels a side of each.
    fault : str
        One of ``ORIGINAL_REPAIRS``.

    Returns
    -------
    OriginalChoice

    Raises
    ------
    ValueError
        The fault is not known, or a picture is not of such a kind.

    See Also
    --------
    repair_original : Repairs one picture, if its judges agree.

    Examples
    --------
    >>> from skimage import data
    >>> from toolkit.restoration import choose_original_repair
    >>> picture = data.astronaut()
    >>> parts = [picture[top : top + 96, left : left + 96] for top in (0, 96, 192) for left in (128, 224, 320)]
    >>> choose_original_repair(parts, "noisy").method
    'learned'
    >>> choose_original_repair(parts[:3], "noisy").method
    'classical'
    """
    methods = lookup(STEPS, fault, "repair")
    usual = "classical" if "classical" in methods else ""
    if "learned" not in methods:
        return OriginalChoice(usual, {}, np.nan, "no other repair of it is known")
    places = np.unique(np.linspace(0, len(pictures) - 1, min(len(pictures), _MOST)).astype(int))
    parts = [_middle(np.asarray(pictures[place]), place) for place in places]
    if len(parts) < FEWEST:
        return OriginalChoice(
            usual, {}, np.nan, f"gains cannot be compared on {len(parts)} sound pictures, {FEWEST} or more can"
        )
    sound = float(np.median([_psnr(part, methods["learned"](part)) for part in parts]))
    spoilt = _planted(parts, fault)
    every = {
        name: np.array([_psnr(part, step(bad)) - _psnr(part, bad) for part, bad in zip(parts, spoilt)])
        for name, step in methods.items()
    }
    gains = {name: float(np.median(values)) for name, values in every.items()}
    words = ", ".join(f"{name} {gain:+.1f} dB" for name, gain in gains.items())
    words = f"on {len(parts)} sound pictures of this set, damaged on purpose: {words}"
    if sound < _SOUND:
        return OriginalChoice(usual, gains, sound, f"{words}; sound ones were changed ({sound:.0f} dB)")
    if not gains["learned"] > max(_LEAST_GAIN, gains.get("classical", -np.inf)):
        return OriginalChoice(usual, gains, sound, f"{words}; the learned one gains too little")
    n_worse = int((every["learned"] < -_WORSE).sum())
    if n_worse > _WORSE_SHARE * len(parts):
        spoilt_more = f"the learned one made {n_worse} of {len(parts)} worse by more than {_WORSE:g} dB"
        return OriginalChoice(usual, gains, sound, f"{words}; {spoilt_more}")
    return OriginalChoice("learned", gains, sound, words)


def _middle(image: NDArray, place: int) -> NDArray:
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise ValueError(
            f"pictures[{place}] must be uint8 of shape (height, width) or (height, width, 3), got {image.dtype} "
            f"{image.shape}."
        )
    top, left = (max(0, side - _SIDE) // 2 for side in image.shape[:2])
    return np.ascontiguousarray(image[top : top + _SIDE, left : left + _SIDE])


def _planted(parts: list[NDArray], fault: str) -> list[NDArray]:
    spoil, strengths = _PLANTED[fault]
    generator = np.random.default_rng(0)
    spoilt = [spoil(part, strengths[place % len(strengths)], generator) for place, part in enumerate(parts)]
    return [np.rint(np.clip(values, 0, 255)).astype(np.uint8) for values in spoilt]


def _psnr(truth: NDArray, found: NDArray) -> float:
    return float(psnr(truth[None], found[None])[0])
