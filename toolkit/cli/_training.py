"""What the training commands share: where images come from, and the folder that they fill, in the words of a command.

What such a folder holds is said by :func:`toolkit.studies.train_into_folder`.
"""

from contextlib import contextmanager
from pathlib import Path

import typer

from toolkit._core.printable import printable
from toolkit.exceptions import TrainingFolderError

__all__ = ["LOOK_SECONDS", "chosen_betas", "length_in_epochs", "read_training_images", "run_training"]

CHECKPOINTS, MODEL, RECORD = "checkpoints", "model", "training.json"
LOOK_SECONDS = 10.0  # from one drawing of the samples to the next


def read_training_images(*, data, dataset, n_images, seed, verbose, image_size=None):
    """The ImageSet to train on, and its name: a file, or the training part of a data set."""
    from toolkit.cli._source import DEFAULT_DATASET, FOLDER, load_set, read_file
    from toolkit.datasets import available_datasets

    if data is not None and dataset is not None:
        raise typer.BadParameter("--data and --dataset exclude one another: name a file or a data set.")
    if dataset is not None and dataset.startswith(FOLDER):
        data = Path(dataset.removeprefix(FOLDER))
    if data is not None:
        found, name = read_file(data, image_size=image_size, verbose=verbose), printable(data.name)
        return (found if n_images is None else found.subset(slice(n_images))), name
    name = dataset or DEFAULT_DATASET
    sets = available_datasets()
    if name in sets.loc[sets["source"] == "published", "name"].tolist():
        name = f"{name}/train"
    return load_set(name, n_images, seed=seed, verbose=verbose, hint="--dataset"), name


def length_in_epochs(epochs, steps, seconds, usual=50):
    """Epochs of a training: as asked for, or as usual where nothing else says how long it is."""
    return usual if epochs is None and steps is None and seconds is None else epochs


def chosen_betas(preset, momentum, beta2):
    """Adam's betas where one of the two is given: the other is the preset's."""
    if momentum is None and beta2 is None:
        return None
    from toolkit.generators import gan_preset

    try:
        usual = gan_preset(preset)["betas"]
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--preset") from error
    return (usual[0] if momentum is None else momentum, usual[1] if beta2 is None else beta2)


def run_training(
    estimator, read, *, command, out, save_interval, resume, quiet, pictures, check, overwrite=False, **options
):
    """:func:`toolkit.studies.train_into_folder`, with errors in the words of a command, and its end said.

    Parameters
    ----------
    estimator, read, command, out, save_interval, resume, overwrite, pictures, **options
        As there.
    quiet : bool
    check : callable
        Raises ValueError for parameters out of range.

    Returns
    -------
    dict
        The summary.
    """
    from toolkit.studies import train_into_folder

    try:
        check()  # before anything is written
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    try:
        with _in_words_of_commands(out):
            summary = train_into_folder(
                estimator,
                read,
                command=command,
                out=out,
                save_interval=save_interval,
                resume=resume,
                overwrite=overwrite,
                pictures=pictures,
                **options,
            )
    except KeyboardInterrupt:
        if not quiet and (Path(out) / CHECKPOINTS).is_dir():
            typer.echo(f"toolkit: --resume goes on from the last checkpoint in {printable(out)}.", err=True)
        raise
    if not quiet:
        losses = {key: value for key, value in summary["final"].items() if key not in ("epoch", "step", "seconds")}
        typer.echo(f"{command}: " + ", ".join(f"{key.replace('_', ' ')} {value:.4g}" for key, value in losses.items()))
        typer.echo(f"Model, pictures and summary: {printable(out)}")
    return summary


@contextmanager
def _in_words_of_commands(out):
    """What the folder is refused for, as a mistake in use that names the options."""
    try:
        yield
    except TrainingFolderError as error:
        if error.reason == "changed":
            raise typer.BadParameter(
                f"{out} holds a training with {error.key} = {error.earlier!r}, not {error.present!r}: give the same "
                "options, or --overwrite in the place of --resume to start anew.",
                param_hint="--resume",
            ) from error
        ways = {
            "ended": "a finished model: --resume with more --epochs trains it longer, --overwrite trains anew in its "
            "place, and another --out keeps both.",
            "unfinished": "a training that has not ended: --resume goes on with it, --overwrite trains anew in its "
            "place.",
        }
        raise typer.BadParameter(f"{out} holds {ways[error.reason]}", param_hint="--out") from error
