"""Checkpoints: a training killed at any point goes on as if nothing had happened.

A checkpoint is a folder ``step-00000120`` that appears whole or not at all: a manifest (versions, threads, device,
parameters, sha256 of each file), the tree of the state as JSON, and its tensors as safetensors. No pickle.
"""

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from toolkit._core.files import plain_json
from toolkit._core.parameters import check_positive_int
from toolkit._core.store import read_store, remove_store, write_store
from toolkit._core.types import PathLike
from toolkit._core.versions import versions
from toolkit._core.writable import check_folder_writable
from toolkit.exceptions import CheckpointError, DivergenceError
from toolkit.nn._losses import EpochLosses
from toolkit.nn._same_training import changed_parameters, describe_parameters
from toolkit.nn.tensors import StateReader, StateWriter

__all__ = ["Checkpoint", "Saver"]

_KIND = "checkpoint"
_SAME = ("toolkit", "python", "numpy", "torch")


class Checkpoint:
    """Where and how often a training is written down, so that it can go on after a crash.

    Each checkpoint is a folder ``step-00000120`` of its own that appears whole or not at all. Hand the object to
    :func:`toolkit.nn.fit_loop`, and ``resume=True`` to go on from the latest one.

    Parameters
    ----------
    folder : path-like
        Holds the checkpoints of one training; made when the first is written. A new training in a folder that holds
        an earlier one is refused with FileExistsError.
    every : int, default=1
    unit : {"epochs", "steps"}, default="epochs"
        A checkpoint is written after each ``every`` epochs or steps, and at the end.
    keep : int or None, default=2
        How many to keep, the latest ones; None keeps all.
    parameters : dict, optional
        Notes on the training for the manifest; one with others goes on with a warning. What must not change is given to
        :func:`toolkit.nn.fit_loop`, as the estimators of the toolkit do.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from toolkit.nn import Checkpoint, StateMixin, fit_loop
    >>> class Mean(StateMixin):
    ...     _state = ("total",)
    ...     total = 0.0
    ...     def train_step(self, batch):
    ...         self.total += float(batch.sum())
    ...         return {"total": self.total}
    >>> checkpoint = Checkpoint(tempfile.mkdtemp())
    >>> rows, first, second = np.arange(12.0), Mean(), Mean()
    >>> options = {"batch_size": 4, "generator": np.random.default_rng(0), "checkpoint": checkpoint}
    >>> _ = fit_loop(first, rows, epochs=1, **options)
    >>> checkpoint.latest().name
    'step-00000003'
    >>> _ = fit_loop(second, rows, epochs=2, resume=True, **options)  # goes on at step 4
    >>> second.total
    132.0
    """

    def __init__(
        self,
        folder: PathLike,
        *,
        every: int = 1,
        unit: str = "epochs",
        keep: int | None = 2,
        parameters: Mapping[str, Any] | None = None,
    ):
        if unit not in ("epochs", "steps"):
            raise ValueError(f"unit must be 'epochs' or 'steps', got {unit!r}.")
        for name, value in (("every", every), ("keep", 1 if keep is None else keep)):
            check_positive_int(name, value)
        self.folder, self.every, self.unit, self.keep, self.parameters = Path(folder), every, unit, keep, parameters

    def all(self) -> list[Path]:
        """Paths of the checkpoints that are there, in the order of their steps."""
        found = self.folder.glob("step-*") if self.folder.is_dir() else ()
        return sorted((path for path in found if path.name[5:].isdigit()), key=lambda path: int(path.name[5:]))

    def latest(self) -> Path | None:
        """Path of the latest checkpoint, None if there is none."""
        found = self.all()
        return found[-1] if found else None


