"""An autoencoder 784-256-128-2 on MNIST's training part against a plain loop on the same layers, one thread each.

Twenty epochs of batches of 128. The plain loop is the usual one: tensors in a DataLoader, default Adam, the loss read
at each step. Bars: mean squared error on the training part of at most .0345 (published coursework: .0362), and at most
half of the plain loop's CPU time, both measured in one run. Our seconds hold everything that ``fit`` does, the density
of the latent space included.

    python benchmarks/autoencoder_mnist.py           # measure what is missing, then print the table
    python benchmarks/autoencoder_mnist.py --table   # print only
"""

import itertools
import os
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import cells  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

EPOCHS, BATCH_SIZE, HIDDEN = 20, 128, (256, 128)


def _timed(function):
    start = time.process_time()
    found = function()
    return found, time.process_time() - start


def _plain(images, seed):
    """Mean squared error of a plain loop on the same layers; the seed is the global one, as such loops have it."""
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
    return total / len(images)


def measure(seed):
    """One cell: errors and CPU seconds of ours, in 32 and in 16 bits, and of the plain loop."""
    import torch

    from toolkit.datasets import fetch_mnist
    from toolkit.generators import Autoencoder

    torch.set_num_threads(1)
    train, test = (fetch_mnist(subset=subset).images for subset in ("train", "test"))
    options = {"hidden_sizes": HIDDEN, "latent_dim": 2, "batch_size": BATCH_SIZE, "random_state": seed}
    Autoencoder(epochs=1, **options).fit(train[:500])  # imports are not timed
    found = {"seed": seed}
    for precision in ("float32", "bfloat16"):
        model = Autoencoder(epochs=EPOCHS, precision=precision, **options)
        _, seconds = _timed(lambda model=model: model.fit(train))
        found |= {
            f"{precision}_mse_train": -model.score(train),
            f"{precision}_mse_test": -model.score(test),
            f"{precision}_cpu_seconds": seconds,
        }
    error, seconds = _timed(lambda: _plain(train, seed))
    found |= {"plain_mse_last_epoch": error, "plain_cpu_seconds": seconds}
    for precision in ("float32", "bfloat16"):
        found[f"{precision}_share_of_plain"] = found[f"{precision}_cpu_seconds"] / seconds
    return found


CELLS = {"seed0": lambda: measure(0)}


def show(results):
    """Print the table."""
    rows = {
        f"{name} {way}": {
            "mse_train": cell.get(f"{way}_mse_train", cell.get(f"{way}_mse_last_epoch")),
            "mse_test": cell.get(f"{way}_mse_test", np.nan),
            "cpu_seconds": cell[f"{way}_cpu_seconds"],
            "share_of_plain": cell.get(f"{way}_share_of_plain", 1.0),
        }
        for name, cell in results.items()
        for way in ("float32", "bfloat16", "plain")
    }
    print(pd.DataFrame(rows).T.astype(float).round(4) if rows else "nothing measured yet")
    print("\nbars: mse_train at most .0345, share_of_plain at most .5")


if __name__ == "__main__":
    cells.main("autoencoder_mnist", CELLS, show, __doc__)
