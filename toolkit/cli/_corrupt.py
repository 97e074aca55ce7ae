"""``toolkit corrupt``: plant known corruptions in a file of images, for experiments."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit._core.printable import printable
from toolkit.cli import _options as options

__all__ = ["corrupt"]


def corrupt(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="Images: .npz with 'images', .npy, or a folder or .zip of pictures.")
    ],
    target: Annotated[
        Path, typer.Argument(metavar="OUT", help="The .npz to write: images, kinds (the truth), labels.")
    ],
    fraction: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of images to corrupt.")] = 0.2,
    kinds: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Kinds of corruption, joined by commas.  [default: all but those of everyday pictures]",
        ),
    ] = None,
    per_image: Annotated[int, typer.Option(min=1, help="Corruptions for each image that gets any.")] = 1,
    image_size: options.ImageSize = None,
    seed: options.Seed = 0,
):
    """Corrupt a share of the images in IN, a file or a folder of pictures, and write them to OUT, with the truth.

    Files of a folder that are no images of it are listed beside OUT, in OUT_left_out.csv without the .npz.
    """
    import os

    from toolkit._core.files import write_csv
    from toolkit._core.names import check_names
    from toolkit._core.writable import check_file_writable
    from toolkit.cli._source import is_folder, read_file
    from toolkit.corruption import ALL_KINDS, Corruptor
    from toolkit.datasets import save_npz

    if target.suffix.lower() != ".npz":
        raise typer.BadParameter(f"{target} must end in .npz.", param_hint="OUT")
    if target.exists() and source.exists() and os.path.samefile(source, target):
        raise typer.BadParameter("OUT is IN: the clean images would be lost.", param_hint="OUT")
    names = None
    if kinds is not None:
        try:
            names = check_names([name.strip() for name in kinds.split(",") if name.strip()], ALL_KINDS, "kind")
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--kinds") from error

    check_file_writable(target)
    left_out = target.with_name(f"{target.stem}_left_out.csv")
    if is_folder(source):
        check_file_writable(left_out)
    given = read_file(source, image_size=image_size, verbose=True)
    if given.kinds is not None and (given.kinds != "clean").any():
        raise typer.BadParameter(f"{source} holds corrupted images already, by its own 'kinds'.", param_hint="IN")
    images, planted = Corruptor(names, fraction=fraction, n_per_image=per_image, random_state=seed).corrupt(
        given.images
    )
    save_npz(target, images, labels=given.labels, kinds=planted)
    if len(getattr(given, "skipped", ())):
        write_csv(left_out, given.skipped)
    print(f"{(planted != 'clean').sum():,} of {len(images):,} images corrupted: {printable(target)}")
