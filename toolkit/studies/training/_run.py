"""A training as a folder that grows, shared by command line and workbench.

It is there from the start: ``training.json`` (what is trained on what), ``checkpoints``, ``history.csv`` and
``losses.png`` (redrawn as it goes), and at the end ``model`` (for :func:`toolkit.load`), pictures and ``summary.json``.
Every file in it is whole at any time.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit._core.files import atomic_path, write_csv, write_json
from toolkit._core.locks import LOCK
from toolkit._core.printable import printable
from toolkit._core.showing import only_shows
from toolkit._core.types import PathLike
from toolkit._core.versions import versions
from toolkit._core.watching import watched
from toolkit.exceptions import DataFormatError, TrainingFolderError
from toolkit.studies._folder import reserved_folder

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from toolkit.datasets import ImageSet
    from toolkit.plots import Display

__all__ = ["TRAINING_FILES", "train_into_folder"]

CHECKPOINTS, HISTORY, LOSSES, MODEL = "checkpoints", "history.csv", "losses.png", "model"
COVERAGE = "coverage.csv"  # of a training that is watched in the workbench: what was seen of its samples
LEFT_OUT = "left_out.csv"  # of a folder of pictures: the files that are none of the images
RECORD, SUMMARY = "training.json", "summary.json"
# What a training folder is made of, besides pictures.
TRAINING_FILES = frozenset({CHECKPOINTS, COVERAGE, HISTORY, LEFT_OUT, LOSSES, MODEL, RECORD, SUMMARY})
# Parameters that say how long, and when to look.
_LENGTHS = ("epochs", "max_steps", "max_seconds")
_LENGTH = (*_LENGTHS, "snapshot_epochs")


def train_into_folder(
    estimator: BaseEstimator,
    read: Callable[[], tuple[ImageSet, str]],
    *,
    command: str,
    out: PathLike,
    save_interval: int = 5,
    resume: bool = False,
    overwrite: bool = False,
    pictures: Mapping[str, Callable[[Any, ImageSet], Display | None]] | None = None,
    curves: Sequence[str] | None = None,
    labelled: bool = False,
    hooks: Callable[[Any], Sequence[Callable]] | None = None,
    observers: Sequence[Callable] = (),
    progress: Callable[[str, float], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
    should_finish: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Train a generator on images and fill a folder, as ``toolkit train`` does.

    Parameters
    ----------
    estimator : estimator
        Its ``fit`` takes ``checkpoint``, ``resume`` and ``hooks``.
    read : callable
        Gives the ImageSet and what to call it; called once the folder is known to be ours.
    command : str
        What kind of training it is: ``"gan"``, ``"cgan"``, ``"vae"`` or ``"autoencoder"``.
    out : path-like
    save_interval : int, default=5
        Epochs from a checkpoint and a loss picture to the next.
    resume, overwrite : bool, default=False
        Go on with the training that is there, or begin anew in its place.
    pictures : dict of str to callable, optional
        File name to a function that gives a display, called as ``function(estimator, found)`` after training; None
        instead of a display leaves the picture out.
    curves : list of str, optional
        What the loss picture shows; all by default.
    labelled : bool, default=False
        The estimator learns from the labels of the images.
    hooks : callable, optional
        ``hooks(images)`` gives further hooks of ``fit``, which are part of its checkpoints.
    observers : sequence of callable
        Hooks that only look, and are no part of a checkpoint: what they return is ignored. One with
        ``resumed(trainer, step, history)`` is told where a training goes on.
    progress : callable, optional
        ``progress(stage, share)`` is told how much is done.
    should_stop : callable, optional
        ``should_stop()`` is asked after each step; when it returns True a checkpoint is written, and the training ends.
    should_finish : callable, optional
        ``should_finish()`` is asked, too; when it returns True the training is over, and what was learnt is kept.

    Returns
    -------
    dict
        The summary.

    Raises
    ------
    TrainingFolderError
        The folder holds a training, and neither ``resume`` nor ``overwrite`` was asked for; or another training than
        the one to be gone on with.
    StoppedError
        ``should_stop`` said so. ``resume=True`` goes on from there.
    FileExistsError, FolderInUseError
        Something else is in the folder, or another run writes to it.

    Examples
    --------
    >>> import tempfile
    >>> from toolkit.datasets import load_digits
    >>> from toolkit.generators import Autoencoder
    >>> summary = train_into_folder(
    ...     Autoencoder(epochs=1, random_state=0),
    ...     lambda: (load_digits().subset(slice(100)), "digits"),
    ...     command="autoencoder",
    ...     out=tempfile.mkdtemp(),
    ... )
    >>> summary["n_images"], summary["files"]
    (100, ['model', 'history.csv', 'losses.png'])
    """
    import toolkit
    from toolkit.nn import Checkpoint

    out, pictures = Path(out), pictures or {}
    with (
        reserved_folder(out, {*TRAINING_FILES, *pictures}, grows=True),
        watched(progress, should_stop, observers, should_finish) as verbose,
    ):
        _check_free(out, resume=resume, overwrite=overwrite)
        found, name = read()
        if verbose:
            estimator.set_params(verbose=True)
        record = {
            "command": command,
            "data": name,
            "n_images": len(found),
            "image_shape": list(found.image_shape),
            "parameters": {key: value for key, value in estimator.get_params().items() if key != "verbose"},
        }
        _open_folder(out, record, resume=resume)
        if len(getattr(found, "skipped", ())):
            write_csv(out / LEFT_OUT, found.skipped)  # type: ignore[attr-defined]
        watcher = _LossWatcher(out, save_interval, curves, title=f"{command} on {name}")
        start, cpu = time.perf_counter(), time.process_time()
        estimator.fit(
            found.images,
            found.labels if labelled else None,
            checkpoint=Checkpoint(out / CHECKPOINTS, every=save_interval, parameters=_without_length(record)),
            resume=resume,
            hooks=(watcher, *(() if hooks is None else hooks(found.images))),
        )
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
        summary["files"] = [MODEL, HISTORY, LOSSES, *drawn]
        write_json(out / SUMMARY, summary)
    return summary


