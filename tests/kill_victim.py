"""A training that a test kills: run as a program, it trains, checkpoints, and writes a digest of the end."""

import hashlib
import sys

import numpy as np
import torch

from toolkit import nn


class Regression(nn.StateMixin):
    """A small network with everything that a state can hold: dropout, momentum, a schedule, a generator, a counter."""

    _state = ("network", "optimiser", "schedule", "noise", "mask", "step", "trace")

    def __init__(self, n_features=20, seed=0):
        generator = nn.torch_generator(seed)
        self.noise, self.mask = nn.torch_generator(seed + 1), np.random.default_rng(seed + 2)
        dropout = nn.GeneratorDropout(0.2, self.noise)

        def network():
            return torch.nn.Sequential(
                torch.nn.Conv1d(1, 3, 3),
                torch.nn.Flatten(),
                torch.nn.Linear(3 * (n_features - 2), 16),
                torch.nn.BatchNorm1d(16),
                torch.nn.ReLU(),
                dropout,
                torch.nn.Linear(16, 1),
            )

        self.network = nn.build(network, generator)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=1e-2)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimiser, 1e-2, total_steps=2000)
        self.step, self.trace = 0, torch.zeros(3)

    def train_step(self, batch):
        rows = batch.float() / 255
        keep = torch.from_numpy((self.mask.random(rows.shape) < 0.9).astype(np.float32))
        loss = (self.network((rows * keep).unsqueeze(1)).squeeze(1) - rows.mean(1)).square().mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.schedule.step()
        self.step += 1
        self.trace = self.trace * 0.9 + loss.detach()
        return {"loss": loss.detach()}


def digest(model, history):
    """One number for all that came out, except the time it took."""
    hashed = hashlib.sha256()
    for tensor in [*model.network.state_dict().values(), model.trace, model.noise.get_state()]:
        hashed.update(tensor.numpy().tobytes())
    for entry in history:
        hashed.update(repr([(name, value) for name, value in entry.items() if name != "seconds"]).encode())
    return hashed.hexdigest()


def train(folder, *, every=3, resume=True, epochs=8, seed=0, shuffle=True):
    rows = np.random.default_rng(seed).integers(0, 256, (200, 20), dtype=np.uint8)
    model, generator = Regression(seed=seed), np.random.default_rng(seed + 3)
    stop = nn.EarlyStopping(patience=3)
    checkpoint = None if folder is None else nn.Checkpoint(folder, every=every, unit="steps")
    with nn.limit_threads(1):
        history = nn.fit_loop(
            model,
            rows,
            batch_size=16,
            epochs=epochs,
            generator=generator,
            hooks=(stop,),
            checkpoint=checkpoint,
            resume=resume and folder is not None,
            shuffle=shuffle,
        )
    return digest(model, history)


if __name__ == "__main__":
    print(train(sys.argv[1], every=int(sys.argv[2]), seed=int(sys.argv[3])))
