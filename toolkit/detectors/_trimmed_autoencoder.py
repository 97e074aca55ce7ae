"""A fully connected autoencoder that learns from contaminated rows.

The network is the plain one (Hinton and Salakhutdinov, 2006, "Reducing the dimensionality of data with neural
networks"): linear layers, batch norm and ReLU down to a code and back. Its training step can trim: rows that are
reconstructed worst within their batch do not count, since they are the likely outliers (as in robust statistics' least
trimmed squares; for autoencoders, Beggel et al., 2019, "Robust anomaly detection in images using adversarial
autoencoders").
"""

import itertools
import math

import numpy as np
import torch
from torch import nn

from toolkit.nn import FusedAdam, StateMixin, build

__all__ = ["MLPAutoencoder", "Reconstructor", "RectifierStack"]

_WARM_UP = 0.25  # share of the steps in which the learning rate rises


def _layers(sizes, last_is_code):
    layers = []
    for n_in, n_out in itertools.pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.BatchNorm1d(n_out), nn.ReLU()]
    return layers if last_is_code else layers[:-2]


class RectifierStack(nn.Sequential):
    """Linear layers, batch norm and ReLU from the rows down to a code and back; the last layer is linear.

    Parameters
    ----------
    sizes : sequence of int
        Widths from the input to the code; the way back mirrors them.
    """

    def __init__(self, sizes):
        sizes = [int(size) for size in sizes]
        super().__init__(*_layers(sizes, True), *_layers(sizes[::-1], False))
        self.config = {"sizes": sizes}


class MLPAutoencoder(StateMixin):
    """An autoencoder with its optimiser, trained by :func:`toolkit.nn.fit_loop`.

    Parameters
    ----------
    n_features : int
    hidden : sequence of int
        Widths from the input to the code; the decoder mirrors them.
    generator : torch.Generator
        Initialises the weights.
    total_steps : int
        Length of the training, for the schedule of the learning rate.
    learning_rate : float
        At its highest.
    weight_decay : float
    """

    _state = ("network", "optimiser", "step", "trim")

    def __init__(self, n_features, hidden, *, generator, total_steps, learning_rate, weight_decay=1e-5):
        self.network = build(lambda: RectifierStack([n_features, *hidden]), generator)
        self.optimiser = FusedAdam(
            self.network.parameters(), learning_rate=learning_rate, weight_decay=weight_decay, decoupled=False
        )
        self.learning_rate, self.total_steps, self.step = learning_rate, total_steps, 0
        self.trim = 0.0  # share of each batch that does not count; a hook may raise it between epochs

    def train_step(self, batch):
        """One step on a batch of rows (n, n_features), float32."""
        # Batch norm has no spread to learn from a single row, which the end of an epoch may leave.
        self.network.train(len(batch) > 1)
        error = (self.network(batch) - batch).square().mean(dim=1)  # (n,)
        kept = error
        if self.trim:
            n_kept = max(1, round(len(error) * (1.0 - self.trim)))
            kept = error.topk(n_kept, largest=False).values
        loss = kept.mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.learning_rate = self._rate()
        self.optimiser.step()
        self.step += 1
        return {"loss": loss.detach(), "untrimmed": error.mean().detach()}

    def _rate(self):
        """Up in a line over the first quarter of the steps, then down in half a cosine."""
        done = (self.step + 1) / (self.total_steps + 1)
        if done < _WARM_UP:
            return self.learning_rate * done / _WARM_UP
        return self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * (done - _WARM_UP) / (1.0 - _WARM_UP)))

    def finish(self):
        """The trained network without its optimiser, as a :class:`Reconstructor`."""
        return Reconstructor(self.network)


class Reconstructor:
    """A trained network that rebuilds rows; it computes in double precision.

    In single precision the last digits of a row's result depend on how many rows are computed with it.

    Parameters
    ----------
    network : torch.nn.Module
    """

    def __init__(self, network):
        self.network = network.eval().double()

    def reconstruct(self, rows):
        """Rebuild rows (n, n_features); arrays in, float64 arrays out."""
        with torch.no_grad():
            return self.network(torch.from_numpy(np.require(rows, np.float64, "CW"))).numpy()
