"""``toolkit audit``: audit an image set and write what was found."""

from pathlib import Path
from typing import Annotated

import typer

from toolkit._core.printable import printable
from toolkit.cli import _options as options

__all__ = ["audit"]


def audit(
    data: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|FOLDER|ADDRESS",
            help="Images to audit: .npz with 'images', .npy, or a folder or .zip of pictures; in parts: zarr, Parquet, "
            "tars, folders of .npy.",
            show_default=False,
        ),
    ] = None,
    dataset: options.AuditedDataset = None,
    n_images: options.AuditedNImages = None,
    corrupt: options.Corrupt = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="A first answer in seconds: networks learn nothing, detectors are left out."),
    ] = False,
    detectors: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Outlier detectors to compare, joined by commas, or 'none'.  [default: iforest,lof,autoencoder; none "
            "with --quick]",
            show_default=False,
        ),
    ] = None,
    image_size: options.ImageSize = None,
    seed: options.Seed = 0,
    jobs: options.Jobs = None,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the result goes, whole or not at all.")] = Path(
        "outputs/audit"
    ),
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Judge by an auditor that --save-model wrote, and learn nothing.", show_default=False
        ),
    ] = None,
    save_model: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep what was learned, to judge further images by.", show_default=False),
    ] = None,
    networks: Annotated[
        bool,
        typer.Option(
            "--networks/--no-networks",
            help="Train networks to find damage. Without them: what files, statistics and neighbours say, in a minute.",
        ),
    ] = True,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Of a folder: pictures that are in this one, too, such as a test set in a training set.",
            show_default=False,
        ),
    ] = None,
    write_clean: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Of a folder: write a cleaned copy, same tree and names, to this new or empty one.",
            show_default=False,
        ),
    ] = None,
    leave_out: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="What --write-clean leaves out beside unusable files, joined by commas: exact_duplicates, "
            "near_duplicates, blank, half_decoded.  [default: nothing]",
            show_default=False,
        ),
    ] = "",
    repair: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="What --write-clean repairs where an independent check confirms it, or 'none'. Also: noise, blocks, "
            "pixels, lines, contrast, blur.",
        ),
    ] = "turns,inversion,frames",
    strip_metadata: Annotated[
        bool, typer.Option("--strip-metadata", help="Write no EXIF, XMP, comments or thumbnails; pixels stay.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what --write-clean would do, and write no copy.")
    ] = False,
    engine: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Audit in parts, for sets of any size: one (after the other), threads, dask or ray.  [default: one, "
            "of what is read in parts]",
            show_default=False,
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Of a Dask scheduler or Ray cluster that is running; else workers are started here.",
            show_default=False,
        ),
    ] = None,
    duplicates: Annotated[
        str | None,
        typer.Option(
            metavar="WHICH",
            help="Of audits in parts: near (changed copies, too), exact, or none.  [default: near]",
            show_default=False,
        ),
    ] = None,
    repaired: Annotated[
        bool, typer.Option("--repaired/--no-repaired", help="Of audits in parts: write repaired images, or none.")
    ] = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no findings; errors only.")] = False,
):
    """Find out what is wrong with a set of images, which ones, and undo it where that can be confirmed.

    Takes a .npz or .npy file, or a folder or .zip of pictures. Of these every file is looked at first, at its own size:
    what cannot be read, everyday faults, duplicates. per_file.csv has a row for each, and --write-clean makes a cleaned
    copy; nothing in the folder given is ever changed. --no-networks stops there, which takes a minute for 2,000
    photographs; networks look for more, for some minutes.

    Writes per_image.csv, left_out.csv (files that are no images of the set), repaired.npz, detectors.csv, summary.json,
    figures/*.png and report.html. No labels are used; true kinds, where the file holds them or --corrupt made them,
    only check the answers. With --save-model, what was learned is kept, and judges further images of that kind with
    --model.

    A zarr array, shards of .npy, Parquet, Arrow or tars (or anything, with --engine) is audited in parts: --out grows,
    a run that was stopped goes on with what is missing, and tables of all images lie in its folder parts.
    """
    import toolkit
    from toolkit.cli._audit_parts import AuditedParts, is_in_parts
    from toolkit.cli._audited_files import AuditedFiles, folder_of
    from toolkit.cli._outcome import carry_out
    from toolkit.cli._source import read_source
    from toolkit.studies import check_detectors, run_audit

    if is_in_parts(data, engine):
        others = {
            "--dataset": dataset,
            "--n-images": n_images,
            "--corrupt": corrupt,
            "--detectors": detectors,
            "--against": against,
            "--write-clean": write_clean,
            "--save-model": save_model,
            "--no-networks": None if networks else True,
        }
        parts = AuditedParts(data, out, engine, scheduler, image_size, seed, jobs, quick, quiet, duplicates, repaired)
        parts.audit(model, others)
        return
    for option, wrong in (("--duplicates", duplicates is not None), ("--no-repaired", not repaired)):
        if wrong:
            raise typer.BadParameter("is for audits in parts (--engine, zarr, shards).", param_hint=option)
    if scheduler is not None:
        raise typer.BadParameter("is for --engine dask or ray.", param_hint="--scheduler")
    data = None if data is None else Path(data)
    names = None if detectors is None else tuple(name.strip() for name in detectors.split(",") if name.strip())
    try:
        if names == ("none",):
            names = ()
        elif names == ():
            raise ValueError("At least one detector is needed, or 'none'.")
        check_detectors(names or ())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--detectors") from error
    if quick and model is not None:
        raise typer.BadParameter(
            "nothing is learned with --model, so there is nothing to leave out.", param_hint="--quick"
        )
    if jobs == 0:
        raise typer.BadParameter("0 jobs do nothing: 1 or more, or -1 for one a core.", param_hint="--jobs")
    if save_model is not None:
        _check_model_target(save_model, out)
    wanted = AuditedFiles(against, write_clean, leave_out, repair, strip_metadata, dry_run)
    folder = folder_of(data, dataset)
    of_networks = {
        "--model": model,
        "--save-model": save_model,
        "--corrupt": corrupt or None,
        "--n-images": n_images,
        "--image-size": image_size,
        "--detectors": detectors,
    }
    wanted.check(data, folder, out, networks=networks, of_networks=of_networks)

    def run():
        auditor = None if model is None else _load_auditor(model)
        files = None if folder is None else wanted.look(folder, jobs, networks=networks, quiet=quiet)
        if not networks:
            return files
        source = read_source(
            data=data,
            dataset=dataset,
            n_images=n_images,
            corrupt=corrupt,
            seed=seed,
            verbose=not quiet,
            image_size=image_size if folder is None else _side_of_pictures(auditor, image_size),
            keep_duplicates=True,
        )
        result = run_audit(
            source.images,
            detectors=names,
            quick=quick,
            random_state=seed,
            n_jobs=jobs,
            verbose=not quiet,
            auditor=auditor,
            files=None if files is None else files.files,
            **source.known,
        )
        return result if files is None else wanted.clean(result, quiet=quiet)

    def keep(result):
        if save_model is not None:
            toolkit.save(result.auditor, save_model)

    carry_out("audit", out, run, quiet=quiet, keep=keep)


def _check_model_target(path, out):
    """Refuse what :func:`toolkit.save` would refuse, and folders that would replace each other: before the work."""
    from toolkit._core.store import check_store_target

    model, result = path.resolve(), out.resolve()
    if model == result or model in result.parents or result in model.parents:
        raise typer.BadParameter(
            f"{printable(path)} and --out {printable(out)} lie in one another, and each is replaced as a whole: choose "
            "folders side by side.",
            param_hint="--save-model",
        )
    try:
        check_store_target(path, "estimator")
    except FileExistsError as error:
        raise typer.BadParameter(str(error), param_hint="--save-model") from error


def _side_of_pictures(auditor, image_size):
    """Side of the images made of pictures: as asked for, else that which the auditor knows, if it knows squares."""
    if auditor is None or image_size is not None or auditor.image_shape_[0] != auditor.image_shape_[1]:
        return image_size
    return auditor.image_shape_[0]


def _load_auditor(path):
    import toolkit
    from toolkit.audit import Auditor

    auditor = toolkit.load(path)
    if not isinstance(auditor, Auditor):
        raise typer.BadParameter(
            f"{printable(path)} holds no Auditor but {type(auditor).__name__}: --model takes what --save-model wrote.",
            param_hint="--model",
        )
    return auditor
