"""Checkpoints of a training."""

from pathlib import Path

__all__ = ["Checkpoint"]


class Checkpoint:
    """Where and how often a training is written down, so that it can go on after a crash.

    Each checkpoint is a folder ``step-00000120`` of its own that appears whole or not at all.

    Parameters
    ----------
    folder : path-like
        Holds the checkpoints of one training.
    every : int, default=1
    unit : {"epochs", "steps"}
        A checkpoint is written after each ``every`` epochs or steps, and at the end.
    keep : int or None, default=2
        How many to keep, the latest ones; None keeps all.
    parameters : dict, optional
        Parameters of the training, for the manifest; numbers, strings, lists and dicts of them.
    """

    def __init__(self, folder, *, every=1, unit="epochs", keep=2, parameters=None):
        self.folder, self.every, self.unit, self.keep, self.parameters = Path(folder), every, unit, keep, parameters
