"""``toolkit data``: which data sets there are, fetching them, and what a file or set holds."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit._core.printable import printable

__all__ = ["data"]

data = typer.Typer(name="data", help="List, fetch and look at data sets.", no_args_is_help=True, rich_markup_mode=None)


@data.command("list")
def list_sets():
    """List the data sets: embedded ones, and published ones that can be fetched."""
    from toolkit.datasets import available_datasets

    print(available_datasets().to_string(index=False))


@data.command()
def fetch(
    name: Annotated[str, typer.Argument(help="As `toolkit data list` calls it.")],
):
    """Fetch a published data set into the cache and verify it; what is there already is not fetched again."""
    from toolkit.cli._source import load_set
    from toolkit.datasets import available_datasets

    sets = available_datasets()
    if name in sets.loc[sets["source"] == "embedded", "name"].tolist():
        print(f"{printable(name)} is embedded: there is nothing to fetch.")
        return
    found = load_set(name, verbose=True)
    print(f"{printable(name)}: {len(found):,} images of {_shape(found)}, verified.")


@data.command()
def info(
    name: Annotated[str, typer.Argument(metavar="NAME|FILE|FOLDER", help="A data set, a file, or pictures.")],
):
    """Show what a data set or a file of images holds."""
    import numpy as np

    from toolkit.cli._source import load_set, read_file

    path = Path(name)
    is_path = path.suffix.lower() in (".npz", ".npy", ".zip") or path.is_dir()
    found = read_file(path, verbose=True) if is_path else load_set(name, verbose=True)
    images = found.images
    print(f"name    {printable(found.name or name)}")
    print(
        f"images  {len(images):,} of {_shape(found)}, {images.dtype.name}, values {images.min():g} to {images.max():g}"
    )
    if found.labels is not None:
        print(f"labels  {len(np.unique(found.labels))} different")
    if found.kinds is not None:
        corrupted = int((found.kinds != "clean").sum())
        print(f"kinds   {corrupted:,} corrupted, {len(found.kinds) - corrupted:,} clean")


def _shape(found):
    return " x ".join(map(str, found.image_shape))
