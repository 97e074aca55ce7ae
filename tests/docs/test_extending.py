"""What docs/extending.md says is true: files and lines as it shows them, put into a copy of the toolkit, and used."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "extending.md"
STEP = re.compile(r"^(?P<said>[^\n]+:)\n\n```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"The file `(\S+)`:")
LINE = re.compile(r"The line in `(\w+)` of `(\S+)`(, with its import)?:")


def sections():
    """By heading: files to write, lines to put into tables, and what is run in the end."""
    found = {}
    for part in re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        steps = [(match["said"], match["code"]) for match in STEP.finditer(part)]
        if steps:
            found[part.partition("\n")[0]] = steps
    return found


SECTIONS = sections()


def add_line(path, table, code):
    """Put a line at the end of a literal table, and its import among the imports."""
    text = path.read_text(encoding="utf-8")
    imports, _, line = code.rpartition("\n\n")
    opening = re.search(rf"^{table} = {{$", text, re.MULTILINE)
    end = text.index("\n}\n", opening.start()) + 1
    text = text[:end] + line + text[end:]
    if imports:
        first = re.search(r"^(?:from|import) ", text, re.MULTILINE).start()
        text = f"{text[:first]}{imports}\n{text[first:]}"
    path.write_text(text, encoding="utf-8")


def test_every_addition_is_one_file_and_one_line():
    assert list(SECTIONS) == ["A detector", "A corruption", "An objective", "A metric"]
    for name, steps in SECTIONS.items():
        (first, _), (second, code), (third, _) = steps
        assert FILE.fullmatch(first), name
        assert LINE.fullmatch(second), name
        assert third == "That is all:", name
        assert sum(line.startswith("    ") for line in code.splitlines()) == 1, f"{name}: one line in the table"


# What the examples claim to be, checked where they are: beside the last blocks of the sections.
CHECKS = {
    # At its best the objective is minus Pearson's divergence, of two distributions on two points here.
    "divergence": """
import torch
from toolkit.generators.adversarial._pearson import pearson_discriminator
p, q = torch.tensor([0.7, 0.3]), torch.tensor([0.4, 0.6])
real, fake = torch.tensor([0] * 7 + [1] * 3), torch.tensor([0] * 4 + [1] * 6)
critic = torch.zeros(2, requires_grad=True)
for _ in range(500):
    loss = pearson_discriminator(critic[real], critic[fake])
    (gradient,) = torch.autograd.grad(loss, critic)
    critic = (critic - 0.5 * gradient).detach().requires_grad_()
print(torch.allclose(-loss, ((p - q) ** 2 / q).sum(), atol=1e-5))
""",
    "recall": """
import numpy as np
from toolkit.comparison import detection_metrics
truth = np.r_[np.zeros(100, bool), np.ones(4, bool)]
scores = np.r_[np.arange(100.0), 10.0, 94.5, 98.5, 200.0]
print(detection_metrics(truth, scores)["recall_at_5_percent"])
""",
}


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What the last blocks and the checks print, by name, with a copy of the toolkit that has all four additions."""
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "toolkit", copy / "toolkit", ignore=shutil.ignore_patterns("__pycache__"))
    for (first, file), (second, line), _ in SECTIONS.values():
        target = copy / FILE.fullmatch(first)[1]
        assert not target.exists()
        target.write_text(file, encoding="utf-8")
        table, path, _ = LINE.fullmatch(second).groups()
        add_line(copy / path, table, line)
    # One process for all: importing is what costs.
    blocks = {name: steps[2][1] for name, steps in SECTIONS.items()} | CHECKS
    script = copy / "blocks.py"
    script.write_text(
        f"import toolkit\nassert toolkit.__file__.startswith({str(copy)!r}), toolkit.__file__\n"
        f"for name, code in {blocks!r}.items():\n    print('##', name)\n    exec(code, {{}})\n",
        encoding="utf-8",
    )
    found = subprocess.run(
        [sys.executable, "-W", "ignore", str(script)],
        env={**os.environ, "PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"},
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr
    return dict(part.split("\n", 1) for part in found.stdout.split("## ")[1:])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("A detector", "(300,) True\n[['mahalanobis', 'ok'], ['pca', 'ok']]\n"),
        ("A corruption", "vignette True True\n"),
        ("An objective", "(3, 2)\n['mlp, pearson', 'mlp, pearson, packing']\n"),
        ("A metric", "1.0\n(1, 1)\n"),
        ("divergence", "True\n"),
        ("recall", "0.75\n"),
    ],
)
def test_what_was_added_is_known_by_name_and_true(printed, name, expected):
    assert printed[name] == expected
