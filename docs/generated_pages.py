"""Write the pages that follow from something else: API reference, benchmark tables, notebooks.

They go to ``docs/_generated``, which git ignores, and are only touched where they change, so that a second build is
quick.
"""

import ast
import contextlib
import inspect
import io
import json
import pkgutil
import re
import runpy
import sys
from itertools import groupby
from pathlib import Path

import pandas as pd
from reference import CONSTANTS, TASKS
from sphinx.util import logging

import toolkit

logger = logging.getLogger(__name__)

DOCS = Path(__file__).parent
ROOT = DOCS.parent
TARGET = DOCS / "_generated"
BENCHMARKS = ROOT / "benchmarks"
MARK = "\x00"  # around a table in what a script prints
NOTEBOOKS = ROOT / "notebooks"

ROOMS = [name for name in toolkit.__all__ if inspect.ismodule(getattr(toolkit, name))] + ["nn"]


def write():
    """All pages."""
    write_if_changed(TARGET / "api" / "index.rst", api_index())
    for task in TASKS:
        write_if_changed(TARGET / "api" / f"{task}.rst", api_page(task))
    write_if_changed(TARGET / "api" / "packages.rst", api_packages())
    names = {
        f"toolkit.{name}" for _, _, groups in TASKS.values() for group in groups.values() for name in group.split()
    }
    for page in (TARGET / "api" / "names").glob("*.rst"):
        if page.stem not in names:
            page.unlink()
    for stale in set((TARGET / "api").glob("*.rst")) - {
        TARGET / "api" / f"{n}.rst" for n in (*TASKS, "packages", "index")
    }:
        stale.unlink()
    write_if_changed(TARGET / "benchmarks.md", benchmark_page())
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    write_if_changed(TARGET / "changelog.md", changes.replace("](docs/", "](../"))
    write_notebooks()


