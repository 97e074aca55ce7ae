"""Where a command's images come from: a file, or a data set by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import typer

from toolkit._core.printable import printable
from toolkit.exceptions import ToolkitError

__all__ = [
    "FOLDER",
    "Source",
    "files_of",
    "is_folder",
    "left_out_of",
    "load_set",
    "read_file",
    "read_folder",
    "read_source",
]

FOLDER = "folder:"  # before a path, where the name of a data set is expected
DEFAULT_DATASET, DEFAULT_N_IMAGES, DEFAULT_FRACTION = "glyphs", 4000, 0.2
MOST_LISTED = 3


@dataclass
class Source:
    """Images to audit, what is known about them for checking, what to call them, and the files they come from."""

    images: np.ndarray
    kinds: np.ndarray | None
    clean: np.ndarray | None
    name: str
    paths: Sequence | None = None
    left_out: object = None
    notes: tuple = ()

    @property
    def known(self):
        """All but the images, under the names that audits and studies take it by."""
        return {
            "kinds_truth": self.kinds,
            "clean": self.clean,
            "name": self.name,
            "paths": self.paths,
            "left_out": self.left_out,
            "notes": self.notes,
        }


def is_folder(path):
    """Whether pictures are read from ``path``: it is a folder or an archive."""
    return path.is_dir() or path.suffix.lower() == ".zip"


def read_file(path: Path, *, image_size=None, verbose=False, keep_duplicates=False):
    """The ImageSet in a .npz or .npy file, or in a folder or zip archive of pictures; else it is a mistake in use."""
    from toolkit.datasets import load_images

    if is_folder(path):
        return read_folder(path, image_size=image_size, verbose=verbose, keep_duplicates=keep_duplicates)
    if path.suffix.lower() not in (".npz", ".npy"):
        raise typer.BadParameter(f"{path} is neither a .npz nor a .npy file, nor a folder or .zip of pictures.")
    if image_size is not None:
        raise typer.BadParameter(f"{path} holds images of one size already: --image-size is for folders of pictures.")
    return load_images(path)


def read_folder(path, *, image_size=None, verbose=False, keep_duplicates=False):
    """The pictures of a folder or archive, grey if all of them are; says what was done to them."""
    from toolkit.datasets import load_image_folder

    found = load_image_folder(
        path, size=image_size, mode="auto", keep_duplicates=keep_duplicates, n_jobs=-1, verbose=verbose
    )
    if verbose:
        typer.echo(f"toolkit: {printable(path)}: {len(found):,} pictures.", err=True)
        for note in found.notes:
            typer.echo(f"  {note}", err=True)
        left_out = found.skipped  # all of them go to left_out.csv
        for name, reason in left_out[["path", "reason"]].head(MOST_LISTED).itertuples(index=False):
            typer.echo(f"  {name}: {reason}", err=True)
        if len(left_out) > MOST_LISTED:
            typer.echo(f"  ... and {len(left_out) - MOST_LISTED:,} more.", err=True)
    return found


def left_out_of(**sets):
    """The files that were left out of several ImageSets, as one table with the name of the set first; None if none."""
    import pandas as pd

    tables = {name: found.skipped for name, found in sets.items() if len(getattr(found, "skipped", ()))}
    if not tables:
        return None
    return pd.concat(tables, names=["set"]).reset_index(level="set").reset_index(drop=True)


def load_set(name, n_images=None, *, seed=None, verbose=False, hint="NAME"):
    """The ImageSet of that name; a name or part that does not exist is a mistake in use."""
    from toolkit.datasets import load_dataset

    try:
        return load_dataset(name, n_images, random_state=seed, verbose=verbose)
    except ToolkitError:  # damaged or out of reach: no mistake in use, though some are ValueErrors, too
        raise
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=hint) from error


def read_source(*, data, dataset, n_images, corrupt, seed, verbose, image_size=None, keep_duplicates=False) -> Source:
    """Read images from ``data`` or make or fetch the set named ``dataset``, and plant corruptions if asked.

    A file is never corrupted unless asked; a data set is (a fifth of it), as there would be nothing to find otherwise.
    """
    if data is not None and dataset is not None:
        raise typer.BadParameter("--data and --dataset exclude one another: name a file or a data set.")
    if dataset is not None and dataset.startswith(FOLDER):
        data, dataset = Path(dataset.removeprefix(FOLDER)), None
    if data is not None:
        found = read_file(data, image_size=image_size, verbose=verbose, keep_duplicates=keep_duplicates)
        name, fraction = printable(data.name), corrupt or 0.0
    else:
        name = dataset or DEFAULT_DATASET
        found = load_set(name, n_images or DEFAULT_N_IMAGES, seed=seed, verbose=verbose, hint="--dataset")
        fraction = DEFAULT_FRACTION if corrupt is None else corrupt
    images, kinds = found.images[:n_images], None if found.kinds is None else found.kinds[:n_images]
    files = files_of(found, n_images)
    if not fraction:
        return Source(images, kinds, None, name, **files)
    if kinds is not None:
        raise typer.BadParameter(f"--corrupt: {name} holds its true kinds already, so it has been corrupted before.")

    from toolkit.corruption import Corruptor

    # Not the seed itself: what is planted must not share its random numbers with what the audit plants to learn.
    corruptor = Corruptor(fraction=fraction, random_state=np.random.default_rng([seed, 1]))
    corrupted, kinds = corruptor.corrupt(images)
    return Source(corrupted, kinds, images, name, **files)


def files_of(found, n_images=None):
    """Of pictures of a folder, their paths, the table of files that were left out, and what was done to all of them."""
    if getattr(found, "paths", None) is None:
        return {}
    return {"paths": found.paths[:n_images], "left_out": found.skipped, "notes": found.notes}
