"""How much do glyphs look written? A reader that has seen glyph digits alone reads MNIST's test part.

No image of MNIST is used for training or for choosing anything in the reader: a small convolutional network, 24,000
glyph digits, a fixed number of epochs. The bar is 85 % of the 10,000 test digits.

    python benchmarks/glyph_reader.py             runs the missing cells and prints the table
    python benchmarks/glyph_reader.py --table     prints the table of the cells that are there
    python benchmarks/glyph_reader.py --again     runs every cell anew

Each cell is one seed (of glyphs, initialisation and order) and one choice of fonts; it is written to
``benchmarks/results/glyph_reader/<cell>.json``.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from toolkit._core.files import write_json
from toolkit._core.versions import versions
from toolkit.datasets import fetch_emnist, fetch_mnist, load_glyphs
from toolkit.nn import build, fit_loop, limit_threads, torch_generator

RESULTS = Path(__file__).parent / "results" / "glyph_reader"
N_GLYPHS, EPOCHS, BATCH = 24_000, 4, 128
RUNS = ((None, 0), (None, 1), (None, 2), ("sans", 0), ("serif", 0))
CELLS = {f"{fonts or 'all'}_seed{seed}": (fonts, seed) for fonts, seed in RUNS}


class Reader(nn.Module):
    """Three convolutions and a linear layer; ``train_step`` is one step of AdamW under a falling rate."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),  # (16, 14, 14)
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),  # (32, 7, 7)
            nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.Flatten(),
            nn.Linear(64 * 49, 10),
        )  # fmt: skip

    def prepare(self, n_steps):
        """Called once the weights are where they stay."""
        self.optimiser = torch.optim.AdamW(self.parameters(), lr=2e-3, weight_decay=1e-2)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimiser, 4e-3, total_steps=n_steps)
        return self

    def forward(self, images):
        return self.layers(images.float().unsqueeze(1) / 255)

    def train_step(self, batch):
        images, digits = batch
        loss = functional.cross_entropy(self(images), digits, label_smoothing=0.1)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.schedule.step()
        return {"loss": loss.detach()}

    @torch.no_grad()
    def read(self, images):
        self.eval()
        return np.concatenate([self(torch.from_numpy(part)).argmax(1).numpy() for part in np.array_split(images, 20)])


def run_cell(fonts, seed):
    """Train on glyphs, read MNIST's and EMNIST's test digits; returns what is written."""
    start = time.perf_counter()
    glyphs = load_glyphs(N_GLYPHS, classes="0123456789", fonts=fonts, random_state=seed)
    digits = glyphs.labels.astype(np.int64)
    with limit_threads(1):
        model = build(Reader, torch_generator(seed)).prepare(EPOCHS * -(-N_GLYPHS // BATCH))
        generator = np.random.default_rng(seed)
        fit_loop(model, (glyphs.images, digits), batch_size=BATCH, epochs=EPOCHS, generator=generator)
        mnist, emnist = fetch_mnist("test"), fetch_emnist("mnist", subset="test")
        read = model.read(mnist.images)
        matches = read == mnist.labels
        emnist_accuracy = float((model.read(emnist.images) == emnist.labels.astype(int)).mean())
    return {
        "figure": float(matches.mean()),
        "metric": "accuracy on MNIST test",
        "emnist_test_accuracy": emnist_accuracy,
        "accuracy_per_digit": [round(float(matches[mnist.labels == digit].mean()), 4) for digit in range(10)],
        "fonts": fonts or "all",
        "seed": seed,
        "n_glyphs": N_GLYPHS,
        "epochs": EPOCHS,
        "seconds": round(time.perf_counter() - start, 1),
        "versions": versions(),
    }


def table():
    """Markdown table of the cells that are there."""
    lines = ["| fonts | seed | MNIST test | EMNIST digits test | worst digit | seconds |", "|---|---|---|---|---|---|"]
    for path in sorted(RESULTS.glob("*.json")):
        cell = json.loads(path.read_text())
        worst = int(np.argmin(cell["accuracy_per_digit"]))
        lines.append(
            f"| {cell['fonts']} | {cell['seed']} | {cell['figure']:.4f} | {cell['emnist_test_accuracy']:.4f} "
            f"| {worst}: {cell['accuracy_per_digit'][worst]:.3f} | {cell['seconds']:.0f} |"
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", action="store_true", help="only print what is there")
    parser.add_argument("--again", action="store_true", help="run every cell anew")
    parser.add_argument("--cells", nargs="*", choices=list(CELLS), help="only these cells")
    options = parser.parse_args()
    for name, (fonts, seed) in ({} if options.table else CELLS).items():
        path = RESULTS / f"{name}.json"
        if (options.cells and name not in options.cells) or (path.exists() and not options.again):
            continue
        write_json(path, run_cell(fonts, seed))
    print(table())


if __name__ == "__main__":
    main()
