"""What the training commands share: where the images come from, and the folder they fill.

A training folder is there from the start and grows: ``training.json`` (what is trained on what), ``checkpoints``,
``history.csv`` and ``losses.png`` (redrawn as it goes), and at the end ``model`` (for :func:`toolkit.load`), pictures
and ``summary.json``. Every file in it is whole at any time.
"""

import json
import os
import shutil
import time
from pathlib import Path

import typer

from toolkit._core.printable import printable
from toolkit.cli._held import hold
from toolkit.exceptions import DataFormatError

__all__ = ["LOOK_SECONDS", "chosen_betas", "length_in_epochs", "read_training_images", "run_training"]

CHECKPOINTS, HISTORY, LOSSES, MODEL = "checkpoints", "history.csv", "losses.png", "model"
LEFT_OUT = "left_out.csv"  # of a folder of pictures: the files that are none of the images
RECORD, SUMMARY = "training.json", "summary.json"
# Parameters that say how long, and when to look.
_LENGTHS = ("epochs", "max_steps", "max_seconds")
_LENGTH = (*_LENGTHS, "snapshot_epochs")
LOOK_SECONDS = 10.0  # from one drawing of the samples to the next
_OWN_NAMES = {CHECKPOINTS, HISTORY, LEFT_OUT, LOSSES, MODEL, RECORD, SUMMARY}


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
    estimator,
    read,
    *,
    command,
    out,
    save_interval,
    resume,
    quiet,
    pictures,
    check,
    overwrite=False,
    curves=None,
    labelled=False,
    hooks=None,
):
    """Train an estimator on images and fill the folder.

    Parameters
    ----------
    estimator : estimator
        Its ``fit`` takes ``checkpoint``, ``resume`` and ``hooks``.
    read : callable
        Gives the ImageSet and what to call it; called once the folder is known to be ours.
    command : str
        Name of the training command.
    out : Path
    save_interval : int
        Epochs from a checkpoint and a loss picture to the next.
    resume, quiet, overwrite : bool
    pictures : dict of str to callable
        File name to a function that gives a display, called as ``function(estimator, found)`` after training; None
        instead of a display leaves the picture out.
    check : callable
        Raises ValueError for parameters out of range.
    curves : list of str, optional
        What the loss picture shows; all by default.
    labelled : bool, default=False
        The estimator learns from the labels of the images.
    hooks : callable, optional
        ``hooks(images)`` gives further hooks of ``fit``.

    Returns
    -------
    dict
        The summary.
    """
    import toolkit
    from toolkit._core.files import atomic_path, write_csv, write_json
    from toolkit._core.showing import only_shows
    from toolkit._core.versions import versions
    from toolkit.nn import Checkpoint
    from toolkit.studies import reserved_folder

    try:
        check()  # before anything is written
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    hold(reserved_folder(out, {*_OWN_NAMES, *pictures}, grows=True))
    _check_free(out, resume=resume, overwrite=overwrite)
    found, name = read()
    record = {
        "command": command,
        "data": name,
        "n_images": len(found),
        "image_shape": list(found.image_shape),
        "parameters": {key: value for key, value in estimator.get_params().items() if key != "verbose"},
    }
    _open_folder(out, record, resume=resume)
    if len(getattr(found, "skipped", ())):
        write_csv(out / LEFT_OUT, found.skipped)
    watcher = _LossWatcher(out, save_interval, curves, title=f"{command} on {name}")
    start, cpu = time.perf_counter(), time.process_time()
    try:
        estimator.fit(
            found.images,
            found.labels if labelled else None,
            checkpoint=Checkpoint(out / CHECKPOINTS, every=save_interval, parameters=_without_length(record)),
            resume=resume,
            hooks=(watcher, *(() if hooks is None else hooks(found.images))),
        )
    except KeyboardInterrupt:
        if not quiet and (out / CHECKPOINTS).is_dir():
            typer.echo(f"toolkit: --resume goes on from the last checkpoint in {printable(out)}.", err=True)
        raise
    seconds = {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - cpu}
    toolkit.save(estimator, out / MODEL)  # before anything is drawn
    watcher.draw(estimator.history_)
    drawn = []
    for file, make in pictures.items():
        with only_shows(file):
            display = make(estimator, found)
            if display is not None:
                with atomic_path(out / file) as temporary:
                    display.save(temporary)
                drawn.append(file)
    summary = record | seconds | {"resumed": resume, "final": estimator.history_[-1], "versions": versions()}
    write_json(out / SUMMARY, summary | {"files": [MODEL, HISTORY, LOSSES, *drawn]})
    if not quiet:
        losses = {
            key: value for key, value in estimator.history_[-1].items() if key not in ("epoch", "step", "seconds")
        }
        typer.echo(f"{command}: " + ", ".join(f"{key.replace('_', ' ')} {value:.4g}" for key, value in losses.items()))
        typer.echo(f"Model, pictures and summary: {printable(out)}")
    return summary


