"""What the makers of small networks share: procedural images, a training with a budget of time, and its weights.

``leaves_prior.py`` and ``leaves_restorer.py`` say what is learnt. A training is written down after each chunk of it and
gone on from, so that it may be stopped at any moment.
"""

import argparse
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
from dead_leaves import dead_leaves
from safetensors.numpy import save
from safetensors.torch import load_file

__all__ = ["BudgetedTraining", "budgeted", "leaves", "make", "say"]


def leaves(n_images, folder, *, seed):
    """Procedural images, drawn once."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for part in range(-(-n_images // 500)):
        path = folder / f"part{part}.npy"
        if not path.exists():
            np.save(folder / "new.npy", dead_leaves(500, seed=seed + part))
            os.replace(folder / "new.npy", path)
        parts.append(np.load(path))
    return np.concatenate(parts)


class BudgetedTraining:
    """A network with its optimiser, and how far it has come.

    Parameters
    ----------
    build : callable
        Returns a fresh network.
    device : str
    seed : int
        Of its weights.
    peak, warm_up : float
        Highest learning rate, and the steps until it is reached; it falls as half a cosine over the budget.
    averaging : float
        Decay of the exponential mean of the weights, which is what is shipped.
    longest : float, optional
        Norm beyond which a gradient is shortened.
    **optimiser
        Of AdamW.
    """

    def __init__(self, build, device, *, seed, peak, warm_up, averaging, longest=None, **optimiser):
        torch.manual_seed(seed)
        self.device, self.peak, self.warm_up, self.averaging, self.longest = device, peak, warm_up, averaging, longest
        self.network = build().to(device, memory_format=torch.channels_last)
        self.mean = build().to(device)
        self.mean.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=peak, **optimiser)
        self.seconds, self.chunks, self.steps = 0.0, 0, 0

    def save(self, path):
        state = {name: getattr(self, name).state_dict() for name in ("network", "mean", "optimiser")}
        torch.save(state | {name: getattr(self, name) for name in ("seconds", "chunks", "steps")}, f"{path}.new")
        os.replace(f"{path}.new", path)

    def load(self, path):
        state = torch.load(path, weights_only=True, map_location=self.device)
        for name in ("network", "mean", "optimiser"):
            getattr(self, name).load_state_dict(state[name])
        self.seconds, self.chunks, self.steps = state["seconds"], state["chunks"], state["steps"]

    def begin_at(self, path):
        """Weights of a file instead of random ones; counters of batches, which are not written, stay as they are."""
        for network in (self.network, self.mean):
            network.load_state_dict(network.state_dict() | load_file(path))

    def descend(self, loss, done):
        """One step of the optimiser; ``done`` is how much of the budget is used."""
        falling = 0.5 + 0.5 * math.cos(math.pi * min(done, 1.0))
        for group in self.optimiser.param_groups:
            group["lr"] = self.peak * min(1.0, self.steps / self.warm_up + 0.02) * falling + 1e-6
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if self.longest is not None:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.longest)
        self.optimiser.step()
        self.steps += 1
        keep = min(self.averaging, self.steps / (self.steps + 10))
        with torch.no_grad():
            theirs = self.network.state_dict()
            for name, value in self.mean.state_dict().items():
                if value.is_floating_point():
                    value.lerp_(theirs[name], 1 - keep)
                else:
                    value.copy_(theirs[name])


def budgeted(training, minutes, path, clock=time.perf_counter):
    """Chunks of a training until its budget is used, each written down when it is done.

    Yields a function of no argument for each chunk: how much of the budget is used by now.
    """
    while training.seconds < 60 * minutes:
        begun = clock()
        yield lambda begun=begun: (training.seconds + clock() - begun) / (60 * minutes)
        training.seconds += clock() - begun
        training.chunks += 1
        training.save(path)


def say(training, options, used, drawn, words):
    """How far a training is, and how long drawing the chunk took: both as shares of the budget."""
    minutes, seconds = used * options.minutes, 60 * drawn * options.minutes
    print(f"{training.chunks + 1} chunks, {minutes:.1f} min ({seconds:.1f} s of the last to draw): {words}", flush=True)


def _write_weights(training, target, metadata):
    """The mean of the weights, rounded to 16 bits, whole or not at all."""
    weights = {
        name: value.cpu().numpy().astype(np.float16 if value.is_floating_point() else np.int64)
        for name, value in training.mean.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    new = target.with_suffix(".new")
    new.write_bytes(save(weights, metadata=metadata))
    os.replace(new, target)
    print(f"{target.name}: {target.stat().st_size:,} bytes after {training.chunks} chunks")


def make(training, train, target, metadata, *, description, minutes, images, cache):
    """Read the command line, train for as long as it says, and write the weights.

    Parameters
    ----------
    training : callable
        ``training(device)`` returns a :class:`BudgetedTraining` that has not begun.
    train : callable
        ``train(options, training, path)`` trains it until ``options.minutes`` are used, and writes it down at ``path``.
    target : Path
        Of the weights.
    metadata : dict of str to str
        Of that file.
    description : str
    minutes : float
    images : int
        Procedural images that patches are cut from.
    cache : Path
        Folder of images and checkpoint.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=minutes, help="of drawing and training, in all")
    parser.add_argument("--images", type=int, default=images, help="procedural images that patches are cut from")
    parser.add_argument("--device", default="cpu", help="where the network is trained")
    parser.add_argument("--cache", type=Path, default=cache, help="folder of images and checkpoint")
    parser.add_argument("--further", action="store_true", help="begin at the weights that the package ships")
    parser.add_argument("--export-only", action="store_true", help="write the weights of the last checkpoint")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    path, begun = options.cache / "training.pt", training("cpu" if options.export_only else options.device)
    if path.exists() or options.export_only:
        begun.load(path)
    elif options.further:
        begun.begin_at(target)
    if not options.export_only and begun.seconds < 60 * options.minutes:
        train(options, begun, path)
    _write_weights(begun, target, metadata)
