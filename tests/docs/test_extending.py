"""What docs/extending.md says is true: files and lines as it shows them, put into a copy of the toolkit, and used."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import toolkit

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "extending.md"
STEP = re.compile(r"^(?P<said>[^\n]+:)\n\n```python\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"The file `(\S+)`:")
LINE = re.compile(r"The line in (?:`(\w+)`|the (\w+)) of `(\S+)`(, with its import)?:")
LAST = "That is all:"
# Lines of the table of changes: what is added, and the files that are touched.
ROW = re.compile(r"^\| \[.+\]\(#(\S+)\) \| (.+) \|$", re.MULTILINE)


def sections():
    """By heading: files to write, lines to put into tables, and what is run in the end."""
    found = {}
    for part in re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        steps = [(match["said"], match["code"]) for match in STEP.finditer(part)]
        if steps:
            found[part.partition("\n")[0]] = steps
    return found


SECTIONS = sections()


def add_line(path, table, place, code):
    """Put a line at the end of a literal table, or before others of its like, and its import among the imports."""
    text = path.read_text(encoding="utf-8")
    imports, _, line = code.rpartition("\n\n")
    if table:
        opening = re.search(rf"^{table} = ([{{(])$", text, re.MULTILINE)
        end = text.index({"{": "\n}\n", "(": "\n)\n"}[opening[1]], opening.start()) + 1
    else:
        # Imports may go on over lines: a new one stands before the first.
        like = {"imports": "\nfrom toolkit", "commands": "\napp.add_typer"}[place]
        end = text.index(like) + 1
    text = text[:end] + line + text[end:]
    if imports:
        first = re.search(r"^(?:from|import) ", text, re.MULTILINE).start()
        text = f"{text[:first]}{imports}\n{text[first:]}"
    path.write_text(text, encoding="utf-8")


def touched(steps):
    """The files that a section writes or adds a line to, in its order."""
    return [match[1] if (match := FILE.fullmatch(said)) else LINE.fullmatch(said)[3] for said, _ in steps[:-1]]


def test_the_table_of_changes_is_what_the_sections_do():
    """None of the changes touches more than three files: one of its own, and lines in tables."""
    stated = {anchor: re.findall(r"`(\S+)`", files) for anchor, files in ROW.findall(PAGE.read_text(encoding="utf-8"))}
    assert stated == {name.lower().replace(" ", "-"): touched(steps) for name, steps in SECTIONS.items()}
    assert len(stated) == 9
    for name, steps in SECTIONS.items():
        assert len(set(touched(steps))) <= 3, name


@pytest.mark.parametrize("name", SECTIONS)
def test_every_addition_is_a_file_and_a_line_each(name):
    *changes, (last, _) = SECTIONS[name]
    assert last == LAST
    assert sum(bool(FILE.fullmatch(said)) for said, _ in changes) <= 1
    for said, code in changes:
        if not FILE.fullmatch(said):
            assert LINE.fullmatch(said), said
            assert len(code.rpartition("\n\n")[2].splitlines()) == 1, "one line in the table"


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
    # Scipy's distance of two samples on a line is the root of it; its reference is that of splits drawn here anew.
    "energy": """
import numpy as np
from scipy.stats import energy_distance as on_a_line
from toolkit.coverage import COVERAGE_METRICS, ModeCoverage
from toolkit.coverage._row_pair import RowPair
from toolkit.datasets import load_ring
rng = np.random.default_rng(0)
first, second = (np.column_stack([rng.normal(size=60), np.zeros(60)]) for _ in range(2))
energy = COVERAGE_METRICS["energy"].measure
print(np.isclose(energy(RowPair(first, second, 5)), on_a_line(first[:, 0], second[:, 0]) ** 2))
points = load_ring(400, random_state=0).points
coverage = ModeCoverage(random_state=0).fit(points)
anew = []
for _ in range(30):
    order = rng.permutation(400)
    pair = (np.column_stack([coverage.features_[rows], np.zeros(200)]) for rows in (order[:200], order[200:]))
    anew.append(energy(RowPair(*pair, 5)))
kept = coverage._reference_figures["energy"]
print(len(kept), min(anew) / 2 < kept.mean() < 2 * max(anew))
# What was fitted without the metric is held against as many splits when it is asked for.
del coverage._reference_figures["energy"]
record = coverage.evaluate(load_ring(400, random_state=1).points)
print(min(anew) / 2 < record.expected["energy"] < 2 * max(anew), "energy" not in coverage._reference_figures)
""",
    # A metric more changes no other figure: this copy has one, the toolkit beside it has not.
    "others": """
from toolkit.coverage import ModeCoverage
from toolkit.datasets import load_digits
images = load_digits().images
record = ModeCoverage(random_state=0, n_draws=50).fit(images[:300]).evaluate(images[300:420])
print(record.frame().set_index("metric").drop(index="energy", errors="ignore").to_csv())
""",
}


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What the last blocks and the checks print, by name, with a copy of the toolkit that has all additions."""
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(Path(toolkit.__file__).parent, copy / "toolkit", ignore=shutil.ignore_patterns("__pycache__"))
    for *changes, _ in SECTIONS.values():
        for said, code in changes:
            if match := FILE.fullmatch(said):
                assert not (copy / match[1]).exists()
                (copy / match[1]).write_text(code, encoding="utf-8")
            else:
                table, place, path, _ = LINE.fullmatch(said).groups()
                add_line(copy / path, table, place, code)
    # One process for all: importing is what costs.
    blocks = {name: steps[-1][1] for name, steps in SECTIONS.items()} | CHECKS
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
        ("A package of detectors", "[0, 1, 2, 3, 4]\nTrue\n"),
        ("A gradient penalty", "True\n"),
        ("A metric of detection", "1.0\n(1, 1)\n"),
        ("A metric of coverage", "True True False\nTrue True\nTrue True\n2\n"),
        ("A command", "12 images of 8 x 9 pixels\n0 1\n"),
        ("divergence", "True\n"),
        ("recall", "0.75\n"),
        ("energy", "True\n5 True\nTrue True\n"),
    ],
)
def test_what_was_added_is_known_by_name_and_true(printed, name, expected):
    assert printed[name] == expected


def test_a_study_that_was_added_is_one(printed):
    from toolkit.datasets import load_digits

    means = load_digits().images.mean(axis=(1, 2))
    first, second = printed["A study"].splitlines()
    assert first.startswith(f"Image {means.argmax()} has the most ink: ")
    assert second == f"{means.argmax()} True"


def test_a_metric_more_changes_no_other_figure(printed, capsys):
    exec(CHECKS["others"], {})
    assert capsys.readouterr().out == printed["others"]