def _check_free(out, *, resume, overwrite):
    """A training that is there, ended or not, makes room on request only."""
    if resume or overwrite or not os.path.exists(out / RECORD):  # pathlib raises for names that are too long
        return
    if (out / MODEL).exists():
        raise TrainingFolderError(
            f"{printable(out)} holds a finished model: resume=True with more epochs trains it longer, overwrite=True "
            "trains anew in its place, and another folder keeps both.",
            reason="ended",
        )
    if any((out / CHECKPOINTS).glob("step-*")):
        raise TrainingFolderError(
            f"{printable(out)} holds a training that has not ended: resume=True goes on with it, overwrite=True trains "
            "anew in its place.",
            reason="unfinished",
        )


def _without_length(record):
    """A record without what may change when the training is made longer."""
    parameters = {key: value for key, value in record["parameters"].items() if key not in _LENGTH}
    return record | {"parameters": parameters}


def _open_folder(out, record, *, resume):
    """Start a training folder, or make sure that the training in it is the one to be resumed."""
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
        raise TrainingFolderError(
            f"{printable(path.parent)} holds a training with {key} = {other.get(key)!r}, not {flat[key]!r}: give the "
            "same parameters to go on with it, or overwrite=True to start anew.",
            reason="changed",
            key=key,
            earlier=other.get(key),
            present=flat[key],
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

        from toolkit.plots import LossCurveDisplay

        write_csv(self.out / HISTORY, pd.DataFrame(history))
        with only_shows(LOSSES):
            LossCurveDisplay.from_history(history, self.curves, title=self.title).save(self.out / LOSSES)

    def state_dict(self):
        return {"history": self.history}

    def load_state_dict(self, state):
        self.history = [dict(entry) for entry in state["history"]]
