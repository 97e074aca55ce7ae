"""An autoencoder 784-256-128-2 on MNIST's training part against a plain loop on the same layers, one thread each.

Twenty epochs of batches of 128. The plain loop is the usual one: tensors in a DataLoader, default Adam, the loss read
at each step. Bars: mean squared error on the training part of at most .0345 (published coursework: .0362), and at most
half of the plain loop's CPU time, both measured in one run, in turns of an epoch. Our seconds hold everything that
``fit`` does, the density of the latent space included.

Matrix products take 307 million operations a step. At 97 thousand million a second, which one core reaches with such
matrices, that is 3.2 ms in float32 and half of it in bfloat16, where a whole plain step takes 7 ms on an idle core: in
float32 the products alone are close to the bar.

    python benchmarks/autoencoder_mnist.py           # measure what is missing, then print the table
    python benchmarks/autoencoder_mnist.py --table   # print only
"""

import itertools
import os
import time
from functools import partial

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import cells  # noqa: E402
import pandas as pd  # noqa: E402

EPOCHS, BATCH_SIZE, HIDDEN = 20, 128, (256, 128)


def _plain(images, seed):
    """A plain loop on the same layers, epoch by epoch: yields the mean squared error of each.

    The seed is the global one, as such loops have it.
    """
    import torch
    from torch import nn

    torch.manual_seed(seed)
    sizes = [784, *HIDDEN, 2]
    layers = []
    for n_in, n_out in itertools.pairwise([*sizes, *sizes[-2::-1]]):
        layers += [nn.Linear(n_in, n_out), nn.SiLU()]
    del layers[2 * len(HIDDEN) + 1]  # the code has no activation
    network = nn.Sequential(*layers[:-1], nn.Sigmoid())
    data = torch.utils.data.TensorDataset(torch.from_numpy(images.reshape(len(images), -1)).float() / 255)
    loader = torch.utils.data.DataLoader(data, batch_size=BATCH_SIZE, shuffle=True)
    optimiser = torch.optim.Adam(network.parameters())
    for _ in range(EPOCHS):
        total = 0.0
        for (batch,) in loader:
            loss = nn.functional.mse_loss(network(batch), batch)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() * len(batch)
        yield total / len(images)


class _InTurns:
    """A hook that lets the plain loop do an epoch after each of ours, so that a busy machine meets both."""

    def __init__(self, plain):
        self.plain, self.seconds, self.errors = plain, 0.0, []

    def __call__(self, trainer, entry):
        start = time.process_time()
        self.errors.append(next(self.plain))
        self.seconds += time.process_time() - start


def measure(precision, seed):
    """One cell: errors, and CPU seconds of our fit and of the plain loop."""
    import torch

    from toolkit.datasets import fetch_mnist
    from toolkit.generators import Autoencoder

    torch.set_num_threads(1)
    train, test = (fetch_mnist(subset=subset).images for subset in ("train", "test"))
    options = {"hidden_sizes": HIDDEN, "latent_dim": 2, "batch_size": BATCH_SIZE, "random_state": seed}
    options["precision"] = precision
    Autoencoder(epochs=1, **options).fit(train[:500])  # imports are not timed
    in_turns = _InTurns(_plain(train, seed))
    start = time.process_time()
    model = Autoencoder(epochs=EPOCHS, **options).fit(train, hooks=(in_turns,))
    seconds = time.process_time() - start - in_turns.seconds
    return {
        "seed": seed,
        "precision": precision,
        "mse_train": -model.score(train),
        "mse_test": -model.score(test),
        "cpu_seconds": seconds,
        "plain_mse_last_epoch": in_turns.errors[-1],
        "plain_cpu_seconds": in_turns.seconds,
        "share_of_plain": seconds / in_turns.seconds,
        "load_average": os.getloadavg()[0],
    }


CELLS = {f"{precision}_seed0": partial(measure, precision, 0) for precision in ("bfloat16", "float32")}


def show(results):
    """Print the table."""
    columns = ["mse_train", "mse_test", "cpu_seconds", "plain_mse_last_epoch", "plain_cpu_seconds", "share_of_plain"]
    print(pd.DataFrame(results).T[columns].astype(float).round(4) if results else "nothing measured yet")
    print("\nbars: mse_train at most .0345, share_of_plain at most .5")


if __name__ == "__main__":
    cells.main("autoencoder_mnist", CELLS, show, __doc__)