def _check_free(out, *, resume, overwrite):
    """A training that is there, ended or not, makes room on request only."""
    if resume or overwrite or not os.path.exists(out / RECORD):  # pathlib raises for names that are too long
        return
    if (out / MODEL).exists():
        raise typer.BadParameter(
            f"{out} holds a finished model: --resume with more --epochs trains it longer, --overwrite trains anew in "
            "its place, and another --out keeps both.",
            param_hint="--out",
        )
    if any((out / CHECKPOINTS).glob("step-*")):
        raise typer.BadParameter(
            f"{out} holds a training that has not ended: --resume goes on with it, --overwrite trains anew in its "
            "place.",
            param_hint="--out",
        )


def _without_length(record):
    """A record without what may change when the training is made longer."""
    parameters = {key: value for key, value in record["parameters"].items() if key not in _LENGTH}
    return record | {"parameters": parameters}


def _open_folder(out, record, *, resume):
    """Start a training folder, or make sure that the training in it is the one to be resumed."""
    from toolkit._core.files import write_json
    from toolkit._core.locks import LOCK

    if resume and (out / RECORD).exists():
        _check_same(out / RECORD, record)
        write_json(out / RECORD, record)  # it may be longer now
        return
    # An earlier training makes room; its checkpoints first, so that nobody goes on from them with other images.
    for entry in sorted(out.iterdir(), key=lambda entry: entry.name != CHECKPOINTS):
        if entry.name != LOCK:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    write_json(out / RECORD, record)


def _check_same(path, record):
    """A training is only gone on with on the same images and with the same parameters."""
    try:
        earlier = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataFormatError(f"{path} is no record of a training: {error}") from error
    present = json.loads(json.dumps(record))  # as it reads after a file
    if not isinstance(earlier, dict):
        raise DataFormatError(f"{path} is no record of a training.")
    flat, other = (
        {key: value for key, value in part.items() if key != "parameters"} | dict(part.get("parameters") or {})
        for part in (present, earlier)
    )
    # A training may be made longer; a shorter one is another, since what was learnt cannot be unlearnt.
    if any(_is_longer(flat.get(name), other.get(name)) for name in _LENGTHS):
        flat, other = ({key: part[key] for key in part if key not in _LENGTH} for part in (flat, other))
    changed = [key for key in flat if flat[key] != other.get(key)]
    if changed:
        key = changed[0]
        raise typer.BadParameter(
            f"{path.parent} holds a training with {key} = {other.get(key)!r}, not {flat[key]!r}: "
            "give the same options, or --overwrite in the place of --resume to start anew.",
            param_hint="--resume",
        )


def _is_longer(present, earlier):
    numbers = (int, float)
    return isinstance(present, numbers) and isinstance(earlier, numbers) and present > earlier


class _LossWatcher:
    """Writes the history and redraws its picture every so many epochs; what it has seen is part of a checkpoint."""

    def __init__(self, out, every, curves, *, title):
        self.out, self.every, self.curves, self.title, self.history = out, every, curves, title, []

    def __call__(self, trainer, entry):
        self.history.append(dict(entry))
        if entry["epoch"] % self.every == 0:
            self.draw(self.history)

    def draw(self, history):
        """Write both files anew, each whole or not at all."""
        import pandas as pd

        from toolkit._core.files import write_csv
        from toolkit._core.showing import only_shows
        from toolkit.plots import LossCurveDisplay

        write_csv(self.out / HISTORY, pd.DataFrame(history))
        with only_shows(LOSSES):
            LossCurveDisplay.from_history(history, self.curves, title=self.title).save(self.out / LOSSES)

    def state_dict(self):
        return {"history": self.history}

    def load_state_dict(self, state):
        self.history = [dict(entry) for entry in state["history"]]