def write_if_changed(path, text):
    """Write ``text``, unless the file says just that."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


# The API reference: a page for each task, a page for each public name.


def heading(text, line="="):
    return f"{text}\n{line * len(text)}\n"


def api_index():
    """The tasks, and what lies behind each."""
    tasks = "\n".join(f"   {task}" for task in TASKS)
    rows = "\n".join(f"   * - :doc:`{title} <{task}>`\n     - {said}" for task, (title, said, _) in TASKS.items())
    return "\n".join(
        [
            heading("API reference"),
            "Every public name, by what one wants to do. Names are within ``toolkit``: ``audit.Auditor`` is",
            "imported by ``from toolkit.audit import Auditor``. Packages load on first use.",
            "The same :ref:`by alphabet <genindex>`; what each package is for: :doc:`packages`.",
            "",
            ".. list-table::",
            "   :widths: 30 70",
            "",
            rows,
            "",
            ".. toctree::",
            "   :hidden:",
            "   :maxdepth: 1",
            "",
            tasks,
            "   packages",
            "",
        ]
    )


def api_page(task):
    """One task: its names under their headings, tables as what they hold."""
    title, said, groups = TASKS[task]
    parts = [heading(title), said, "", ".. currentmodule:: toolkit", ""]
    for group, names in groups.items():
        things = {name: pkgutil.resolve_name(f"toolkit.{name}") for name in names.split()}
        callables = [name for name, thing in things.items() if callable(thing)]
        parts += [heading(group, "-")]
        if callables:
            parts += [".. autosummary::", "   :toctree: names", "   :nosignatures:", ""]
            parts += [f"   {name}" for name in callables] + [""]
        for name in things:
            if name not in callables:
                said_of_it, value = CONSTANTS[name], plain_value(things[name])
                parts += [f".. py:data:: toolkit.{name}", "", f"   {said_of_it}", "", f"   {value}", ""]
    return "\n".join(parts)


def api_packages():
    """What each package says of itself."""
    parts = [heading("Packages"), "What each package is for; its names stand under their tasks.", ""]
    for room in ROOMS:
        parts += [heading(f"toolkit.{room}", "-"), f".. automodule:: toolkit.{room}", "   :no-members:", ""]
    return "\n".join(parts)


def plain_value(value):
    """What a public table holds, in a line."""
    if isinstance(value, dict):
        return "Names: " + ", ".join(f"``{key}``" for key in value) + "."
    if isinstance(value, tuple | list | frozenset | set):
        return ", ".join(f"``{entry}``" for entry in value) + "."
    return f"``{value!r}``"


# The benchmarks: what each script prints of the cells that are there.


def benchmark_page():
    """Every table, with what it is about and the command that measures it."""
    parts = [
        "# Benchmarks",
        "",
        "The figures of {doc}`How well it does </measured>` stand in these tables, unless an earlier version is named",
        "there; trials on tuning rows are told in {doc}`How it works </how/index>`. They are printed from the cells in",
        "`benchmarks/results` when this page is built; each cell keeps its figures, seed, seconds and versions, and of",
        "late its commit.",
        "",
        "Without `--table` a script measures the cells that are missing, which takes from a minute to hours. Scripts",
        "that need published data find it in the folder that `TOOLKIT_DATA` names. A *bar* is what a figure was held",
        "against; several are missed, and the tables say so.",
        "",
    ]
    with _importable(BENCHMARKS):
        from cells import load
        from run import scripts
        from seeds import said

        # What measures nothing, as makers of weights and what several scripts share, has no section.
        for name in scripts():
            parts += benchmark_section(BENCHMARKS / f"{name}.py")
            if there := load(name):
                parts += [said(name, there), ""]
    return "\n".join(parts)


def benchmark_section(script):
    """Heading, description, command and table of one script."""
    text = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8")))
    title, _, rest = text.partition("\n")
    description = rest.strip("\n").replace("``", "`")
    try:
        table = printed_table(script)
    except Exception as error:
        logger.warning("%s --table fails: %r", script.name, error)
        table = "This table could not be printed."
    measured = as_tables(table) if table else "**Not measured.**"
    shown = "" if "--table" in description else f"```sh\npython benchmarks/{script.name} --table\n```\n"
    return [f"## {script.stem}", "", title.strip(), "", _as_paragraphs(description), "", shown, measured, ""]


def _as_paragraphs(text):
    """A docstring as Markdown: indented commands become code."""
    lines, out, inside = text.splitlines(), [], False
    for line in lines:
        code = line.startswith("    ")
        if code and not inside:
            out.append("```sh")
        if inside and not code and line.strip():
            while out[-1] == "":
                out.pop()
            out += ["```", ""]
        inside = code or (inside and not line.strip())
        # What a command does stands behind two blanks: as a comment it can be copied along with the command.
        out.append(re.sub(r"(?<=\S)(  +)(?=[^#\s])", r"\1# ", line[4:], count=1) if code else line)
    while out and out[-1] == "":
        out.pop()
    if inside:
        out.append("```")
    return "\n".join(out)


def printed_table(script):
    """What ``python script --table`` prints, or nothing if there is no cell yet."""
    if not any((BENCHMARKS / "results" / script.stem).glob("*.json")):
        return ""
    arguments, printed = sys.argv, io.StringIO()
    sys.argv = [str(script), "--table"]
    try:
        with contextlib.redirect_stdout(printed), _frames_as_html():
            runpy.run_path(str(script), run_name="__main__")
    finally:
        sys.argv = arguments
    return printed.getvalue().strip("\n")


@contextlib.contextmanager
def _frames_as_html():
    """Frames are printed as HTML of one line between marks: text would be cut off at the edge of a page."""
    taken = ("columns", "header", "index", "na_rep", "formatters", "float_format")

    def to_html(frame, *arguments, **options):
        options = {name: value for name, value in options.items() if name in taken and value is not None}
        if isinstance(frame, pd.Series) and frame.name is None:
            options["header"] = False  # it would be a nought
        with pd.option_context("display.max_colwidth", None):
            text = pd.DataFrame(frame).to_html(border=0, **({"na_rep": "—"} | options))
        return f"{MARK}{text.replace(chr(10), ' ')}{MARK}"

    owners = [(pd.DataFrame, "to_string"), (pd.DataFrame, "to_markdown"), (pd.Series, "to_string")]
    before = [getattr(owner, name) for owner, name in owners]
    for owner, name in owners:
        setattr(owner, name, to_html)
    try:
        yield
    finally:
        for (owner, name), method in zip(owners, before, strict=True):
            setattr(owner, name, method)


def as_tables(printed):
    """What a script printed: frames as tables, single lines as text, and what is laid out by hand as it is."""
    parts = []
    for place, part in enumerate(printed.split(MARK)):
        if place % 2:
            parts.append(f'<div class="table-wrapper">{_of_a_page_s_width(part)}</div>')
        elif part.strip():
            parts += _as_text(part.strip("\n").splitlines())
    return "\n\n".join(parts)


def _as_text(lines):
    """Lines as paragraphs; rows between bars are a table already, and columns laid out by hand stay as they are."""
    if any("  " in line.strip() for line in lines):
        return ["```text\n" + "\n".join(lines) + "\n```"]
    # Blanks at the beginning of a line would make a block of code of it.
    groups = groupby(filter(None, map(str.strip, lines)), key=lambda line: line.startswith("|"))
    return [("\n" if bars else "\n\n").join(group) for bars, group in groups]


def _of_a_page_s_width(table):
    """Headings of columns may be broken at underscores."""
    head, found, body = table.partition("</thead>")
    head = re.sub(r"(?<=[^\W_])_(?=[^\W_])", "_<wbr>", head)
    return head + found + body


@contextlib.contextmanager
def _importable(folder):
    """Scripts import one another by name."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


# The notebooks, as they were run.


def one_title(text):
    """A notebook whose first heading alone is of the first level: more of them would be pages in the contents."""
    notebook = json.loads(text)
    heading_line = re.compile(r"^(?=#+ )", re.MULTILINE)
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    sources = ["".join(cell["source"]) for cell in cells]
    if sum(len(re.findall(r"^# ", source, re.MULTILINE)) for source in sources) < 2:
        return text
    for place, (cell, source) in enumerate(zip(cells, sources, strict=True)):
        title, rest = source.split("\n", 1) if place == 0 and "\n" in source else ("", source)
        cell["source"] = (f"{title}\n" if title else "") + heading_line.sub("#", rest)
    return json.dumps(notebook, indent=1, ensure_ascii=False)


def write_notebooks():
    """Copy the notebooks beside the pages, with an index of them."""
    folder = TARGET / "notebooks"
    notebooks = sorted(NOTEBOOKS.glob("*.ipynb"))
    folder.mkdir(parents=True, exist_ok=True)
    for stale in set(folder.glob("*.ipynb")) - {folder / notebook.name for notebook in notebooks}:
        stale.unlink()
    for notebook in notebooks:
        write_if_changed(folder / notebook.name, one_title(notebook.read_text(encoding="utf-8")))
    lines = [
        "# Notebooks",
        "",
        "Run beforehand, on real data unless they say otherwise; `TOOLKIT_QUICK=1` runs them on embedded data.",
        "",
    ]
    if notebooks:
        lines += [
            "```{toctree}",
            ":maxdepth: 1",
            ":titlesonly:",
            "",
            *(notebook.stem for notebook in notebooks),
            "```",
            "",
        ]
    else:
        lines += ["There are none yet.", ""]
    write_if_changed(folder / "index.md", "\n".join(lines))
