"""The house keeps its floors, its import costs and its public face."""

import ast
import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import toolkit

ROOT = Path(toolkit.__file__).parent
HEAVY = ("torch", "pyod", "umap", "numba", "matplotlib")
TOPICS = [name for name in toolkit.__all__ if inspect.ismodule(getattr(toolkit, name))]


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_import_loads_nothing_heavy():
    code = f"import sys, toolkit; print([name for name in {HEAVY} if name in sys.modules])"
    assert run_python(code).strip() == "[]"


def test_topic_packages_load_on_first_use():
    code = "import sys, toolkit; before = 'toolkit.corruption' in sys.modules; toolkit.corruption.KINDS; print(before)"
    assert run_python(code).strip() == "False"
    name = "nonsense"
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        getattr(toolkit, name)


# Rooms from the bottom up, and what importing them does not load: one process imports all in this order, and says of
# each what is there after it, so the first room that loads some is the one that is named.
LIGHT = {
    "exceptions": HEAVY,
    "_core.images": HEAVY,
    "_core.geometry": HEAVY,
    "datasets": (*HEAVY, "pooch", "requests", "skimage", "PIL"),
    "corruption": ("torch", "pyod", "umap"),
    "diagnostics": ("torch",),
    "detectors": ("torch", "pyod", "matplotlib", "numba"),
    "restoration": ("torch",),
    "plots": ("matplotlib",),
    "report": ("matplotlib",),
    "comparison": ("matplotlib",),
}


def test_rooms_load_what_is_heavy_on_use_only():
    code = (
        "import importlib, sys\n"
        f"for room, heavy in {LIGHT}.items():\n"
        "    importlib.import_module(f'toolkit.{room}')\n"
        "    if room == 'restoration':\n"
        "        sys.modules['toolkit.restoration'].repair_original\n"
        "    print(room, [name for name in heavy if name in sys.modules])"
    )
    assert run_python(code).splitlines() == [f"{room} []" for room in LIGHT]


def test_help_answers_at_once():
    command = [sys.executable, "-m", "toolkit", "--help"]
    seconds = []
    for _ in range(3):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        assert status == 0
        # Processor time: the machine may be busy with other tests, and nothing here waits for anything else.
        seconds.append(usage.ru_utime + usage.ru_stime)
    assert min(seconds) < 0.4, seconds


def test_no_room_imports_a_private_module_of_another():
    """What stands behind an underscore is a room's own; the ground floor, ``_core``, is everybody's."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        place = path.relative_to(ROOT).parts
        room = place[0] if len(place) > 1 else ""
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module]
            else:
                modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                package, *rest = module.split(".")
                if package == "toolkit" and len(rest) > 1 and rest[0] not in (room, "_core"):
                    found += [f"{'/'.join(place)}: {module}"] * any(part.startswith("_") for part in rest[1:])
                if (
                    package == "toolkit"
                    and rest
                    and rest[0] not in (room, "_core")
                    and isinstance(node, ast.ImportFrom)
                ):
                    private = [alias.name for alias in node.names if alias.name.startswith("_")]
                    found += [f"{'/'.join(place)}: {module}.{name}" for name in private]
    assert not found, found


@pytest.mark.parametrize("topic", TOPICS)
def test_every_public_name_exists_and_is_documented(topic):
    module = importlib.import_module(f"toolkit.{topic}")
    assert module.__doc__
    for name in module.__all__:
        thing = getattr(module, name)
        if callable(thing):
            assert thing.__doc__, f"toolkit.{topic}.{name} has no docstring"


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_holds_one_idea(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 450
    assert path.name != "utils.py"
    assert ast.get_docstring(ast.parse(text)), "a file opens with what it does"


def test_nothing_seeds_or_draws_from_the_global_generators():
    """PyOD's deep models reseed globally; only their adapter may put that right, under its lock."""
    found = []
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                call = ast.unparse(node.func)
                if call in ("np.random.seed", "numpy.random.seed", "torch.manual_seed", "random.seed"):
                    found.append(f"{path.relative_to(ROOT)}: {call}")
    assert [call for call in found if not call.startswith("detectors/")] == []


def test_import_floors():
    """An import points down only; the contract itself is in setup.cfg."""
    # In a process of its own: it would silence every logger that is there.
    command = [
        str(Path(sys.executable).with_name("lint-imports")),
        "--no-cache",
        "--config",
        str(Path(__file__).parents[1] / "setup.cfg"),
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_no_test_draws_from_a_generator_that_others_share():
    """It would draw something else in another order, and alone."""
    tests, shared = Path(__file__).parent, []
    files = sorted(tests.rglob("*.py"))
    assert len(files) > 50
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        made = {
            target.id
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
            for target in node.targets
            if isinstance(target, ast.Name)
            and ast.unparse(node.value.func).endswith(("random.default_rng", "random.RandomState", "torch.Generator"))
        }
        inner = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda))
        used = {name.id for node in inner for name in ast.walk(node) if isinstance(name, ast.Name)}
        shared += [f"{path.relative_to(tests)}: {name}" for name in made & used]
    assert not shared
