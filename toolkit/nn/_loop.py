"""The one training loop of the project.

``fit_loop -> epoch -> model.train_step(batch) -> dict of losses``. A model supplies only ``train_step``; it owns its
optimiser, and does zero_grad, backward and step there. Batches are cut from arrays in memory: for small images a
worker-based loader costs more than the network does.
"""

import time

import numpy as np
import torch

from toolkit._core.images import iter_chunks
from toolkit.exceptions import DivergenceError

__all__ = ["fit_loop"]


def _epoch_order(n_samples, shuffle, generator):
    return generator.permutation(n_samples) if shuffle else np.arange(n_samples)


def _losses(model, batch, step):
    losses = model.train_step(batch)
    values = {name: float(value) for name, value in losses.items()}
    for name, value in values.items():
        if not np.isfinite(value):
            raise DivergenceError(f"Training diverged at step {step}: {name} is {value}.")
    return values


def fit_loop(
    model,
    arrays,
    *,
    batch_size=128,
    epochs=None,
    steps=None,
    generator,
    shuffle=True,
    hooks=(),
    verbose=False,
    desc="",
):
    """Train ``model`` on batches of ``arrays``.

    Parameters
    ----------
    model : object with ``train_step(batch) -> dict of str to float or 0-d tensor``
        ``batch`` is a tensor if ``arrays`` is one array, else a tuple of tensors.
    arrays : ndarray or tuple of ndarray, each of shape (n_samples, ...)
        Kept as they are (uint8 stays uint8); only a batch at a time becomes a tensor, in its own dtype.
    batch_size : int, default=128
        Clipped to ``n_samples``. The last, smaller batch of an epoch is used too.
    epochs, steps : int or None
        How long: passes over the data, or steps of the optimiser. Exactly one of them.
    generator : numpy.random.Generator
        Shuffles; nothing else is drawn from it.
    shuffle : bool, default=True
    hooks : sequence of callable
        Each is called as ``hook(model, entry)`` after an epoch with the entry of the history; one that returns True
        ends the training.
    verbose : bool, default=False
        Show a progress bar.
    desc : str
        Title of the bar.

    Returns
    -------
    list of dict
        One per epoch: ``epoch``, ``step``, ``seconds``, and the mean of each loss over the epoch's samples.

    Raises
    ------
    DivergenceError
        A loss is NaN or infinite.

    Examples
    --------
    >>> import numpy as np
    >>> class Counter:
    ...     def train_step(self, batch):
    ...         return {"mean": batch.mean()}
    >>> history = fit_loop(Counter(), np.ones((5, 2)), batch_size=2, epochs=2, generator=np.random.default_rng(0))
    >>> [(entry["step"], entry["mean"]) for entry in history]
    [(3, 1.0), (6, 1.0)]
    """
    if (epochs is None) == (steps is None):
        raise ValueError(f"Give either epochs or steps, got epochs={epochs!r} and steps={steps!r}.")
    single = not isinstance(arrays, (tuple, list))
    arrays = (arrays,) if single else tuple(arrays)
    n_samples = len(arrays[0])
    if any(len(array) != n_samples for array in arrays):
        raise ValueError(f"arrays must be equally long, got lengths {[len(array) for array in arrays]}.")
    batch_size = max(1, min(batch_size, n_samples))
    per_epoch = -(-n_samples // batch_size)
    total = epochs * per_epoch if steps is None else steps

    from tqdm.auto import tqdm

    history, step, start = [], 0, time.perf_counter()
    with tqdm(total=total, desc=desc, disable=not verbose) as bar:
        while step < total:
            order, sums, seen = _epoch_order(n_samples, shuffle, generator), {}, 0
            for part in iter_chunks(n_samples, batch_size):
                index = order[part]
                batch = tuple(torch.from_numpy(np.ascontiguousarray(array[index])) for array in arrays)
                step += 1
                for name, value in _losses(model, batch[0] if single else batch, step).items():
                    sums[name] = sums.get(name, 0.0) + value * len(index)
                seen += len(index)
                bar.update()
                if step == total:
                    break
            entry = {"epoch": len(history) + 1, "step": step, "seconds": time.perf_counter() - start}
            entry.update({name: value / seen for name, value in sums.items()})
            history.append(entry)
            stops = [hook(model, entry) for hook in hooks]  # every hook sees every entry
            if any(stops):
                break
    return history
