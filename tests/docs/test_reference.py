"""The API reference names every public thing once, under a task."""

import importlib
import pkgutil
import runpy
from collections import Counter
from pathlib import Path

import pytest

import toolkit

DOCS = Path(__file__).parent.parent.parent / "docs"
TASKS = runpy.run_path(str(DOCS / "reference.py"))["TASKS"]
LISTED = [name for _, _, groups in TASKS.values() for names in groups.values() for name in names.split()]


def public_names():
    """All that packages without an underscore export, by path within the toolkit."""
    found = {name for name in toolkit.__all__ if callable(getattr(toolkit, name))}
    for package in pkgutil.iter_modules(toolkit.__path__):
        if not package.name.startswith("_"):
            module = importlib.import_module(f"toolkit.{package.name}")
            exported = getattr(module, "__all__", None)
            if exported is None:  # a plain module: the classes that it defines
                exported = [
                    name for name, thing in vars(module).items() if getattr(thing, "__module__", "") == module.__name__
                ]
            found |= {f"{package.name}.{name}" for name in exported}
    return found


def thing(name):
    return pkgutil.resolve_name(f"toolkit.{name}")


def test_no_name_stands_twice():
    assert [name for name, count in Counter(LISTED).items() if count > 1] == []
    # Nor does one thing stand under two of its names.
    callables = Counter(id(thing(name)) for name in LISTED if callable(thing(name)))
    assert set(callables.values()) == {1}


def test_every_public_name_is_listed_and_nothing_else():
    public = public_names()
    assert set(LISTED) - public == set()
    listed = {id(thing(name)) for name in LISTED if callable(thing(name))}
    assert [name for name in sorted(public - set(LISTED)) if id(thing(name)) not in listed] == []


def test_every_task_has_a_sentence_and_names():
    for title, said, groups in TASKS.values():
        assert title[0].isupper()
        assert said.endswith((".", "?"))
        assert groups
        assert all(names.split() for names in groups.values())


def test_pages_follow_the_table():
    pytest.importorskip("sphinx", reason="pages are generated in the environment of `make docs`")
    import sys

    sys.path.insert(0, str(DOCS))
    try:
        pages = importlib.import_module("generated_pages")
        text = "".join(pages.api_page(task) for task in TASKS)
        assert all(f" {name}\n" in text or f"py:data:: toolkit.{name}\n" in text for name in LISTED)
        assert all(f"   {task}\n" in pages.api_index() for task in TASKS)
    finally:
        sys.path.remove(str(DOCS))
