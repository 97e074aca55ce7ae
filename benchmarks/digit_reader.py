"""The digit reader that checks answers: a small convolutional network trained on real digits with labels.

It stands outside of the package, since nothing in the package may use labels. It is trained on MNIST train rows 0 to
29,999 and 50,000 to 59,999, so that the rows on which results are reported are new to it. Run

    python benchmarks/digit_reader.py

to train it (about seven minutes on one core; the weights go to ``outputs/digit_reader.safetensors``) and print its
accuracy on MNIST's test part, which must be at least 99.3 %.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from toolkit._core.files import atomic_path, write_json
from toolkit._core.geometry import affine_matrix, smooth_field, warp
from toolkit._core.images import iter_chunks
from toolkit.nn import GeneratorDropout, build, fit_loop, limit_threads, resolve_device, torch_generator

WEIGHTS = Path(__file__).parent.parent / "outputs" / "digit_reader.safetensors"
TRAIN_ROWS = np.r_[:30_000, 50_000:60_000]


class DigitNetwork(nn.Module):
    """Five convolutions and two dense layers; logits of ten digits."""

    def __init__(self, generator):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 20, 3, padding=1),
            nn.BatchNorm2d(20),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(20, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Conv2d(32, 48, 3, padding=1),
            nn.BatchNorm2d(48),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(48, 64, 3, padding=1),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.Conv2d(64, 64, 3),
            nn.BatchNorm2d(64),
            nn.ReLU(),
        )  # (n, 64, 5, 5)
        self.head = nn.Sequential(
            nn.Flatten(),
            GeneratorDropout(0.3, generator),
            nn.Linear(64 * 25, 128),
            nn.ReLU(),
            nn.Linear(128, 10),
        )

    def forward(self, images):
        return self.head(self.features(images[:, None]))


def _network(seed):
    generator = torch_generator(seed)
    return build(lambda: DigitNetwork(generator), generator)


class _Trainer:
    """Adam with a one-cycle rate; augmentation by small affine and elastic warps, batch by batch."""

    def __init__(self, network, n_steps, generator):
        self.network, self.generator = network, generator
        self.optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimiser, 4e-3, total_steps=n_steps)

    def train_step(self, batch):
        images, labels = batch
        images = torch.from_numpy(augment(images.numpy(), self.generator))
        loss = functional.cross_entropy(self.network(images), labels, label_smoothing=0.05)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.schedule.step()
        return {"loss": loss.detach()}


def augment(images, generator):
    """Small rotations, magnifications, slants and shifts of uint8 images; float32 in [0, 1]."""
    n = len(images)
    matrices = affine_matrix(
        angle=generator.uniform(-12, 12, n),
        scale=generator.uniform(0.88, 1.12, n),
        shear=generator.uniform(-0.15, 0.15, n),
        dx=generator.uniform(-2, 2, n),
        dy=generator.uniform(-2, 2, n),
    )
    unit = images.astype(np.float32) / 255
    field = smooth_field(1, unit.shape[1:], 4, generator)  # one light veil a batch: strokes of uneven ink
    return np.clip(warp(unit, matrices) * (1 - 0.1 * np.abs(field)), 0, 1)


def read_digits(images, network=None):
    """Digits read in uint8 images of shape (n, 28, 28)."""
    network = network or load_reader()
    device = next(network.parameters()).device
    unit = np.asarray(images).reshape(-1, 28, 28)
    answers = []
    with limit_threads(1), torch.inference_mode():
        for part in iter_chunks(len(unit), 100):
            batch = torch.from_numpy(unit[part].astype(np.float32) / 255).to(device)
            answers.append(network(batch).argmax(1).cpu().numpy())
    return np.concatenate(answers)


def load_reader():
    """The trained reader, ready to read, on an accelerator if there is one."""
    from safetensors.torch import load_file

    if not WEIGHTS.exists():
        raise FileNotFoundError(f"{WEIGHTS} is not there yet: run `python benchmarks/digit_reader.py` first.")
    network = _network(0)
    network.load_state_dict(load_file(WEIGHTS))
    return network.eval().to(resolve_device())


def train(epochs=8, seed=0):
    """Train on the rows that no result is reported on, judge on MNIST's test part, and store the weights."""
    from safetensors.torch import save_file

    from toolkit.datasets import fetch_mnist

    train_set, test_set = fetch_mnist(subset="train"), fetch_mnist(subset="test")
    images, labels = train_set.images[TRAIN_ROWS], train_set.labels[TRAIN_ROWS].astype(np.int64)
    generator = np.random.default_rng(seed)
    start = time.process_time()
    with limit_threads(1):
        network = _network(seed)
        trainer = _Trainer(network, epochs * -(-len(images) // 128), generator)
        fit_loop(trainer, (images, labels), batch_size=128, epochs=epochs, generator=generator, verbose=True)
    network.eval()
    accuracy = float((read_digits(test_set.images, network) == test_set.labels).mean())
    with atomic_path(WEIGHTS) as temporary:
        save_file(network.state_dict(), temporary)
    return {
        "test_accuracy": accuracy,
        "epochs": epochs,
        "seed": seed,
        "cpu_seconds": time.process_time() - start,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--table", action="store_true", help="print what was measured, train nothing")
    arguments = parser.parse_args()
    path = Path(__file__).parent / "results" / "digit_reader" / "seed0.json"
    if arguments.table:
        result = json.loads(path.read_text())
    else:
        result = train(arguments.epochs)
        write_json(path, result)
    print(f"MNIST test accuracy of the digit reader: {100 * result['test_accuracy']:.2f} %")


if __name__ == "__main__":
    main()
