"""Every code block of README and docs is executed: Python as it stands, commands with little to do.

The Python blocks of a page run one after the other in one namespace, in an empty folder. A ``text`` block right after
one is what it prints; words must be the same, numbers about the same. Where a page would take minutes, ``SMALLER`` says
which sizes are exchanged. A block under ``<!-- not run: reason -->`` is left out, and listed in ``NOT_RUN``.
"""

import contextlib
import io
import re
import shlex
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import typer

from toolkit.cli import run
from toolkit.cli._main import app

ROOT = Path(__file__).parent.parent.parent
# Pages that only a copy of the toolkit can run have a test of their own.
ELSEWHERE = {"docs/extending.md": "tests/docs/test_extending.py"}
PAGES = sorted(
    {ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs").glob("*/*.md")}
    - set((ROOT / "docs").glob("_*/*.md"))
)

# What is made smaller in a page for this test, so that it takes seconds: text of the page, and what runs instead.
SMALLER = {
    "docs/guide/can-it-be-undone.md": {
        "load_digits().images[:600]": "load_digits().images[:320]",
        '"gaussian_noise"], random_state=0)': '"gaussian_noise"], epochs=1, random_state=0)',
        "ImageRestorer(identifier, random_state=0)": "ImageRestorer(identifier, epochs=1, random_state=0)",
    },
    "docs/guide/categories-and-repair.md": {
        "max_steps=60": "generator_widths=(32, 32), discriminator_widths=(32, 32), max_steps=20",
        "digits.images[:600], n_rounds=1, n_samples=300": "digits.images[:300], n_rounds=1, n_samples=150",
    },
    "docs/guide/digits-on-demand.md": {"max_steps=500": "max_steps=100"},
    "docs/guide/flows.md": {"max_steps=300": "max_steps=20", "n_pairs=2000": "n_pairs=200"},
    "docs/guide/gan-collapse.md": {"images[:1200]": "images[:600]", 'max_steps": 300': 'max_steps": 100'},
    "docs/guide/gan-presets.md": {
        "max_seconds=3": "max_seconds=0.5",
        "every=50": "every=10",
        "max_steps=200": "max_steps=40",
        "max_steps=20,": "max_steps=5,",
    },
    "docs/guide/train-and-keep.md": {
        "latent_dim=4, epochs=10": "latent_dim=4, epochs=3",
        "max_steps=200": "max_steps=110",
        "max_steps=50)": "max_steps=10)",
    },
    "docs/guide/what-was-done.md": {
        "load_digits().images[:600]": "load_digits().images[:320]",
        '"gaussian_noise"], random_state=0)': '"gaussian_noise"], epochs=1, random_state=0)',
    },
    "docs/guide/which-images.md": {
        "images[:240]": "images[:130]",
        '"rotate_90"], random_state=0).fit': '"rotate_90"], epochs=1, random_state=0).fit',
    },
    "README.md": {"n_samples=4000, random_state=0": "n_samples=24, random_state=0"},
    "docs/tour.md": {
        "n_samples=4000, random_state=0": "n_samples=120, random_state=0",
        "= ImageRestorer(random_state=0)": "= ImageRestorer(CorruptionIdentifier(['invert'], epochs=1), epochs=1)",
        "CorruptionIdentifier(random_state=0)": "CorruptionIdentifier(epochs=1, random_state=0)",
        "Auditor(random_state=0)": (
            "Auditor(CorruptionIdentifier(['invert'], epochs=1), restorer=ImageRestorer(epochs=1), random_state=0)"
        ),
        "seeds=range(5)": "seeds=range(1)",
        "audit_images(corrupted)": "audit_images(corrupted[:24])",
        "max_seconds=10, random_state=0": "max_steps=5, random_state=0",
        "VariationalAutoencoder(random_state=0)": "VariationalAutoencoder(epochs=2, random_state=0)",
        "n_samples=4000, random_state=1": "n_samples=100, random_state=1",
    },
}

# Amounts inside the toolkit that a page has no word for, and what they are in this test.
LESS = {"toolkit.coverage._improve._ROUND_ROWS": 640}

# Blocks that are not run, by page and first line, and why: the page says so, too.
NOT_RUN = {
    ("README.md", "python3.11 -m venv .venv"): "it installs from a package index",
    ("README.md", ".venv/bin/python -m pip install torch==2.13.0 --index-url <the CPU index shown there>"): (
        "it installs from a package index"
    ),
}

# Pages whose commands are only parsed: the guide runs the same ones.
PARSED_ONLY = {"README.md", "docs/tour.md"}

# Options that are added to a command so that it has little to do; the last of an option given twice counts. None: the
# command is checked by its own parser only, since it takes minutes or waits for a browser;
# tests/cli and tests/web run it from end to end.
LITTLE = {
    "apply": None,
    "arithmetic": "--n-queries 60 --steps 5 --quiet",
    "audit": None,
    "collapse": None,
    "compare-generators": None,
    "corrupt": "",
    "coverage": "--bins 5 --no-map --quiet",
    "data fetch": None,
    "data info": "",
    "data list": "",
    "sample": "",
    "serve": None,
    "study": None,
    "train autoencoder": "--n-images 64 --epochs 1 --quiet",
    "train cgan": "--n-images 64 --epochs 1 --quiet",
    "train flow": "--n-images 64 --epochs 1 --sampling-steps 1 --quiet",
    "train gan": "--n-images 64 --epochs 1 --quiet",
    "train vae": "--n-images 64 --epochs 1 --quiet",
}
# Published sets are not there on every machine: an embedded one of the same kind takes their place.
EMBEDDED = {"mnist": "digits", "fashion_mnist": "digits", "emnist": "glyphs"}

FENCE = re.compile(
    r"(?P<before>^[^\n]*\n)?(?P<blank>\n?)^(?P<marks>`{3,})(?P<language>[\w{}-]*)[^\n]*\n(?P<code>.*?)^(?P=marks)[ ]*$",
    re.MULTILINE | re.DOTALL,
)
MARK = re.compile(r"<!-- not run: (.+?) -->")


class Block(NamedTuple):
    language: str
    code: str
    line: int
    reason: str | None  # why it is not run


def blocks_of(text):
    """The fenced blocks of a page, in order."""
    found = []
    for match in FENCE.finditer(text):
        mark = MARK.search(match["before"] or "")
        line = text.count("\n", 0, match.start("code")) + 1
        found.append(Block(match["language"], match["code"], line, mark and mark[1]))
    return found


def name_of(page):
    return page.relative_to(ROOT).as_posix()


def has_code(page):
    blocks = blocks_of(page.read_text(encoding="utf-8"))
    return name_of(page) not in ELSEWHERE and any(block.language in ("python", "sh") for block in blocks)


def commands_of(block):
    """Command lines of a shell block as lists of words, without comments."""
    lines = block.code.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def about_the_same(printed, shown):
    """The same words, and numbers within a fifth (or .05) of each other."""
    number = re.compile(r"-?\d+(?:[.,]\d+)*")
    words = [number.sub("#", text).split() for text in (printed, shown)]
    values = [[float(found.replace(",", "")) for found in number.findall(text)] for text in (printed, shown)]
    return words[0] == words[1] and np.allclose(values[0], values[1], rtol=0.2, atol=0.05)


def run_python(block, page, namespace):
    """Execute one block as if it were part of a file, and return what it prints."""
    printed = io.StringIO()
    code = compile("\n" * (block.line - 1) + block.code, str(page), "exec")
    with contextlib.redirect_stdout(printed):
        exec(code, namespace)
    return printed.getvalue()


def parse(arguments):
    """Let the command's own parser read the arguments; a mistake in use raises."""
    context = typer.main.get_command(app).make_context("toolkit", list(arguments))
    while hasattr(context.command, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        name, command, rest = context.command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
    return context


def run_toolkit(arguments, *, parsed_only=False):
    """Check a command line by its parser; run it, too, with little to do, unless it takes minutes."""
    arguments = [EMBEDDED.get(word, word) if before == "--dataset" else word for before, word in pairwise(arguments)]
    parse(arguments)
    if parsed_only or arguments[0].startswith("-"):
        return
    command = next(name for name in (" ".join(arguments[:2]), arguments[0]) if name in LITTLE)
    if LITTLE[command] is not None:
        assert run([*arguments, *LITTLE[command].split()]) == 0, arguments


def pairwise(words):
    return zip([None, *words], words)


def check_command(words, *, parsed_only=False):
    """One command line of a page."""
    program = words[0].removeprefix(".venv/bin/")
    if program == "make":
        targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        assert {word for word in words[1:] if "=" not in word} <= targets, words
    elif program == "toolkit":
        run_toolkit(words[1:], parsed_only=parsed_only)
    elif program == "python" and words[1].startswith(("benchmarks/", "docs/")):
        script = ROOT / words[1].replace("<script>", "identification.py")
        text = script.read_text() + (ROOT / "benchmarks" / "cells.py").read_text()
        assert all(f'"{word}"' in text for word in words[2:] if word.startswith("--")), words
    elif program == "source":
        assert words[1:] == [".venv/bin/activate"], words
    elif program == "pre-commit":
        assert words[1:] == ["install"]
    else:
        pytest.fail(f"no way to check: {shlex.join(words)}")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The files that commands of the pages are about."""
    from PIL import Image

    from toolkit.datasets import load_glyphs, save_npz

    folder = tmp_path_factory.mktemp("files")
    images = load_glyphs(n_samples=80, random_state=0).images
    for name in ("my_images", "real", "samples"):
        save_npz(folder / f"{name}.npz", images[::2] if name == "samples" else images)
    (folder / "my_pictures").mkdir()
    for place, image in enumerate(images):
        Image.fromarray(image).resize((90, 80)).convert("RGB").save(folder / f"my_pictures/{place:02}.png")
    return folder


@pytest.fixture
def workplace(files, tmp_path, monkeypatch):
    """A folder with those files, and nothing else."""
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOOLKIT_DATA", str(tmp_path / "cache"))
    for name, amount in LESS.items():
        monkeypatch.setattr(name, amount)
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if has_code(page)], ids=name_of)
@pytest.mark.filterwarnings("ignore")
def test_blocks_run(page, workplace):
    text = page.read_text(encoding="utf-8")
    for shown, instead in SMALLER.get(name_of(page), {}).items():
        assert shown in text, f"{shown!r} is no longer in {name_of(page)}"
        text = text.replace(shown, instead)
    namespace, printed = {"__name__": "__main__"}, None
    for block in blocks_of(text):
        if block.language == "python" and block.reason is None:
            printed = run_python(block, page, namespace)
            continue
        if block.language == "sh" and block.reason is None:
            for words in commands_of(block):
                check_command(words, parsed_only=name_of(page) in PARSED_ONLY)
        elif block.language == "text" and printed is not None:
            assert about_the_same(printed, block.code), f"{page}:{block.line} shows something else than\n{printed}"
        else:
            directives = ("{toctree}", "{include}", "{eval-rst}")
            assert block.language in ("python", "sh", "text", "", *directives), block.language
        printed = None


def test_blocks_that_are_not_run_say_why():
    found = {
        (name_of(page), block.code.splitlines()[0]): block.reason
        for page in PAGES
        for block in blocks_of(page.read_text(encoding="utf-8"))
        if block.reason
    }
    assert found == NOT_RUN


def test_every_command_is_in_the_table_of_what_runs():
    group = typer.main.get_command(app)
    names = []
    for name, command in group.commands.items():
        names += [f"{name} {sub}" for sub in command.commands] if hasattr(command, "commands") else [name]
    assert sorted(names) == sorted(LITTLE)


def test_a_wrong_option_or_output_does_not_pass():
    with pytest.raises(Exception, match="--epoch-count"):
        parse(["train", "gan", "--epoch-count", "3"])
    with pytest.raises(AssertionError):
        check_command(["make", "coffee"])
    assert about_the_same("12 of 100 bins, p = 0.30", "12 of 100 bins, p = 0.31")
    assert not about_the_same("12 of 100 bins", "40 of 100 bins")
    assert not about_the_same("kind: invert", "kind: rotate")
