"""Differentiable augmentation: the discriminator sees real and fake rows changed alike, at random.

Zhao et al. (2020), "Differentiable augmentation for data-efficient GAN training": a discriminator of few rows learns
them by heart; changed ones it cannot, and as the changes pass gradients on, the generator does not learn to draw them.
"""

from collections.abc import Callable

import torch

__all__ = ["AUGMENTATIONS", "augment", "check_augmentation"]

_FARTHEST = 0.125  # of a side that images are moved
_HOLE = 0.5  # of a side that is cut out


def color(images: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """Brightness, saturation and contrast, by as much as the paper has them."""
    brightness, saturation, contrast = (_numbers(images, random) for _ in range(3))
    images = images + (brightness - 0.5)
    mean = images.mean(dim=1, keepdim=True)
    images = (images - mean) * (2.0 * saturation) + mean
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return (images - mean) * (contrast + 0.5) + mean


def translation(images: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """Moved by up to an eighth of each side; the last row and column are repeated into what is left open."""
    for axis in (2, 3):
        n_rows, side = len(images), images.shape[axis]
        farthest = int(_FARTHEST * side + 0.5)
        shift = torch.randint(-farthest, farthest + 1, (n_rows, 1), generator=random, device=images.device)
        place = (torch.arange(side, device=images.device) + shift).clamp(0, side - 1)  # (n, side)
        shape = [n_rows, 1, 1, 1]
        shape[axis] = side
        images = images.gather(axis, place.reshape(shape).expand(images.shape))
    return images


def cutout(images: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """A square of half the side becomes grey, anywhere, over the edge as well."""
    inside = torch.ones((len(images), 1, 1, 1), dtype=torch.bool, device=images.device)
    for axis in (2, 3):
        side = images.shape[axis]
        size = int(_HOLE * side + 0.5)
        centre = torch.randint(side + 1 - size % 2, (len(images), 1), generator=random, device=images.device)
        place = torch.arange(side, device=images.device)
        there = (place >= centre - size // 2) & (place < centre - size // 2 + size)
        shape = [len(images), 1, 1, 1]
        shape[axis] = side
        inside = inside & there.reshape(shape)
    return images * ~inside


AUGMENTATIONS: dict[str, Callable] = {"color": color, "translation": translation, "cutout": cutout}


def check_augmentation(value: object) -> None:
    """``"none"``, or names of :data:`AUGMENTATIONS` joined by commas, each once."""
    names = value.split(",") if isinstance(value, str) else []
    if value != "none" and (not names or not set(names) <= set(AUGMENTATIONS) or len(set(names)) < len(names)):
        raise ValueError(
            f"augmentation must be 'none' or some of {', '.join(AUGMENTATIONS)}, joined by commas, got {value!r}."
        )


def augment(images: torch.Tensor, names: str, random: torch.Generator) -> torch.Tensor:
    """Images (n, channels, height, width) in [-1, 1], changed by what ``names`` lists; each row by itself.

    Examples
    --------
    >>> import torch
    >>> images = torch.rand(3, 1, 8, 8)
    >>> bool((augment(images, "none", torch.Generator()) == images).all())
    True
    >>> augment(images, "translation,cutout", torch.Generator()).shape
    torch.Size([3, 1, 8, 8])
    """
    if names != "none":
        for name in names.split(","):
            images = AUGMENTATIONS[name](images, random)
    return images


def _numbers(images, random):
    """A uniform number in [0, 1] for each image."""
    return torch.rand((len(images), 1, 1, 1), generator=random, device=images.device)
