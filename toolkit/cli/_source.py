"""Where a command's images come from: a file, or a data set by name."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import typer

from toolkit.exceptions import ToolkitError

__all__ = ["Source", "load_set", "read_file", "read_source"]

DEFAULT_DATASET, DEFAULT_N_IMAGES, DEFAULT_FRACTION = "glyphs", 4000, 0.2


@dataclass
class Source:
    """Images to audit, what is known about them for checking, and what to call them."""

    images: np.ndarray
    kinds: np.ndarray | None
    clean: np.ndarray | None
    name: str


def read_file(path: Path):
    """The ImageSet in a .npz or .npy file; a suffix that is neither is a mistake in use."""
    from toolkit.datasets import load_images

    if path.suffix.lower() not in (".npz", ".npy"):
        raise typer.BadParameter(f"{path} is neither a .npz nor a .npy file.")
    return load_images(path)


def load_set(name, n_images=None, *, seed=None, verbose=False, hint="NAME"):
    """The ImageSet of that name; a name or part that does not exist is a mistake in use."""
    from toolkit.datasets import load_dataset

    try:
        return load_dataset(name, n_images, random_state=seed, verbose=verbose)
    except ToolkitError:  # damaged or out of reach: no mistake in use, though some are ValueErrors, too
        raise
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=hint) from error


def read_source(*, data, dataset, n_images, corrupt, seed, verbose) -> Source:
    """Read images from ``data`` or make or fetch the set named ``dataset``, and plant corruptions if asked.

    A file is never corrupted unless asked; a data set is (a fifth of it), as there would be nothing to find otherwise.
    """
    if data is not None and dataset is not None:
        raise typer.BadParameter("--data and --dataset exclude one another: name a file or a data set.")
    if data is not None:
        found = read_file(data)
        name, fraction = data.name, corrupt or 0.0
    else:
        name = dataset or DEFAULT_DATASET
        found = load_set(name, n_images or DEFAULT_N_IMAGES, seed=seed, verbose=verbose, hint="--dataset")
        fraction = DEFAULT_FRACTION if corrupt is None else corrupt
    images, kinds = found.images[:n_images], None if found.kinds is None else found.kinds[:n_images]
    if not fraction:
        return Source(images, kinds, None, name)
    if kinds is not None:
        raise typer.BadParameter(f"--corrupt: {name} holds its true kinds already, so it has been corrupted before.")

    from toolkit.corruption import Corruptor

    # Not the seed itself: what is planted must not share its random numbers with what the audit plants to learn.
    corruptor = Corruptor(fraction=fraction, random_state=np.random.default_rng([seed, 1]))
    corrupted, kinds = corruptor.corrupt(images)
    return Source(corrupted, kinds, images, name)
