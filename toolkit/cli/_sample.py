"""``toolkit sample``: draw from a saved generator."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["sample"]


def sample(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="What `toolkit train` wrote, or any saved estimator that samples.")
    ],
    count: Annotated[int, typer.Option(min=1, help="How many to draw.")] = 25,
    grid: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Picture of the samples to write.", show_default=False)
    ] = None,
    npz: Annotated[
        Path | None, typer.Option(metavar="NPZ", help="Archive with 'images' to write.", show_default=False)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**32 - 1, help="Same seed, same samples.  [default: others each time]")
    ] = None,
):
    """Draw samples from a saved generator, as a picture, as an archive of images, or both."""
    if grid is None and npz is None:
        raise typer.BadParameter("Say where the samples go: --grid FILE.png, --npz FILE.npz, or both.")
    if grid is not None and grid.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise typer.BadParameter(f"{grid} must end in .png, .pdf or .svg.", param_hint="--grid")
    if npz is not None and npz.suffix.lower() != ".npz":
        raise typer.BadParameter(f"{npz} must end in .npz.", param_hint="--npz")
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder with a saved estimator.")

    import toolkit
    from toolkit.cli._training import MODEL, RECORD

    if (folder / RECORD).exists():
        if not (folder / MODEL).exists():
            raise FileNotFoundError(f"{folder} holds a training that has not ended: `toolkit train ... --resume`.")
        folder = folder / MODEL
    model = toolkit.load(folder)
    if not hasattr(model, "sample"):
        raise typer.BadParameter(f"{folder} holds a {type(model).__name__}, which cannot sample.", param_hint="FOLDER")

    from toolkit._core.images import as_stack

    image_shape = getattr(model, "image_shape_", None)
    drawn = as_stack(model.sample(count, random_state=seed), image_shape)
    if npz is not None:
        from toolkit.datasets import save_npz

        save_npz(npz, drawn)
        print(f"{count:,} samples: {npz}")
    if grid is not None:
        from toolkit.plots import SampleGridDisplay

        scale = getattr(model, "pixel_scale_", None)
        SampleGridDisplay.from_predictions(drawn, scale=scale).save(grid)
        print(f"Picture: {grid}")
