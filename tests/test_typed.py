"""Every public callable says what it takes and what it gives."""

import configparser
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import toolkit

ROOT = Path(toolkit.__file__).parent

# Rooms of which some callables are not annotated yet. It gets shorter, never longer.
UNFINISHED: set[str] = set()

# Modules whose business is tensors; everywhere else arrays travel.
TENSORS = {
    *("diagnostics.damage.network", "diagnostics.damage.writing", "diagnostics.identifier.network", "embeddings.lite0"),
    *("generators.adversarial", "generators.flow", "nn", "nn.tensors"),
}


def public_modules():
    """The package itself, and every module or package below it without an underscore, that lists its public names."""
    found = [toolkit]
    for info in pkgutil.walk_packages(toolkit.__path__, "toolkit."):
        if not any(part.startswith("_") for part in info.name.split(".")):
            found.append(importlib.import_module(info.name))
    return [module for module in found if hasattr(module, "__all__")]


def functions_of(thing):
    """Functions that a public name can be called by: itself, or methods and properties, inherited from us included."""
    if not inspect.isclass(thing):
        if callable(thing) and inspect.isfunction(inspect.unwrap(thing)):
            yield thing.__qualname__, thing
        return
    for kind in thing.__mro__:
        if not kind.__module__.startswith("toolkit"):
            continue
        for name, member in vars(kind).items():
            if name.startswith("_") and name not in ("__init__", "__call__"):
                continue
            if isinstance(member, property):
                member = member.fget
            elif isinstance(member, (classmethod, staticmethod)):
                member = member.__func__
            # What Protocol and dataclasses put in is theirs.
            if inspect.isfunction(member) and inspect.unwrap(member).__module__.startswith("toolkit"):
                yield f"{kind.__qualname__}.{name}", member


def missing(function):
    """Parameters of a function without an annotation, and ``return``."""
    signature = inspect.signature(function)
    empty = inspect.Parameter.empty
    names = [name for name, part in signature.parameters.items() if part.annotation is empty]
    found = [name for place, name in enumerate(names) if not (name in ("self", "cls") and place == 0)]
    return found + ["return"] * (signature.return_annotation is empty and function.__name__ != "__init__")


def room_of(module):
    return (module.split(".") + [""])[1]


def unannotated(modules):
    """Public callables that are not annotated completely, by the room that has to mend them."""
    found = {}
    for module in modules:
        for name in module.__all__:
            for qualified, function in functions_of(getattr(module, name)):
                names = missing(function)
                if names:
                    place = function.__module__
                    found.setdefault(room_of(place), set()).add(f"{place}.{qualified}: {', '.join(names)}")
    return found


def test_public_callables_are_annotated():
    modules = public_modules()
    assert {module.__name__ for module in modules} >= {f"toolkit.{topic}" for topic in UNFINISHED}
    found = unannotated(modules)
    assert {room: names for room, names in found.items() if room not in UNFINISHED} == {}
    assert set(found) >= UNFINISHED, "a room that is finished leaves the list"


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: x, ["x", "return"]),
        (test_public_callables_are_annotated, ["return"]),
    ],
)
def test_what_is_missing_is_found(function, expected):
    assert missing(function) == expected


def test_methods_properties_and_inherited_ones_are_looked_at():
    from toolkit.datasets import ImageFolder, ImageSource
    from toolkit.detectors import OutlierDetector

    assert {"OutlierDetector.__init__", "OutlierDetector.fit", "ScoreThresholdMixin.predict"} <= {
        name for name, _ in functions_of(OutlierDetector)
    }
    assert {"ImageFolder.skipped", "ImageSet.subset"} <= {name for name, _ in functions_of(ImageFolder)}
    assert "ImageSource.chunks" in {name for name, _ in functions_of(ImageSource)}


def test_no_tensors_in_public_signatures():
    found = []
    for module in public_modules():
        if module.__name__.removeprefix("toolkit.") in TENSORS:
            continue
        for name in module.__all__:
            for qualified, function in functions_of(getattr(module, name)):
                found += [f"{module.__name__}.{qualified}"] * ("Tensor" in str(inspect.signature(function)))
    assert found == []


def test_a_type_checker_finds_the_annotations():
    """The marker of PEP 561 is there, and is installed with the package."""
    config = configparser.ConfigParser()
    config.read(Path(__file__).parents[1] / "setup.cfg", encoding="utf-8")
    assert (ROOT / "py.typed").is_file()
    assert "py.typed" in config["options.package_data"]["toolkit"].split()
