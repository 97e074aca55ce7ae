"""Where a command's images come from: a file, or a data set by name."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import typer

from toolkit._core.printable import printable
from toolkit.exceptions import ToolkitError

__all__ = ["FOLDER", "Source", "load_set", "read_file", "read_folder", "read_source"]

FOLDER = "folder:"  # before a path, where the name of a data set is expected
DEFAULT_DATASET, DEFAULT_N_IMAGES, DEFAULT_FRACTION = "glyphs", 4000, 0.2
DEFAULT_SIZE, MOST_LISTED = 75, 20


@dataclass
class Source:
    """Images to audit, what is known about them for checking, and what to call them."""

    images: np.ndarray
    kinds: np.ndarray | None
    clean: np.ndarray | None
    name: str


def read_file(path: Path, *, image_size=None, verbose=False):
    """The ImageSet in a .npz or .npy file, or in a folder or zip archive of pictures; else it is a mistake in use."""
    from toolkit.datasets import load_images

    if path.is_dir() or path.suffix.lower() == ".zip":
        return read_folder(path, image_size=image_size, verbose=verbose)
    if path.suffix.lower() not in (".npz", ".npy"):
        raise typer.BadParameter(f"{path} is neither a .npz nor a .npy file, nor a folder or .zip of pictures.")
    if image_size is not None:
        raise typer.BadParameter(f"{path} holds images of one size already: --image-size is for folders of pictures.")
    return load_images(path)


def read_folder(path, *, image_size=None, verbose=False):
    """The pictures of a folder or archive, grey if all of them are; says what was left out, and where all of it is."""
    from toolkit.datasets import load_image_folder

    found = load_image_folder(path, size=image_size or DEFAULT_SIZE, mode="auto", n_jobs=-1, verbose=verbose)
    left_out = found.skipped
    if verbose and len(left_out):
        reasons = left_out["reason"].str.partition(":")[0].value_counts()
        words = ", ".join(f"{count} {reason}" for reason, count in reasons.items())
        typer.echo(f"toolkit: {path}: {len(found):,} pictures; left out: {words}.", err=True)
        for name, reason in left_out[["path", "reason"]].head(MOST_LISTED).itertuples(index=False):
            typer.echo(f"  {name}: {reason}", err=True)
        if len(left_out) > MOST_LISTED:
            typer.echo(f"  ... and {len(left_out) - MOST_LISTED:,} more.", err=True)
    return found


def load_set(name, n_images=None, *, seed=None, verbose=False, hint="NAME"):
    """The ImageSet of that name; a name or part that does not exist is a mistake in use."""
    from toolkit.datasets import load_dataset

    try:
        return load_dataset(name, n_images, random_state=seed, verbose=verbose)
    except ToolkitError:  # damaged or out of reach: no mistake in use, though some are ValueErrors, too
        raise
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=hint) from error


def read_source(*, data, dataset, n_images, corrupt, seed, verbose, image_size=None) -> Source:
    """Read images from ``data`` or make or fetch the set named ``dataset``, and plant corruptions if asked.

    A file is never corrupted unless asked; a data set is (a fifth of it), as there would be nothing to find otherwise.
    """
    if data is not None and dataset is not None:
        raise typer.BadParameter("--data and --dataset exclude one another: name a file or a data set.")
    if data is not None:
        found = read_file(data, image_size=image_size, verbose=verbose)
        name, fraction = printable(data.name), corrupt or 0.0
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
