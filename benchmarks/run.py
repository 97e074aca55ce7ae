"""All tables at once: what there is, what is missing, and what was measured.

    python benchmarks/run.py --list             each script, its cells that are there and missing, and what it asks
    python benchmarks/run.py --missing          the cells that are missing, a line each
    python benchmarks/run.py --table [SCRIPT]   prints tables: of all scripts, or of those named

Nothing is measured here: ``python benchmarks/<script>`` measures what is missing of its table.
"""

import argparse
import ast
import contextlib
import io
import runpy
import subprocess
import sys
from pathlib import Path

import cells
import seeds

HERE = Path(__file__).parent


def scripts():
    """Scripts that print a table, by name, with the first line of what they say of themselves."""
    found = {}
    for path in sorted(HERE.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if path.stem not in ("cells", "run", "seeds") and (_hands_cells(ast.parse(text)) or "--table" in text):
            found[path.stem] = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
    return found


def _hands_cells(tree):
    """Whether a script tells :func:`cells.main` what its cells are; the others alone know which they lack."""
    return any(
        (
            isinstance(node, ast.ImportFrom)
            and node.module == "cells"
            and any(name.name == "main" for name in node.names)
        )
        or (isinstance(node, ast.Attribute) and ast.unparse(node) == "cells.main")
        for node in ast.walk(tree)
    )


def tables_of(name):
    """Table and names of the cells that a script would measure, as it tells :func:`cells.main` itself."""
    if not _hands_cells(ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))):
        return []
    told = []
    measured, cells.main = cells.main, lambda table, wanted, show, description: told.append((table, list(wanted), show))
    arguments, sys.argv = sys.argv, [name]
    try:
        runpy.run_path(str(HERE / f"{name}.py"), run_name="__main__")
    finally:
        cells.main, sys.argv = measured, arguments
    return told


def listed(names):
    """A line a table: cells there, cells missing, and what it is about."""
    about = scripts()
    for name in names:
        told = tables_of(name)
        if not told:
            print(f"{name:26s} {len(cells.load(name)):4d} there                 {about[name]}")
        for table, wanted, _ in told:
            there = set(cells.load(table))
            missing = [cell for cell in wanted if cell not in there]
            print(f"{name:26s} {len(wanted) - len(missing):4d} there, {len(missing):4d} missing   {about[name]}")


def missing(names):
    """A line for each cell that was never measured."""
    for name in names:
        for table, wanted, _ in tables_of(name):
            there = set(cells.load(table))
            for cell in wanted:
                if cell not in there:
                    print(f"python benchmarks/{name}.py --only {cell}")


def table(names):
    """The tables, printed from the cells that are there."""
    for name in names:
        told = tables_of(name)
        if not told:
            command = [sys.executable, str(HERE / f"{name}.py"), "--table"]
            text = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout
            print(f"## {name}\n\n{text.rstrip()}\n\n{seeds.said(name, cells.load(name))}\n")
        for folder, _, show in told:
            text = io.StringIO()
            there = cells.load(folder)
            with contextlib.redirect_stdout(text), cells.whole_frames():
                show(there)
            print(f"## {name}\n\n{text.getvalue().rstrip() or 'Not measured.'}\n")
            if there:
                print(f"{seeds.said(name, there)}\n")


def main():
    """Read what is asked for, and answer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked = parser.add_mutually_exclusive_group(required=True)
    for flag, function in (("--list", listed), ("--missing", missing), ("--table", table)):
        asked.add_argument(flag, dest="answer", action="store_const", const=function, help=function.__doc__)
    parser.add_argument("scripts", nargs="*", metavar="SCRIPT", help="without .py; all by default")
    options = parser.parse_args()
    known = scripts()
    names = [Path(name).stem for name in options.scripts] or list(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        parser.error(f"no benchmark is called {unknown[0]!r}; there are {', '.join(known)}")
    options.answer(names)


if __name__ == "__main__":
    with cells.leaving_quietly():
        main()