class Saver:
    """Writes and restores the checkpoints of one run of :func:`toolkit.nn.fit_loop`.

    Parameters
    ----------
    checkpoint : Checkpoint or None
        None only restores.
    model, generator, hooks, batch_size, shuffle, parameters
        As in :func:`toolkit.nn.fit_loop`.
    batches : Batches
    total : int
        Steps that the whole training is to have.

    Attributes
    ----------
    last : pathlib.Path or None
        The checkpoint that was written or restored last.
    """

    def __init__(self, checkpoint, model, batches, generator, hooks, *, batch_size, shuffle, total, parameters=None):
        if not (hasattr(model, "state_dict") and hasattr(model, "load_state_dict")):
            raise TypeError(f"checkpoint: a {type(model).__name__} has no state_dict and load_state_dict to be saved.")
        if checkpoint is not None:
            check_folder_writable(checkpoint.folder)  # before the first epoch, not after it
        self.checkpoint, self.model, self.generator, self.hooks = checkpoint, model, generator, hooks
        self.total, self.parameters = int(total), describe_parameters(parameters)
        self.last = None
        # What must be the same for the order of the rows to mean the same.
        self.training = {
            "data": _fingerprint(batches.arrays),
            "batch_size": int(batch_size),
            "shuffle": bool(shuffle),
            "model": type(model).__name__,
        }

    def due(self, *, step, epoch=None):
        """Whether a checkpoint is to be written after this step, or at the end of this epoch."""
        if self.checkpoint is None:
            return False
        if self.checkpoint.unit == "steps":
            return step % self.checkpoint.every == 0
        return epoch is not None and epoch % self.checkpoint.every == 0

    def save(self, position):
        """Write a checkpoint of the training at ``position`` and remove those that are not kept."""
        if self.checkpoint is None:
            return
        state = self.model.state_dict()
        _check_finite(state, position.step)
        value = {
            "model": state,
            "hooks": [hook.state_dict() if hasattr(hook, "state_dict") else None for hook in self.hooks],
            "generator": self.generator.bit_generator.state,
            "position": {
                "step": position.step,
                "batch": position.batch,
                "order": position.order,
                "history": position.history,
                "seconds": position.seconds,
                "stopped": position.stopped,
                "sums": position.losses.sums,
                "rows": position.losses.rows,
                "levels": position.losses.levels,
            },
        }
        about = {
            "step": position.step,
            "epoch": len(position.history),
            "total_steps": self.total,
            "training": self.training,
            "training_parameters": self.parameters,
            "parameters": plain_json(self.checkpoint.parameters),
            **self._circumstances(),
        }
        path = self.checkpoint.folder / f"step-{position.step:08d}"
        write_store(path, _KIND, StateWriter().files(value), about)
        self.last = path
        if self.checkpoint.keep is not None:
            for earlier in self.checkpoint.all()[: -self.checkpoint.keep]:
                remove_store(earlier)

    def restore(self, position, resume):
        """Put model, hooks, generator and ``position`` back to a checkpoint; ``resume`` as in ``fit_loop``."""
        path = self.checkpoint.latest() if resume is True else resume
        if not path:
            self._refuse_later(-1, "pass resume=True to go on from there, or choose another folder")
            return
        path = Path(path)
        self._refuse_later(
            int(path.name[5:]) if path.name[5:].isdigit() else -1,
            "remove it, or choose another folder for what follows",
        )
        about, files = read_store(path, _KIND)
        try:
            value = StateReader(files).value()
            self._compare(path, about)
            place = value["position"]
            losses = EpochLosses(
                position.losses.explosion, sums=place["sums"], rows=place["rows"], levels=place["levels"]
            )
            self.model.load_state_dict(value["model"])
            for hook, state in zip(self.hooks, value["hooks"], strict=True):
                if state is not None:
                    hook.load_state_dict(state)
            self.generator.bit_generator.state = value["generator"]
            for name in ("step", "batch", "order", "history", "seconds", "stopped"):
                setattr(position, name, place[name])
            position.losses = losses
        except CheckpointError as error:
            raise CheckpointError(f"{path}: {error}") from error
        # The model is the caller's; what it says to a state that is not its own can be of any kind.
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RuntimeError) as error:
            raise CheckpointError(f"{path} does not fit this training: {error}") from error
        self.last = path

    def _refuse_later(self, step, way_out):
        """A folder holds one training: what an earlier one left there would pass for the latest of this one."""
        latest = None if self.checkpoint is None else self.checkpoint.latest()
        if latest is not None and int(latest.name[5:]) > step:
            raise FileExistsError(f"{latest} was left there by an earlier training: {way_out}.")

    def _circumstances(self):
        return {
            "versions": {name: version for name, version in versions().items() if name in _SAME},
            "threads": torch.get_num_threads(),
            "device": str(getattr(self.model, "device", None) or "cpu"),
        }

    def _compare(self, path, about):
        """An error if the checkpoint is of another training; a warning if results may differ in the last digits."""
        for name, its, mine in changed_parameters(about.get("training_parameters"), self.parameters):
            raise CheckpointError(
                f"of another training: its {name} was {its!r}, here {mine!r}. Give the same parameters, or choose "
                "another folder for a new training."
            )
        for name, mine in self.training.items():
            if about["training"][name] != mine:
                raise CheckpointError(f"of another training: its {name} was {about['training'][name]}, here {mine}.")
        if about["step"] > self.total:
            raise CheckpointError(
                f"{about['step']} steps are done, {self.total} were asked for: a training can be gone on with for "
                "longer, not for less."
            )
        planned = about.get("total_steps", self.total)
        if planned != self.total and getattr(self.model, "follows_plan", False):
            warnings.warn(
                f"{path} was written by a training of {planned} steps, and {self.total} are asked for now: rates "
                "follow the new length from here on, and what comes out is not what one training of that length gives.",
                stacklevel=4,
            )
        here = self._circumstances()
        there = {**about["versions"], "threads": about["threads"], "device": about["device"]}
        here = {**here["versions"], "threads": here["threads"], "device": here["device"]}
        if self.checkpoint is not None:
            for name, its, mine in changed_parameters(about["parameters"] or {}, self.checkpoint.parameters or {}):
                there[name], here[name] = its, mine
        changed = [
            f"{name} {there.get(name)} -> {here[name]}" for name in sorted(here) if there.get(name) != here[name]
        ]
        if changed:
            warnings.warn(
                f"{path} was written under other circumstances ({'; '.join(changed)}): training goes on, but not "
                "bitwise as if it had never stopped.",
                stacklevel=4,
            )


def _fingerprint(arrays):
    """Shape, type and digest of each array."""
    found = []
    for array in arrays:
        digest = hashlib.blake2b(digest_size=16)
        size = max(1, 2**24 // max(1, array[:1].nbytes))
        for start in range(0, len(array), size):
            digest.update(np.ascontiguousarray(array[start : start + size]).data)
        found.append(f"{array.dtype} {'x'.join(map(str, array.shape))} {digest.hexdigest()}")
    return found


def _check_finite(state, step):
    """A state that is not finite is no good checkpoint: the training has diverged, whatever the losses say."""
    if isinstance(state, dict):
        for item in state.values():
            _check_finite(item, step)
    elif isinstance(state, (list, tuple)):
        for item in state:
            _check_finite(item, step)
    elif isinstance(state, torch.Tensor) and state.is_floating_point() and not bool(torch.isfinite(state).all()):
        raise DivergenceError(f"Training diverged at step {step}: weights are not finite.", step=step)
