"""The scripts of the gallery: each a question with its picture, whose calls exist; ``make docs`` runs them."""

import ast
import importlib
import inspect
import pkgutil
import warnings
from pathlib import Path

import pytest

GALLERY = Path(__file__).parent.parent.parent / "docs" / "gallery"
SCRIPTS = sorted(GALLERY.glob("*/*.py"))


def tree_of(script):
    return ast.parse(script.read_text(encoding="utf-8"))


def imported(tree):
    """What a script imports by name: name to object. An import that fails raises."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = pkgutil.resolve_name(f"{node.module}.{alias.name}")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name] = importlib.import_module(alias.name)
    return found


def callee(node, names):
    """The object that a call is of, as far as it can be told without running: imported names and their attributes."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = callee(node.value, names)
        return None if owner is None else getattr(owner, node.attr)
    return None


def check_calls(tree):
    """Check that calls of imported names take the keywords and as many values as they are given; count them."""
    names, n_checked = imported(tree), 0
    for node in ast.walk(tree):
        called = callee(node.func, names) if isinstance(node, ast.Call) else None
        if called is None or not (getattr(called, "__module__", "") or "").startswith("toolkit"):
            continue
        if not any(isinstance(argument, ast.Starred) for argument in node.args):
            keywords = {keyword.arg: None for keyword in node.keywords if keyword.arg is not None}
            inspect.signature(called).bind(*node.args, **keywords)
            n_checked += 1
    return n_checked


def test_there_are_a_dozen():
    assert len(SCRIPTS) >= 12


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_calls_exist_and_take_what_they_are_given(script):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert check_calls(tree_of(script)) >= 2


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_it_is_a_question_with_a_picture(script):
    tree = tree_of(script)
    title, line = ast.get_docstring(tree).splitlines()[:2]
    assert title.endswith("?")
    assert line == "=" * len(title)
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 80
    last = [ast.unparse(node.value) for node in tree.body if isinstance(node, ast.Expr)]
    assert any(shown.endswith(".plot()") or shown == "figure" for shown in last), "nothing is drawn"


def test_pages_of_the_guide_show_scripts_that_are_there():
    """Thumbnails on a page are by path; each script is shown by some page."""
    pages = [page.read_text(encoding="utf-8") for page in GALLERY.parent.glob("guide/*.md")]
    named = {line.strip() for page in pages for line in page.splitlines() if line.startswith("   gallery/")}
    assert named == {script.relative_to(GALLERY.parent).as_posix() for script in SCRIPTS}


def test_sections_have_a_heading():
    for folder in {script.parent for script in SCRIPTS} | {GALLERY}:
        assert (folder / "GALLERY_HEADER.rst").read_text(encoding="utf-8").strip()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("from toolkit.generators import GANS", "GANS"),
        ("from toolkit.datasets import load_digits\nload_digits(copies=3)", "copies"),
        ("from toolkit.plots import RocDisplay\nRocDisplay.from_nothing()", "from_nothing"),
        ("import toolkit.datasets as data\ndata.load_npz()", "path"),
    ],
)
def test_a_wrong_call_does_not_pass(code, said):
    with pytest.raises((AttributeError, ImportError, TypeError), match=said):
        check_calls(ast.parse(code))
