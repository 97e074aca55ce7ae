"""The API reference names every public thing once, under a task."""

import importlib
import inspect
import pkgutil
import runpy
from collections import Counter
from pathlib import Path

import pytest

import toolkit

DOCS = Path(__file__).parent.parent.parent / "docs"
_REFERENCE = runpy.run_path(str(DOCS / "reference.py"))
TASKS, CONSTANTS = _REFERENCE["TASKS"], _REFERENCE["CONSTANTS"]
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


def test_every_table_and_number_has_a_sentence():
    assert set(CONSTANTS) == {name for name in LISTED if not callable(thing(name))}
    assert all(said.endswith(".") for said in CONSTANTS.values())


def test_every_docstring_has_a_summary_of_one_line():
    """It is what the lists of names show."""
    for name in LISTED:
        if callable(thing(name)):
            summary = (inspect.getdoc(thing(name)) or "").partition("\n\n")[0]
            assert summary.endswith((".", "?")), name
            assert "\n" not in summary, name


def test_every_function_says_what_it_takes_and_gives():
    """Of what somebody calls, parameters and answer have a section each."""
    for name in LISTED:
        function = thing(name)
        if inspect.isfunction(function):
            text, signature = inspect.getdoc(function), inspect.signature(function)
            if signature.parameters and "Parameters, storage and errors are those of" not in text:
                assert "Parameters\n-----" in text, name
            if signature.return_annotation not in (None, "None", inspect.Signature.empty):
                assert "Returns\n-----" in text or "Yields\n-----" in text, name


def test_every_public_method_and_property_says_something():
    """Those of classes of the toolkit; what a base class of another package documents is documented."""
    for name in LISTED:
        if inspect.isclass(thing(name)):
            for member in vars(thing(name)):
                if not member.startswith("_") and (
                    callable(getattr(thing(name), member)) or isinstance(vars(thing(name))[member], property)
                ):
                    assert inspect.getdoc(getattr(thing(name), member)), f"{name}.{member}"


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
