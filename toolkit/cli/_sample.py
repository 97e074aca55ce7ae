"""``toolkit sample``: draw from a saved generator."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit._core.printable import printable

__all__ = ["sample"]


def sample(
    ctx: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="What `toolkit train` wrote, or any saved estimator that samples.")
    ],
    count: Annotated[int, typer.Option(min=1, help="How many to draw; of each label, if labels are asked for.")] = 25,
    digit: Annotated[
        str | None,
        typer.Option(
            "--digit", "--label", metavar="LABEL", help="Only this, of a conditional GAN.", show_default=False
        ),
    ] = None,
    digits: Annotated[
        list[str] | None,
        typer.Option("--digits", "--labels", metavar="LABEL ...", help="Or these, a row each.", show_default=False),
    ] = None,
    interpolate: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="LABEL LABEL", help="Or a way from one label to another.", show_default=False),
    ] = None,
    steps: Annotated[int, typer.Option(min=2, help="Images on that way.")] = 10,
    category: Annotated[
        int | None,
        typer.Option(min=0, metavar="K", help="Only this category, of a GAN that has some.", show_default=False),
    ] = None,
    reject_by: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|FOLDER",
            help="Leave out what the discriminator tells from these images, which were not trained on.",
            show_default=False,
        ),
    ] = None,
    noise_scale: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Width of the noise a flow begins from: above 1 more varied, below clearer.  [default: the flow's]",
            show_default=False,
        ),
    ] = None,
    gif: Annotated[
        bool, typer.Option("--gif", help="Write an animation, an image a frame: --gif, or --gif FILE.gif.")
    ] = False,
    gif_file: Annotated[Path | None, typer.Option(hidden=True)] = None,
    grid: Annotated[
        Path | None,
        typer.Option(
            metavar="PNG",
            help="Picture to write.  [default: FOLDER_samples.png, or FOLDER_LABEL.png]",
            show_default=False,
        ),
    ] = None,
    npz: Annotated[
        Path | None, typer.Option(metavar="NPZ", help="Archive with 'images' to write.", show_default=False)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, max=2**32 - 1, help="Same seed, same samples.  [default: others each time]")
    ] = None,
):
    """Draw samples from a saved generator, as a picture, as an archive of images, or both."""
    from toolkit._core.writable import check_file_writable
    from toolkit.cli._sample_labels import as_given

    one, many = as_given(ctx, "--digit", "--label"), as_given(ctx, "--digits", "--labels")
    asked = [option for option, given in ((one, digit), (many, digits), ("--interpolate", interpolate)) if given]
    if len(asked) > 1:
        raise typer.BadParameter(f"{' and '.join(asked)} exclude one another.")
    if gif_file is not None and gif_file.suffix.lower() != ".gif":
        raise typer.BadParameter(f"{gif_file} must end in .gif.", param_hint="--gif")
    if grid is not None and grid.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise typer.BadParameter(f"{grid} must end in .png, .pdf or .svg.", param_hint="--grid")
    if npz is not None and npz.suffix.lower() != ".npz":
        raise typer.BadParameter(f"{npz} must end in .npz.", param_hint="--npz")
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder with a saved estimator.")
    for target in (npz, grid if grid is not None else folder.parent / "samples.png" if npz is None else None):
        if target is not None:
            check_file_writable(target)

    model = _load(folder)
    # A flow knows labels, but no way from one to another.
    knows = hasattr(model, "class_grid") or (not interpolate and getattr(model, "classes_", None) is not None)
    if asked and not knows:
        raise typer.BadParameter(
            f"{folder} holds a {type(model).__name__}, which knows no labels: `toolkit train cgan`.",
            param_hint=asked[0],
        )

    from toolkit._core.images import as_stack
    from toolkit.cli._sample_labels import draw, file_stem, find_label

    labels = [find_label(model, text, asked[0]) for text in ([digit] if digit else digits or [])]
    way = None if interpolate is None else tuple(find_label(model, text, "--interpolate") for text in interpolate)
    further = _further(model, category, reject_by, asked) | _of_flow(model, noise_scale)
    drawn, shown, n_columns = draw(model, labels=labels, way=way, count=count, steps=steps, seed=seed, **further)
    drawn = as_stack(drawn, getattr(model, "image_shape_", None))
    beside = folder.parent / f"{folder.resolve().name}_{file_stem(labels, way)}.png"
    written = []  # said at the end: whoever reads what is said may have left
    if npz is not None:
        from toolkit.datasets import save_npz

        save_npz(npz, drawn, labels=shown)
        written.append(f"{len(drawn):,} samples: {printable(npz)}")
    scale = getattr(model, "pixel_scale_", None)
    if gif:
        from toolkit.plots import AnimationDisplay

        film = gif_file or (grid or beside).with_suffix(".gif")
        AnimationDisplay.from_predictions(drawn, scale=scale, bounce=way is not None).save(film)
        written.append(f"Animation: {printable(film)}")
    if grid is None and npz is None and not gif:
        grid = beside
    if grid is not None:
        from toolkit.plots import SampleGridDisplay

        SampleGridDisplay.from_predictions(drawn, n_columns=n_columns, scale=scale).save(grid)
        written.append(f"Picture: {printable(grid)}")
    print(*written, sep="\n")


def _of_flow(model, noise_scale):
    """Further options of ``sample`` of a flow."""
    if noise_scale is None:
        return {}
    if not hasattr(model, "distill"):
        raise typer.BadParameter(f"is for a flow, and this is a {type(model).__name__}.", param_hint="--noise-scale")
    if not 0 < noise_scale < float("inf"):
        raise typer.BadParameter(f"{noise_scale} is not above 0.", param_hint="--noise-scale")
    return {"noise_scale": noise_scale}


def _further(model, category, reject_by, asked):
    """Further options of ``sample`` of a GAN."""
    if category is None and reject_by is None:
        return {}
    if asked or not hasattr(model, "discriminator_score") or hasattr(model, "class_grid"):
        option = "--category" if category is not None else "--reject-by"
        raise typer.BadParameter(
            f"is for a GAN without labels, and this is a {type(model).__name__}.", param_hint=option
        )
    found = {} if category is None else {"category": category}
    if reject_by is not None:
        from toolkit.cli._source import read_file

        found["rejection"] = read_file(reject_by, verbose=False).images
    return found


def _load(folder):
    """The generator in a training folder, or in a folder of its own."""
    import toolkit
    from toolkit.cli._training import MODEL, RECORD

    if (folder / RECORD).exists():
        if not (folder / MODEL).exists():
            raise FileNotFoundError(f"{folder} holds a training that has not ended: `toolkit train ... --resume`.")
        folder = folder / MODEL
    model = toolkit.load(folder)
    if not hasattr(model, "sample"):
        raise typer.BadParameter(
            f"{folder} holds no generator but {type(model).__name__}, which cannot sample.", param_hint="FOLDER"
        )
    return model
