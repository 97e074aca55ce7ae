"""Every public class and function shows in its docstring what one does with it: an example that runs as a doctest."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import toolkit

# Doors for people: their examples are the commands of the manual and the pages themselves, whose tests run them.
NOT_FOR_PYTHON = ("cli", "web")

# Every room that is imported from, found by walking, so that a new one has its examples from the first day.
COMPLETE = tuple(
    info.name
    for info in pkgutil.iter_modules(toolkit.__path__)
    if not info.name.startswith("_") and info.name not in NOT_FOR_PYTHON
)

# What no machine can be asked to run, and why: the example is there to be read.
ONLY_READ = {
    "TensorBoardLogger": "needs an optional package",
    "fetch_emnist": "downloads",
    "fetch_fashion_mnist": "downloads",
    "fetch_mnist": "downloads",
    "photograph_appearances": "needs the weights of an optional package",
    "photograph_colours": "needs the weights of an optional package",
    "photograph_views": "needs the weights of an optional package",
}


def public_modules(room):
    """The room and every module or package below it without an underscore that lists its public names."""
    found = [importlib.import_module(f"toolkit.{room}")]
    for info in pkgutil.walk_packages(getattr(found[0], "__path__", ()), f"toolkit.{room}."):
        if not any(part.startswith("_") for part in info.name.split(".")):
            found.append(importlib.import_module(info.name))
    return [module for module in found if hasattr(module, "__all__")]


def wants_example(thing):
    """Classes and functions; an exception is raised by others, whose docstrings say when."""
    if inspect.isclass(thing):
        return not issubclass(thing, BaseException)
    return callable(thing) and inspect.isfunction(inspect.unwrap(thing))


def examples_of(thing):
    """The examples of a docstring, those that only prepare included."""
    return doctest.DocTestParser().get_examples(inspect.cleandoc(thing.__doc__ or ""))


def shows_something(examples):
    """Whether any of them is run and has an outcome to be compared with."""
    return any(example.want and not example.options.get(doctest.SKIP) for example in examples)


def named_in(room):
    """Public classes and functions by the path under which they are found."""
    for module in public_modules(room):
        for name in module.__all__:
            if wants_example(getattr(module, name)):
                yield f"{module.__name__}.{name}", getattr(module, name)


@pytest.mark.parametrize("room", COMPLETE)
def test_every_public_class_and_function_has_an_example(room):
    named = dict(named_in(room))
    assert named or room == "exceptions"  # which has nothing else
    assert [path for path, thing in named.items() if not examples_of(thing)] == []


@pytest.mark.parametrize("room", COMPLETE)
def test_every_example_runs_and_shows_an_outcome(room):
    idle = [path for path, thing in named_in(room) if not shows_something(examples_of(thing))]
    assert [path for path in idle if path.rpartition(".")[2] not in ONLY_READ] == []


def test_what_is_only_read_is_there_and_cannot_be_run():
    named = {path.rpartition(".")[2]: thing for room in COMPLETE for path, thing in named_in(room)}
    for name, reason in ONLY_READ.items():
        assert reason
        assert examples_of(named[name])
        assert not shows_something(examples_of(named[name])), f"{name} is run now, and leaves the list"


def bare():
    """It has none."""


def skipped():
    """
    >>> import toolkit
    >>> toolkit.nothing()  # doctest: +SKIP
    1
    """


def shown():
    """
    >>> 1 + 1
    2
    """


@pytest.mark.parametrize(("thing", "n_examples", "shows"), [(bare, 0, False), (skipped, 2, False), (shown, 1, True)])
def test_what_is_missing_is_found(thing, n_examples, shows):
    assert len(examples_of(thing)) == n_examples
    assert shows_something(examples_of(thing)) is shows


def test_exceptions_are_left_out():
    from toolkit.exceptions import DivergenceError

    assert not wants_example(DivergenceError)
    assert wants_example(test_exceptions_are_left_out)
