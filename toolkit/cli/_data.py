"""``toolkit data``: which data sets there are, fetching them, and what a file or set holds."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit._core.printable import printable
from toolkit.cli import _options as options

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
    image_size: options.ImageSize = None,
    left_out: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV", help="Write the files of a folder that are no images, and why.", show_default=False
        ),
    ] = None,
):
    """Show what a data set or a file of images holds."""
    import numpy as np

    from toolkit._core.files import write_csv
    from toolkit._core.writable import check_file_writable
    from toolkit.cli._source import load_set, read_file

    path = Path(name)
    is_path = path.suffix != "" or path.exists()  # no data set has a dot in its name
    if image_size is not None and not is_path:
        raise typer.BadParameter("is for folders of pictures.", param_hint="--image-size")
    if left_out is not None:
        check_file_writable(left_out)
    found = read_file(path, image_size=image_size, verbose=True) if is_path else load_set(name, verbose=True)
    if left_out is not None:
        if not hasattr(found, "skipped"):
            raise typer.BadParameter("is for folders and archives of pictures.", param_hint="--left-out")
        write_csv(left_out, found.skipped)
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
